use serde_json::json;
use tests::clinic::{at, date_in, free_starts};
use tests::mesh::Mesh;
use tests::people::{fresh_email, text};

#[tokio::test]
async fn a_doctor_is_made_read_with_hours_changed_and_deleted() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor_in("Europe/Berlin").await;
    doctor.works(0, "09:00", "12:00").await;
    let path = format!("/api/doctors/{}", doctor.id);
    let read = admin.get(&path).await.ok();
    let hours = &read["availabilities"][0];
    assert_eq!((hours["day_of_week"].as_i64(), hours["is_available"].as_bool()), (Some(0), Some(true)));
    assert!(text(hours, "start_time").starts_with("09:00"));

    let bio = doctor.put(&path, json!({ "bio": "Likes hearts." })).await.ok();
    assert_eq!(bio["bio"], "Likes hearts.");
    doctor.put(&path, json!({ "specialization": "Magic" })).await.refused(403, "field_forbidden");
    assert_eq!(
        admin.put(&path, json!({ "specialization": "Oncology" })).await.ok()["specialization"],
        "Oncology"
    );

    admin.delete(&path).await.ok();
    admin.get(&path).await.is(404);
}

#[tokio::test]
async fn a_change_of_a_doctor_is_seen_by_the_next_reader_through_every_gateway() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor_in("UTC").await;
    let path = format!("/api/doctors/{}", doctor.id);
    for round in 0..20 {
        let bio = format!("Version {round}");
        doctor.put(&path, json!({ "bio": bio })).await.ok();
        for _ in 0..2 {
            assert_eq!(admin.get(&path).await.ok()["bio"], bio);
        }
    }
}

#[tokio::test]
async fn doctors_are_found_by_specialization_in_any_case() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let specialization = format!("Rheumatology {}", uuid::Uuid::now_v7().simple());
    let doctor = json!({
        "first_name": "Rhea",
        "last_name": "Matic",
        "email": fresh_email("rhea"),
        "specialization": specialization,
        "time_zone": "Asia/Kathmandu",
    });
    let made = admin.post("/api/doctors/", doctor).await.created();
    let path = format!("/api/doctors/specialization/{}", specialization.to_uppercase().replace(' ', "%20"));
    let found = admin.get(&path).await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["id"], made["id"]);
    assert_eq!(admin.get("/api/doctors/specialization/Astrology").await.ok(), json!([]));
}

#[tokio::test]
async fn hours_may_touch_and_not_overlap() {
    let mesh = Mesh::shared().await;
    let doctor = mesh.admin().await.doctor_in("UTC").await;
    doctor.works(1, "09:00", "12:00").await;
    doctor.works(1, "12:00", "15:00").await;
    let path = format!("/api/doctors/{}/availability", doctor.id);
    let overlapping = json!({ "day_of_week": 1, "start_time": "11:30", "end_time": "12:30" });
    doctor.post(&path, overlapping).await.refused(409, "overlapping_availability");
    let empty = json!({ "day_of_week": 1, "start_time": "18:00", "end_time": "18:00" });
    doctor.post(&path, empty).await.invalid(&["/end_time"]);
    let night = json!({ "day_of_week": 6, "start_time": "22:00", "end_time": "06:00" });
    doctor.post(&path, night).await.created();
    let morning = json!({ "day_of_week": 0, "start_time": "05:00", "end_time": "09:00" });
    doctor.post(&path, morning).await.refused(409, "overlapping_availability");
    let no_day = json!({ "day_of_week": 7, "start_time": "17:00", "end_time": "18:00" });
    doctor.post(&path, no_day).await.invalid(&["/day_of_week"]);
}

#[tokio::test]
async fn hours_that_were_just_added_can_be_booked_and_booked_ones_cannot_be_removed() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("UTC").await, admin.patient().await);
    let date = date_in(7);
    let start = at(7, 9, 0);
    let day = u8::try_from(date.weekday().to_monday_zero_offset()).unwrap();
    patient.books(&doctor, start).await.refused(422, "outside_availability");

    let hours = doctor.works(day, "09:00", "10:00").await;
    assert_eq!(free_starts(&patient, &doctor.id, date).await, [at(7, 9, 0), at(7, 9, 30)]);
    let visit = patient.books(&doctor, start).await.created();

    let path = format!("/api/doctors/{}/availability/{hours}", doctor.id);
    let problem = doctor.delete(&path).await.refused(409, "has_active_appointments");
    assert!(problem.to_string().contains(&text(&visit, "id")), "{problem}");
    doctor.put(&path, json!({ "start_time": "09:30" })).await.refused(409, "has_active_appointments");
    admin.delete(&format!("/api/doctors/{}", doctor.id)).await.refused(409, "has_active_appointments");

    patient.cancels(&visit).await.ok();
    doctor.delete(&path).await.ok();
    assert_eq!(free_starts(&patient, &doctor.id, date).await, []);
    patient.books(&doctor, start).await.refused(422, "outside_availability");
}

#[tokio::test]
async fn a_patient_does_not_see_a_doctors_phone_and_mail() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let path = format!("/api/doctors/{}", doctor.id);
    assert_eq!(admin.get(&path).await.ok()["email"], doctor.email);
    assert_eq!(patient.get(&path).await.ok()["email"], json!(null));
    assert_eq!(doctor.get(&path).await.ok()["email"], doctor.email);
}
