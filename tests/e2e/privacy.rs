use local::service::Service;
use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, text};

#[tokio::test]
async fn nothing_about_a_patient_is_in_any_log() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor().await;
    let canary = format!("canary{}", uuid::Uuid::now_v7().simple());
    let email = format!("{canary}@example.com");
    let patient = json!({
        "first_name": canary,
        "last_name": canary,
        "date_of_birth": "1980-01-01",
        "email": email,
        "address": format!("1 {canary} Street"),
        "identifiers": [{ "system": "mrn", "value": canary }],
    });
    let id = text(&admin.post("/api/patients/", patient.clone()).await.created(), "id");
    admin.post("/api/patients/", patient).await.refused(409, "identifier_taken");
    let account = json!({ "email": email, "password": PASSWORD, "full_name": canary, "role": "patient", "patient_id": id });
    admin.post("/api/auth/register", account.clone()).await.created();
    admin.post("/api/auth/register", account).await.is(409);
    admin.get(&format!("/api/patients/search/?query={canary}")).await.ok();
    let visit =
        json!({ "patient_id": id, "doctor_id": doctor.id, "start_time": at(3, 9, 0), "notes": canary });
    let visit = admin.post("/api/appointments/", visit).await.created();
    let record = json!({ "appointment_id": visit["id"], "diagnosis": canary, "notes": canary });
    doctor.post(&format!("/api/patients/{id}/records"), record).await.created();
    let told = |mail: &local::mail::Message| mail.envelope_recipients.iter().any(|to| to.contains(&canary));
    mesh.ground.mail.wait_for(std::time::Duration::from_secs(30), told).await.expect("the patient is told");

    for service in Service::ALL {
        assert!(!mesh.logged(service).contains(&canary), "{service} logs what is the patient's");
    }
    let postgres = std::fs::read_to_string(mesh.stores.as_ref().unwrap().postgres.log()).unwrap();
    assert!(!postgres.contains(&canary), "PostgreSQL logs what is the patient's");
}
