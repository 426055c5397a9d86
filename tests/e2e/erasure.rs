//! Patients of whom nothing is to be known any more.
use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, text};

#[tokio::test]
async fn of_an_erased_patient_nothing_is_left_in_any_table() {
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
    let id = text(&admin.post("/api/patients/", patient).await.created(), "id");
    let path = format!("/api/patients/{id}");
    let account = json!({ "email": email, "password": PASSWORD, "full_name": canary, "role": "patient", "patient_id": id });
    admin.post("/api/auth/register", account).await.created();
    let own = tests::people::log_in(&mesh.anyone(), &email, PASSWORD).await;
    let visit =
        json!({ "patient_id": id, "doctor_id": doctor.id, "start_time": at(3, 9, 0), "notes": canary });
    let visit = own.post("/api/appointments/", visit).await.created();
    let record = json!({ "appointment_id": visit["id"], "diagnosis": canary, "notes": canary });
    doctor.post(&format!("{path}/records"), record).await.created();
    let visit = format!("/api/appointments/{}", text(&visit, "id"));
    let off = json!({ "status": "cancelled", "note": canary });
    admin.put(&format!("{visit}/status"), off).await.ok();
    admin.delete(&path).await.ok();
    // The patient, the account, the visit, and why it is off.
    assert_eq!(found(&mesh, &canary).await, 4, "the test looks where it is");

    let erasure = json!({ "reason": "asked for in writing" });
    admin.post(&format!("{path}/erase"), erasure).await.ok();
    own.get("/api/auth/me").await.is(401);
    let deadline = tokio::time::Instant::now() + tests::rest::PATIENCE;
    // What others have of the patient goes by an event.
    while found(&mesh, &canary).await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "something is left of the patient");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(admin.get(&visit).await.ok()["patient_id"], json!(id), "ids and times stay");
}

/// How many rows of all tables have `word` in them, also as bytes.
async fn found(mesh: &Mesh, word: &str) -> i64 {
    let client = mesh.database().await;
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut rows = 0;
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let query = format!(
            "SELECT count(*) FROM {table} AS row
              WHERE position($1 IN row::text) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN row::text) > 0"
        );
        rows += client.query_one(&query, &[&word]).await.unwrap().get::<_, i64>(0);
    }
    rows
}
