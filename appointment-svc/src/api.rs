//! The gRPC face: who, what, do, reply. No rules, no SQL.
use crate::bookings::{Bookings, Now};
use crate::calendars::Calendars;
use crate::convert::{self, SlotsQuery, appointment_id, bound};
use crate::domain::appointment::Appointment;
use crate::domain::commands::{Book, Import, Party};
use crate::domain::rules::Rules;
use crate::domain::status::Status as VisitStatus;
use crate::store::{Filter, Position};
use crate::visits::{Seen, Visits};
use jiff::Timestamp;
use pb::appointment_service_server::AppointmentService;
use platform::caller::{Caller, User, forbidden};
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use proto::appointment as pb;
use tonic::{Request, Response, Result};

const LIST: &str = "appointments";

pub struct Api {
    bookings: Bookings,
    calendars: Calendars,
    visits: Visits,
    pages: PageTokens,
}

impl Api {
    pub fn new(bookings: Bookings, calendars: Calendars, visits: Visits, pages: PageTokens) -> Self {
        Self { bookings, calendars, visits, pages }
    }

    async fn named(
        &self,
        user: &User,
        appointments: Vec<Appointment>,
        now: Timestamp,
    ) -> Vec<pb::Appointment> {
        let names = self.visits.names(&appointments).await;
        let with_names = |appointment: Appointment| {
            let patient_name = names.patient(appointment.patient_id);
            let (doctor_name, doctor_specialization) = names.doctor(appointment.doctor_id);
            let appointment = seen_by(user, appointment, now);
            pb::Appointment { patient_name, doctor_name, doctor_specialization, ..appointment }
        };
        appointments.into_iter().map(with_names).collect()
    }

    fn filter(&self, request: &pb::ListAppointmentsRequest) -> Result<Filter, Violations> {
        let mut wrong = Violations::default();
        let optional_id = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        let patient_id =
            optional_id(&request.patient_id).and_then(|id| wrong.field("patient_id", id.parse()));
        let doctor_id = optional_id(&request.doctor_id).and_then(|id| wrong.field("doctor_id", id.parse()));
        let from = bound(&mut wrong, "start_time_from", request.start_time_from);
        let until = bound(&mut wrong, "start_time_until", request.start_time_until);
        let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
        let after: Option<Option<Position>> =
            wrong.field("page_token", self.pages.open(LIST, &request.page_token));
        let status = wrong.field("status", convert::known_status(request.status)).flatten();
        let limit = size.unwrap_or_default();
        wrong.into_result(Filter {
            patient_id,
            doctor_id,
            status,
            from,
            until,
            after: after.flatten(),
            limit,
        })
    }
}

