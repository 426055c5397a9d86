//! The people and objects that the matrix is asked about.
use serde_json::{Value, json};
use std::cell::Cell;
use tests::clinic::{at, date_in, visit};
use tests::mesh::Mesh;
use tests::people::{Admin, Auditor, Doctor, PASSWORD, Patient, Staff, fresh_email, text};
use tests::rest::Rest;

pub(crate) struct World {
    anyone: Rest,
    pub(crate) admin: Admin,
    admin_password: String,
    staff: Staff,
    auditor: Auditor,
    patient: Patient,
    other_patient: Patient,
    doctor: Doctor,
    other_doctor: Doctor,
    record: String,
    visit: String,
    notification: String,
    /// How many times and hours were handed out, so that no two cells get the same.
    handed_out: Cell<i64>,
}

/// What one cell asks for.
pub(crate) struct Ask {
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Where an object is that a refusal must leave as it is.
    pub(crate) untouched: Option<String>,
}

impl World {
    pub(crate) async fn new(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let (doctor, other_doctor) = (admin.doctor_in("UTC").await, admin.doctor_in("UTC").await);
        for day in 0..7 {
            // The last hour is for cells that add hours.
            doctor.works(day, "00:00", "23:00").await;
        }
        let (patient, other_patient) = (admin.patient().await, admin.patient().await);
        let booked = patient.books(&doctor, at(2, 8, 0)).await.created();
        let records = format!("/api/patients/{}/records", patient.id);
        let record = json!({ "appointment_id": booked["id"], "notes": "first visit" });
        let record = text(&doctor.post(&records, record).await.created(), "id");
        let visit = text(&booked, "id");
        let notification = notification(&admin, &visit).await;
        Self {
            anyone: mesh.anyone(),
            staff: admin.staff().await,
            auditor: admin.auditor().await,
            admin_password: mesh.ground.options().secrets.admin_password.clone(),
            admin,
            patient,
            other_patient,
            doctor,
            other_doctor,
            record,
            visit,
            notification,
            handed_out: Cell::default(),
        }
    }

    pub(crate) fn caller(&self, persona: usize) -> Rest {
        match persona {
            0 => self.anyone.clone(),
            1 => self.anyone.with_token("not.a.token"),
            2 => self.patient.rest.clone(),
            3 => self.other_patient.rest.clone(),
            4 => self.doctor.rest.clone(),
            5 => self.other_doctor.rest.clone(),
            6 => self.staff.rest.clone(),
            7 => self.admin.rest.clone(),
            _ => self.auditor.rest.clone(),
        }
    }

    fn email(&self, persona: usize) -> &str {
        match persona {
            2 => &self.patient.email,
            3 => &self.other_patient.email,
            4 => &self.doctor.email,
            5 => &self.other_doctor.email,
            6 => &self.staff.email,
            8 => &self.auditor.email,
            _ => "nobody@example.com",
        }
    }

    /// One that no cell has had.
    fn number(&self) -> i64 {
        self.handed_out.replace(self.handed_out.get() + 1)
    }

    /// A minute of the doctor's week in which there are no hours yet.
    fn free_hours(&self) -> Value {
        let number = self.number();
        let (day, minute) = (number % 7, number / 7);
        let (start, end) = (format!("23:{minute:02}"), format!("23:{:02}", minute + 1));
        json!({ "day_of_week": day, "start_time": start, "end_time": end })
    }

    /// Hours of the doctor in which nobody is booked, for one cell to change.
    async fn idle_hours(&self) -> String {
        let path = format!("/api/doctors/{}/availability", self.doctor.id);
        text(&self.admin.post(&path, self.free_hours()).await.created(), "id")
    }

    /// A time at which nobody is booked yet.
    fn free_time(&self) -> jiff::Timestamp {
        let number = self.number();
        at(3 + number / 40, 0, 0) + jiff::SignedDuration::from_mins(30 * (number % 40))
    }

    /// A visit of the patient to the doctor, for one cell to change.
    async fn fresh_visit(&self) -> String {
        text(&self.patient.books(&self.doctor, self.free_time()).await.created(), "id")
    }

    async fn refresh_token(&self, persona: usize) -> Value {
        let (username, password) = if persona == 7 {
            let admin = self.admin_password.clone();
            (self.admin.email.clone(), admin)
        } else {
            (self.email(persona).to_owned(), PASSWORD.to_owned())
        };
        let login = json!({ "username": username, "password": password });
        let unknown = format!("rt_{}.{}", uuid::Uuid::now_v7(), "A".repeat(43));
        let tokens = self.anyone.post("/api/auth/login", login).await;
        json!({ "refresh_token": tokens.body.get("refresh_token").cloned().unwrap_or_else(|| json!(unknown)) })
    }

