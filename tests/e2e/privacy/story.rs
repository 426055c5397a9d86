//! Everything that is done with the word.
use super::canary::Canary;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::clinic::{at, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, PASSWORD, Patient, log_in, text};
use tests::rest::{Answer, Rest};

pub(crate) struct Story {
    /// The id of a medical record.
    pub(crate) record: String,
    /// What people heard who may not know, and when.
    pub(crate) told_to_others: Vec<(&'static str, String)>,
}

struct Cast<'a> {
    mesh: &'a Mesh,
    word: &'a str,
    admin: Admin,
    doctor: Doctor,
    other: Patient,
    other_doctor: Doctor,
    told: Vec<(&'static str, String)>,
}

pub(crate) async fn tell(mesh: &Mesh, canary: &Canary) -> Story {
    let admin = mesh.admin().await;
    let (doctor, other_doctor, other) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    let told = Vec::new();
    let mut cast = Cast { mesh, word: canary.word(), admin, doctor, other, other_doctor, told };
    let id = cast.is_registered().await;
    let patient = cast.has_an_account(&id).await;
    let visit = cast.books(&patient, &id).await;
    let record = cast.is_treated(&id, &visit).await;
    cast.waits(&patient, &id).await;
    cast.is_merged(&id).await;
    cast.is_refused(&patient).await;
    Story { record, told_to_others: cast.told }
}

impl Cast<'_> {
    /// What somebody hears who may not know: a refusal.
    fn hears(&mut self, what: &'static str, answer: &Answer) {
        assert!((400..500).contains(&answer.status), "{}: {}", answer.asked, answer.body);
        self.told.push((what, format!("{:?} {}", answer.headers, answer.body)));
    }

    fn record_of_patient(&self) -> Value {
        let word = self.word;
        json!({
            "first_name": word,
            "last_name": word,
            "date_of_birth": "1980-01-01",
            "email": format!("{word}@example.com"),
            "address": format!("1 {word} Street"),
            "insurance_provider": word,
            "insurance_id": word,
            "identifiers": [{ "system": "mrn", "value": word }, { "system": word, "value": word }],
        })
    }

    async fn is_registered(&mut self) -> String {
        let staff = self.admin.staff().await;
        let id = text(&staff.post("/api/patients/", self.record_of_patient()).await.created(), "id");
        let again = staff.post("/api/patients/", self.record_of_patient()).await;
        self.hears("who registers the same identifier", &again);
        let mut alike = self.record_of_patient();
        alike["identifiers"] = json!([]);
        let again = staff.post("/api/patients/", alike).await;
        self.hears("who registers somebody alike", &again);
        let word = self.word;
        staff.get(&format!("/api/patients/search/?query={word}")).await.ok();
        staff.post("/api/patients/search", json!({ "query": word })).await.ok();
        let change = json!({ "address": format!("2 {word} Street"), "insurance_id": format!("{word} 2") });
        staff.put(&format!("/api/patients/{id}"), change).await.ok();
        let hold = format!("/api/patients/{id}/legal-hold");
        self.admin.put(&hold, json!({ "reason": word })).await.ok();
        let removal = self.admin.delete(&format!("/api/patients/{id}")).await;
        self.hears("who removes a patient", &removal);
        self.admin.delete(&hold).await.ok();
        id
    }

    async fn has_an_account(&mut self, id: &str) -> Rest {
        let (word, email) = (self.word, format!("{}@example.com", self.word));
        let account = json!({
            "email": email, "username": &word[..30], "password": PASSWORD, "full_name": word, "role": "patient",
            "patient_id": id,
        });
        self.admin.post("/api/auth/register", account.clone()).await.created();
        let same = json!({ "email": email, "password": PASSWORD });
        let again = self.mesh.anyone().post("/api/auth/register", same).await;
        self.hears("who registers with the same address", &again);
        for name in [email.as_str(), word] {
            let wrong = json!({ "username": name, "password": format!("{word} is my password") });
            let guess = self.mesh.anyone().post("/api/auth/login", wrong).await;
            self.told.push(("who guesses", guess.body.to_string()));
        }
        log_in(&self.mesh.anyone(), &email, PASSWORD).await
    }

    async fn books(&mut self, patient: &Rest, id: &str) -> Value {
        let word = self.word;
        let wish = |hour, minute| json!({ "doctor_id": self.doctor.id, "start_time": at(3, hour, minute), "patient_id": id });
        let with_notes = |mut wish: Value| {
            wish["notes"] = json!(word);
            wish
        };
        let visit = patient.post("/api/appointments/", with_notes(wish(9, 0))).await.created();
        patient.put(&path(&visit), json!({ "notes": format!("{word} again") })).await.ok();
        let staff = self.admin.staff().await;
        let mut over = with_notes(wish(9, 0));
        over["patient_id"] = json!(self.other.id);
        over["notes"] = Value::Null;
        let taken = self.other.post("/api/appointments/", over.clone()).await;
        over["overbook"] = json!({ "reason": word });
        let overbooked = staff.post("/api/appointments/", over).await;
        let held = patient.post("/api/appointments/holds", wish(11, 0)).await.is(201);
        let mut booked = with_notes(wish(11, 0));
        booked["hold_token"] = held["hold_token"].clone();
        let cancelled = patient.post("/api/appointments/", booked).await.created();
        let status = format!("{}/status", path(&cancelled));
        staff.put(&status, json!({ "status": "confirmed", "note": word })).await.ok();
        staff.put(&format!("{}/sub-status", path(&cancelled)), json!({ "sub_status": word })).await;
        staff.put(&status, json!({ "status": "cancelled", "reason": "pat", "note": word })).await.ok();
        let series = json!({
            "patient_id": id, "doctor_id": self.doctor.id, "start_time": at(20, 9, 0), "rrule": "FREQ=WEEKLY;COUNT=3",
            "notes": word,
        });
        patient.post("/api/appointments/series", series).await.created();
        let off = json!({ "start_time": at(40, 9, 0), "end_time": at(40, 10, 0), "reason": word });
        self.doctor.post(&format!("/api/doctors/{}/time-off", self.doctor.id), off).await.created();
        let others = self.other.get(&path(&visit)).await;
        self.hears("who wants the same time", &taken);
        self.hears("who looks at a visit", &others);
        assert!([201, 403, 409, 422].contains(&overbooked.status), "{}", overbooked.body);
        visit
    }

