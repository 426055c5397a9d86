//! What is asked of doctor-svc and patient-svc: rules and people not heard of yet, and names to show.
use crate::domain::appointment::Appointment;
use crate::domain::clinic::Clinic;
use crate::domain::commands::Party;
use crate::domain::rules::Rules;
use crate::error::{DOMAIN, Error};
use platform::client::Peer;
use platform::deadline;
use platform::fault::unavailable;
use platform::violations::Violations;
use proto::appointment as pb;
use proto::doctor::doctor_service_client::DoctorServiceClient;
use proto::doctor::{BatchGetDoctorsRequest, GetClinicRulesRequest, GetDoctorRulesRequest};
use proto::ids::{DoctorId, PatientId};
use proto::patient::patient_service_client::PatientServiceClient;
use proto::patient::{BatchGetPatientNamesRequest, GetPatientPartyRequest};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use tonic::{Code, Status};

/// The names by which we know them.
pub const DOCTOR_SVC: &str = "doctor-svc";
pub const PATIENT_SVC: &str = "patient-svc";

/// Names are worth this wait and no more: a visit without them is still a visit.
const PATIENCE_FOR_NAMES: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Neighbours {
    doctors: DoctorServiceClient<Peer>,
    patients: PatientServiceClient<Peer>,
}

/// Names to show beside visits; empty for what could not be found out.
#[derive(Default)]
pub struct Names {
    patients: HashMap<String, String>,
    doctors: HashMap<String, (String, String)>,
}

impl Names {
    /// `appointment` with the names of those whom it is about.
    pub fn beside(&self, appointment: pb::Appointment) -> pb::Appointment {
        let patient_name = self.patients.get(&appointment.patient_id).cloned().unwrap_or_default();
        let doctor = self.doctors.get(&appointment.doctor_id).cloned();
        let (doctor_name, doctor_specialization) = doctor.unwrap_or_default();
        pb::Appointment { patient_name, doctor_name, doctor_specialization, ..appointment }
    }
}

impl Neighbours {
    pub fn new(doctors: Peer, patients: Peer) -> Self {
        Self { doctors: DoctorServiceClient::new(doctors), patients: PatientServiceClient::new(patients) }
    }

    /// What `doctor` offers; none when there is no such doctor.
    pub async fn rules(&self, doctor: DoctorId) -> Result<Option<Rules>, Error> {
        let request = GetDoctorRulesRequest { doctor_id: doctor.to_string() };
        let rules = known(DOCTOR_SVC, self.doctors.clone().get_doctor_rules(request).await)?;
        rules.map(|rules| readable(DOCTOR_SVC, rules.try_into())).transpose()
    }

    /// What the clinic offers.
    pub async fn clinic(&self) -> Result<Clinic, Error> {
        let answer = self.doctors.clone().get_clinic_rules(GetClinicRulesRequest {}).await;
        let away = || Error::Neighbour(unavailable(DOMAIN, DOCTOR_SVC, &Status::not_found("clinic rules")));
        let rules = known(DOCTOR_SVC, answer)?.ok_or_else(away)?;
        readable(DOCTOR_SVC, rules.try_into())
    }

    /// Whether `patient` may be booked; none when there is no such patient.
    pub async fn party(&self, patient: PatientId) -> Result<Option<Party>, Error> {
        let request = GetPatientPartyRequest { id: patient.to_string() };
        let party = known(PATIENT_SVC, self.patients.clone().get_patient_party(request).await)?;
        party.map(|party| readable(PATIENT_SVC, party.try_into())).transpose()
    }

    /// The names beside `appointments`: one question to each neighbour, both at once.
    pub async fn names(&self, appointments: &[Appointment]) -> Names {
        if appointments.is_empty() {
            return Names::default();
        }
        let patients = ids(appointments.iter().map(|a| a.patient_id.to_string()));
        let doctors = ids(appointments.iter().map(|a| a.doctor_id.to_string()));
        let (mut ask_patients, mut ask_doctors) = (self.patients.clone(), self.doctors.clone());
        let limit = Instant::now() + PATIENCE_FOR_NAMES;
        let (patients, doctors) = tokio::join!(
            deadline::within(
                limit,
                ask_patients.batch_get_patient_names(BatchGetPatientNamesRequest { ids: patients })
            ),
            deadline::within(limit, ask_doctors.batch_get_doctors(BatchGetDoctorsRequest { ids: doctors })),
        );
        let patients = answered(patients).map(|answer| answer.names).unwrap_or_default();
        let doctors = answered(doctors).map(|answer| answer.doctors).unwrap_or_default();
        Names {
            patients: patients.into_iter().map(|name| (name.id, name.display_name)).collect(),
            doctors: doctors
                .into_iter()
                .map(|doctor| {
                    (
                        doctor.id,
                        (format!("{} {}", doctor.first_name, doctor.last_name), doctor.specialization),
                    )
                })
                .collect(),
        }
    }
}

fn ids(ids: impl Iterator<Item = String>) -> Vec<String> {
    ids.collect::<HashSet<_>>().into_iter().collect()
}

fn answered<T>(answer: Result<Result<tonic::Response<T>, Status>, Elapsed>) -> Option<T> {
    Some(answer.ok()?.ok()?.into_inner())
}

fn known<T>(neighbour: &str, answer: Result<tonic::Response<T>, Status>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) => match status.code() {
            Code::NotFound => Ok(None),
            Code::Unavailable | Code::DeadlineExceeded => Err(Error::Neighbour(status)),
            // Between it and us; the caller has done nothing wrong.
            _ => Err(Error::Neighbour(unavailable(DOMAIN, neighbour, &status))),
        },
    }
}

fn readable<T>(neighbour: &'static str, answer: Result<T, Violations>) -> Result<T, Error> {
    answer.map_err(|source| Error::Unreadable { neighbour, source })
}
