//! What is noted of what is done, for every request exactly that.
use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, visit};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, PASSWORD, Patient, Staff, fresh_email, log_in, text};
use tests::rest::{Answer, Rest};
use tokio_postgres::Client;

/// Asks, and compares what was noted of it: action, resource and, if it was refused, why.
struct Observed<'a> {
    log: &'a Client,
}

impl Observed<'_> {
    async fn ask(&self, who: &Rest, ask: (Method, &str), body: Option<Value>, noted: &[&str]) -> Answer {
        self.ask_with(who, ask, body, &[], noted).await
    }

    async fn ask_with(
        &self,
        who: &Rest,
        (method, path): (Method, &str),
        body: Option<Value>,
        more: &[(&str, &str)],
        noted: &[&str],
    ) -> Answer {
        let id = uuid::Uuid::now_v7().to_string();
        let headers: Vec<(&str, &str)> =
            [("x-request-id", id.as_str())].into_iter().chain(more.iter().copied()).collect();
        let answer = who.send(method, path, body, &headers).await;
        let entries = "
            SELECT concat_ws(' ', action, resource, CASE decision WHEN 'denied' THEN reason END)
              FROM audit.entries
             WHERE request_id = $1 AND client_address = '127.0.0.1' AND trace_id ~ '^[0-9a-f]{32}$' ORDER BY 1";
        let rows = self.log.query(entries, &[&id]).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(found, noted, "{}: {} {}", answer.asked, answer.status, answer.body);
        answer
    }
}

struct People {
    admin: Admin,
    staff: Staff,
    doctor: Doctor,
    patient: Patient,
}

impl People {
    async fn of(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let (staff, doctor, patient) = (admin.staff().await, admin.doctor().await, admin.patient().await);
        Self { admin, staff, doctor, patient }
    }
}

use Method as M;

#[tokio::test]
async fn every_request_about_a_patient_has_exactly_its_entries() {
    let mesh = Mesh::shared().await;
    let log = mesh.database().await;
    let o = Observed { log: &log };
    let People { admin, staff, doctor, patient } = People::of(&mesh).await;
    let new = json!({ "first_name": "New", "last_name": "Comer", "date_of_birth": "1990-01-01", "confirm_new": true });
    let one = o.ask(&staff, (M::POST, "/api/patients/"), Some(new.clone()), &["create patient"]).await;
    let other = o.ask(&staff, (M::POST, "/api/patients/"), Some(new), &["create patient"]).await;
    let (one, other) = (text(&one.created(), "id"), text(&other.created(), "id"));
    let path = format!("/api/patients/{one}");
    o.ask(&staff, (M::GET, &path), None, &["read patient"]).await.ok();
    o.ask(&staff, (M::GET, "/api/patients/?limit=2"), None, &["list patient"]).await.ok();
    o.ask(&staff, (M::GET, "/api/patients/search/?query=comer"), None, &["search patient"]).await.ok();
    let query = Some(json!({ "query": "comer" }));
    o.ask(&staff, (M::POST, "/api/patients/search"), query, &["search patient"]).await.ok();
    let phone = Some(json!({ "phone": "+49 30 1" }));
    o.ask(&staff, (M::PUT, &path), phone, &["update patient"]).await.ok();
    let hold = format!("{path}/legal-hold");
    let reason = Some(json!({ "reason": "a claim is pending" }));
    o.ask(&admin, (M::PUT, &hold), reason, &["place legal_hold"]).await.ok();
    o.ask(&admin, (M::GET, &hold), None, &["read legal_hold"]).await.ok();
    o.ask(&admin, (M::DELETE, &hold), None, &["lift legal_hold"]).await.ok();
    let merge = Some(json!({ "into_patient_id": other, "reason": "registered twice" }));
    o.ask(&staff, (M::POST, &format!("{path}/merge")), merge, &["merge patient"]).await.ok();
    let unmerge = Some(json!({ "reason": "two after all" }));
    o.ask(&staff, (M::POST, &format!("{path}/unmerge")), unmerge, &["unmerge patient"]).await.ok();
    o.ask(&admin, (M::GET, &format!("{path}/access-log")), None, &["read access_log"]).await.ok();
    o.ask(&admin, (M::GET, "/api/admin/audit?limit=1"), None, &["search audit"]).await.ok();
    let get = "call healthcare.patient.v1.PatientService/GetPatient RELATIONSHIP_REQUIRED";
    o.ask(&doctor, (M::GET, &path), None, &[get]).await.is(403);
    let delete = "call healthcare.patient.v1.PatientService/DeletePatient FORBIDDEN";
    o.ask(&staff, (M::DELETE, &path), None, &[delete]).await.is(403);
    o.ask(&admin, (M::DELETE, &path), None, &["delete patient"]).await.ok();
    o.ask(&patient, (M::GET, &path), None, &[]).await.is(404);
    o.ask(&mesh.anyone(), (M::GET, &path), None, &[]).await.is(401);
}

