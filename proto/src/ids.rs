//! Ids: one type per resource, so that a doctor cannot be passed for a patient. All are `UUIDv7`, whose
//! order is the order of creation (RFC 9562).
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// An id nobody has used, later than all made before.
            pub fn random() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                // Only the hyphenated form: every id has one spelling.
                if text.len() != 36 {
                    return Err(BadId);
                }
                text.parse().map(Self).map_err(|_| BadId)
            }
        }
    )*};
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID")]
pub struct BadId;

ids! {
    /// An account that can log in.
    UserId,
    /// One log-in of an account, with all the tokens that came of it.
    SessionId,
    /// A program that logs in by itself.
    ApiClientId,
    /// A token that works once.
    OneTimeTokenId,
    /// That somebody may act for a patient.
    ProxyId,
    /// A person who is treated.
    PatientId,
    /// A person who treats.
    DoctorId,
    /// Weekly working hours on one day.
    AvailabilityId,
    /// A kind of visit that is on offer.
    VisitTypeId,
    /// A patient who waits for a time.
    WaitlistEntryId,
    /// A time that is offered to somebody who waits.
    WaitlistOfferId,
    /// A place where doctors see patients.
    LocationId,
    /// What a visit takes besides the doctor: a room, a device.
    RoomId,
    /// A date on which the weekly hours do not hold.
    HolidayId,
    /// Time in which a doctor is away.
    TimeOffId,
    /// One visit of a patient to a doctor.
    AppointmentId,
    /// Visits that recur.
    SeriesId,
    /// What was found and done at a visit.
    MedicalRecordId,
    /// A doctor's leave to read about a patient in an emergency.
    BreakGlassGrantId,
    /// One message to one recipient.
    NotificationId,
    /// Where events are posted to.
    WebhookId,
    /// One event for one webhook.
    WebhookDeliveryId,
    /// One fact that a service told the others.
    EventId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = PatientId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.0.simple().to_string().parse::<PatientId>(), Err(BadId));
        assert_eq!("".parse::<PatientId>(), Err(BadId));
    }
}
