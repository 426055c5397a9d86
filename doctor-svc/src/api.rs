//! The gRPC face: who, may they, what, do, reply. No rules, no SQL.
use crate::calendar;
use crate::convert::{self, availability, doctor_for, practice_for};
use crate::domain::access;
use crate::domain::doctor::Profile;
use crate::hours::{AddHours, EditHours, Hours};
use crate::roster::{EditDoctor, ListDoctors, Roster};
use platform::caller::{Caller, User};
use platform::clock::Clock;
use proto::doctor as pb;
use proto::doctor::doctor_service_server::DoctorService;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

pub struct Api {
    roster: Roster,
    hours: Hours,
    clock: Clock,
}

impl Api {
    pub fn new(roster: Roster, hours: Hours, clock: Clock) -> Self {
        Self { roster, hours, clock }
    }
}

#[tonic::async_trait]
impl DoctorService for Api {
    async fn create_doctor(&self, request: Request<pb::CreateDoctorRequest>) -> Answer<pb::Doctor> {
        let user = User::of(&request)?;
        access::manage_roster(&user)?;
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
        access::manage_roster(&user)?;
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
        Ok(Response::new(availability(doctor_id, added)))
    }

    async fn list_availabilities(
        &self,
        request: Request<pb::ListAvailabilitiesRequest>,
    ) -> Answer<pb::ListAvailabilitiesResponse> {
        User::of(&request)?;
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find(id).await?;
        let availabilities = practice.hours.into_iter().map(|hours| availability(id, hours)).collect();
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
        Ok(Response::new(availability(doctor_id, edited)))
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
        Ok(Response::new(availability(doctor_id, removed)))
    }

    async fn get_doctor_rules(&self, request: Request<pb::GetDoctorRulesRequest>) -> Answer<pb::DoctorRules> {
        access::any_service(&Caller::of(&request)?)?;
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find_ever(id).await?;
        Ok(Response::new(calendar::published(&practice.rules(), practice.rules_version)))
    }

    async fn get_doctor_contact(
        &self,
        request: Request<pb::GetDoctorContactRequest>,
    ) -> Answer<pb::DoctorContact> {
        Caller::service_of(&request, &["notification-svc"])?;
        let id = convert::id("doctor_id", &request.into_inner().doctor_id)?;
        let practice = self.roster.find_ever(id).await?;
        Ok(Response::new(convert::contact(practice.doctor)))
    }
}