#[tonic::async_trait]
impl AppointmentService for Api {
    async fn list_available_slots(
        &self,
        request: Request<pb::ListAvailableSlotsRequest>,
    ) -> Result<Response<pb::ListAvailableSlotsResponse>> {
        let user = User::of(&request)?;
        if user.role == platform::caller::Role::Auditor {
            return Err(forbidden("auditors do not see calendars"));
        }
        let SlotsQuery { doctor_id, date, days, duration } = SlotsQuery::try_from(request.into_inner())?;
        let (slots, rules) = self.calendars.free_slots(doctor_id, date, days, duration).await?;
        let slots = slots.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAvailableSlotsResponse {
            slots,
            time_zone: convert::zone_name(&rules.zone),
        }))
    }

    async fn book_appointment(
        &self,
        request: Request<pb::BookAppointmentRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let book = Book::try_from(request.into_inner())?;
        Ok(reply(&user, self.bookings.book(&user, &book).await?))
    }

    async fn get_appointment(
        &self,
        request: Request<pb::GetAppointmentRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let id = appointment_id(&request.into_inner().id)?;
        let Seen { appointments, now } = self.visits.get(&user, id).await?;
        let appointment = self.named(&user, appointments, now).await.pop();
        appointment.map(Response::new).ok_or_else(|| crate::error::Error::NotFound.into())
    }

    async fn list_appointments(
        &self,
        request: Request<pb::ListAppointmentsRequest>,
    ) -> Result<Response<pb::ListAppointmentsResponse>> {
        let user = User::of(&request)?;
        let filter = self.filter(request.get_ref())?;
        let size = filter.limit;
        // One more than asked for tells whether there is another page.
        let Seen { appointments, now } =
            self.visits.list(&user, Filter { limit: size + 1, ..filter }).await?;
        let key = |a: &Appointment| Position(a.visit.start, a.id);
        let (page, next_page_token) = self.pages.cut(LIST, appointments, size, key);
        let appointments = self.named(&user, page, now).await;
        Ok(Response::new(pb::ListAppointmentsResponse { appointments, next_page_token }))
    }

    async fn update_appointment(
        &self,
        request: Request<pb::UpdateAppointmentRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let (id, edit) = convert::edit(request.into_inner())?;
        Ok(reply(&user, self.bookings.edit(&user, id, &edit).await?))
    }

    async fn update_appointment_status(
        &self,
        request: Request<pb::UpdateAppointmentStatusRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let (id, status, version) = convert::status_change(&request.into_inner())?;
        Ok(reply(&user, self.bookings.change_status(&user, id, status, version).await?))
    }

    async fn cancel_appointment(
        &self,
        request: Request<pb::CancelAppointmentRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let (id, version) = convert::cancellation(&request.into_inner())?;
        Ok(reply(&user, self.bookings.change_status(&user, id, VisitStatus::Cancelled, version).await?))
    }

    async fn list_appointment_events(
        &self,
        request: Request<pb::ListAppointmentEventsRequest>,
    ) -> Result<Response<pb::ListAppointmentEventsResponse>> {
        let user = User::of(&request)?;
        let id = appointment_id(&request.into_inner().id)?;
        let events = self.visits.history(&user, id).await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAppointmentEventsResponse { events }))
    }

    async fn import_appointment(
        &self,
        request: Request<pb::ImportAppointmentRequest>,
    ) -> Result<Response<pb::Appointment>> {
        let user = User::of(&request)?;
        let import = Import::try_from(request.into_inner())?;
        Ok(reply(&user, self.bookings.import(&user, import).await?))
    }

    async fn apply_doctor_rules(
        &self,
        request: Request<pb::ApplyDoctorRulesRequest>,
    ) -> Result<Response<pb::ApplyDoctorRulesResponse>> {
        Caller::service_of(&request, &["doctor-svc"])?;
        let pb::ApplyDoctorRulesRequest { rules, refuse_if_booked } = request.into_inner();
        let rules = Rules::try_from(rules.ok_or_else(|| Violations::of("rules", "is required"))?)?;
        let version = self.calendars.apply(rules, refuse_if_booked).await?;
        Ok(Response::new(pb::ApplyDoctorRulesResponse { version }))
    }

    async fn apply_patient_party(
        &self,
        request: Request<pb::ApplyPatientPartyRequest>,
    ) -> Result<Response<pb::ApplyPatientPartyResponse>> {
        Caller::service_of(&request, &["patient-svc"])?;
        let pb::ApplyPatientPartyRequest { party, refuse_if_booked } = request.into_inner();
        let party = Party::try_from(party.ok_or_else(|| Violations::of("party", "is required"))?)?;
        let version = self.calendars.apply_party(party, refuse_if_booked).await?;
        Ok(Response::new(pb::ApplyPatientPartyResponse { version }))
    }

    async fn check_care_relationship(
        &self,
        request: Request<pb::CheckCareRelationshipRequest>,
    ) -> Result<Response<pb::CheckCareRelationshipResponse>> {
        Caller::service_of(&request, &["patient-svc"])?;
        let pb::CheckCareRelationshipRequest { doctor_id, patient_id } = request.into_inner();
        let (doctor, patient) = convert::pair(&doctor_id, &patient_id)?;
        let treats = self.visits.treats(doctor, patient).await?;
        Ok(Response::new(pb::CheckCareRelationshipResponse { treats }))
    }

    async fn list_care_patients(
        &self,
        request: Request<pb::ListCarePatientsRequest>,
    ) -> Result<Response<pb::ListCarePatientsResponse>> {
        Caller::service_of(&request, &["patient-svc"])?;
        let doctor =
            request.into_inner().doctor_id.parse().map_err(|error| Violations::of("doctor_id", error))?;
        let patient_ids = self.visits.treated(doctor).await?.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ListCarePatientsResponse { patient_ids }))
    }

    async fn get_appointment_summary(
        &self,
        request: Request<pb::GetAppointmentSummaryRequest>,
    ) -> Result<Response<pb::AppointmentSummary>> {
        Caller::service_of(&request, &["notification-svc", "patient-svc"])?;
        let id = appointment_id(&request.into_inner().id)?;
        Ok(Response::new(convert::summary(&self.visits.summary(id).await?)))
    }
}

/// A changed visit, as `user` may see and use it.
fn reply(user: &User, (appointment, now): Now<Appointment>) -> Response<pb::Appointment> {
    Response::new(seen_by(user, appointment, now))
}

fn seen_by(user: &User, appointment: Appointment, now: Timestamp) -> pb::Appointment {
    let allowed =
        appointment.actor(user).map(|actor| appointment.allowed_actions(actor, now)).unwrap_or_default();
    convert::appointment(appointment, allowed)
}
