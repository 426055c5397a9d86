//! A clinic to look at: doctors in three cities, their patients, visits of the last weeks and of the next.
//!
//! Everything is made by calls that any client can make. Doing it again makes only what is missing.
mod desk; // somebody who is logged in, and the services they speak to
mod people; // names and words to choose from
mod doctors; // the doctors, and when they work
mod offers; // the kinds of visits
mod plan; // who there is and what happened; pure

use crate::mesh::{ADMIN, Mesh};
use crate::secrets::Secrets;
use anyhow::Context;
use desk::{Desk, told, unless_there};
use doctors::{DOCTORS, Doctor};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use plan::{Outcome, Patient, Plan, Visit};
use proto::{appointment, auth, doctor, patient};
use std::collections::HashMap;
use std::fmt;

pub const STAFF: &str = "staff@example.com";

/// How many calls are made at the same time.
const AT_ONCE: usize = 8;

/// Patients, the first ones, who can log in.
const PATIENTS_WITH_ACCOUNT: usize = 4;

/// The doctor to log in as.
pub fn doctor_email() -> String {
    DOCTORS[0].email()
}

/// The patient to log in as.
pub fn patient_email() -> String {
    plan::patients()[0].email()
}

/// What there is afterwards.
pub struct Furnished {
    doctors: usize,
    patients: usize,
    past: usize,
    ahead: usize,
    records: usize,
}

impl fmt::Display for Furnished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doctors, patients, past, ahead, records } = self;
        write!(
            f,
            "{doctors} doctors, {patients} patients, {past} past visits, {records} records, {ahead} visits ahead"
        )
    }
}

pub async fn furnish(mesh: &Mesh, secrets: &Secrets, now: Timestamp) -> anyhow::Result<Furnished> {
    let plan = Plan::around(now);
    let admin = Desk::log_in(mesh, ADMIN, &secrets.admin_password).await?;
    let seeding =
        Seeding { mesh, secrets, plan: &plan, admin: &admin, doctors: admin_doctors(&admin, &plan).await? };
    tokio::try_join!(seeding.patients(), seeding.accounts(), offers::furnish(&admin))?;
    tokio::try_join!(seeding.past(), seeding.ahead())?;
    let records = seeding.records().await?;
    let (past, ahead) = (plan.past.len(), plan.ahead.len());
    Ok(Furnished { doctors: plan.doctors.len(), patients: plan.patients.len(), past, ahead, records })
}

struct Seeding<'a> {
    mesh: &'a Mesh,
    secrets: &'a Secrets,
    plan: &'a Plan,
    admin: &'a Desk,
    /// The ids of the doctors, in the order of the plan.
    doctors: Vec<String>,
}

/// Makes the doctors that are missing, with their hours, and answers all their ids.
async fn admin_doctors(admin: &Desk, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let request = admin.request(doctor::ListDoctorsRequest { page_size: 200, ..Default::default() });
    let listed =
        admin.doctor.clone().list_doctors(request).await.map_err(told).context("cannot list doctors")?;
    let found = listed.into_inner().doctors.into_iter().map(|found| (found.email, found.id));
    let found: HashMap<String, String> = found.collect();
    let ids = stream::iter(plan.doctors).map(async |planned: &Doctor| {
        let id = match found.get(&planned.email()) {
            Some(id) => id.clone(),
            None => create_doctor(admin, planned).await?,
        };
        for window in planned.hours {
            for day in window.days {
                let availability = doctor::Availability {
                    doctor_id: id.clone(),
                    day_of_week: *day,
                    start_time: window.start.to_owned(),
                    end_time: window.end.to_owned(),
                    is_available: true,
                    ..Default::default()
                };
                let request = doctor::CreateAvailabilityRequest { availability: Some(availability) };
                let made = admin.doctor.clone().create_availability(admin.request(request)).await;
                unless_there(made).context("cannot add hours")?;
            }
        }
        anyhow::Ok(id)
    });
    ids.buffered(AT_ONCE).try_collect().await
}

async fn create_doctor(admin: &Desk, planned: &Doctor) -> anyhow::Result<String> {
    let doctor = doctor::Doctor {
        first_name: planned.first_name.to_owned(),
        last_name: planned.last_name.to_owned(),
        email: planned.email(),
        phone: planned.phone.to_owned(),
        specialization: planned.specialization.to_owned(),
        time_zone: planned.time_zone.to_owned(),
        languages: planned.languages.iter().map(|&language| language.to_owned()).collect(),
        bio: planned.bio.to_owned(),
        slot_minutes: planned.slot_minutes,
        ..Default::default()
    };
    let request = admin.request(doctor::CreateDoctorRequest { doctor: Some(doctor) });
    let made = admin.doctor.clone().create_doctor(request).await.map_err(told);
    Ok(made.with_context(|| format!("cannot add the doctor {}", planned.last_name))?.into_inner().id)
}

