//! Requests as they usually are, and what is asked of answers.
use crate::clinic::Client;
use platform::fault;
use prost_types::FieldMask;
use proto::doctor::{
    Availability, CreateAvailabilityRequest, CreateDoctorRequest, CreateLocationRequest, Doctor,
    GetDoctorRequest, Location, UpdateAvailabilityRequest, UpdateDoctorRequest,
};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

pub(crate) fn named(first_name: &str, last_name: &str) -> Doctor {
    Doctor {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email: format!("{first_name}.{last_name}@example.com"),
        phone: "+49 30 123456".to_owned(),
        specialization: "Cardiology".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        ..Doctor::default()
    }
}

pub(crate) fn ada() -> Doctor {
    named("Ada", "Lovelace")
}

pub(crate) async fn hire(admin: &mut Client, doctor: Doctor) -> Doctor {
    create(admin, doctor).await.unwrap()
}

pub(crate) async fn create(client: &mut Client, doctor: Doctor) -> Result<Doctor, Status> {
    client.create_doctor(CreateDoctorRequest { doctor: Some(doctor) }).await.map(Response::into_inner)
}

pub(crate) async fn get(client: &mut Client, id: &str) -> Result<Doctor, Status> {
    client.get_doctor(GetDoctorRequest { id: id.to_owned() }).await.map(Response::into_inner)
}

pub(crate) async fn update(client: &mut Client, doctor: Doctor, paths: &[&str]) -> Result<Doctor, Status> {
    let request =
        UpdateDoctorRequest { doctor: Some(doctor), update_mask: Some(mask(paths)), expected_version: 0 };
    client.update_doctor(request).await.map(Response::into_inner)
}

pub(crate) fn on(doctor: &Doctor, day_of_week: i32, start_time: &str, end_time: &str) -> Availability {
    Availability {
        doctor_id: doctor.id.clone(),
        day_of_week,
        start_time: start_time.to_owned(),
        end_time: end_time.to_owned(),
        is_available: true,
        ..Availability::default()
    }
}

pub(crate) async fn add(client: &mut Client, availability: Availability) -> Result<Availability, Status> {
    let request = CreateAvailabilityRequest { availability: Some(availability) };
    client.create_availability(request).await.map(Response::into_inner)
}

pub(crate) async fn reschedule(
    client: &mut Client,
    availability: Availability,
    paths: &[&str],
) -> Result<Availability, Status> {
    let request =
        UpdateAvailabilityRequest { availability: Some(availability), update_mask: Some(mask(paths)) };
    client.update_availability(request).await.map(Response::into_inner)
}

pub(crate) fn mask(paths: &[&str]) -> FieldMask {
    FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

/// Code and reason of a refusal.
pub(crate) fn refusal<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("the call was answered");
    (status.code(), fault::reason(&status).unwrap_or_default())
}

/// The fields that are wrong.
pub(crate) fn wrong_fields<T>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.err().expect("the call was answered");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_details_bad_request().unwrap();
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

/// A fact of a refusal.
pub(crate) fn fact<T>(answer: Result<T, Status>, name: &str) -> Option<String> {
    answer.err().expect("the call was answered").get_details_error_info()?.metadata.remove(name)
}

/// A new location in Berlin.
pub(crate) async fn place(admin: &mut Client, name: &str) -> Location {
    let location =
        Location { name: name.to_owned(), time_zone: "Europe/Berlin".to_owned(), ..Location::default() };
    let request = CreateLocationRequest { location: Some(location) };
    admin.create_location(request).await.unwrap().into_inner()
}
