//! Merges, legal holds, erasures, and why.
use crate::domain::erasure::Erasure;
use crate::domain::legal_hold::LegalHold;
use crate::domain::merge::Merger;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::patient as pb;
use proto::scalars::Reason;
use proto::time::to_wire;

/// Into whom `id` is merged, and why.
pub fn merger(id: PatientId, into: &str, why: String) -> Result<Merger, Violations> {
    const FIELD: &str = "into_patient_id";
    let mut wrong = Violations::default();
    let into = wrong.field(FIELD, into.parse());
    let why = wrong.field("reason", why.try_into());
    if into == Some(id) {
        wrong.add(FIELD, "must be another patient");
    }
    let (Some(into), Some(reason)) = (into, why) else { return Err(wrong) };
    wrong.into_result(Merger { into, reason })
}

pub fn reason(why: String) -> Result<Reason, Violations> {
    why.try_into().map_err(|problem| Violations::of("reason", problem))
}

impl From<LegalHold> for pb::LegalHold {
    fn from(hold: LegalHold) -> Self {
        let LegalHold { patient_id, reason, placed_by, placed_at, lifted_at } = hold;
        Self {
            patient_id: patient_id.to_string(),
            reason: reason.into(),
            placed_by_user_id: placed_by.to_string(),
            place_time: Some(to_wire(placed_at)),
            lift_time: lifted_at.map(to_wire),
        }
    }
}

impl From<Erasure> for pb::PatientErasure {
    fn from(erasure: Erasure) -> Self {
        let Erasure { patient_id, reason, erased_by, erased_at } = erasure;
        Self {
            patient_id: patient_id.to_string(),
            reason: reason.into(),
            erased_by_user_id: erased_by.to_string(),
            erase_time: Some(to_wire(erased_at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_merged_into_themselves() {
        let (id, other) = (PatientId::random(), PatientId::random());
        assert!(merger(id, &id.to_string(), "one person".to_owned()).is_err());
        assert!(merger(id, &other.to_string(), "one person".to_owned()).is_ok());
        assert!(merger(id, &other.to_string(), String::new()).is_err());
    }
}
