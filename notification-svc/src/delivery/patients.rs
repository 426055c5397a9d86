//! Patients, who are told by e-mail and by SMS.
use super::{Delivery, Prepared, SKIPPED, letter};
use crate::channel::Message;
use crate::channel::sms::Text;
use crate::domain::{Channel, Failure, Notification, Outcome, PhoneNumber};
use crate::neighbours::{Contact, Phone};
use crate::templates::{Content, TextTo};
use crate::words::Voice;
use proto::ids::{DoctorId, PatientId};
use std::ops::ControlFlow;

/// Where a message goes.
pub(super) enum Address {
    Email(String),
    Phone(PhoneNumber),
}

impl Delivery {
    /// What `words` say, made in the patient's language of the patient's name and the doctor's, who may have been deleted;
    /// or `text`, which is the same in short, where there is such.
    pub(super) async fn to_patient(
        &self,
        message: &Notification,
        id: PatientId,
        doctor_id: DoctorId,
        words: impl FnOnce(&Voice, &str, Option<&str>) -> Content,
        text: impl FnOnce(&Voice, &TextTo<'_>) -> Option<String>,
    ) -> Result<Prepared, Failure> {
        match self.reach(message, id).await? {
            ControlFlow::Continue((patient, to)) => {
                self.write(message, &patient, to, doctor_id, words, text).await
            }
            ControlFlow::Break(outcome) => Ok(Prepared::Break(outcome)),
        }
    }

    /// Skipped when the patient cannot be written to so, or does not want to be.
    pub(super) async fn reach(
        &self,
        message: &Notification,
        id: PatientId,
    ) -> Result<ControlFlow<Outcome, (Contact, Address)>, Failure> {
        let Some(mut patient) = self.neighbours.patient(id).await? else {
            return Ok(ControlFlow::Break(Outcome::Skipped));
        };
        let address = match message.channel {
            Channel::Email => patient.email.take().map(Address::Email),
            Channel::Sms => match patient.phone.take() {
                Some(Phone::Other) => return Ok(ControlFlow::Break(Outcome::BadNumber)),
                Some(Phone::Number(number)) => Some(Address::Phone(number)),
                None => None,
            },
        };
        Ok(match address {
            Some(address) => ControlFlow::Continue((patient, address)),
            None => ControlFlow::Break(Outcome::Skipped),
        })
    }

    pub(super) async fn write(
        &self,
        message: &Notification,
        patient: &Contact,
        to: Address,
        doctor_id: DoctorId,
        words: impl FnOnce(&Voice, &str, Option<&str>) -> Content,
        text: impl FnOnce(&Voice, &TextTo<'_>) -> Option<String>,
    ) -> Result<Prepared, Failure> {
        let doctor = self.neighbours.doctor(doctor_id).await?;
        let doctor = doctor.as_ref().map(|doctor| doctor.name.as_str());
        let voice = self.voice(&patient.languages).await?;
        let id = message.id;
        Ok(match to {
            Address::Email(to) => letter(id, to, words(&voice, &patient.name, doctor)),
            Address::Phone(to) => {
                let text = text(&voice, &TextTo { doctor, zone: patient.zone.as_ref() });
                text.map_or(SKIPPED, |text| Prepared::Continue(Message::Text(Text { id, to, text })))
            }
        })
    }
}