impl Seeding<'_> {
    async fn patients(&self) -> anyhow::Result<()> {
        let made = stream::iter(&self.plan.patients).map(async |planned: &Patient| {
            let request =
                patient::CreatePatientRequest { patient: Some(planned.to_wire()), confirm_new: true };
            let made = self.admin.patient.clone().create_patient(self.admin.request(request)).await;
            unless_there(made).context("cannot add a patient").map(drop)
        });
        made.buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn accounts(&self) -> anyhow::Result<()> {
        let account = |email: String, full_name: String, role: auth::Role| auth::RegisterRequest {
            email,
            password: self.secrets.demo_password.clone(),
            full_name,
            role: role.into(),
            ..Default::default()
        };
        let mut accounts = vec![account(STAFF.to_owned(), "Front Desk".to_owned(), auth::Role::Staff)];
        for (planned, id) in self.plan.doctors.iter().zip(&self.doctors) {
            let full_name = format!("{} {}", planned.first_name, planned.last_name);
            let account = account(planned.email(), full_name, auth::Role::Doctor);
            accounts.push(auth::RegisterRequest { doctor_id: id.clone(), ..account });
        }
        for planned in &self.plan.patients[..PATIENTS_WITH_ACCOUNT] {
            let full_name = format!("{} {}", planned.first_name, planned.last_name);
            let account = account(planned.email(), full_name, auth::Role::Patient);
            accounts.push(auth::RegisterRequest { patient_id: planned.id.to_string(), ..account });
        }
        let made = stream::iter(accounts).map(async |account| {
            let made = self.admin.auth.clone().register(self.admin.request(account)).await;
            unless_there(made).context("cannot add an account").map(drop)
        });
        made.buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn past(&self) -> anyhow::Result<()> {
        let made = stream::iter(&self.plan.past).map(async |(visit, outcome): &(Visit, Outcome)| {
            let appointment = appointment::Appointment {
                id: visit.id.to_string(),
                patient_id: self.plan.patients[visit.patient].id.to_string(),
                doctor_id: self.doctors[visit.doctor].clone(),
                start_time: Some(proto::time::to_wire(visit.start)),
                end_time: Some(proto::time::to_wire(visit.end)),
                status: match outcome {
                    Outcome::Completed { .. } => appointment::AppointmentStatus::Completed,
                    Outcome::Cancelled => appointment::AppointmentStatus::Cancelled,
                    Outcome::NoShow => appointment::AppointmentStatus::NoShow,
                }
                .into(),
                notes: visit.notes.to_owned(),
                ..Default::default()
            };
            let request = appointment::ImportAppointmentRequest { appointment: Some(appointment) };
            let made = self.admin.appointment.clone().import_appointment(self.admin.request(request)).await;
            unless_there(made).context("cannot take over a past visit").map(drop)
        });
        made.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Every third visit ahead is confirmed.
    async fn ahead(&self) -> anyhow::Result<()> {
        let made =
            stream::iter(self.plan.ahead.iter().enumerate()).map(async |(index, visit): (usize, &Visit)| {
                let request = appointment::BookAppointmentRequest {
                    patient_id: self.plan.patients[visit.patient].id.to_string(),
                    doctor_id: self.doctors[visit.doctor].clone(),
                    start_time: Some(proto::time::to_wire(visit.start)),
                    notes: visit.notes.to_owned(),
                    ..Default::default()
                };
                let mut appointments = self.admin.appointment.clone();
                let made = appointments.book_appointment(self.admin.request(request)).await;
                let Some(booked) =
                    unless_there(made).context("cannot book a visit")?.filter(|_| index % 3 == 0)
                else {
                    return Ok(());
                };
                let request = appointment::UpdateAppointmentStatusRequest {
                    id: booked.id,
                    status: appointment::AppointmentStatus::Confirmed.into(),
                    expected_version: booked.version,
                    ..appointment::UpdateAppointmentStatusRequest::default()
                };
                let confirmed = appointments.update_appointment_status(self.admin.request(request)).await;
                confirmed.map_err(told).context("cannot confirm a visit").map(drop)
            });
        made.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Written by the doctors themselves; answers how many there are.
    async fn records(&self) -> anyhow::Result<usize> {
        let written = stream::iter(self.plan.doctors.iter().enumerate()).map(async |(index, planned)| {
            let desk = Desk::log_in(self.mesh, &planned.email(), &self.secrets.demo_password).await?;
            let mut written = 0;
            for (visit, outcome) in self.plan.past.iter().filter(|(visit, _)| visit.doctor == index) {
                if let Outcome::Completed { finding: Some(finding) } = outcome {
                    self.record(&desk, visit, finding).await?;
                    written += 1;
                }
            }
            anyhow::Ok(written)
        });
        written.buffer_unordered(AT_ONCE).try_fold(0, async |sum, written| Ok(sum + written)).await
    }

    async fn record(&self, doctor: &Desk, visit: &Visit, finding: &people::Finding) -> anyhow::Result<()> {
        let mut records = doctor.patient.clone();
        let request = patient::ListMedicalRecordsRequest {
            appointment_id: visit.id.to_string(),
            page_size: 1,
            ..Default::default()
        };
        let found = records.list_medical_records(doctor.request(request)).await.map_err(told);
        if !found.context("cannot list records")?.into_inner().medical_records.is_empty() {
            return Ok(());
        }
        let medical_record = patient::MedicalRecord {
            patient_id: self.plan.patients[visit.patient].id.to_string(),
            appointment_id: visit.id.to_string(),
            diagnosis: finding.diagnosis.to_owned(),
            treatment: finding.treatment.to_owned(),
            prescription: finding.prescription.to_owned(),
            notes: finding.notes.to_owned(),
            ..Default::default()
        };
        let request = patient::CreateMedicalRecordRequest { medical_record: Some(medical_record) };
        let made = records.create_medical_record(doctor.request(request)).await;
        made.map_err(told).context("cannot write a record").map(drop)
    }
}