#[tokio::test]
async fn every_request_about_a_visit_has_exactly_its_entries() {
    let mesh = Mesh::shared().await;
    let log = mesh.database().await;
    let o = Observed { log: &log };
    let People { admin, staff, doctor, patient } = People::of(&mesh).await;
    let booking = visit(&patient.id, &doctor.id, at(3, 9, 0));
    let booked =
        o.ask(&patient, (M::POST, "/api/appointments/"), Some(booking.clone()), &["book appointment"]).await;
    let path = format!("/api/appointments/{}", text(&booked.created(), "id"));
    o.ask(&patient, (M::POST, "/api/appointments/"), Some(booking), &[]).await.is(409);
    o.ask(&patient, (M::GET, &path), None, &["read appointment"]).await.ok();
    let now = format!("{path}?as_of={}", tests::clinic::now());
    o.ask(&patient, (M::GET, &now), None, &["read appointment"]).await.ok();
    o.ask(&doctor, (M::GET, "/api/appointments/"), None, &["list appointment"]).await.ok();
    let foreign = format!("/api/appointments/?patient_id={}", uuid::Uuid::now_v7());
    o.ask(&patient, (M::GET, &foreign), None, &["list appointment"]).await.ok();
    o.ask(&staff, (M::GET, "/api/appointments/unresolved"), None, &["list appointment"]).await.ok();
    o.ask(&staff, (M::GET, &format!("{path}/events")), None, &["read appointment"]).await.ok();
    let attendance = format!("/api/patients/{}/attendance", patient.id);
    o.ask(&patient, (M::GET, &attendance), None, &["read attendance"]).await.ok();
    let moved = json!({ "start_time": at(3, 11, 0).to_string(), "end_time": at(3, 11, 30).to_string() });
    o.ask(&patient, (M::PUT, &path), Some(moved.clone()), &["move appointment"]).await.ok();
    o.ask(&patient, (M::PUT, &path), Some(moved), &["read appointment"]).await.ok();
    let confirmed = Some(json!({ "status": "confirmed" }));
    o.ask(&staff, (M::PUT, &format!("{path}/status")), confirmed, &["update appointment"]).await.ok();
    o.ask(&staff, (M::POST, &format!("{path}/undo")), None, &["undo appointment"]).await.ok();
    let label = Some(json!({ "sub_status": "room 3" }));
    o.ask(&staff, (M::PUT, &format!("{path}/sub-status")), label, &["update appointment"]).await.ok();
    o.ask(&patient, (M::DELETE, &path), None, &["cancel appointment"]).await.ok();
    let stranger = admin.doctor_in("UTC").await;
    let call = "call healthcare.appointment.v1.AppointmentService/GetAppointment FORBIDDEN";
    o.ask(&stranger, (M::GET, &path), None, &[call]).await.is(403);

    let wish =
        json!({ "patient_id": patient.id, "doctor_id": doctor.id, "start_time": at(4, 9, 0).to_string() });
    let held =
        o.ask(&patient, (M::POST, "/api/appointments/holds"), Some(wish), &["create hold"]).await.is(201);
    let (hold, token) = (format!("/api/appointments/holds/{}", text(&held, "id")), text(&held, "hold_token"));
    let renew = Some(json!({ "hold_token": token }));
    o.ask(&patient, (M::POST, &format!("{hold}/renew")), renew, &["renew hold"]).await.ok();
    o.ask_with(&patient, (M::DELETE, &hold), None, &[("hold-token", &token)], &["release hold"])
        .await
        .is(204);

    let series = json!({
        "patient_id": patient.id,
        "doctor_id": doctor.id,
        "start_time": at(10, 9, 0).to_string(),
        "rrule": "FREQ=DAILY;COUNT=2",
    });
    let both = ["book appointment", "book appointment", "create series"];
    let series = o.ask(&patient, (M::POST, "/api/appointments/series"), Some(series), &both).await.is(201);
    let series = format!("/api/appointments/series/{}", text(&series["series"], "id"));
    o.ask(&patient, (M::GET, &series), None, &["read series"]).await.ok();
    let later = Some(json!({ "start_time": "10:30" }));
    let both = ["move appointment", "move appointment", "update series"];
    o.ask(&patient, (M::PUT, &series), later, &both).await.ok();
    let both = ["cancel appointment", "cancel appointment", "cancel series"];
    o.ask(&patient, (M::DELETE, &series), None, &both).await.ok();
}

