//! The gRPC face: who, may they, what, do, reply. No rules, no SQL.
use crate::convert::{self, availability, doctor_for, practice_for, rendered_override, time_off};
use crate::domain::access;
use crate::domain::clinic::Place;
use crate::domain::doctor::Profile;
use crate::domain::visit_type::{Edit, Terms};
use crate::error::Error;
use crate::exceptions::{Exceptions, SetOverride, TakeOff};
use crate::hours::{AddHours, EditHours, Hours};
use crate::offers::{EditPlace, EditVisitType, Offers};
use crate::published;
use crate::roster::{EditDoctor, ListDoctors, Roster};
use platform::caller::{Caller, User};
use platform::clock::Clock;
use proto::doctor as pb;
use proto::doctor::doctor_service_server::DoctorService;
use proto::ids::DoctorId;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

pub struct Api {
    pub roster: Roster,
    pub hours: Hours,
    pub exceptions: Exceptions,
    pub offers: Offers,
    pub clock: Clock,
}

#[tonic::async_trait]
impl DoctorService for Api {
    async fn create_doctor(&self, request: Request<pb::CreateDoctorRequest>) -> Answer<pb::Doctor> {
        let user = User::of(&request)?;
        let profile = Profile::try_from(request.into_inner())?;
        let practice = self.roster.hire(profile, self.clock.now()).await?;
        Ok(Response::new(practice_for(&Caller::User(user), practice)))
    }

    async fn get_doctor(&self, request: Request<pb::GetDoctorRequest>) -> Answer<pb::Doctor> {
        let user = User::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        let practice = self.roster.find(id).await?;
        Ok(Response::new(practice_for(&Caller::User(user), practice)))
    }

    async fn list_doctors(
        &self,
        request: Request<pb::ListDoctorsRequest>,
    ) -> Answer<pb::ListDoctorsResponse> {
        let caller = Caller::User(User::of(&request)?);
        let list = ListDoctors::try_from(request.into_inner())?;
        let (doctors, next_page_token) = self.roster.list(list).await?;
        let doctors = doctors.into_iter().map(|doctor| doctor_for(&caller, doctor)).collect();
        Ok(Response::new(pb::ListDoctorsResponse { doctors, next_page_token }))
    }

