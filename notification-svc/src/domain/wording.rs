//! Words that the clinic puts in place of ours.
use super::Language;
use jiff::Timestamp;
use proto::ids::UserId;

/// What one message says in one language instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Its id, for instance `booked-patient-subject`.
    pub message: String,
    pub language: Language,
    /// A Fluent pattern.
    pub pattern: String,
    pub updated_at: Timestamp,
    /// The account that set it.
    pub updated_by: UserId,
}