#[tokio::test]
async fn every_request_about_those_who_wait_has_exactly_its_entries() {
    let mesh = Mesh::shared().await;
    let log = mesh.database().await;
    let o = Observed { log: &log };
    let People { admin, staff, doctor, patient } = People::of(&mesh).await;
    let name = format!("Check-up {}", uuid::Uuid::now_v7());
    let kind = json!({ "name": name, "duration_minutes": 30, "doctor_ids": [doctor.id] });
    let kind = text(
        &o.ask(&admin, (M::POST, "/api/visit-types"), Some(kind), &["update clinic"]).await.created(),
        "id",
    );
    let location = Some(json!({ "name": "Side Street", "time_zone": "UTC" }));
    let location = o.ask(&admin, (M::POST, "/api/locations"), location, &["update clinic"]).await.created();
    let wish = json!({
        "patient_id": patient.id,
        "visit_type_id": kind,
        "doctor_ids": [doctor.id],
        "location_ids": [location["id"]],
    });
    let entry =
        o.ask(&patient, (M::POST, "/api/waitlist"), Some(wish), &["create waitlist_entry"]).await.created();
    let entry = format!("/api/waitlist/{}", text(&entry, "id"));
    o.ask(&patient, (M::GET, &entry), None, &["read waitlist_entry"]).await.ok();
    o.ask(&patient, (M::GET, "/api/waitlist"), None, &["list waitlist_entry"]).await.ok();
    o.ask(&patient, (M::GET, &format!("{entry}/offers")), None, &["list waitlist_offer"]).await.ok();
    o.ask(&staff, (M::GET, "/api/waitlist/offers"), None, &["list waitlist_offer"]).await.ok();
    let notice = Some(json!({ "notice_minutes": 60 }));
    o.ask(&patient, (M::PUT, &entry), notice.clone(), &["update waitlist_entry"]).await.ok();
    o.ask(&patient, (M::PUT, &entry), notice, &["read waitlist_entry"]).await.ok();
    o.ask(&staff, (M::POST, &format!("{entry}/resume")), None, &["read waitlist_entry"]).await.ok();
    o.ask(&patient, (M::DELETE, &entry), None, &["cancel waitlist_entry"]).await.ok();
    o.ask(&patient, (M::DELETE, &entry), None, &["read waitlist_entry"]).await.ok();
}

