//! A doctor's leave to read what they may not, in an emergency, and what others thought of it.
use jiff::{SignedDuration, Timestamp};
use proto::ids::{BreakGlassGrantId, DoctorId, PatientId, UserId};
use proto::scalars::{EmergencyReason, Reason};

/// Grants of one doctor that may wait for a review at once.
pub const MOST_UNREVIEWED: i64 = 5;

/// For how long a doctor gets no grant after one that was not justified.
pub const WITHDRAWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: BreakGlassGrantId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub user_id: UserId,
    /// None once the patient was erased.
    pub reason: Option<EmergencyReason>,
    pub includes_very_restricted: bool,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub review: Option<Review>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub verdict: Verdict,
    pub by: UserId,
    pub at: Timestamp,
}

/// What a reviewer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub outcome: Outcome,
    /// None once the patient was erased.
    pub note: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Justified,
    Unjustified,
}

/// Why a doctor gets no other grant for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a grant from before waits for its review, or too many do")]
    ReviewPending,
    #[error("a grant from before was not justified")]
    GlassWithdrawn,
}

impl Refusal {
    pub fn reason(self) -> &'static str {
        match self {
            Self::ReviewPending => "REVIEW_PENDING",
            Self::GlassWithdrawn => "GLASS_WITHDRAWN",
        }
    }
}

/// What a doctor asks for.
#[derive(Clone, Debug)]
pub struct Emergency {
    pub reason: EmergencyReason,
    pub includes_very_restricted: bool,
}

impl Grant {
    /// Whether it opens all that is asked for.
    pub fn covers(&self, emergency: &Emergency) -> bool {
        self.includes_very_restricted || !emergency.includes_very_restricted
    }
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::Unjustified => "unjustified",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Justified, Self::Unjustified].into_iter().find(|it| it.name() == name)
    }
}
