//! Leave to read in an emergency as the REST face shows it.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::ids::{BreakGlassGrantId, PatientId};
use proto::patient as pb;
use proto::scalars::{EmergencyReason, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One doctor's leave to read about one patient.
#[derive(Serialize, ToSchema)]
pub struct BreakGlassGrant {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// The doctor's account.
    #[schema(value_type = Uuid)]
    pub user_id: String,
    /// Null once the patient was erased.
    #[schema(example = "Unconscious in the emergency room")]
    pub reason: Option<String>,
    /// Whether it opens `very_restricted` records as well.
    pub includes_very_restricted: bool,
    pub created_at: Instant,
    pub expires_at: Instant,
    /// Null until somebody has reviewed it.
    pub outcome: Option<ReviewOutcome>,
    #[schema(example = "The patient could not be asked")]
    pub review_note: Option<String>,
    /// The reviewer's account.
    #[schema(value_type = Option<Uuid>)]
    pub reviewed_by_user_id: Option<String>,
    pub reviewed_at: Option<Instant>,
}

/// What a reviewer found.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    Justified,
    Unjustified,
}

impl Resource for BreakGlassGrant {
    fn location(&self) -> String {
        format!("/api/break-glass/{}", self.id)
    }
}

impl TryFrom<pb::BreakGlassGrant> for BreakGlassGrant {
    type Error = Garbled;

    fn try_from(grant: pb::BreakGlassGrant) -> Result<Self, Garbled> {
        let outcome = match grant.outcome() {
            pb::ReviewOutcome::Unspecified => None,
            pb::ReviewOutcome::Justified => Some(ReviewOutcome::Justified),
            pb::ReviewOutcome::Unjustified => Some(ReviewOutcome::Unjustified),
        };
        let pb::BreakGlassGrant {
            id,
            patient_id,
            doctor_id,
            user_id,
            reason,
            includes_very_restricted,
            create_time,
            expire_time,
            outcome: _,
            review_note,
            reviewed_by_user_id,
            review_time,
        } = grant;
        Ok(Self {
            id,
            patient_id,
            doctor_id,
            user_id,
            reason: given(reason),
            includes_very_restricted,
            created_at: Instant::utc("create_time", create_time)?,
            expires_at: Instant::utc("expire_time", expire_time)?,
            outcome,
            review_note: given(review_note),
            reviewed_by_user_id: given(reviewed_by_user_id),
            reviewed_at: Instant::maybe_utc("review_time", review_time)?,
        })
    }
}

/// Why a doctor reads what they may not otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    pub reason: EmergencyReason,
    /// Whether `very_restricted` records are needed as well, which the alert says.
    #[serde(default)]
    pub includes_very_restricted: bool,
}

impl BreakGlass {
    pub fn of(self, id: PatientId) -> pb::BreakGlassRequest {
        let Self { reason, includes_very_restricted } = self;
        pb::BreakGlassRequest { patient_id: id.to_string(), reason: reason.into(), includes_very_restricted }
    }
}

/// What a reviewer found, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBreakGlass {
    pub outcome: ReviewOutcome,
    pub note: Reason,
}

impl ReviewBreakGlass {
    pub fn of(self, id: BreakGlassGrantId) -> pb::ReviewBreakGlassGrantRequest {
        let outcome = match self.outcome {
            ReviewOutcome::Justified => pb::ReviewOutcome::Justified,
            ReviewOutcome::Unjustified => pb::ReviewOutcome::Unjustified,
        };
        pb::ReviewBreakGlassGrantRequest {
            id: id.to_string(),
            outcome: outcome.into(),
            note: self.note.into(),
        }
    }
}