    /// The request of one cell, with objects of its own where it changes something.
    #[expect(clippy::too_many_lines, reason = "one arm an operation")]
    pub(crate) async fn ask(&self, operation: &str, persona: usize) -> Ask {
        let patient = format!("/api/patients/{}", self.patient.id);
        let doctor = format!("/api/doctors/{}", self.doctor.id);
        let read = |path: String| Ask { path, body: None, headers: Vec::new(), untouched: None };
        let write = |path: String, body: Value| Ask { body: Some(body), ..read(path) };
        let change =
            |path: String, body: Option<Value>| Ask { untouched: Some(path.clone()), body, ..read(path) };
        match operation {
            "POST /api/auth/login" => {
                let login = json!({ "username": self.patient.email, "password": PASSWORD });
                write("/api/auth/login".into(), login)
            }
            "POST /api/auth/register" => {
                let account = json!({ "email": fresh_email("matrix"), "password": PASSWORD });
                write("/api/auth/register".into(), account)
            }
            "POST /api/auth/refresh" => write("/api/auth/refresh".into(), self.refresh_token(persona).await),
            "POST /api/auth/logout" => write("/api/auth/logout".into(), self.refresh_token(persona).await),
            "GET /api/users/{id}" => read(format!("/api/users/{}", self.admin.id)),
            "PUT /api/users/{id}" => {
                let account = format!("/api/users/{}", self.staff.id);
                change(account, Some(json!({ "full_name": format!("Name {persona}") })))
            }
            "POST /api/patients" => {
                let record =
                    json!({ "first_name": "New", "last_name": "Comer", "date_of_birth": "1990-01-01" });
                write("/api/patients/".into(), record)
            }
            "GET /api/patients/search" => read("/api/patients/search/?query=patient".into()),
            "POST /api/patients/search" => {
                write("/api/patients/search".into(), json!({ "query": "patient" }))
            }
            "GET /api/patients/{id}" => read(patient),
            "PUT /api/patients/{id}" => {
                change(patient, Some(json!({ "phone": format!("+49 30 {persona}000") })))
            }
            "DELETE /api/patients/{id}" => {
                let own = persona == 2;
                let id = if own { self.patient.id.clone() } else { self.admin.anybody().await };
                change(format!("/api/patients/{id}"), None)
            }
            "GET /api/patients/{id}/records" => read(format!("{patient}/records")),
            "POST /api/patients/{id}/records" => {
                write(format!("{patient}/records"), json!({ "notes": "note" }))
            }
            "GET /api/records/{id}" => read(format!("/api/records/{}", self.record)),
            "GET /api/records/{id}/revisions" => read(format!("/api/records/{}/revisions", self.record)),
            "PUT /api/records/{id}" => {
                let path = format!("/api/records/{}", self.record);
                let seen = self.doctor.get(&path).await;
                let headers = vec![("if-match", seen.header("etag").to_owned())];
                let amendment = json!({ "notes": format!("note of {persona}"), "reason": "more is known" });
                Ask { headers, ..write(path, amendment) }
            }
            "GET /api/appointments/{id}/records" => read(format!("/api/appointments/{}/records", self.visit)),
            "POST /api/doctors" => {
                let doctor = json!({
                    "first_name": "New",
                    "last_name": "Doctor",
                    "email": fresh_email("matrix"),
                    "specialization": "Cardiology",
                    "time_zone": "UTC",
                });
                write("/api/doctors/".into(), doctor)
            }
            "GET /api/doctors/specialization/{specialization}" => {
                read("/api/doctors/specialization/cardiology".into())
            }
            "GET /api/doctors/{id}" => read(doctor),
            "PUT /api/doctors/{id}" => change(doctor, Some(json!({ "bio": format!("By {persona}.") }))),
            "DELETE /api/doctors/{id}" => {
                let id =
                    if persona == 4 { self.doctor.id.clone() } else { self.admin.doctor_in("UTC").await.id };
                change(format!("/api/doctors/{id}"), None)
            }
            "GET /api/doctors/{id}/availability" => read(format!("{doctor}/availability")),
            "POST /api/doctors/{id}/availability" => {
                write(format!("{doctor}/availability"), self.free_hours())
            }
            "PUT /api/doctors/{id}/availability/{availability_id}" => {
                let hours = self.idle_hours().await;
                write(format!("{doctor}/availability/{hours}"), json!({ "is_available": false }))
            }
            "GET /api/doctors/{id}/availability/{availability_id}"
            | "DELETE /api/doctors/{id}/availability/{availability_id}" => {
                let hours = self.idle_hours().await;
                read(format!("{doctor}/availability/{hours}"))
            }
            "POST /api/appointments" => {
                write("/api/appointments/".into(), visit(&self.patient.id, &self.doctor.id, self.free_time()))
            }
            "GET /api/appointments/{id}" => read(format!("/api/appointments/{}", self.visit)),
            "GET /api/appointments/{id}/events" => read(format!("/api/appointments/{}/events", self.visit)),
            "PUT /api/appointments/{id}" => {
                let path = format!("/api/appointments/{}", self.fresh_visit().await);
                change(path, Some(json!({ "notes": "changed" })))
            }
            "DELETE /api/appointments/{id}" => {
                change(format!("/api/appointments/{}", self.fresh_visit().await), None)
            }
            "PUT /api/appointments/{id}/status" => {
                let path = format!("/api/appointments/{}", self.fresh_visit().await);
                let status = json!({ "status": "confirmed" });
                Ask { untouched: Some(path.clone()), ..write(format!("{path}/status"), status) }
            }
            "GET /api/appointments/doctor/{doctor_id}/available-slots" => read(format!(
                "/api/appointments/doctor/{}/available-slots?date={}",
                self.doctor.id,
                date_in(2)
            )),
            "GET /api/notifications/{id}" => read(format!("/api/notifications/{}", self.notification)),
            "POST /api/notifications/{id}/resend" => {
                let path = format!("/api/notifications/{}", self.notification);
                Ask { untouched: Some(path.clone()), ..read(format!("{path}/resend")) }
            }
            other => read(other.split(' ').nth(1).unwrap().to_owned()),
        }
    }
}

/// The id of a message about `visit`, once there is one that was sent.
async fn notification(admin: &Admin, visit: &str) -> String {
    let path = format!("/api/notifications?appointment_id={visit}&state=sent");
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let sent = admin.get(&path).await.ok();
        if let Some(first) = sent.get(0) {
            return text(first, "id");
        }
        assert!(tokio::time::Instant::now() < deadline, "no message was sent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