    async fn is_treated(&mut self, id: &str, visit: &Value) -> String {
        let word = self.word;
        let records = format!("/api/patients/{id}/records");
        let written = json!({
            "appointment_id": visit["id"], "diagnosis": word, "treatment": word, "prescription": word, "notes": word,
        });
        let made = self.doctor.post(&records, written).await;
        let tag = made.header("etag").to_owned();
        let record = text(&made.created(), "id");
        let place = format!("/api/records/{record}");
        let amended = json!({ "notes": format!("{word} indeed"), "reason": word });
        self.doctor.send(Method::PUT, &place, Some(amended), &[("if-match", &tag)]).await.ok();
        let late = json!({ "notes": word, "reason": word });
        let late = self.doctor.send(Method::PUT, &place, Some(late), &[("if-match", &tag)]).await;
        self.hears("who amends too late", &late);
        self.doctor.post(&format!("{place}/entered-in-error"), json!({ "reason": word })).await.ok();
        let others = self.other.get(&place).await;
        self.hears("who looks at a record", &others);
        let colleague = self.other_doctor.get(&records).await;
        self.hears("a doctor who does not treat them", &colleague);
        record
    }

    async fn waits(&mut self, patient: &Rest, id: &str) {
        let name = format!("Check-up {}", uuid::Uuid::now_v7().simple());
        let offered = json!({ "name": name, "duration_minutes": 30, "doctor_ids": [self.doctor.id] });
        let visit_type = text(&self.admin.post("/api/visit-types", offered).await.created(), "id");
        let wish = json!({ "patient_id": id, "visit_type_id": visit_type, "doctor_ids": [self.doctor.id] });
        let entry = text(&patient.post("/api/waitlist", wish).await.created(), "id");
        let others = self.other.get(&format!("/api/waitlist/{entry}")).await;
        self.hears("who looks at a wish", &others);
        let told = |mail: &local::mail::Message| {
            mail.envelope_recipients.iter().any(|to| to.contains(self.word))
                && mail.subject.to_lowercase().contains("cancelled")
        };
        self.mesh.ground.mail.wait_for(Duration::from_secs(30), told).await.expect("the patient is told");
    }

    async fn is_merged(&mut self, id: &str) {
        let word = self.word;
        let twice = json!({
            "first_name": word, "last_name": word, "date_of_birth": "1980-01-01", "confirm_new": true, "address": word,
        });
        let twice = text(&self.admin.post("/api/patients/", twice).await.created(), "id");
        let merge = json!({ "into_patient_id": id, "reason": word });
        self.admin.post(&format!("/api/patients/{twice}/merge"), merge).await.ok();
        self.admin.post(&format!("/api/patients/{twice}/unmerge"), json!({ "reason": word })).await.ok();
    }

    /// Whatever of a request is wrong: the value, the member, the address, a header.
    async fn is_refused(&mut self, patient: &Rest) {
        let word = self.word;
        for body in [
            json!({ "first_name": "A", "last_name": "B", "date_of_birth": word }),
            json!({ "first_name": "A", "last_name": "B", "date_of_birth": "1980-01-01", "email": word }),
            json!({ "first_name": "A", "last_name": "B", "date_of_birth": "1980-01-01", "time_zone": word }),
            json!({ "first_name": "A", "last_name": "B", "date_of_birth": "1980-01-01", word: 1 }),
        ] {
            self.admin.post("/api/patients/", body).await.is(422);
        }
        patient.get(&format!("/api/patients/{word}")).await.is(400);
        patient.get(&format!("/{word}/{word}")).await.is(404);
        patient.get(&format!("/api/appointments/?cursor={word}")).await.is(422);
        patient.get(&format!("/api/doctors/specialization/{word}")).await.ok();
        let visit = json!({ "doctor_id": self.doctor.id, "start_time": at(5, 9, 0), "notes": "\u{0}".to_owned() + word });
        patient.post("/api/appointments/", visit).await.is(422);
        let headers = [
            ("baggage", format!("who={word}")),
            ("user-agent", word.to_owned()),
            ("tracestate", format!("a={word}")),
        ];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        patient.send(Method::GET, "/api/auth/me", None, &headers).await.ok();
        self.mesh.anyone().with_token(word).get("/api/auth/me").await.is(401);
    }
}
