//! How many calls are worked on at once. No method takes all connections to the database: what is slow, or asked for too
//! often, leaves some for the others.
use crate::fault::{DOMAIN, overloaded};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tonic::Status;

/// Calls that are worked on or wait, of all methods: more would only fill the memory.
const MOST_CALLS: usize = 1024;
/// Longest wait for a place.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Bulkheads {
    all: Arc<Semaphore>,
    /// Of each method.
    places: usize,
    methods: RwLock<HashMap<&'static str, Arc<Semaphore>>>,
}

/// Of a call; it is given back when dropped.
pub struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_method: OwnedSemaphorePermit,
}

impl Bulkheads {
    /// A quarter of `connections` is never taken by one method alone.
    pub fn new(connections: usize) -> Self {
        let places = connections.saturating_sub((connections / 4).max(1)).max(1);
        Self { all: Arc::new(Semaphore::new(MOST_CALLS)), places, methods: RwLock::default() }
    }

    /// A place for a call of `method`; UNAVAILABLE when there is none in time.
    pub async fn enter(&self, method: &'static str) -> Result<Place, Status> {
        let none = || overloaded(DOMAIN, "more is asked for than can be answered in time; nothing was begun");
        let of_all = self.all.clone().try_acquire_owned().map_err(|_| none())?;
        let of_method = timeout(PATIENCE, self.of(method).acquire_owned()).await;
        let of_method = of_method.ok().and_then(Result::ok).ok_or_else(none)?;
        Ok(Place { _of_all: of_all, _of_method: of_method })
    }

    fn of(&self, method: &'static str) -> Arc<Semaphore> {
        let known = self.methods.read().unwrap_or_else(PoisonError::into_inner).get(method).cloned();
        known.unwrap_or_else(|| {
            let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
            methods.entry(method).or_insert_with(|| Arc::new(Semaphore::new(self.places))).clone()
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
