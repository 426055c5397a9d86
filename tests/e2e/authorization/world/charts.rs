//! Records that wait for a signature, doctors who break the glass, and those who treated a patient once.
use super::World;
use jiff::{SignedDuration, Timestamp};
use local::service::Service;
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::{Appointment, AppointmentStatus, ImportAppointmentRequest};
use proto::time::to_wire;
use serde_json::json;
use tests::clinic::{at, visit};
use tests::grpc::by;
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, Patient, text};
use tests::rest::Rest;

impl World {
    /// A grant about somebody, which nobody has reviewed.
    pub(super) async fn fresh_grant(&self) -> String {
        let glass = format!("/api/patients/{}/break-glass", self.admin.anybody().await);
        // Each by another doctor, who has no others that wait for a review.
        let doctor = self.admin.doctor().await;
        let grant = doctor.post(&glass, json!({ "reason": "unconscious on arrival" })).await;
        format!("/api/break-glass/{}", text(&grant.created(), "id"))
    }
}

/// A record of `patient` that `colleague` wrote, for `doctor` to sign as well.
pub(super) async fn cosigned(patient: &Patient, colleague: &Doctor, doctor: &Doctor) -> String {
    patient.books(colleague, at(2, 12, 0)).await.created();
    let record = json!({ "notes": "second opinion", "cosigner_doctor_id": doctor.id });
    let records = format!("/api/patients/{}/records", patient.id);
    text(&colleague.post(&records, record).await.created(), "id")
}

/// A doctor who treated the patient long ago, and now has them in a visit that nobody else stands behind.
pub(super) async fn former_doctor(mesh: &Mesh, admin: &Admin, patient: &Patient) -> Doctor {
    let doctor = admin.doctor().await;
    visited(mesh, admin, patient, &doctor, at(-1000, 9, 0)).await;
    doctor.post("/api/appointments/", visit(&patient.id, &doctor.id, at(2, 0, 0))).await.created();
    doctor
}

/// A visit of the past.
pub(crate) async fn visited(
    mesh: &Mesh,
    admin: &Rest,
    patient: &Patient,
    doctor: &Doctor,
    start: Timestamp,
) -> String {
    let appointment = Appointment {
        patient_id: patient.id.clone(),
        doctor_id: doctor.id.clone(),
        start_time: Some(to_wire(start)),
        end_time: Some(to_wire(start + SignedDuration::from_mins(30))),
        status: AppointmentStatus::Completed.into(),
        ..Default::default()
    };
    let mut appointments = AppointmentServiceClient::new(mesh.channel(Service::Appointment).await);
    let import = by(admin.token().unwrap(), ImportAppointmentRequest { appointment: Some(appointment) });
    appointments.import_appointment(import).await.unwrap().into_inner().id
}
