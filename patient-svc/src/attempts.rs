//! Attempts to take a patient out of the calendar. A note is written before it is asked; one that is left behind
//! makes [`crate::registry::Registry::settle`] tell the calendar the truth.
use crate::error::Error;
use crate::store::{Attempt, Store};
use proto::ids::PatientId;
use std::time::Duration;

/// After this long no attempt is under way any more: the database ends a transaction that waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn begin(store: &Store, patient: PatientId) -> Result<Attempt, Error> {
    Ok(store.begin_removal(patient, PATIENCE).await?)
}

/// Notes what became of an attempt that has not ended by itself.
pub async fn end<T>(store: &Store, attempt: Attempt, outcome: &Result<T, Error>) {
    let noted = match outcome {
        Ok(_) => Ok(()),
        Err(error) if is_refusal(error) => store.forget_removal(attempt).await,
        Err(_) => store.give_up_removal(attempt).await,
    };
    if let Err(error) = noted {
        tracing::warn!(error = &error as &dyn std::error::Error, "removal will be settled later");
    }
}

/// Whether the calendar was not asked, or has refused: it keeps nothing.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::HasActiveAppointments(_)
            | Error::Stale
            | Error::PatientNotFound
            | Error::Unfit(_)
            | Error::LegalHold
            | Error::AccountsAway(_)
            | Error::Invalid(_)
    )
}