#[tokio::test]
async fn every_request_about_accounts_and_doctors_has_exactly_its_entries() {
    let mesh = Mesh::shared().await;
    let log = mesh.database().await;
    let o = Observed { log: &log };
    let admin = mesh.admin().await;
    let anyone = mesh.anyone();
    let email = fresh_email("observed");
    let account = json!({ "email": email, "password": PASSWORD, "role": "staff" });
    let account =
        o.ask(&admin, (M::POST, "/api/auth/register"), Some(account), &["create account"]).await.created();
    let account = format!("/api/users/{}", text(&account, "id"));
    let name = Some(json!({ "full_name": "Another Name" }));
    o.ask(&admin, (M::PUT, &account), name, &["update account"]).await.ok();
    let login = |password: &str| Some(json!({ "username": email, "password": password }));
    let tokens =
        o.ask(&anyone, (M::POST, "/api/auth/login"), login(PASSWORD), &["log_in session"]).await.ok();
    let refused = ["log_in account INVALID_CREDENTIALS"];
    o.ask(&anyone, (M::POST, "/api/auth/login"), login("not the password at all"), &refused).await.is(401);
    let nobody = Some(json!({ "username": fresh_email("nobody"), "password": PASSWORD }));
    o.ask(&anyone, (M::POST, "/api/auth/login"), nobody, &refused).await.is(401);
    let token = json!({ "refresh_token": tokens["refresh_token"] });
    o.ask(&anyone, (M::POST, "/api/auth/refresh"), Some(token.clone()), &[]).await.ok();
    let reused = ["refresh session REFRESH_TOKEN_REUSED"];
    o.ask(&anyone, (M::POST, "/api/auth/refresh"), Some(token.clone()), &reused).await.is(401);
    o.ask(&anyone, (M::POST, "/api/auth/logout"), Some(token), &["log_out session"]).await.is(204);

    let own = log_in(&anyone, &email, PASSWORD).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "staples for battery horses" });
    o.ask(&own, (M::POST, "/api/auth/change-password"), Some(change), &["update account"]).await.is(204);
    let users = "call healthcare.auth.v1.AuthService/ListUsers FORBIDDEN";
    o.ask(&own, (M::GET, "/api/users"), None, &[users]).await.is(403);
    let sessions = own.get("/api/auth/sessions").await.ok();
    let session = format!("/api/auth/sessions/{}", text(&sessions[0], "id"));
    o.ask(&own, (M::DELETE, &session), None, &["end session"]).await.is(204);
    let revoke = format!("{account}/revoke-sessions");
    o.ask(&admin, (M::POST, &revoke), None, &["end_all session"]).await.is(204);

    let doctor = json!({
        "first_name": "Dora",
        "last_name": "Doctor",
        "email": fresh_email("doctor"),
        "specialization": "Cardiology",
        "time_zone": "UTC",
    });
    let doctor = o.ask(&admin, (M::POST, "/api/doctors/"), Some(doctor), &["create doctor"]).await.created();
    let doctor = format!("/api/doctors/{}", text(&doctor, "id"));
    let hours = Some(json!({ "day_of_week": 0, "start_time": "09:00", "end_time": "12:00" }));
    o.ask(&admin, (M::POST, &format!("{doctor}/availability")), hours, &["update doctor"]).await.created();
    o.ask(&admin, (M::PUT, &doctor), Some(json!({ "bio": "Here since 1990." })), &["update doctor"])
        .await
        .ok();
    o.ask(&admin, (M::DELETE, &doctor), None, &["delete doctor"]).await.ok();
}

#[tokio::test]
async fn patients_see_over_rest_who_looked_and_auditors_everything() {
    let mesh = Mesh::shared().await;
    let People { admin, staff, doctor, patient } = People::of(&mesh).await;
    let booked = patient.books(&doctor, at(3, 9, 0)).await.created();
    doctor.get(&format!("/api/patients/{}", patient.id)).await.ok();
    staff.get(&format!("/api/appointments/{}", text(&booked, "id"))).await.ok();
    let path = format!("/api/patients/{}/access-log", patient.id);
    let seen = patient.get(&path).await.ok();
    let told = |entry: &Value| ["role", "action", "resource"].map(|member| text(entry, member)).join(" ");
    let seen: Vec<String> = seen.as_array().unwrap().iter().map(told).collect();
    for expected in
        ["staff read appointment", "doctor read patient", "patient book appointment", "admin create patient"]
    {
        assert!(seen.iter().any(|entry| entry == expected), "{expected}: {seen:?}");
    }
    let auditor = admin.auditor().await;
    let asked = format!("/api/admin/audit?patient_id={}&action=book&limit=1", patient.id);
    let entries = auditor.get(&asked).await.ok();
    assert_eq!(entries[0]["subject_ids"], json!([patient.id]));
    assert_eq!(
        (&entries[0]["writer"], &entries[0]["decision"]),
        (&json!("appointment_rw"), &json!("allowed"))
    );
    assert!(entries[0]["client_address"] == "127.0.0.1" && entries[0]["request_id"].is_string());
    let today = tests::clinic::date_in(0);
    let narrowed = format!("/api/admin/audit?patient_id={}&from={today}&to={today}", patient.id);
    assert!(!auditor.get(&narrowed).await.ok().as_array().unwrap().is_empty());
    auditor.get("/api/admin/audit?from=2030-01-02&to=2030-01-01").await.invalid(&["/to"]);
    auditor.get("/api/admin/audit?action=Read").await.invalid(&["/action"]);
    auditor.get("/api/admin/audit?patient_id=x&actor_id=y").await.invalid(&["/patient_id", "/actor_id"]);
}
