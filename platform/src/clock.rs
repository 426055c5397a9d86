//! The time as a value: the system's, or one that a test holds still.
use jiff::Timestamp;
use std::sync::Arc;

#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's time, cut to microseconds, which is what the stores keep.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
        let now = || Timestamp::now().as_microsecond();
        Self(Arc::new(move || Timestamp::from_microsecond(now()).expect("a time that was cut is a time")))
    }

    pub fn stopped_at(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}
