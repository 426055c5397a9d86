//! What is asked of the other services, at the moment of sending: so that it is fresh, and kept nowhere.
mod calendars; // what calendars show
mod links; // what is done with visits for those who have their links

pub use links::{Seen, Unanswered};

use crate::domain::{
    Account, Appointment, Failure, Offer, OfferMode, PhoneNumber, Token, Visit, VisitAction, VisitStatus,
};
use jiff::Zoned;
use jiff::tz::TimeZone;
use platform::client::Peer;
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::visit_link_service_client::VisitLinkServiceClient;
use proto::appointment::waitlist_service_client::WaitlistServiceClient;
use proto::appointment::{
    AppointmentAction, AppointmentStatus, AppointmentSummary, GetAppointmentSummaryRequest,
};
use proto::appointment::{GetWaitlistOfferRequest, WaitlistOffer, WaitlistOfferMode, WaitlistOfferState};
use proto::auth::account_service_client::AccountServiceClient;
use proto::auth::{AccountMessage, GetAccountMessageRequest, ListReviewersRequest};
use proto::doctor::{GetDoctorContactRequest, doctor_service_client::DoctorServiceClient};
use proto::ids::{AppointmentId, DoctorId, OneTimeTokenId, PatientId, UserId, WaitlistOfferId};
use proto::patient::patient_service_client::PatientServiceClient;
use proto::patient::{ContactPreference, GetPatientContactRequest};
use proto::time;
use tonic::{Code, Status};

#[derive(Clone)]
pub struct Neighbours {
    accounts: AccountServiceClient<Peer>,
    appointments: AppointmentServiceClient<Peer>,
    waitlist: WaitlistServiceClient<Peer>,
    links: VisitLinkServiceClient<Peer>,
    patients: PatientServiceClient<Peer>,
    doctors: DoctorServiceClient<Peer>,
}

/// A person to write to.
pub struct Contact {
    /// First and last.
    pub name: String,
    /// None when there is none, or it is not to be used.
    pub email: Option<String>,
    /// Where an SMS goes to, when there is a number that may be used.
    pub phone: Option<Phone>,
    /// What they speak (BCP 47), what they prefer first.
    pub languages: Vec<String>,
    /// Where they are, when that is known.
    pub zone: Option<TimeZone>,
}

/// What is known as the number of somebody.
pub enum Phone {
    Number(PhoneNumber),
    /// No number that an SMS can go to.
    Other,
}

impl Neighbours {
    pub fn new(auth: Peer, appointments: Peer, patients: Peer, doctors: Peer) -> Self {
        Self {
            accounts: AccountServiceClient::new(auth),
            waitlist: WaitlistServiceClient::new(appointments.clone()),
            links: VisitLinkServiceClient::new(appointments.clone()),
            appointments: AppointmentServiceClient::new(appointments),
            patients: PatientServiceClient::new(patients),
            doctors: DoctorServiceClient::new(doctors),
        }
    }

    /// None when there is nothing to be said any more.
    pub async fn account(
        &self,
        user: UserId,
        token: Option<OneTimeTokenId>,
    ) -> Result<Option<Account>, Failure> {
        let token_id = token.map(|id| id.to_string()).unwrap_or_default();
        let request = GetAccountMessageRequest { user_id: user.to_string(), token_id };
        let message = self.accounts.clone().get_account_message(request).await;
        let message = found(message, Failure::AuthSvcUnavailable)?;
        message.map(|message| account(message).ok_or(Failure::BadAnswer)).transpose()
    }

    /// Whose accounts review what doctors do in emergencies.
    pub async fn reviewers(&self) -> Result<Vec<UserId>, Failure> {
        let reviewers = self.accounts.clone().list_reviewers(ListReviewersRequest {}).await;
        let ids = reviewers.map_err(|_| Failure::AuthSvcUnavailable)?.into_inner().user_ids;
        ids.iter().map(|id| id.parse().map_err(|_| Failure::BadAnswer)).collect()
    }

    /// A visit, with what decides when its patient is reminded of it, and what they may do with it.
    pub async fn appointment(&self, id: AppointmentId) -> Result<Appointment, Failure> {
        let request = GetAppointmentSummaryRequest { id: id.to_string() };
        let summary = self.appointments.clone().get_appointment_summary(request).await;
        let summary =
            found(summary, Failure::AppointmentSvcUnavailable)?.ok_or(Failure::AppointmentUnknown)?;
        appointment(summary).ok_or(Failure::BadAnswer)
    }

    pub async fn offer(&self, id: WaitlistOfferId) -> Result<Offer, Failure> {
        let request = GetWaitlistOfferRequest { id: id.to_string() };
        let offer = self.waitlist.clone().get_waitlist_offer(request).await;
        let offer = found(offer, Failure::AppointmentSvcUnavailable)?.ok_or(Failure::OfferUnknown)?;
        self::offer(&offer).ok_or(Failure::BadAnswer)
    }

    /// None when the patient was deleted.
    pub async fn patient(&self, id: PatientId) -> Result<Option<Contact>, Failure> {
        let request = GetPatientContactRequest { id: id.to_string() };
        let contact = self.patients.clone().get_patient_contact(request).await;
        let contact = found(contact, Failure::PatientSvcUnavailable)?;
        Ok(contact.map(|contact| {
            let (mails, texts) = match contact.contact_preference() {
                ContactPreference::Unspecified | ContactPreference::Email => (true, true),
                // The clinic phones. Whoever asked for SMS did so apart from that.
                ContactPreference::Phone => (false, true),
                ContactPreference::None => (false, false),
            };
            let email = Some(contact.email).filter(|email| mails && !email.is_empty());
            let phone = Some(contact.phone).filter(|phone| texts && !phone.is_empty());
            Contact {
                name: full_name(&contact.first_name, &contact.last_name),
                email,
                phone: phone.map(|phone| PhoneNumber::read(&phone).map_or(Phone::Other, Phone::Number)),
                languages: vec![contact.language],
                zone: TimeZone::get(&contact.time_zone).ok(),
            }
        }))
    }

