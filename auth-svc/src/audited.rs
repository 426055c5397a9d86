//! What the audit log is told of accounts.
use platform::audit::Entry;
use proto::ids::{PatientId, UserId};

pub fn on_account(action: &'static str, id: UserId) -> Entry {
    Entry::new(action, "account").ids([id.0]).of([id.0])
}

/// Of the code by which somebody gets to the record of `patient`.
pub fn on_claim_code(action: &'static str, patient: PatientId) -> Entry {
    Entry::new(action, "claim_code").of([patient.0])
}
