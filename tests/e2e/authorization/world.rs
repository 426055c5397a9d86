//! The people and objects that the matrix is asked about.
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::Cell;
use tests::clinic::{at, date_in, visit};
use tests::mesh::Mesh;
use tests::people::{Admin, Auditor, Doctor, PASSWORD, Patient, Staff, fresh_email, text};
use tests::rest::Rest;

use crate::dead_letters::{self, dead_letter};
use acting::Acting;
pub(crate) use charts::visited;
pub(crate) use named::of_nobody;
use programs::program;

mod acting; // who acts for the patient
mod second_factor; // codes besides the password
mod charts; // records that wait for a signature, doctors who break the glass, and who treated a patient once
mod named; // what requests name
mod programs; // that log in by themselves
mod signed_in; // sessions and accounts that one cell may end or change
pub(crate) mod webhooks; // programs of others that are told
mod waiting; // those who wait, and what is offered to them

pub(crate) struct World {
    anyone: Rest,
    pub(crate) admin: Admin,
    admin_password: String,
    staff: Staff,
    auditor: Auditor,
    patient: Patient,
    other_patient: Patient,
    pub(super) doctor: Doctor,
    /// Treats the patient as well.
    pub(crate) colleague: Doctor,
    /// Has treated the patient long ago.
    other_doctor: Doctor,
    pub(crate) guardian: Acting,
    pub(crate) proxy: Acting,
    record: String,
    cosigned: String,
    visit: String,
    notification: String,
    /// Of events: one to replay, one to look at and discard.
    dead_letters: [String; 2],
    pub(super) location: String,
    room: String,
    holiday: String,
    visit_type: String,
    /// Where one is.
    webhook: String,
    /// How many times and hours were handed out, so that no two cells get the same.
    handed_out: Cell<i64>,
    /// How many series were.
    series: Cell<i64>,
    /// The last hold that was handed out, and its token.
    hold: Cell<Option<(String, String)>>,
    /// Where the last entry of the waitlist is that was handed out.
    entry: Cell<Option<String>>,
}

/// What one cell asks for.
pub(crate) struct Ask {
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Where an object is that a refusal must leave as it is.
    pub(crate) untouched: Option<String>,
    /// Who asks instead of the persona as the other cells have it.
    pub(crate) caller: Option<Rest>,
}

