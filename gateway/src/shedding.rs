//! More requests than can be answered in time: the least important are refused at once, so that the others are not late.
mod congestion; // how many there may be at once

use crate::config::Edge;
use crate::problem::Problem;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use congestion::{Congestion, UnderWay};
use http::{Method, StatusCode};
use metrics::Gauge;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// Whoever is refused is asked to wait this many seconds, by chance, so that not all come back at once.
const RETRY_AFTER: [u64; 3] = [1, 2, 3];

/// The code of problems that mean that nothing was begun for want of time, here or in a service.
const OVERLOADED: &str = "overloaded";

/// What is refused first comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Importance {
    /// How the gateway does: never refused.
    Health,
    /// A time that comes free, a patient who is there.
    Release,
    Booking,
    /// Everything else.
    Work,
    /// Looking for a time.
    Browsing,
    /// Whoever is in goes before whoever wants in, which takes longest.
    Admission,
}

impl Importance {
    fn of(method: &Method, route: &str) -> Self {
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| route.starts_with(prefix));
        match route {
            _ if begins(&["/health"]) => Self::Health,
            _ if begins(&["/api/auth/login", "/api/auth/register", "/api/auth/password", "/account/"]) => {
                Self::Admission
            }
            _ if changes && begins(&["/api/appointments", "/visits/"]) => {
                let releases =
                    *method == Method::DELETE || route.ends_with("/status") || begins(&["/visits/"]);
                if releases { Self::Release } else { Self::Booking }
            }
            _ if changes && begins(&["/api/waitlist"]) => Self::Booking,
            _ if begins(&["/api/doctors", "/api/visit-types", "/docs", "/redoc", "/openapi"])
                || route.contains("slots")
                || route.ends_with("/days") =>
            {
                Self::Browsing
            }
            _ => Self::Work,
        }
    }

    /// Percent of all places, from which on it is refused.
    fn share(self) -> u32 {
        match self {
            Self::Health => u32::MAX,
            Self::Release => 100,
            Self::Booking => 95,
            Self::Work => 85,
            Self::Browsing => 75,
            Self::Admission => 60,
        }
    }
}

#[derive(Clone)]
pub struct Shedding(Arc<Inner>);

struct Inner {
    under_way: AtomicU32,
    limit: AtomicU32,
    congestion: Mutex<Congestion>,
    active: Gauge,
}

impl Shedding {
    pub fn new(edge: &Edge) -> Self {
        let congestion =
            Congestion::new(edge.min_requests_in_flight, edge.max_requests_in_flight, Instant::now());
        metrics::gauge!("http_server_request_limit").set(f64::from(congestion.limit()));
        let active = metrics::gauge!("http_server_active_requests");
        active.set(0.0);
        metrics::counter!("http_server_shed_total").increment(0);
        let limit = AtomicU32::new(congestion.limit());
        Self(Arc::new(Inner {
            under_way: AtomicU32::new(0),
            limit,
            congestion: Mutex::new(congestion),
            active,
        }))
    }

    /// A place, if there is one for what is that important.
    fn enter(&self, importance: Importance) -> Option<Place> {
        let place = Place { all: self.clone(), under_way: self.0.under_way.fetch_add(1, Relaxed) + 1 };
        self.0.active.increment(1);
        let limit = self.0.limit.load(Relaxed).saturating_mul(importance.share()) / 100;
        // What is refused gives its place back right here.
        (importance == Importance::Health || place.under_way <= limit.max(1)).then_some(place)
    }

    /// What came of a request that was let in.
    fn note(&self, method: &Method, route: &str, started: Instant, before: u32, response: &Response) {
        let now = Instant::now();
        let under_way = UnderWay { before, after: self.0.under_way.load(Relaxed) };
        let code = response.extensions().get::<Problem>().map(Problem::code);
        let mut congestion = self.0.congestion.lock().unwrap_or_else(PoisonError::into_inner);
        match response.status() {
            status if status.is_success() => {
                congestion.note(method, route, now.duration_since(started), under_way, now);
            }
            StatusCode::GATEWAY_TIMEOUT => congestion.fail(under_way, now),
            StatusCode::SERVICE_UNAVAILABLE if code == Some(OVERLOADED) => congestion.fail(under_way, now),
            // How fast something is refused or fails says nothing of how fast it is done.
            _ => return,
        }
        let limit = congestion.limit();
        if self.0.limit.swap(limit, Relaxed) != limit {
            metrics::gauge!("http_server_request_limit").set(f64::from(limit));
        }
    }

    fn refuse(&self) {
        metrics::counter!("http_server_shed_total").increment(1);
        self.0.congestion.lock().unwrap_or_else(PoisonError::into_inner).refuse();
    }
}

/// Of a request that is under way.
struct Place {
    all: Shedding,
    under_way: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.0.under_way.fetch_sub(1, Relaxed);
        self.all.0.active.decrement(1);
    }
}

/// Refuses what cannot be answered in time.
pub async fn shed<F>(shedding: &Shedding, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let importance = Importance::of(&method, route);
    let Some(place) = shedding.enter(importance) else {
        shedding.refuse();
        return overloaded().into_response();
    };
    let started = Instant::now();
    let response = next(request).await;
    if importance != Importance::Health {
        shedding.note(&method, route, started, place.under_way, &response);
    }
    response
}

fn overloaded() -> Problem {
    let mut chance = [0];
    // Without chance they come back together, and some are refused again.
    let _ = aws_lc_rs::rand::fill(&mut chance);
    let seconds = RETRY_AFTER[usize::from(chance[0]) % RETRY_AFTER.len()];
    let detail = "more is asked for than can be answered in time; nothing was begun";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, detail).with_retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_first_matters_least() {
        let of = |method, route| Importance::of(&method, route);
        assert_eq!(of(Method::GET, "/health/ready"), Importance::Health);
        assert_eq!(of(Method::PUT, "/api/appointments/{id}/status"), Importance::Release);
        assert_eq!(of(Method::DELETE, "/api/appointments/{id}"), Importance::Release);
        assert_eq!(of(Method::POST, "/api/appointments"), Importance::Booking);
        assert_eq!(of(Method::PUT, "/api/appointments/{id}"), Importance::Booking);
        assert_eq!(of(Method::GET, "/api/appointments"), Importance::Work);
        assert_eq!(of(Method::POST, "/api/auth/refresh"), Importance::Work);
        assert_eq!(
            of(Method::GET, "/api/appointments/doctor/{doctor_id}/available-slots"),
            Importance::Browsing
        );
        assert_eq!(of(Method::GET, "/api/doctors"), Importance::Browsing);
        assert_eq!(of(Method::POST, "/api/auth/login"), Importance::Admission);
    }

    #[test]
    fn a_place_is_given_back() {
        let congestion = Mutex::new(Congestion::new(1, 10, Instant::now()));
        let inner = Inner {
            under_way: AtomicU32::new(0),
            limit: AtomicU32::new(10),
            congestion,
            active: Gauge::noop(),
        };
        let shedding = Shedding(Arc::new(inner));
        let places: Vec<_> = (0..6).map(|_| shedding.enter(Importance::Admission).unwrap()).collect();
        assert!(shedding.enter(Importance::Admission).is_none());
        let more: Vec<_> = (0..4).map(|_| shedding.enter(Importance::Release).unwrap()).collect();
        assert!(shedding.enter(Importance::Release).is_none());
        assert!(shedding.enter(Importance::Health).is_some());
        drop((places, more));
        assert!(shedding.enter(Importance::Admission).is_some());
    }
}
