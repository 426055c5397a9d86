//! Who is treated, what was written about them, and who may know. Pure: no clock, no I/O, no async.
pub mod access; // who may do what, by role
pub mod patient; // a patient, and what may change
pub mod merge; // two records of one person
pub mod legal_hold; // why a patient stays as they are
pub mod erasure; // that nothing is known of a patient any more
pub mod record; // a medical record and its revisions
pub mod break_glass; // leave to read in an emergency, and what others thought of it
pub mod chain; // the audit log's chains, walked
pub mod search; // what somebody typed to find a patient

/// The version that a writer has seen; none when they do not care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected(pub Option<i64>);

/// Somebody else has written in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("changed by somebody else in the meantime")]
pub struct Stale;

impl Expected {
    pub fn check(self, current: i64) -> Result<(), Stale> {
        if self.0.is_none_or(|expected| expected == current) { Ok(()) } else { Err(Stale) }
    }
}