impl World {
    pub(crate) async fn new(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let doctor = admin.doctor_in("UTC").await;
        for day in 0..7 {
            // The last hour is for cells that add hours.
            doctor.works(day, "00:00", "23:00").await;
        }
        let (patient, other_patient) = (admin.patient().await, admin.patient().await);
        let other_doctor = charts::former_doctor(mesh, &admin, &patient).await;
        let guardian = Acting::for_patient(&admin, &patient, "guardian").await;
        let proxy = Acting::for_patient(&admin, &patient, "proxy").await;
        let booked = patient.books(&doctor, at(2, 8, 0)).await.created();
        let records = format!("/api/patients/{}/records", patient.id);
        let record = json!({ "appointment_id": booked["id"], "notes": "first visit" });
        let record = text(&doctor.post(&records, record).await.created(), "id");
        let colleague = admin.doctor().await;
        let cosigned = charts::cosigned(&patient, &colleague, &doctor).await;
        let visit = text(&booked, "id");
        let notification = notification(&admin, &visit).await;
        let dead_letters = [dead_letter(mesh, &admin).await, dead_letter(mesh, &admin).await];
        let name = format!("Main Street {}", uuid::Uuid::now_v7());
        let location = json!({ "name": name, "time_zone": "UTC" });
        let location = text(&admin.post("/api/locations", location).await.created(), "id");
        let rooms = format!("/api/locations/{location}/rooms");
        let room = text(&admin.post(&rooms, json!({ "name": "Room 1" })).await.created(), "id");
        let webhook = webhooks::registered(&admin).await;
        let world = Self {
            anyone: mesh.anyone(),
            staff: admin.staff().await,
            auditor: admin.auditor().await,
            admin_password: mesh.ground.options().secrets.admin_password.clone(),
            admin,
            patient,
            other_patient,
            doctor,
            colleague,
            other_doctor,
            guardian,
            proxy,
            record,
            cosigned,
            visit,
            notification,
            dead_letters,
            location,
            room,
            holiday: String::new(),
            visit_type: String::new(),
            webhook,
            handed_out: Cell::default(),
            series: Cell::default(),
            hold: Cell::default(),
            entry: Cell::default(),
        };
        let (holiday, visit_type) = (world.fresh_holiday().await, world.fresh_visit_type().await);
        Self { holiday, visit_type, ..world }
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
            8 => self.auditor.rest.clone(),
            9 => self.guardian.rest.clone(),
            _ => self.proxy.rest.clone(),
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
    pub(super) async fn idle_hours(&self) -> String {
        let path = format!("/api/doctors/{}/availability", self.doctor.id);
        text(&self.admin.post(&path, self.free_hours()).await.created(), "id")
    }

    /// A date on which nobody will ever be booked.
    fn far_date(&self) -> String {
        let first = jiff::civil::date(2190, 1, 1);
        first.saturating_add(jiff::Span::new().days(self.number())).to_string()
    }

    fn time_off(&self) -> Value {
        let date = self.far_date();
        let (start, end) = (format!("{date}T09:00"), format!("{date}T10:00"));
        json!({ "start_time": start, "end_time": end, "reason": "surgery" })
    }

    /// Time off of the doctor, for one cell to remove.
    pub(super) async fn fresh_time_off(&self) -> String {
        let path = format!("/api/doctors/{}/time-off", self.doctor.id);
        text(&self.admin.post(&path, self.time_off()).await.created(), "id")
    }

    /// The date of an override of the doctor, for one cell to remove.
    pub(super) async fn fresh_override(&self) -> String {
        let date = self.far_date();
        let path = format!("/api/doctors/{}/overrides/{date}", self.doctor.id);
        self.admin.put(&path, json!({ "hours": [] })).await.ok();
        date
    }

    /// Far from every other test: holidays are everyone's.
    fn new_holiday(&self) -> Value {
        json!({ "date": self.far_date(), "name": "Closed", "location_id": self.location })
    }

    pub(super) async fn fresh_holiday(&self) -> String {
        text(&self.admin.post("/api/holidays", self.new_holiday()).await.created(), "id")
    }

    fn new_visit_type(&self) -> Value {
        let name = format!("Check-up {}", uuid::Uuid::now_v7());
        json!({ "name": name, "duration_minutes": 30, "doctor_ids": [self.doctor.id] })
    }

    pub(super) async fn fresh_visit_type(&self) -> String {
        text(&self.admin.post("/api/visit-types", self.new_visit_type()).await.created(), "id")
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

    /// Two visits of the patient to the doctor that recur, far from all others, for one cell to change.
    async fn fresh_series(&self) -> String {
        let series = self.patient.post("/api/appointments/series", self.series()).await.created();
        format!("/api/appointments/series/{}", text(&series["series"], "id"))
    }

    /// Far from all visits, and from the two of every series.
    fn far_time(&self) -> jiff::Timestamp {
        at(100 + 3 * self.series.replace(self.series.get() + 1), 9, 0)
    }

    fn series(&self) -> Value {
        json!({
            "patient_id": self.patient.id,
            "doctor_id": self.doctor.id,
            "start_time": self.far_time().to_string(),
            "rrule": "FREQ=DAILY;COUNT=2",
        })
    }

    /// A free time to be kept for `patient`.
    fn wish(&self, patient: &str) -> Value {
        let start = self.free_time().to_string();
        json!({ "patient_id": patient, "doctor_id": self.doctor.id, "start_time": start })
    }

    /// A time that is kept for the patient, for one cell to change, and its token. Those of the cells before are given
    /// up: only few are kept for one patient.
    pub(super) async fn fresh_hold(&self) -> (String, String) {
        self.give_up_hold().await;
        let wish = self.wish(&self.patient.id);
        let hold = self.patient.post("/api/appointments/holds", wish).await.is(201);
        let hold = (text(&hold, "id"), text(&hold, "hold_token"));
        self.hold.replace(Some(hold.clone()));
        hold
    }

    pub(super) async fn give_up_hold(&self) {
        if let Some((hold, token)) = self.hold.take() {
            let path = format!("/api/appointments/holds/{hold}");
            self.patient.send(Method::DELETE, &path, None, &[("hold-token", &token)]).await.is(204);
        }
    }

    async fn refresh_token(&self, persona: usize) -> Value {
        if persona > 8 {
            return json!({ "refresh_token": self.acting_again(persona).await["refresh_token"] });
        }
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

    /// Where a patient is, the asking one's own for patients, and the id of another who may be the same.
    async fn pair(&self, persona: usize) -> (String, String) {
        let own = Self::is_for_patient(persona);
        let id = if own { self.patient.id.clone() } else { self.admin.anybody().await };
        (format!("/api/patients/{id}"), self.admin.anybody().await)
    }

    /// The request of one cell, with objects of its own where it changes something.
    #[expect(clippy::too_many_lines, reason = "one arm an operation")]
    pub(crate) async fn ask(&self, operation: &str, persona: usize) -> Ask {
        let patient = format!("/api/patients/{}", self.patient.id);
        let doctor = format!("/api/doctors/{}", self.doctor.id);
        let read =
            |path: String| Ask { path, body: None, headers: Vec::new(), untouched: None, caller: None };
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
            "POST /api/auth/change-password" => {
                let change =
                    json!({ "current_password": PASSWORD, "new_password": "staples for battery horses" });
                let caller = Some(self.alike(persona).await);
                Ask { caller, ..write("/api/auth/change-password".into(), change) }
            }
            "POST /api/auth/verify-email" => {
                write("/api/auth/verify-email".into(), json!({ "token": "A".repeat(43) }))
            }
            "POST /api/auth/accept-invitation" => {
                let accept = json!({ "token": "A".repeat(43), "password": "staples for battery horses" });
                write("/api/auth/accept-invitation".into(), accept)
            }
            "POST /api/users" => {
                let colleague = json!({ "email": fresh_email("colleague"), "role": "staff" });
                write("/api/users".into(), colleague)
            }
            "POST /api/auth/claim" => {
                write("/api/auth/claim".into(), json!({ "code": "0000-0000-0000-0000" }))
            }
            "POST /api/patients/{id}/claim-codes" => {
                read(format!("{}/claim-codes", self.pair(persona).await.0))
            }
            "POST /api/auth/password-reset" => {
                write("/api/auth/password-reset".into(), json!({ "email": fresh_email("forgot") }))
            }
            "POST /api/auth/password-reset/confirm" => {
                let confirm =
                    json!({ "token": "A".repeat(43), "new_password": "staples for battery horses" });
                write("/api/auth/password-reset/confirm".into(), confirm)
            }
            "DELETE /api/auth/sessions/{id}" => {
                read(format!("/api/auth/sessions/{}", self.patients_session().await))
            }
            "POST /api/auth/logout-all" => {
                Ask { caller: Some(self.alike(persona).await), ..read("/api/auth/logout-all".into()) }
            }
            "POST /api/users/{id}/revoke-sessions" => {
                read(format!("/api/users/{}/revoke-sessions", self.fresh_account().await))
            }
            "POST /api/auth/login/totp"
            | "POST /api/auth/totp"
            | "POST /api/auth/totp/confirm"
            | "POST /api/auth/totp/recovery-codes"
            | "DELETE /api/auth/totp" => self.second_factor(operation, persona).await,
            "DELETE /api/users/{id}/totp" => read(format!("/api/users/{}/totp", self.fresh_account().await)),
            "POST /api/auth/token" => write("/api/auth/token".into(), self.program().await.1),
            "POST /api/api-clients" => write("/api/api-clients".into(), program()),
            "GET /api/api-clients/{id}" => read(self.program().await.0),
            "POST /api/api-clients/{id}/secret" => read(format!("{}/secret", self.program().await.0)),
            "POST /api/api-clients/{id}/disable" => {
                let path = self.program().await.0;
                Ask { untouched: Some(path.clone()), ..read(format!("{path}/disable")) }
            }
            "GET /api/users/{id}" => read(format!("/api/users/{}", self.admin.id)),
            "PUT /api/users/{id}" => {
                let account = format!("/api/users/{}", self.staff.id);
                change(account, Some(json!({ "full_name": format!("Name {persona}") })))
            }
            "POST /api/patients" => {
                let record = json!({
                    "first_name": "New",
                    "last_name": "Comer",
                    "date_of_birth": "1990-01-01",
                    "confirm_new": true,
                });
                write("/api/patients/".into(), record)
            }
            "GET /api/patients/search" => read("/api/patients/search/?query=patient".into()),
            "POST /api/patients/search" => {
                write("/api/patients/search".into(), json!({ "query": "patient" }))
            }
            "GET /api/patients/{id}" => read(patient),
            "GET /api/patients/{id}/access-log" => read(format!("{patient}/access-log")),
            "PUT /api/patients/{id}" => {
                change(patient, Some(json!({ "phone": format!("+49 30 {persona}000") })))
            }
            "DELETE /api/patients/{id}" => {
                let own = Self::is_for_patient(persona);
                let id = if own { self.patient.id.clone() } else { self.admin.anybody().await };
                change(format!("/api/patients/{id}"), None)
            }
            "GET /api/patients/{id}/legal-hold"
            | "PUT /api/patients/{id}/legal-hold"
            | "DELETE /api/patients/{id}/legal-hold" => {
                let path = format!("{}/legal-hold", self.pair(persona).await.0);
                self.admin.put(&path, json!({ "reason": "a claim is pending" })).await.ok();
                let reason = json!({ "reason": format!("claim {persona} is pending") });
                change(path, operation.starts_with("PUT").then_some(reason))
            }
            "GET /api/patients/{id}/export" => read(format!("{patient}/export")),
            "POST /api/patients/{id}/erase" => {
                let path = self.pair(persona).await.0;
                if !Self::is_for_patient(persona) {
                    self.admin.delete(&path).await.ok();
                }
                write(format!("{path}/erase"), json!({ "reason": "asked for in writing" }))
            }
            "POST /api/patients/{id}/merge" => {
                let (id, into) = self.pair(persona).await;
                let merge = json!({ "into_patient_id": into, "reason": "registered twice" });
                Ask { untouched: Some(id.clone()), ..write(format!("{id}/merge"), merge) }
            }
            "POST /api/patients/{id}/unmerge" => {
                let (id, into) = self.pair(persona).await;
                if !Self::is_for_patient(persona) {
                    let merge = json!({ "into_patient_id": into, "reason": "registered twice" });
                    self.admin.post(&format!("{id}/merge"), merge).await.ok();
                }
                let reason = json!({ "reason": "two people" });
                Ask { untouched: Some(id.clone()), ..write(format!("{id}/unmerge"), reason) }
            }
            "GET /api/patients/{id}/proxies" => read(format!("{patient}/proxies")),
            "POST /api/patients/{id}/proxies" => {
                let proxy = json!({ "email": self.admin.patient().await.email, "relation": "guardian" });
                write(format!("{patient}/proxies"), proxy)
            }
            "DELETE /api/patients/{id}/proxies/{proxy_id}" => {
                read(format!("{patient}/proxies/{}", self.fresh_proxy().await))
            }
            "POST /api/auth/act-for" => {
                write("/api/auth/act-for".into(), json!({ "patient_id": self.patients_child().await }))
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
            "POST /api/records/{id}/sign" => {
                let headers = vec![("if-match", "\"v1\"".to_owned())];
                Ask { headers, ..read(format!("/api/records/{}/sign", self.record)) }
            }
            "POST /api/records/{id}/cosign" => {
                let headers = vec![("if-match", "\"v1\"".to_owned())];
                Ask { headers, ..read(format!("/api/records/{}/cosign", self.cosigned)) }
            }
            "POST /api/patients/{id}/break-glass" => {
                let (patient, _) = self.pair(persona).await;
                write(format!("{patient}/break-glass"), json!({ "reason": "unconscious on arrival" }))
            }
            "GET /api/break-glass/{id}" => read(self.fresh_grant().await),
            "POST /api/break-glass/{id}/review" => {
                let grant = self.fresh_grant().await;
                let review = json!({ "outcome": "justified", "note": "as it had to be" });
                Ask { untouched: Some(grant.clone()), ..write(format!("{grant}/review"), review) }
            }
            "POST /api/records/{id}/entered-in-error" => {
                let note = self.doctor.post(&format!("{patient}/records"), json!({ "notes": "note" })).await;
                let path = format!("/api/records/{}", text(&note.created(), "id"));
                write(format!("{path}/entered-in-error"), json!({ "reason": "another patient" }))
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
            "GET /api/doctors/{id}/overrides" => read(format!("{doctor}/overrides")),
            "PUT /api/doctors/{id}/overrides/{date}" => {
                write(format!("{doctor}/overrides/{}", self.far_date()), json!({ "hours": [] }))
            }
            "DELETE /api/doctors/{id}/overrides/{date}" => {
                read(format!("{doctor}/overrides/{}", self.fresh_override().await))
            }
            "GET /api/doctors/{id}/time-off" => read(format!("{doctor}/time-off")),
            "POST /api/doctors/{id}/time-off" => write(format!("{doctor}/time-off"), self.time_off()),
            "DELETE /api/doctors/{id}/time-off/{time_off_id}" => {
                read(format!("{doctor}/time-off/{}", self.fresh_time_off().await))
            }
            "POST /api/visit-types" => write("/api/visit-types".into(), self.new_visit_type()),
            "GET /api/visit-types/{id}" => read(format!("/api/visit-types/{}", self.visit_type)),
            "PUT /api/visit-types/{id}" => {
                let description = json!({ "description": format!("By {persona}.") });
                change(format!("/api/visit-types/{}", self.visit_type), Some(description))
            }
            "DELETE /api/visit-types/{id}" => {
                let id = if persona == 7 { self.fresh_visit_type().await } else { self.visit_type.clone() };
                change(format!("/api/visit-types/{id}"), None)
            }
            "POST /api/locations" => {
                let name = format!("High Street {}", uuid::Uuid::now_v7());
                write("/api/locations".into(), json!({ "name": name, "time_zone": "UTC" }))
            }
            "GET /api/locations/{id}" => read(format!("/api/locations/{}", self.location)),
            "PUT /api/locations/{id}" => {
                let address = json!({ "address": format!("{persona} Main Street") });
                change(format!("/api/locations/{}", self.location), Some(address))
            }
            "DELETE /api/locations/{id}" => {
                let id = if persona == 7 {
                    let name = format!("Side Street {}", uuid::Uuid::now_v7());
                    let location = json!({ "name": name, "time_zone": "UTC" });
                    text(&self.admin.post("/api/locations", location).await.created(), "id")
                } else {
                    self.location.clone()
                };
                change(format!("/api/locations/{id}"), None)
            }
            "POST /api/locations/{id}/rooms" => {
                write(format!("/api/locations/{}/rooms", self.location), json!({ "name": "Room 2" }))
            }
            "DELETE /api/locations/{id}/rooms/{room_id}" => {
                let location = format!("/api/locations/{}", self.location);
                let room = if persona == 7 {
                    let room = json!({ "name": "Room 3" });
                    text(&self.admin.post(&format!("{location}/rooms"), room).await.created(), "id")
                } else {
                    self.room.clone()
                };
                Ask { untouched: Some(location.clone()), ..read(format!("{location}/rooms/{room}")) }
            }
            "POST /api/holidays" => write("/api/holidays".into(), self.new_holiday()),
            "DELETE /api/holidays/{id}" => {
                let id = if persona == 7 { self.fresh_holiday().await } else { self.holiday.clone() };
                read(format!("/api/holidays/{id}"))
            }
            "POST /api/appointments" => {
                write("/api/appointments/".into(), visit(&self.patient.id, &self.doctor.id, self.free_time()))
            }
            "POST /api/appointments/holds" => {
                // Only few times are kept for one patient.
                if persona > 8 {
                    let (caller, patient) = self.acting_for_another(persona).await;
                    let ask = write("/api/appointments/holds".into(), self.wish(&patient));
                    return Ask { caller: Some(caller), ..ask };
                }
                let own = [2, 3].contains(&persona);
                let patient = if own { self.patient.id.clone() } else { self.admin.anybody().await };
                write("/api/appointments/holds".into(), self.wish(&patient))
            }
            "POST /api/appointments/holds/{id}/renew" => {
                let (hold, token) = self.fresh_hold().await;
                write(format!("/api/appointments/holds/{hold}/renew"), json!({ "hold_token": token }))
            }
            "DELETE /api/appointments/holds/{id}" => {
                let (hold, token) = self.fresh_hold().await;
                let headers = vec![("hold-token", token)];
                Ask { headers, ..read(format!("/api/appointments/holds/{hold}")) }
            }
            "GET /api/appointments/{id}" => read(format!("/api/appointments/{}", self.visit)),
            "GET /api/appointments/{id}/events" => read(format!("/api/appointments/{}/events", self.visit)),
            "POST /api/appointments/series" => write("/api/appointments/series".into(), self.series()),
            "GET /api/appointments/series/{id}" => read(self.fresh_series().await),
            "PUT /api/appointments/series/{id}" => {
                change(self.fresh_series().await, Some(json!({ "start_time": "10:30" })))
            }
            "DELETE /api/appointments/series/{id}" => change(self.fresh_series().await, None),
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
            "POST /api/appointments/{id}/undo" => {
                let path = format!("/api/appointments/{}", self.fresh_visit().await);
                self.staff.put(&format!("{path}/status"), json!({ "status": "confirmed" })).await.ok();
                Ask { untouched: Some(path.clone()), ..read(format!("{path}/undo")) }
            }
            "PUT /api/appointments/{id}/sub-status" => {
                let path = format!("/api/appointments/{}", self.fresh_visit().await);
                let label = json!({ "sub_status": "room 3" });
                Ask { untouched: Some(path.clone()), ..write(format!("{path}/sub-status"), label) }
            }
            "GET /api/patients/{id}/attendance" => read(format!("{patient}/attendance")),
            "GET /api/appointments/doctor/{doctor_id}/available-slots" => read(format!(
                "/api/appointments/doctor/{}/available-slots?date={}",
                self.doctor.id,
                date_in(2)
            )),
            "GET /api/appointments/doctor/{doctor_id}/days" => {
                read(format!("/api/appointments/doctor/{}/days?date={}", self.doctor.id, date_in(2)))
            }
            "GET /api/appointments/search-slots" => read(format!(
                "/api/appointments/search-slots?date={}&doctor_ids={}",
                date_in(2),
                self.doctor.id
            )),
            "GET /api/appointments/explain" => read(format!(
                "/api/appointments/explain?doctor_id={}&start_time={}",
                self.doctor.id,
                at(2, 8, 0)
            )),
            "POST /api/appointments/absence-plans" => write(
                "/api/appointments/absence-plans".into(),
                json!({ "doctor_id": self.doctor.id, "start_time": at(300, 0, 0), "end_time": at(301, 0, 0) }),
            ),
            "POST /api/appointments/absence-plans/apply" => write(
                "/api/appointments/absence-plans/apply".into(),
                json!({
                    "doctor_id": self.doctor.id,
                    "start_time": at(300, 0, 0),
                    "end_time": at(301, 0, 0),
                    "moves": [],
                }),
            ),
            "POST /api/waitlist" => {
                // One patient waits in few.
                let own = persona == 3 || Self::is_for_patient(persona);
                let patient = if own { self.patient.id.clone() } else { self.admin.anybody().await };
                write("/api/waitlist".into(), self.new_entry(&patient))
            }
            "GET /api/waitlist/{id}" => read(self.fresh_entry().await),
            "PUT /api/waitlist/{id}" => {
                change(self.fresh_entry().await, Some(json!({ "notice_minutes": 60 })))
            }
            "DELETE /api/waitlist/{id}" => change(self.fresh_entry().await, None),
            "POST /api/waitlist/{id}/resume" => {
                let entry = self.fresh_entry().await;
                Ask { untouched: Some(entry.clone()), ..read(format!("{entry}/resume")) }
            }
            "GET /api/waitlist/{id}/offers" => read(format!("{}/offers", self.fresh_entry().await)),
            "POST /api/waitlist/offers/{id}/accept" => {
                let (offer, entry) = self.fresh_offer().await;
                Ask { untouched: Some(entry), ..read(format!("{offer}/accept")) }
            }
            "POST /api/waitlist/offers/{id}/decline" => {
                let (offer, entry) = self.fresh_offer().await;
                Ask { untouched: Some(entry), ..read(format!("{offer}/decline")) }
            }
            "GET /api/patients/{id}/message-preferences" => read(format!("{patient}/message-preferences")),
            "PUT /api/patients/{id}/message-preferences" => {
                let silent = self.number() % 2 == 0;
                let wish = json!({ "offers": { "email": silent } });
                change(format!("{patient}/message-preferences"), Some(wish))
            }
            operation if operation.ends_with("/calendar-feed") => {
                let of_doctor = operation.contains("/doctors/");
                let owner = if of_doctor { format!("/api/doctors/{}", self.doctor.id) } else { patient };
                let path = format!("{owner}/calendar-feed");
                // It may have been ended before.
                self.admin.put(&path, json!({})).await.ok();
                change(path, operation.starts_with("PUT").then(|| json!({ "titles": "visit_type" })))
            }
            "GET /api/admin/dead-letters/{service}" => read(dead_letters::LETTERS.to_owned()),
            "GET /api/admin/dead-letters/{service}/{id}"
            | "DELETE /api/admin/dead-letters/{service}/{id}" => {
                read(format!("{}/{}", dead_letters::LETTERS, self.dead_letters[0]))
            }
            "POST /api/admin/dead-letters/{service}/{id}/replay" => {
                read(format!("{}/{}/replay", dead_letters::LETTERS, self.dead_letters[1]))
            }
            "GET /api/notifications/{id}" => read(format!("/api/notifications/{}", self.notification)),
            "POST /api/notifications/{id}/resend" => {
                let path = format!("/api/notifications/{}", self.notification);
                Ask { untouched: Some(path.clone()), ..read(format!("{path}/resend")) }
            }
            "GET /api/message-templates/{kind}/preview" => {
                read("/api/message-templates/booked/preview?language=de".into())
            }
            "GET /api/message-overrides/{message}/{language}"
            | "PUT /api/message-overrides/{message}/{language}"
            | "DELETE /api/message-overrides/{message}/{language}" => {
                // Words that no test has a mail with.
                let path = "/api/message-overrides/changed-doctor-opening/es";
                let words = |words: &str| json!({ "pattern": words });
                self.admin.put(path, words("Ha cambiado una cita con usted.")).await.ok();
                change(
                    path.into(),
                    operation.starts_with("PUT").then(|| words(&format!("Cambio {persona}."))),
                )
            }
            operation if operation.contains(" /api/webhooks/") || operation == "POST /api/webhooks" => {
                self.webhook(operation, persona).await
            }
            other => read(other.split(' ').nth(1).unwrap().to_owned()),
        }
    }
}

/// The id of a message about `visit`, once there is one that was sent.
async fn notification(admin: &Admin, visit: &str) -> String {
    let path = format!("/api/notifications?appointment_id={visit}&state=sent");
    let sent = admin.get_until(&path, |sent| sent.get(0).is_some()).await;
    text(&sent[0], "id")
}
