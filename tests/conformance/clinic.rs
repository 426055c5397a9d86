//! People, and something of everything, so that made-up requests find what they ask for.
use serde_json::{Value, json};
use tests::clinic::{at, date_in, visit};
use tests::mesh::Mesh;
use tests::people::{Admin, Auditor, Doctor, Patient, Staff, fresh_email, text};
use tests::rest::Rest;

pub(crate) struct Clinic {
    admin: Admin,
    staff: Staff,
    auditor: Auditor,
    doctor: Doctor,
    patient: Patient,
    /// Ids by the path below which they are asked for.
    pub(crate) ids: Vec<(&'static str, Vec<String>)>,
}

impl Clinic {
    pub(crate) async fn open(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let (doctor, patient) = (admin.doctor().await, admin.patient().await);
        let booked = text(&patient.books(&doctor, at(3, 9, 0)).await.created(), "id");
        let made = async |path: &str, body: Value| text(&admin.post(path, body).await.is(201), "id");
        let location = made("/api/locations", json!({ "name": "Main Street", "time_zone": "UTC" })).await;
        let visit_type = json!({ "name": "Check-up", "duration_minutes": 30, "doctor_ids": [doctor.id] });
        let visit_type = made("/api/visit-types", visit_type).await;
        let wish = json!({ "patient_id": patient.id, "visit_type_id": visit_type });
        let entry = text(&patient.post("/api/waitlist", wish).await.is(201), "id");
        let series = json!({
            "patient_id": patient.id,
            "doctor_id": doctor.id,
            "start_time": at(100, 9, 0).to_string(),
            "rrule": "FREQ=WEEKLY;COUNT=3",
        });
        let series = patient.post("/api/appointments/series", series).await.created();
        let record = json!({ "appointment_id": booked, "notes": "first visit" });
        let record = doctor.post(&format!("/api/patients/{}/records", patient.id), record).await.created();
        let account = json!({ "email": fresh_email("account"), "password": tests::people::PASSWORD });
        let user = text(&mesh.anyone().post("/api/auth/register", account).await.created(), "id");
        admin
            .put(&format!("/api/doctors/{}/overrides/{}", doctor.id, date_in(40)), json!({ "hours": [] }))
            .await
            .ok();
        let another = text(
            &admin
                .post("/api/appointments", visit(&admin.anybody().await, &doctor.id, at(4, 9, 0)))
                .await
                .created(),
            "id",
        );
        let list = format!("/api/notifications?appointment_id={booked}");
        let told = admin.get_until(&list, |told| told[0]["id"].is_string()).await;
        let ids = vec![
            ("patients", vec![patient.id.clone(), admin.anybody().await]),
            ("doctors", vec![doctor.id.clone()]),
            ("appointments", vec![booked, another]),
            ("appointments/series", vec![text(&series["series"], "id")]),
            ("locations", vec![location]),
            ("visit-types", vec![visit_type]),
            ("waitlist", vec![entry]),
            ("records", vec![text(&record, "id")]),
            ("notifications", vec![text(&told[0], "id")]),
            ("users", vec![user]),
        ];
        let (staff, auditor) = (admin.staff().await, admin.auditor().await);
        Self { admin, staff, auditor, doctor, patient, ids }
    }

    /// Each role with the token of one who has it.
    pub(crate) fn roles(&self) -> [(&'static str, &str); 6] {
        [
            ("admin", token(&self.admin)),
            ("staff", token(&self.staff)),
            ("doctor", token(&self.doctor)),
            ("patient", token(&self.patient)),
            ("auditor", token(&self.auditor)),
            ("stranger", "not.a.token"),
        ]
    }
}

fn token(caller: &Rest) -> &str {
    caller.token().expect("everybody has logged in")
}
