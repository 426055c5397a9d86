//! The gRPC face: who, what, do, reply. No rules, no SQL.
use crate::absences::Absences;
use crate::answers::{again, answer, booked, cancelled, moved, replayed, stored, with_token};
use crate::bookings::{Booked, Bookings};
use crate::calendars::Calendars;
use crate::convert::absences::{ApplyPlan, PlanQuery};
use crate::convert::offers::{ExplainQuery, SearchQuery, SlotsQuery};
use crate::convert::{self, appointment_id, lists, seen_by};
use crate::domain::actions::Actions;
use crate::domain::appointment::Appointment;
use crate::domain::clinic::Clinic;
use crate::domain::commands::{Book, Import, Party};
use crate::domain::questions::{self, Found};
use crate::domain::rules::Rules;
use crate::domain::series::commands::CreateSeries;
use crate::error::Error;
use crate::holds::Holds;
use crate::offers::{self, Offers};
use crate::once::Once;
use crate::series::Recurring;
use crate::store::{Attendance, Filter, Position, Replay};
use crate::transitions::Transitions;
use crate::visits::{Seen, Visits};
use pb::appointment_service_server::AppointmentService;
use platform::caller::User;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::appointment as pb;
use tonic::{Request, Response, Result};

type Answer<T> = Result<Response<T>>;

pub struct Api {
    pub bookings: Bookings,
    pub holds: Holds,
    pub transitions: Transitions,
    pub calendars: Calendars,
    pub offers: Offers,
    pub recurring: Recurring,
    pub absences: Absences,
    pub visits: Visits,
    pub pages: PageTokens,
}

impl Api {
    async fn named(&self, user: &User, seen: Seen) -> Vec<pb::Appointment> {
        let Seen { appointments, now } = seen;
        let names = self.visits.names(&appointments).await;
        let with_names = |appointment| names.beside(seen_by(user, appointment, now));
        appointments.into_iter().map(with_names).collect()
    }

    /// One page of visits with names, cut from one more than it has, and the token of the next.
    async fn page(
        &self,
        user: &User,
        list: &str,
        Seen { appointments, now }: Seen,
        size: i64,
    ) -> (Vec<pb::Appointment>, String) {
        let key = |a: &Appointment| Position(a.visit.start, a.id);
        let (page, next_page_token) = self.pages.cut(list, appointments, size, key);
        (self.named(user, Seen { appointments: page, now }).await, next_page_token)
    }
}

#[tonic::async_trait]
impl AppointmentService for Api {
    async fn list_available_slots(
        &self,
        request: Request<pb::ListAvailableSlotsRequest>,
    ) -> Answer<pb::ListAvailableSlotsResponse> {
        let user = User::of(&request)?;
        let reader = offers::reader(&user, None)?;
        let SlotsQuery { doctor_id, kind, dates, excluding } = SlotsQuery::try_from(request.into_inner())?;
        let excluding = self.visits.if_seen(&user, excluding).await?;
        let (slots, diary) = self.offers.slots(reader, doctor_id, kind, dates, excluding).await?;
        Ok(Response::new(convert::offers::slots(doctor_id, slots.into_iter(), &diary)))
    }