    async fn update_doctor(&self, request: Request<pb::UpdateDoctorRequest>) -> Answer<pb::Doctor> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let doctor = request.doctor.as_ref();
        let id = convert::id("doctor.id", doctor.map(|doctor| doctor.id.as_str()).unwrap_or_default())?;
        access::edit(&user, id, convert::paths(request.update_mask.as_ref()))?;
        let edit = EditDoctor::parse(id, request)?;
        let practice = self.roster.edit(edit, self.clock.now()).await?;
        Ok(Response::new(practice_for(&Caller::User(user), practice)))
    }

    async fn delete_doctor(&self, request: Request<pb::DeleteDoctorRequest>) -> Answer<pb::Doctor> {
        let user = User::of(&request)?;
        let pb::DeleteDoctorRequest { id, expected_version } = request.into_inner();
        let id = convert::id("id", &id)?;
        let practice = self.roster.dismiss(id, expected_version, self.clock.now()).await?;
        Ok(Response::new(practice_for(&Caller::User(user), practice)))
    }

    async fn batch_get_doctors(
        &self,
        request: Request<pb::BatchGetDoctorsRequest>,
    ) -> Answer<pb::BatchGetDoctorsResponse> {
        let caller = Caller::of(&request)?;
        let ids = convert::ids(&request.into_inner().ids)?;
        let doctors = self.roster.find_all(&ids).await?;
        let doctors = doctors.into_iter().map(|doctor| doctor_for(&caller, doctor)).collect();
        Ok(Response::new(pb::BatchGetDoctorsResponse { doctors }))
    }

    async fn create_availability(
        &self,
        request: Request<pb::CreateAvailabilityRequest>,
    ) -> Answer<pb::Availability> {
        let user = User::of(&request)?;
        let new = request.into_inner().availability.unwrap_or_default();
        let doctor_id = convert::id("availability.doctor_id", &new.doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let add = AddHours::parse(doctor_id, new)?;
        let added = self.hours.add(add, self.clock.now()).await?;
        Ok(Response::new(availability(doctor_id, &added)))
    }

    async fn list_availabilities(
        &self,
        request: Request<pb::ListAvailabilitiesRequest>,
    ) -> Answer<pb::ListAvailabilitiesResponse> {
        User::of(&request)?;
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find(id).await?;
        let availabilities = practice.hours.iter().map(|hours| availability(id, hours)).collect();
        Ok(Response::new(pb::ListAvailabilitiesResponse { availabilities }))
    }

    async fn update_availability(
        &self,
        request: Request<pb::UpdateAvailabilityRequest>,
    ) -> Answer<pb::Availability> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let doctor_id = request.availability.as_ref().map(|new| new.doctor_id.as_str()).unwrap_or_default();
        let doctor_id = convert::id("availability.doctor_id", doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let edit = EditHours::parse(doctor_id, request)?;
        let edited = self.hours.edit(edit, self.clock.now()).await?;
        Ok(Response::new(availability(doctor_id, &edited)))
    }

    async fn delete_availability(
        &self,
        request: Request<pb::DeleteAvailabilityRequest>,
    ) -> Answer<pb::Availability> {
        let user = User::of(&request)?;
        let pb::DeleteAvailabilityRequest { doctor_id, id } = request.into_inner();
        let doctor_id = convert::id("doctor_id", &doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let id = convert::id("id", &id)?;
        let removed = self.hours.remove(doctor_id, id, self.clock.now()).await?;
        Ok(Response::new(availability(doctor_id, &removed)))
    }

    async fn set_availability_override(
        &self,
        request: Request<pb::SetAvailabilityOverrideRequest>,
    ) -> Answer<pb::AvailabilityOverride> {
        let user = User::of(&request)?;
        let new = request.into_inner().r#override.unwrap_or_default();
        let doctor_id = convert::id("override.doctor_id", &new.doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let set = SetOverride::parse(doctor_id, &new)?;
        let set = self.exceptions.set_override(set, self.clock.now()).await?;
        Ok(Response::new(rendered_override(doctor_id, &set)))
    }

    async fn list_availability_overrides(
        &self,
        request: Request<pb::ListAvailabilityOverridesRequest>,
    ) -> Answer<pb::ListAvailabilityOverridesResponse> {
        User::of(&request)?;
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find(id).await?;
        let overrides = practice.overrides.iter().map(|there| rendered_override(id, there)).collect();
        Ok(Response::new(pb::ListAvailabilityOverridesResponse { overrides }))
    }

    async fn delete_availability_override(
        &self,
        request: Request<pb::DeleteAvailabilityOverrideRequest>,
    ) -> Answer<pb::AvailabilityOverride> {
        let user = User::of(&request)?;
        let pb::DeleteAvailabilityOverrideRequest { doctor_id, date } = request.into_inner();
        let doctor_id = convert::id("doctor_id", &doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let date = convert::override_date("date", &date)?;
        let removed = self.exceptions.remove_override(doctor_id, date, self.clock.now()).await?;
        Ok(Response::new(rendered_override(doctor_id, &removed)))
    }

    async fn create_time_off(&self, request: Request<pb::CreateTimeOffRequest>) -> Answer<pb::TimeOff> {
        let user = User::of(&request)?;
        let new = request.into_inner().time_off.unwrap_or_default();
        let doctor_id = convert::id("time_off.doctor_id", &new.doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let take = TakeOff::parse(doctor_id, new)?;
        let (off, zone) = self.exceptions.take_off(take, self.clock.now()).await?;
        Ok(Response::new(time_off(doctor_id, &zone, off, true)))
    }

    async fn list_time_off(
        &self,
        request: Request<pb::ListTimeOffRequest>,
    ) -> Answer<pb::ListTimeOffResponse> {
        let user = User::of(&request)?;
        let id: DoctorId = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find(id).await?;
        let (zone, with_reasons) = (practice.zone(), access::sees_reasons(&user, id));
        let all = practice.time_off.into_iter().map(|off| time_off(id, &zone, off, with_reasons));
        Ok(Response::new(pb::ListTimeOffResponse { time_off: all.collect() }))
    }

    async fn delete_time_off(&self, request: Request<pb::DeleteTimeOffRequest>) -> Answer<pb::TimeOff> {
        let user = User::of(&request)?;
        let pb::DeleteTimeOffRequest { doctor_id, id } = request.into_inner();
        let doctor_id = convert::id("doctor_id", &doctor_id)?;
        access::change_hours(&user, doctor_id)?;
        let id = convert::id("id", &id)?;
        let (off, zone) = self.exceptions.come_back(doctor_id, id, self.clock.now()).await?;
        Ok(Response::new(time_off(doctor_id, &zone, off, true)))
    }

    async fn create_visit_type(&self, request: Request<pb::CreateVisitTypeRequest>) -> Answer<pb::VisitType> {
        let terms = Terms::try_from(request.into_inner())?;
        let made = self.offers.add_visit_type(terms, self.clock.now()).await?;
        Ok(Response::new(published::visit_type(made)))
    }

    async fn get_visit_type(&self, request: Request<pb::GetVisitTypeRequest>) -> Answer<pb::VisitType> {
        User::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        let clinic = self.offers.clinic().await?;
        let found = clinic.visit_type(id).map_err(Error::from)?;
        Ok(Response::new(published::visit_type(found.clone())))
    }

    async fn list_visit_types(
        &self,
        request: Request<pb::ListVisitTypesRequest>,
    ) -> Answer<pb::ListVisitTypesResponse> {
        let caller = Caller::of(&request)?;
        let pb::ListVisitTypesRequest { doctor_id, include_inactive } = request.into_inner();
        if include_inactive && let Caller::User(user) = caller {
            access::see_retired(&user)?;
        }
        let doctor: Option<DoctorId> =
            if doctor_id.is_empty() { None } else { Some(convert::id("doctor_id", &doctor_id)?) };
        let mut listed = self.offers.clinic().await?.visit_types;
        listed.retain(|listed| include_inactive || listed.terms.is_active);
        listed.retain(|listed| doctor.is_none_or(|doctor| listed.is_of(doctor)));
        let visit_types = listed.into_iter().map(published::visit_type).collect();
        Ok(Response::new(pb::ListVisitTypesResponse { visit_types }))
    }

    async fn update_visit_type(&self, request: Request<pb::UpdateVisitTypeRequest>) -> Answer<pb::VisitType> {
        let edit = EditVisitType::try_from(request.into_inner())?;
        let edited = self.offers.edit_visit_type(edit, self.clock.now()).await?;
        Ok(Response::new(published::visit_type(edited)))
    }

    async fn delete_visit_type(&self, request: Request<pb::DeleteVisitTypeRequest>) -> Answer<pb::VisitType> {
        let pb::DeleteVisitTypeRequest { id, expected_version } = request.into_inner();
        let id = convert::id("id", &id)?;
        let retire = EditVisitType { id, edits: vec![Edit::IsActive(false)], expected_version };
        let retired = self.offers.edit_visit_type(retire, self.clock.now()).await?;
        Ok(Response::new(published::visit_type(retired)))
    }

    async fn create_location(&self, request: Request<pb::CreateLocationRequest>) -> Answer<pb::Location> {
        let place = Place::try_from(request.into_inner())?;
        let made = self.offers.add_location(place, self.clock.now()).await?;
        Ok(Response::new(published::location(made)))
    }

    async fn get_location(&self, request: Request<pb::GetLocationRequest>) -> Answer<pb::Location> {
        User::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        let clinic = self.offers.clinic().await?;
        let found = clinic.location(id).map_err(Error::from)?;
        Ok(Response::new(published::location(found.clone())))
    }

    async fn list_locations(
        &self,
        request: Request<pb::ListLocationsRequest>,
    ) -> Answer<pb::ListLocationsResponse> {
        User::of(&request)?;
        let locations = self.offers.clinic().await?.locations.into_iter().map(published::location).collect();
        Ok(Response::new(pb::ListLocationsResponse { locations }))
    }

    async fn update_location(&self, request: Request<pb::UpdateLocationRequest>) -> Answer<pb::Location> {
        let edit = EditPlace::try_from(request.into_inner())?;
        let edited = self.offers.edit_location(edit, self.clock.now()).await?;
        Ok(Response::new(published::location(edited)))
    }

    async fn delete_location(&self, request: Request<pb::DeleteLocationRequest>) -> Answer<pb::Location> {
        let pb::DeleteLocationRequest { id, expected_version } = request.into_inner();
        let removed = self.offers.remove_location(convert::id("id", &id)?, expected_version).await?;
        Ok(Response::new(published::location(removed)))
    }

    async fn create_room(&self, request: Request<pb::CreateRoomRequest>) -> Answer<pb::Room> {
        let room = request.into_inner().room.unwrap_or_default();
        let location = convert::id("room.location_id", &room.location_id)?;
        let made = self.offers.add_room(location, convert::new_room(room)?, self.clock.now()).await?;
        Ok(Response::new(published::room(location, made)))
    }

    async fn delete_room(&self, request: Request<pb::DeleteRoomRequest>) -> Answer<pb::Room> {
        let pb::DeleteRoomRequest { location_id, id } = request.into_inner();
        let location = convert::id("location_id", &location_id)?;
        let removed = self.offers.remove_room(location, convert::id("id", &id)?, self.clock.now()).await?;
        Ok(Response::new(published::room(location, removed)))
    }

    async fn create_holiday(&self, request: Request<pb::CreateHolidayRequest>) -> Answer<pb::Holiday> {
        let holiday = convert::new_holiday(request.into_inner())?;
        let made = self.offers.add_holiday(holiday, self.clock.now()).await?;
        Ok(Response::new(published::holiday(made)))
    }

    async fn list_holidays(
        &self,
        request: Request<pb::ListHolidaysRequest>,
    ) -> Answer<pb::ListHolidaysResponse> {
        User::of(&request)?;
        let holidays = self.offers.clinic().await?.holidays.into_iter().map(published::holiday).collect();
        Ok(Response::new(pb::ListHolidaysResponse { holidays }))
    }

    async fn delete_holiday(&self, request: Request<pb::DeleteHolidayRequest>) -> Answer<pb::Holiday> {
        let id = convert::id("id", &request.into_inner().id)?;
        Ok(Response::new(published::holiday(self.offers.remove_holiday(id).await?)))
    }

    async fn get_clinic_rules(&self, _: Request<pb::GetClinicRulesRequest>) -> Answer<pb::ClinicRules> {
        Ok(Response::new(published::clinic(&self.offers.clinic().await?)))
    }

    async fn get_doctor_rules(&self, request: Request<pb::GetDoctorRulesRequest>) -> Answer<pb::DoctorRules> {
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find_ever(id).await?;
        Ok(Response::new(published::doctor(&practice)))
    }

    async fn get_doctor_contact(
        &self,
        request: Request<pb::GetDoctorContactRequest>,
    ) -> Answer<pb::DoctorContact> {
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find_ever(id).await?;
        Ok(Response::new(convert::contact(practice.doctor)))
    }
}