    /// None when the doctor was deleted.
    pub async fn doctor(&self, id: DoctorId) -> Result<Option<Contact>, Failure> {
        let request = GetDoctorContactRequest { doctor_id: id.to_string() };
        let contact = self.doctors.clone().get_doctor_contact(request).await;
        let contact = found(contact, Failure::DoctorSvcUnavailable)?;
        Ok(contact.map(|contact| Contact {
            name: full_name(&contact.first_name, &contact.last_name),
            email: Some(contact.email).filter(|email| !email.is_empty()),
            phone: None,
            languages: contact.languages,
            zone: TimeZone::get(&contact.time_zone).ok(),
        }))
    }
}

/// What was found, if anything; `unavailable` when the service could not say.
fn found<T>(answer: Result<tonic::Response<T>, Status>, unavailable: Failure) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) => match status.code() {
            Code::NotFound => Ok(None),
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Aborted
            | Code::Unknown => Err(unavailable),
            // Asked again it would say the same, and hold up all others.
            _ => Err(Failure::BadAnswer),
        },
    }
}

fn account(message: AccountMessage) -> Option<Account> {
    let AccountMessage { email, full_name, token: text, expire_time } = message;
    let token = if text.is_empty() {
        None
    } else {
        Some(Token { text, expires_at: time::from_wire(expire_time).ok()? })
    };
    Some(Account { email, name: full_name, token })
}

fn appointment(summary: AppointmentSummary) -> Option<Appointment> {
    Some(Appointment {
        patient_id: summary.patient_id.parse().ok()?,
        visit: visit(&summary)?,
        schedule_version: summary.schedule_version,
        patient_may: patient_may(summary.patient_actions()),
        offsets: summary.reminder_offsets_minutes.map(|offsets| offsets.minutes),
    })
}

fn visit(summary: &AppointmentSummary) -> Option<Visit> {
    Some(Visit {
        id: summary.id.parse().ok()?,
        doctor_id: summary.doctor_id.parse().ok()?,
        version: summary.version,
        status: status(summary.status())?,
        starts_at: zoned(summary.start_time, &summary.time_zone)?,
        ends_at: zoned(summary.end_time, &summary.time_zone)?,
    })
}

fn zoned(at: Option<prost_types::Timestamp>, zone: &str) -> Option<Zoned> {
    Some(time::from_wire(at).ok()?.to_zoned(TimeZone::get(zone).ok()?))
}

/// In the order of [`VisitAction::ALL`]; what links do not offer is left out.
fn patient_may(actions: impl Iterator<Item = AppointmentAction>) -> Vec<VisitAction> {
    let actions: Vec<AppointmentAction> = actions.collect();
    let may = |action: &VisitAction| {
        actions.contains(&match action {
            VisitAction::Confirm => AppointmentAction::Confirm,
            VisitAction::Arrive => AppointmentAction::MarkArrived,
            VisitAction::Move => AppointmentAction::Reschedule,
            VisitAction::Cancel => AppointmentAction::Cancel,
        })
    };
    VisitAction::ALL.into_iter().filter(may).collect()
}

fn status(status: AppointmentStatus) -> Option<VisitStatus> {
    Some(match status {
        AppointmentStatus::Unspecified => return None,
        AppointmentStatus::Held => VisitStatus::Held,
        AppointmentStatus::Requested => VisitStatus::Requested,
        AppointmentStatus::Scheduled => VisitStatus::Scheduled,
        AppointmentStatus::Confirmed => VisitStatus::Confirmed,
        AppointmentStatus::Arrived => VisitStatus::Arrived,
        AppointmentStatus::CheckedIn => VisitStatus::CheckedIn,
        AppointmentStatus::InProgress => VisitStatus::InProgress,
        AppointmentStatus::Completed => VisitStatus::Completed,
        AppointmentStatus::Cancelled => VisitStatus::Cancelled,
        AppointmentStatus::NoShow => VisitStatus::NoShow,
        AppointmentStatus::Expired => VisitStatus::Expired,
        AppointmentStatus::EnteredInError => VisitStatus::EnteredInError,
    })
}

fn offer(offer: &WaitlistOffer) -> Option<Offer> {
    let zone = TimeZone::get(&offer.time_zone).ok()?;
    let at = |time| Some(time::from_wire(time).ok()?.to_zoned(zone.clone()));
    Some(Offer {
        doctor_id: offer.doctor_id.parse().ok()?,
        mode: match offer.mode() {
            WaitlistOfferMode::Unspecified => return None,
            WaitlistOfferMode::Cascade => OfferMode::Cascade,
            WaitlistOfferMode::Broadcast => OfferMode::Broadcast,
        },
        is_open: match offer.state() {
            WaitlistOfferState::Unspecified => return None,
            WaitlistOfferState::Open => true,
            WaitlistOfferState::Accepted
            | WaitlistOfferState::Declined
            | WaitlistOfferState::Expired
            | WaitlistOfferState::Withdrawn
            | WaitlistOfferState::Lost => false,
        },
        starts_at: at(offer.start_time)?,
        ends_at: at(offer.end_time)?,
        expires_at: at(offer.expire_time)?,
    })
}

fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}
