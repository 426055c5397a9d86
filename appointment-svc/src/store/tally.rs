//! Changes of visits that count once they are committed.
use crate::domain::status::Status;
use crate::events::Change;
use crate::measurements;
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Vec<&'static str>>);

impl Tally {
    pub(super) fn note(&self, change: Change, status: Status) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change.word(status));
    }

    pub(super) fn count(self) {
        for word in self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            measurements::changes(word).increment(1);
        }
    }
}
