//! Merges, and why.
use crate::domain::merge::Merger;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::scalars::Reason;

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
