//! Leave to read in an emergency, and what others thought of it.
use crate::domain::break_glass::{Emergency, Grant, Outcome, Verdict};
use platform::violations::Violations;
use proto::ids::BreakGlassGrantId;
use proto::patient as pb;
use proto::time::to_wire;

pub fn grant_id(id: &str) -> Result<BreakGlassGrantId, Violations> {
    id.parse().map_err(|problem| Violations::of("id", problem))
}

pub fn emergency(reason: String, includes_very_restricted: bool) -> Result<Emergency, Violations> {
    let reason = reason.try_into().map_err(|problem| Violations::of("reason", problem))?;
    Ok(Emergency { reason, includes_very_restricted })
}

pub fn verdict(outcome: pb::ReviewOutcome, note: String) -> Result<Verdict, Violations> {
    let mut wrong = Violations::default();
    let outcome = match outcome {
        pb::ReviewOutcome::Justified => Some(Outcome::Justified),
        pb::ReviewOutcome::Unjustified => Some(Outcome::Unjustified),
        pb::ReviewOutcome::Unspecified => {
            wrong.add("outcome", "is required");
            None
        }
    };
    let note = wrong.field("note", note.try_into());
    let Some(outcome) = outcome else { return Err(wrong) };
    wrong.into_result(Verdict { outcome, note })
}

impl From<Grant> for pb::BreakGlassGrant {
    fn from(grant: Grant) -> Self {
        let Grant {
            id,
            patient_id,
            doctor_id,
            user_id,
            reason,
            includes_very_restricted,
            created_at,
            expires_at,
            review,
        } = grant;
        let mut told = Self {
            id: id.to_string(),
            patient_id: patient_id.to_string(),
            doctor_id: doctor_id.to_string(),
            user_id: user_id.to_string(),
            reason: reason.map(String::from).unwrap_or_default(),
            includes_very_restricted,
            create_time: Some(to_wire(created_at)),
            expire_time: Some(to_wire(expires_at)),
            ..Self::default()
        };
        if let Some(review) = review {
            told.set_outcome(match review.verdict.outcome {
                Outcome::Justified => pb::ReviewOutcome::Justified,
                Outcome::Unjustified => pb::ReviewOutcome::Unjustified,
            });
            told.review_note = review.verdict.note.map(String::from).unwrap_or_default();
            told.reviewed_by_user_id = review.by.to_string();
            told.review_time = Some(to_wire(review.at));
        }
        told
    }
}
