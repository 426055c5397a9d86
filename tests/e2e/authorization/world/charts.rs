//! Records that wait for a signature, and doctors who break the glass.
use super::World;
use serde_json::json;
use tests::clinic::at;
use tests::people::{Admin, Doctor, Patient, text};

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

/// A record of `patient` that a colleague wrote, for `doctor` to sign as well.
pub(super) async fn cosigned(admin: &Admin, patient: &Patient, doctor: &Doctor) -> String {
    let colleague = admin.doctor().await;
    patient.books(&colleague, at(2, 12, 0)).await.created();
    let record = json!({ "notes": "second opinion", "cosigner_doctor_id": doctor.id });
    let records = format!("/api/patients/{}/records", patient.id);
    text(&colleague.post(&records, record).await.created(), "id")
}
