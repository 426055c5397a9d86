//! Times that are kept, and what does not count for a visit.
use super::{text, zone_name};
use crate::domain::commands::Book;
use crate::domain::hold::{Hold, HoldOutcome, Token};
use crate::domain::leave::{Leave, Lift};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::AppointmentId;
use proto::time::to_wire;

/// What does not count for a visit, and why; nothing when no reason is given.
pub fn leave(
    wrong: &mut Violations,
    overbook: Option<pb::Overbook>,
    override_reason: String,
) -> Option<Leave> {
    let of = |lift| move |reason| Leave { lift, reason };
    match overbook {
        Some(_) if !override_reason.is_empty() => {
            wrong.add("override_reason", "must not be set together with `overbook`");
            None
        }
        Some(pb::Overbook { reason }) => {
            wrong.field("overbook.reason", reason.try_into()).map(of(Lift::Overbook))
        }
        None => wrong.optional("override_reason", override_reason).map(of(Lift::Override)),
    }
}

impl TryFrom<pb::CreateHoldRequest> for Book {
    type Error = Violations;

    fn try_from(request: pb::CreateHoldRequest) -> Result<Self, Violations> {
        let pb::CreateHoldRequest {
            patient_id,
            doctor_id,
            start_time,
            end_time,
            start_local,
            end_local,
            visit_type_id,
            request_id: _,
        } = request;
        let wanted = pb::BookAppointmentRequest {
            patient_id,
            doctor_id,
            start_time,
            end_time,
            start_local,
            end_local,
            visit_type_id,
            ..pb::BookAppointmentRequest::default()
        };
        wanted.try_into()
    }
}

/// The hold that is to be changed, and the proof that it may be.
pub fn held(id: &str, token: String) -> Result<(AppointmentId, Token), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", id.parse());
    match (id, wrong.field("hold_token", token.try_into())) {
        (Some(id), Some(token)) => Ok((id, token)),
        _ => Err(wrong),
    }
}

/// The hold that a booking is to be made of; none when it is to be made without.
pub fn token(text: String) -> Result<Option<Token>, Violations> {
    let mut wrong = Violations::default();
    let token = wrong.optional("hold_token", text);
    wrong.into_result(token)
}

/// A new visit, with what became of the hold that it was booked with.
pub fn booked(appointment: pb::Appointment, hold: Option<HoldOutcome>) -> pb::Appointment {
    let outcome = match hold {
        None => pb::HoldOutcome::Unspecified,
        Some(HoldOutcome::Converted) => pb::HoldOutcome::Converted,
        Some(HoldOutcome::Reclaimed) => pb::HoldOutcome::ExpiredReclaimed,
    };
    pb::Appointment { hold_outcome: outcome.into(), ..appointment }
}

/// A hold without its token.
pub fn hold(hold: Hold) -> pb::Hold {
    let Hold { appointment, since: _, until } = hold;
    let price = appointment.terms.price.map(|price| (price.minor, price.currency));
    let (price_minor, currency) = price.unwrap_or_default();
    pb::Hold {
        id: appointment.id.to_string(),
        hold_token: String::new(),
        expire_time: Some(to_wire(until)),
        version: appointment.version,
        patient_id: appointment.patient_id.to_string(),
        doctor_id: appointment.doctor_id.to_string(),
        visit_type_id: text(appointment.visit_type_id),
        start_time: Some(to_wire(appointment.visit.start)),
        end_time: Some(to_wire(appointment.visit.end)),
        location_id: text(appointment.location_id),
        time_zone: zone_name(&appointment.zone),
        price_minor,
        currency,
    }
}
