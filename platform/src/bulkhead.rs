//! How many calls are worked on at once. No method takes all connections to the database: what is slow, or asked for too
//! often, leaves some for the others.
use crate::fault::{DOMAIN, overloaded};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tonic::Status;

/// Calls of one method that are worked on or wait, for each that is worked on: more would only fill the memory.
const QUEUE: usize = 16;
/// Longest wait for a place.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Bulkheads {
    /// Of each method.
    places: usize,
    methods: RwLock<HashMap<&'static str, Method>>,
}

#[derive(Clone)]
struct Method {
    queue: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Of a call; it is given back when dropped.
pub struct Place {
    _in_queue: OwnedSemaphorePermit,
    _at_work: OwnedSemaphorePermit,
}

impl Bulkheads {
    /// A quarter of `connections` is never taken by one method alone.
    pub fn new(connections: usize) -> Self {
        let places = connections.saturating_sub((connections / 4).max(1)).max(1);
        Self { places, methods: RwLock::default() }
    }

    /// A place for a call of `method`; UNAVAILABLE when there is none in time.
    pub async fn enter(&self, method: &'static str) -> Result<Place, Status> {
        let none = || overloaded(DOMAIN, "more is asked for than can be answered in time; nothing was begun");
        let Method { queue, places } = self.of(method);
        let in_queue = queue.try_acquire_owned().map_err(|_| none())?;
        let at_work = timeout(PATIENCE, places.acquire_owned()).await;
        let at_work = at_work.ok().and_then(Result::ok).ok_or_else(none)?;
        Ok(Place { _in_queue: in_queue, _at_work: at_work })
    }

    fn of(&self, method: &'static str) -> Method {
        let known = self.methods.read().unwrap_or_else(PoisonError::into_inner).get(method).cloned();
        known.unwrap_or_else(|| {
            let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
            let semaphore = |permits| Arc::new(Semaphore::new(permits));
            let new = || Method { queue: semaphore(self.places * QUEUE), places: semaphore(self.places) };
            methods.entry(method).or_insert_with(new).clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_method_does_not_take_what_another_needs() {
        let bulkheads = Bulkheads::new(16);
        let mut taken = Vec::new();
        for _ in 0..12 {
            taken.push(bulkheads.enter("slow").await.unwrap_or_else(|_| panic!("there is room")));
        }
        let refused = bulkheads.enter("slow").await.err().expect("there is no room");
        assert_eq!(crate::fault::reason(&refused).as_deref(), Some("OVERLOADED"));
        assert!(bulkheads.enter("other").await.is_ok());
        taken.pop();
        assert!(bulkheads.enter("slow").await.is_ok());
    }

    #[test]
    fn there_is_always_a_place() {
        assert_eq!([0, 1, 2, 4, 16].map(|connections| Bulkheads::new(connections).places), [1, 1, 1, 3, 12]);
    }
}