    async fn search_slots(
        &self,
        request: Request<pb::SearchSlotsRequest>,
    ) -> Answer<pb::SearchSlotsResponse> {
        let reader = offers::reader(&User::of(&request)?, None)?;
        let request = request.into_inner();
        let SearchQuery { among, kind, dates } = SearchQuery::try_from(&request)?;
        let (size, after) = lists::slots(&self.pages, &request)?;
        // One more than asked for tells whether there is another page.
        let limit = usize::try_from(size + 1).unwrap_or_default();
        let found = self.offers.search(reader, &among, kind, dates, after, limit).await?;
        let key = |found: &Found| questions::Position(found.slot.visit.start, found.doctor);
        let (page, next_page_token) = self.pages.cut(lists::SLOTS, found, size, key);
        let slots = page.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::SearchSlotsResponse { slots, next_page_token }))
    }

    async fn list_day_summaries(
        &self,
        request: Request<pb::ListDaySummariesRequest>,
    ) -> Answer<pb::ListDaySummariesResponse> {
        let reader = offers::reader(&User::of(&request)?, None)?;
        let SlotsQuery { doctor_id, kind, dates, .. } = SlotsQuery::try_from(request.into_inner())?;
        let (days, zone) = self.offers.days(reader, doctor_id, kind, dates).await?;
        let days = days.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListDaySummariesResponse { days, time_zone: convert::zone_name(&zone) }))
    }

    async fn explain_slot(&self, request: Request<pb::ExplainSlotRequest>) -> Answer<pb::SlotExplanation> {
        let user = User::of(&request)?;
        let ExplainQuery { doctor_id, kind, start, patient_id } =
            ExplainQuery::try_from(request.into_inner())?;
        let reader = offers::reader(&user, patient_id)?;
        let explanation = self.offers.explain(reader, doctor_id, kind, start).await?;
        Ok(Response::new(explanation.into()))
    }

    async fn book_appointment(
        &self,
        request: Request<pb::BookAppointmentRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, mut request, once) = Once::of(request)?;
        let hold = convert::holds::token(std::mem::take(&mut request.hold_token))?;
        let book = Book::try_from(request)?;
        match self.bookings.book(&user, &book, hold, &once).await {
            Ok(Booked { appointment, hold, now }) => {
                Ok(Response::new(convert::holds::booked(seen_by(&user, appointment, now), hold)))
            }
            // In the words that it was booked with, whatever they are by now.
            Err(Error::Replayed(replay)) => replayed(Replay { notes: book.notes, ..replay }),
            Err(error) => Err(error.into()),
        }
    }

    async fn create_hold(&self, request: Request<pb::CreateHoldRequest>) -> Answer<pb::Hold> {
        let (user, request, once) = Once::of(request)?;
        let book = Book::try_from(request)?;
        match self.holds.create(&user, &book, &once).await {
            Ok(kept) => Ok(Response::new(with_token(kept))),
            Err(Error::Replayed(replay)) => {
                let hold: pb::Hold = stored(&replay)?;
                let hold_token = self.holds.token(appointment_id(&hold.id)?).await?.to_string();
                Ok(again(pb::Hold { hold_token, ..hold }))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn renew_hold(&self, request: Request<pb::RenewHoldRequest>) -> Answer<pb::Hold> {
        let user = User::of(&request)?;
        let pb::RenewHoldRequest { id, hold_token } = request.into_inner();
        let (id, token) = convert::holds::held(&id, hold_token)?;
        Ok(Response::new(with_token(self.holds.renew(&user, id, token).await?)))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Answer<pb::ReleaseHoldResponse> {
        let user = User::of(&request)?;
        let pb::ReleaseHoldRequest { id, hold_token } = request.into_inner();
        let (id, token) = convert::holds::held(&id, hold_token)?;
        self.holds.release(&user, id, token).await?;
        Ok(Response::new(pb::ReleaseHoldResponse {}))
    }

    async fn get_appointment(&self, request: Request<pb::GetAppointmentRequest>) -> Answer<pb::Appointment> {
        let user = User::of(&request)?;
        let (id, at) = convert::visit_at(request.get_ref())?;
        if let Some(at) = at {
            let (appointment, reader) = self.visits.get_as_of(&user, id, at).await?;
            let names = self.visits.names(std::slice::from_ref(&appointment)).await;
            let appointment = convert::appointment(appointment, reader, Actions::default());
            return Ok(Response::new(names.beside(appointment)));
        }
        let appointment = self.named(&user, self.visits.get(&user, id).await?).await.pop();
        appointment.map(Response::new).ok_or_else(|| Error::NotFound.into())
    }

    async fn list_appointments(
        &self,
        request: Request<pb::ListAppointmentsRequest>,
    ) -> Answer<pb::ListAppointmentsResponse> {
        let user = User::of(&request)?;
        let filter = lists::filter(&self.pages, request.get_ref())?;
        let size = filter.limit;
        // One more than asked for tells whether there is another page.
        let seen = self.visits.list(&user, Filter { limit: size + 1, ..filter }).await?;
        let (appointments, next_page_token) = self.page(&user, lists::VISITS, seen, size).await;
        Ok(Response::new(pb::ListAppointmentsResponse { appointments, next_page_token }))
    }

    async fn update_appointment(
        &self,
        request: Request<pb::UpdateAppointmentRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let (id, edit) = convert::edit(request)?;
        answer(&user, self.bookings.edit(&user, id, &edit, &once).await)
    }

    async fn update_appointment_status(
        &self,
        request: Request<pb::UpdateAppointmentStatusRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let change = convert::status_change(request)?;
        answer(&user, self.transitions.change_status(&user, change, &once).await)
    }

    async fn cancel_appointment(
        &self,
        request: Request<pb::CancelAppointmentRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let change = convert::cancellation(request)?;
        answer(&user, self.transitions.change_status(&user, change, &once).await)
    }

    async fn undo_appointment_change(
        &self,
        request: Request<pb::UndoAppointmentChangeRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let (id, version) = convert::undo(&request)?;
        answer(&user, self.transitions.undo(&user, id, version, &once).await)
    }

    async fn set_sub_status(&self, request: Request<pb::SetSubStatusRequest>) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let (id, label, version) = convert::sub_status(request)?;
        answer(&user, self.transitions.set_sub_status(&user, id, label, version, &once).await)
    }

    async fn list_unresolved_appointments(
        &self,
        request: Request<pb::ListUnresolvedAppointmentsRequest>,
    ) -> Answer<pb::ListUnresolvedAppointmentsResponse> {
        let user = User::of(&request)?;
        let filter = lists::unresolved(&self.pages, request.get_ref())?;
        let size = filter.limit;
        let seen = self.visits.unresolved(&user, Filter { limit: size + 1, ..filter }).await?;
        let (appointments, next_page_token) = self.page(&user, lists::UNRESOLVED, seen, size).await;
        Ok(Response::new(pb::ListUnresolvedAppointmentsResponse { appointments, next_page_token }))
    }

    async fn get_patient_attendance(
        &self,
        request: Request<pb::GetPatientAttendanceRequest>,
    ) -> Answer<pb::PatientAttendance> {
        let user = User::of(&request)?;
        let patient_id = request.into_inner().patient_id;
        let patient = patient_id.parse().map_err(|error| Violations::of("patient_id", error))?;
        let Attendance { kept, late_cancelled, no_show } = self.visits.attendance(&user, patient).await?;
        Ok(Response::new(pb::PatientAttendance { patient_id, kept, late_cancelled, no_show }))
    }

    async fn list_appointment_events(
        &self,
        request: Request<pb::ListAppointmentEventsRequest>,
    ) -> Answer<pb::ListAppointmentEventsResponse> {
        let user = User::of(&request)?;
        let id = appointment_id(&request.into_inner().id)?;
        let (events, reader) = self.visits.history(&user, id).await?;
        let events = events.into_iter().map(|event| convert::history_entry(event, reader)).collect();
        Ok(Response::new(pb::ListAppointmentEventsResponse { events }))
    }

    async fn create_series(&self, request: Request<pb::CreateSeriesRequest>) -> Answer<pb::SeriesOutcome> {
        let (user, request, once) = Once::of(request)?;
        let ask = CreateSeries::try_from(request)?;
        booked(&user, self.recurring.create(&user, &ask, &once.unless(ask.dry_run)).await, ask.notes)
    }

    async fn get_series(&self, request: Request<pb::GetSeriesRequest>) -> Answer<pb::Series> {
        let user = User::of(&request)?;
        let id = convert::series::series_id(&request.into_inner().id)?;
        Ok(Response::new(self.recurring.get(&user, id).await?.told_to(&user)))
    }

    async fn update_series(&self, request: Request<pb::UpdateSeriesRequest>) -> Answer<pb::SeriesOutcome> {
        let (user, request, once) = Once::of(request)?;
        let (id, ask) = convert::series::update(&request)?;
        let outcome = self.recurring.update(&user, id, &ask, &once.unless(ask.dry_run)).await;
        moved(&user, outcome, self.recurring.get(&user, id)).await
    }

    async fn cancel_series(&self, request: Request<pb::CancelSeriesRequest>) -> Answer<pb::Series> {
        let (user, request, once) = Once::of(request)?;
        let (id, ask) = convert::series::cancellation(request)?;
        let seen = self.recurring.cancel(&user, id, &ask, &once).await;
        cancelled(&user, seen, self.recurring.get(&user, id)).await
    }

    async fn plan_absence(&self, request: Request<pb::PlanAbsenceRequest>) -> Answer<pb::AbsencePlan> {
        let user = User::of(&request)?;
        let PlanQuery { absence, substitutes } = PlanQuery::try_from(request.into_inner())?;
        let proposals = self.absences.plan(&user, absence, &substitutes).await?;
        Ok(Response::new(pb::AbsencePlan { moves: proposals.into_iter().map(Into::into).collect() }))
    }

    async fn apply_absence_plan(
        &self,
        request: Request<pb::ApplyAbsencePlanRequest>,
    ) -> Answer<pb::ApplyAbsencePlanResponse> {
        let user = User::of(&request)?;
        let ApplyPlan { absence, moves } = ApplyPlan::try_from(request.into_inner())?;
        let moved = self.absences.apply(&user, absence, &moves).await?;
        let appointments = moved.into_iter().map(|(visit, now)| seen_by(&user, visit, now)).collect();
        Ok(Response::new(pb::ApplyAbsencePlanResponse { appointments }))
    }

    async fn import_appointment(
        &self,
        request: Request<pb::ImportAppointmentRequest>,
    ) -> Answer<pb::Appointment> {
        let user = User::of(&request)?;
        let import = Import::try_from(request.into_inner())?;
        answer(&user, self.bookings.import(&user, import).await)
    }

    async fn apply_doctor_rules(
        &self,
        request: Request<pb::ApplyDoctorRulesRequest>,
    ) -> Answer<pb::ApplyDoctorRulesResponse> {
        let pb::ApplyDoctorRulesRequest { rules, refuse_if_booked } = request.into_inner();
        let rules = Rules::try_from(rules.ok_or_else(|| Violations::of("rules", "is required"))?)?;
        let version = self.calendars.apply(rules, refuse_if_booked).await?;
        Ok(Response::new(pb::ApplyDoctorRulesResponse { version }))
    }

    async fn apply_clinic_rules(
        &self,
        request: Request<pb::ApplyClinicRulesRequest>,
    ) -> Answer<pb::ApplyClinicRulesResponse> {
        let pb::ApplyClinicRulesRequest { rules, refuse_if_booked } = request.into_inner();
        let clinic = Clinic::try_from(rules.ok_or_else(|| Violations::of("rules", "is required"))?)?;
        let version = self.calendars.apply_clinic(clinic, refuse_if_booked).await?;
        Ok(Response::new(pb::ApplyClinicRulesResponse { version }))
    }

    async fn apply_patient_party(
        &self,
        request: Request<pb::ApplyPatientPartyRequest>,
    ) -> Answer<pb::ApplyPatientPartyResponse> {
        let pb::ApplyPatientPartyRequest { party, refuse_if_booked } = request.into_inner();
        let party = Party::try_from(party.ok_or_else(|| Violations::of("party", "is required"))?)?;
        let version = self.calendars.apply_party(party, refuse_if_booked).await?;
        Ok(Response::new(pb::ApplyPatientPartyResponse { version }))
    }

    async fn check_care_relationship(
        &self,
        request: Request<pb::CheckCareRelationshipRequest>,
    ) -> Answer<pb::CheckCareRelationshipResponse> {
        let pb::CheckCareRelationshipRequest { doctor_id, patient_id } = request.into_inner();
        let (doctor, patient) = convert::pair(&doctor_id, &patient_id)?;
        let treats = self.visits.treats(doctor, patient).await?;
        Ok(Response::new(pb::CheckCareRelationshipResponse { treats }))
    }

    async fn list_care_patients(
        &self,
        request: Request<pb::ListCarePatientsRequest>,
    ) -> Answer<pb::ListCarePatientsResponse> {
        let doctor = convert::doctor_id(&request.into_inner().doctor_id)?;
        let patient_ids = self.visits.treated(doctor).await?.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ListCarePatientsResponse { patient_ids }))
    }

    async fn get_appointment_summary(
        &self,
        request: Request<pb::GetAppointmentSummaryRequest>,
    ) -> Answer<pb::AppointmentSummary> {
        let id = appointment_id(&request.into_inner().id)?;
        let (appointment, now) = self.visits.summary(id).await?;
        Ok(Response::new(convert::summary(&appointment, now)))
    }

    async fn list_appointment_summaries(
        &self,
        request: Request<pb::ListAppointmentSummariesRequest>,
    ) -> Answer<pb::ListAppointmentSummariesResponse> {
        let filter = lists::summaries(&self.pages, request.get_ref())?;
        let size = filter.limit;
        let seen = self.visits.summaries(&Filter { limit: size + 1, ..filter }).await?;
        let last = |visit: &Appointment| Position(visit.visit.start, visit.id);
        let (visits, next_page_token) = self.pages.cut(lists::SUMMARIES, seen.appointments, size, last);
        let summaries = visits.iter().map(|visit| convert::summary(visit, seen.now)).collect();
        Ok(Response::new(pb::ListAppointmentSummariesResponse { summaries, next_page_token }))
    }
}
