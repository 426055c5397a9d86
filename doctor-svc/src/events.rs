//! What this service tells the others. The JSON is a contract: fields are added, never changed.
use crate::domain::clinic::Clinic;
use crate::domain::practice::Practice;
use platform::outbox::NewEvent;
use proto::ids::DoctorId;
use serde_json::json;
use uuid::Uuid;

/// The aggregate that events of the clinic as a whole are about: there is one clinic, and this is its id.
pub const CLINIC: Uuid = Uuid::from_u128(0x0198_c5a4_7c1e_7d3a_9d8e_c11a_1c00_0001);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Created {
        doctor_id: DoctorId,
        version: i64,
    },
    Updated {
        doctor_id: DoctorId,
        version: i64,
    },
    Deleted {
        doctor_id: DoctorId,
        version: i64,
    },
    /// `GetDoctorRules` answers with rules of this version or a later one.
    RulesChanged {
        doctor_id: DoctorId,
        rules_version: i64,
    },
    /// `GetClinicRules` answers with rules of this version or a later one.
    ClinicChanged {
        rules_version: i64,
    },
}

impl Event {
    /// What there is to tell when `before` has become `after`; nothing was before a new doctor.
    pub fn between(before: Option<&Practice>, after: &Practice) -> Vec<Self> {
        let (doctor_id, version, rules_version) =
            (after.doctor.id, after.doctor.version, after.rules_version);
        let mut events = Vec::new();
        match before {
            None => events.push(Self::Created { doctor_id, version }),
            Some(before) if before.doctor.is_live() && !after.doctor.is_live() => {
                events.push(Self::Deleted { doctor_id, version });
            }
            Some(before) if before.doctor.version != version => {
                events.push(Self::Updated { doctor_id, version });
            }
            Some(_) => {}
        }
        if before.is_none_or(|before| before.rules_version != rules_version) {
            events.push(Self::RulesChanged { doctor_id, rules_version });
        }
        events
    }

    /// What there is to tell when the clinic `before` has become `after`.
    pub fn between_clinics(before: &Clinic, after: &Clinic) -> Vec<Self> {
        let rules_version = after.rules_version;
        if before.rules_version == rules_version {
            Vec::new()
        } else {
            vec![Self::ClinicChanged { rules_version }]
        }
    }
}

impl From<Event> for NewEvent {
    fn from(event: Event) -> Self {
        let versioned = |doctor_id: DoctorId, version| {
            (doctor_id.0, json!({ "doctor_id": doctor_id, "version": version }))
        };
        let (event_type, (aggregate_id, data)) = match event {
            Event::Created { doctor_id, version } => ("doctor.created", versioned(doctor_id, version)),
            Event::Updated { doctor_id, version } => ("doctor.updated", versioned(doctor_id, version)),
            Event::Deleted { doctor_id, version } => ("doctor.deleted", versioned(doctor_id, version)),
            Event::RulesChanged { doctor_id, rules_version } => {
                let data = json!({ "doctor_id": doctor_id, "rules_version": rules_version });
                ("doctor.rules_changed", (doctor_id.0, data))
            }
            // For those who take the events of doctors: what a doctor offers depends on it.
            Event::ClinicChanged { rules_version } => {
                ("doctor.clinic_changed", (CLINIC, json!({ "rules_version": rules_version })))
            }
        };
        Self { aggregate_id, event_type, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::practice::tests::{noon, practice};

    #[test]
    fn each_change_is_told_by_what_it_changed() {
        let before = practice(&[]);
        let doctor_id = before.doctor.id;
        let rules = |rules_version| Event::RulesChanged { doctor_id, rules_version };

        let hired = Practice { rules_version: 1, ..before.clone() };
        let created = Event::Created { doctor_id, version: 1 };
        assert_eq!(Event::between(None, &hired), [created, rules(1)]);

        let deleted = Practice { rules_version: 2, ..hired.clone().close(noon()) };
        assert_eq!(
            Event::between(Some(&hired), &deleted),
            [Event::Deleted { doctor_id, version: 2 }, rules(2)]
        );

        let republished = Practice { rules_version: 3, ..hired.clone() };
        assert_eq!(Event::between(Some(&hired), &republished), [rules(3)]);
        assert_eq!(Event::between(Some(&hired), &hired), []);
    }
}
