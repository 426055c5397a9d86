//! A change of status as it is asked for, with its reason: a code where a visit is cancelled, words where something is put right.
use super::leave::{Leave, Lift};
use super::status::{Actor, Status};
use platform::violations::Violations;
use proto::cancellation::CancellationReason;
use proto::ids::AppointmentId;
use proto::scalars::ChangeNote;

/// What a visit is to become.
#[derive(Clone, Debug)]
pub struct StatusChange {
    pub id: AppointmentId,
    pub to: Status,
    pub why: Why,
    pub expected_version: Option<i64>,
}

/// The reason of a change.
#[derive(Clone, Debug, Default)]
pub struct Why {
    pub reason: Option<CancellationReason>,
    /// What did not count for a new time.
    pub lift: Option<Lift>,
    pub note: Option<ChangeNote>,
}

impl Why {
    /// The reason for making a visit `to`, as `actor` may give it, and with what goes without saying.
    pub fn of(self, to: Status, actor: Actor, needs_note: bool) -> Result<Self, Violations> {
        let Self { reason, lift, note } = self;
        let mut wrong = Violations::default();
        if needs_note && note.is_none() {
            wrong.add("note", "is required");
        }
        let reason = match reason {
            Some(_) if to != Status::Cancelled => {
                wrong.add("reason_code", "is for visits that are cancelled");
                None
            }
            Some(reason) if actor.is_patient() && !is_for_patients(reason) => {
                wrong.add("reason_code", "is not a reason of patients");
                None
            }
            None if to == Status::Cancelled => Some(usual(actor)),
            reason => reason,
        };
        wrong.into_result(Self { reason, lift, note })
    }

    /// As in the history; empty when there is none.
    pub fn code(&self) -> &'static str {
        let lift = self.lift.map(Lift::code);
        lift.or(self.reason.map(CancellationReason::code)).unwrap_or_default()
    }
}

impl From<&Leave> for Why {
    fn from(Leave { lift, reason }: &Leave) -> Self {
        let note = ChangeNote::try_from(reason.as_str().to_owned()).ok();
        Self { reason: None, lift: Some(*lift), note }
    }
}

fn usual(actor: Actor) -> CancellationReason {
    if actor.is_patient() { CancellationReason::Patient } else { CancellationReason::Provider }
}

fn is_for_patients(reason: CancellationReason) -> bool {
    let code = reason.code();
    code == "pat" || code.starts_with("pat-") || code == "other" || code.starts_with("oth-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use CancellationReason::{Other, Patient, PatientFeelsBetter, Provider, ProviderPersonal, Weather};

    fn given(reason: Option<CancellationReason>, actor: Actor) -> Option<CancellationReason> {
        Why { reason, ..Why::default() }.of(Status::Cancelled, actor, false).ok()?.reason
    }

    #[test]
    fn patients_and_the_practice_have_reasons_of_their_own() {
        assert_eq!(given(None, Actor::Patient), Some(Patient));
        assert_eq!(given(None, Actor::Doctor), Some(Provider));
        for reason in [PatientFeelsBetter, Other, Weather] {
            assert_eq!(given(Some(reason), Actor::Patient), Some(reason));
        }
        assert_eq!(given(Some(ProviderPersonal), Actor::Patient), None);
        assert_eq!(given(Some(ProviderPersonal), Actor::Staff), Some(ProviderPersonal));
        assert_eq!(given(Some(Patient), Actor::Staff), Some(Patient));
    }

    #[test]
    fn a_code_is_for_cancelling_and_a_correction_needs_words() {
        let code = Why { reason: Some(Other), ..Why::default() };
        assert!(code.of(Status::Confirmed, Actor::Staff, false).is_err());
        assert!(Why::default().of(Status::EnteredInError, Actor::Admin, true).is_err());
        let note = ChangeNote::try_from("booked twice".to_owned()).unwrap();
        let words = Why { note: Some(note), ..Why::default() };
        assert!(words.of(Status::EnteredInError, Actor::Admin, true).is_ok());
    }
}
