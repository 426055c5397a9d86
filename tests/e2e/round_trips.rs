//! What requests ask of processes and stores, held against the table of docs/performance.md.
use local::service::Service;
use local::testing::Ground;
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::clinic::{at, date_in, path, visit};
use tests::mesh::Mesh;
use tests::people::{Admin, PASSWORD, fresh_email, text};
use tests::rest::{PATIENCE, Rest};
use tests::statements::{Listener, Unit, units};
use tokio::time::{sleep, timeout};

const PAGE: &str = include_str!("../../docs/performance.md");

/// How often each request is made. What happens less often than half as often beside them is not theirs, and what is still
/// under way then is.
const TIMES: usize = 12;

/// How that begins which services do by themselves, after an answer because of it: publishing events.
const BY_ITSELF: &str = "SELECT pg_try_advisory_xact_lock(hashtext($1))";

/// Times that came free are offered to those who wait, after the answer. Here there are none.
const NOTHING_COMES_FREE: &str = "
    CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER nothing BEFORE INSERT ON appointment.openings FOR EACH ROW EXECUTE FUNCTION public.nothing()";

/// A mesh on a database that writes down what it is asked.
struct Watch {
    mesh: Mesh,
    listener: Listener,
    /// The rows of the table, as they are.
    rows: RefCell<Vec<String>>,
}

impl Watch {
    /// Adds the row of a request, which is made [`TIMES`] times with what differs.
    async fn row(&self, name: &str, request: impl AsyncFn(usize)) {
        timeout(PATIENCE, self.is_quiet()).await.expect("what is under way from before ends");
        let (calls, redis) = self.counted().await;
        let begun = self.listener.now();
        for number in 0..TIMES {
            request(number).await;
        }
        let asked = units(self.listener.since(begun));
        let (calls_after, redis_after) = self.counted().await;
        let calls = calls_after.into_iter().map(|(call, count)| {
            let before = calls.get(&call).copied().unwrap_or_default();
            (call, each(count - before))
        });
        let calls = listed(calls);
        let statements = listed(statements(&asked));
        let redis = each(redis_after - redis);
        self.rows.borrow_mut().push(format!("| {name} | {calls} | {statements} | {redis} |"));
    }

    /// Waits until nobody has anything to tell, and nobody asks.
    async fn is_quiet(&self) {
        const UNTOLD: &str = "
            SELECT (SELECT count(*) FROM auth.outbox WHERE published_at IS NULL)
                 + (SELECT count(*) FROM patient.outbox WHERE published_at IS NULL)
                 + (SELECT count(*) FROM doctor.outbox WHERE published_at IS NULL)
                 + (SELECT count(*) FROM appointment.outbox WHERE published_at IS NULL)";
        let database = self.mesh.database().await;
        loop {
            let (before, _) = self.counted().await;
            sleep(Duration::from_millis(300)).await;
            let untold: i64 = database.query_one(UNTOLD, &[]).await.unwrap().get(0);
            if untold == 0 && self.counted().await.0 == before {
                return;
            }
        }
    }

    /// How often each method was called, and how many commands Redis answered.
    async fn counted(&self) -> (BTreeMap<String, usize>, usize) {
        let (mut calls, mut redis) = (BTreeMap::new(), 0);
        for replica in self.mesh.processes.all() {
            let Ok(answer) = reqwest::get(format!("http://{}/metrics", replica.admin)).await else {
                continue;
            };
            for line in answer.text().await.unwrap().lines() {
                let Some((sample, value)) = line.rsplit_once(' ') else { continue };
                if sample.starts_with("rpc_server_duration_seconds_count{") {
                    let (_, method) = sample.split_once("rpc_method=\"").unwrap();
                    let method = method.split('"').next().unwrap().rsplit('/').next().unwrap();
                    *calls.entry(method.to_owned()).or_default() += value.parse::<usize>().unwrap();
                } else if sample == "redis_commands_total{outcome=\"answered\"}" {
                    redis += value.parse::<usize>().unwrap();
                }
            }
        }
        (calls, redis)
    }
}

/// How many statements each service sent for one request.
fn statements(asked: &[Unit]) -> BTreeMap<String, usize> {
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for unit in asked.iter().filter(|unit| !unit.statements.iter().any(|text| text == BY_ITSELF)) {
        for statement in &unit.statements {
            *times.entry((&unit.role, statement)).or_default() += 1;
        }
    }
    let mut sent = BTreeMap::new();
    for ((role, _), times) in times {
        *sent.entry(role.trim_end_matches("_rw").to_owned()).or_default() += each(times);
    }
    sent
}

/// How often something happened for one request, when it happened so often for all of them.
fn each(times: usize) -> usize {
    (times + TIMES / 2) / TIMES
}

fn listed(counts: impl IntoIterator<Item = (String, usize)>) -> String {
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    let told: Vec<String> = some
        .map(|(name, count)| {
            if count == 1 && name.starts_with(char::is_uppercase) { name } else { format!("{name} {count}") }
        })
        .collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

/// What the page says between the heading and the next one.
fn documented() -> Vec<&'static str> {
    let (_, section) = PAGE.split_once("\n## Round trips\n").expect("there is such a section");
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter(|line| line.starts_with("| ")).skip(1).collect()
}

#[tokio::test]
async fn requests_ask_as_often_as_is_written_down() {
    let listener = Listener::start("listening").await;
    let ground = Ground::on(&listener.stores, "round-trips").await.unwrap();
    let mesh = Mesh::on(ground, None, |_| {}).await;
    let admin = mesh.admin().await;
    let anyone = mesh.anyone();
    listener.listen().await;
    let watch = Watch { mesh, listener, rows: RefCell::default() };
    watch.mesh.database().await.batch_execute(NOTHING_COMES_FREE).await.unwrap();
    doctors(&watch, &admin).await;
    patients(&watch, &admin).await;
    sessions(&watch, &admin, &anyone).await;
    calendars(&watch, &admin, &anyone).await;
    // What follows from a visit for whoever is told of it comes afterwards.
    watch.mesh.processes.stop(Service::Notification).await;
    visits(&watch, &admin).await;
    let rows = watch.rows.into_inner();
    assert_eq!(documented(), rows, "the table should say:\n{}", rows.join("\n"));
}

async fn doctors(watch: &Watch, admin: &Admin) {
    let patient = admin.patient().await;
    let asked = async || watch.counted().await.0.get("GetDoctorRules").copied().unwrap_or_default();
    let before = asked().await;
    let mut doctors = Vec::new();
    for _ in 0..TIMES {
        let doctor = json!({ "first_name": "Dora", "last_name": "Doctor", "email": fresh_email("doctor"),
            "specialization": "Cardiology", "time_zone": "UTC" });
        let id = text(&admin.post("/api/doctors/", doctor).await.created(), "id");
        let hours = json!({ "day_of_week": 1, "start_time": "09:00", "end_time": "17:00" });
        admin.post(&format!("/api/doctors/{id}/availability"), hours).await.created();
        doctors.push(id);
    }
    let heard = async {
        // Of each that it is there, and of its hours.
        while asked().await < before + 2 * TIMES {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, heard).await.expect("appointment-svc hears of doctors");
    let get =
        async |number: usize| drop(patient.get(&format!("/api/doctors/{}", doctors[number])).await.ok());
    watch.row("`GET /api/doctors/{id}`, first", get).await;
    watch.row("… again", get).await;
    let list = async |_| drop(patient.get("/api/doctors/?limit=10").await.ok());
    list(0).await;
    watch.row("`GET /api/doctors/`, again", list).await;

    let slots = async |number: usize| {
        let date = date_in(3);
        let path = format!("/api/appointments/doctor/{}/available-slots?date={date}&days=7", doctors[number]);
        patient.get(&path).await.ok();
    };
    watch.mesh.database().await.batch_execute("DELETE FROM appointment.calendars").await.unwrap();
    watch.row("`GET …/available-slots` of a doctor not heard of", slots).await;
    watch.row("… of any other", slots).await;
}

async fn patients(watch: &Watch, admin: &Admin) {
    let staff = admin.staff().await;
    let mut ids = Vec::new();
    for _ in 0..TIMES {
        ids.push(admin.anybody().await);
    }
    let get = async |number: usize| drop(staff.get(&format!("/api/patients/{}", ids[number])).await.ok());
    watch.row("`GET /api/patients/{id}`", get).await;
    let list = async |_| drop(staff.get("/api/patients/?limit=10").await.ok());
    watch.row("`GET /api/patients/`", list).await;
    let search = async |_| drop(staff.post("/api/patients/search", json!({ "query": "Paula" })).await.ok());
    watch.row("`POST /api/patients/search`", search).await;
}

async fn sessions(watch: &Watch, admin: &Admin, anyone: &Rest) {
    let staff = admin.staff().await;
    let form = [("username", staff.email.as_str()), ("password", PASSWORD)];
    let tokens = anyone.post_form("/api/auth/login", &form).await.ok();
    let latest = RefCell::new(text(&tokens, "refresh_token"));
    let refresh = async |_| {
        let token = latest.borrow().clone();
        let tokens = anyone.post("/api/auth/refresh", json!({ "refresh_token": token })).await.ok();
        latest.replace(text(&tokens, "refresh_token"));
    };
    refresh(0).await;
    watch.row("`POST /api/auth/refresh`", refresh).await;
    staff.get("/api/auth/me").await.ok();
    watch.row("`GET /api/auth/me`", async |_| drop(staff.get("/api/auth/me").await.ok())).await;
}

async fn calendars(watch: &Watch, admin: &Admin, anyone: &Rest) {
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    for number in 0..5 {
        patient.books(&doctor, at(5 + number, 9, 0)).await.created();
    }
    let told = patient.put(&format!("/api/patients/{}/calendar-feed", patient.id), json!({})).await.ok();
    let url = text(&told, "url");
    let feed = &url[url.find("/calendars/").unwrap()..];
    let read = anyone.get(feed).await;
    let tag = read.header("etag").to_owned();
    let get = async |_| assert_eq!(anyone.get(feed).await.status, 200);
    watch.row("`GET /calendars/{token}.ics`, five visits, read within the last minute", get).await;
    let same = async |_| {
        let answer = anyone.send(Method::GET, feed, None, &[("if-none-match", &tag)]).await;
        assert_eq!(answer.status, 304);
    };
    watch.row("… not changed", same).await;
}

async fn visits(watch: &Watch, admin: &Admin) {
    let (staff, doctor, patient) = (admin.staff().await, admin.doctor().await, admin.patient().await);
    let start = |number: usize, hour| at(3 + i64::try_from(number).unwrap(), hour, 0);
    patient.books(&doctor, at(2, 9, 0)).await.created();
    let booked: RefCell<Vec<Value>> = RefCell::default();
    let book = async |number: usize| {
        let visit = patient.books(&doctor, start(number, 9)).await.created();
        booked.borrow_mut().push(visit);
    };
    watch.row("`POST /api/appointments/`", book).await;
    let book_once = async |number: usize| {
        let key = format!("request-{number:08}");
        let body = visit(&patient.id, &doctor.id, start(number, 15));
        let headers = [("idempotency-key", key.as_str())];
        patient.send(Method::POST, "/api/appointments/", Some(body), &headers).await.created();
    };
    watch.row("… with an `Idempotency-Key`", book_once).await;
    let late = async |number: usize| drop(patient.books(&doctor, start(number, 9)).await.is(409));
    watch.row("… of a time that is taken", late).await;
    let visits = booked.into_inner();
    let get = async |number: usize| drop(patient.get(&path(&visits[number])).await.ok());
    watch.row("`GET /api/appointments/{id}`", get).await;
    let list = async |_| drop(patient.get("/api/appointments/?limit=10").await.ok());
    watch.row("`GET /api/appointments/`, ten visits", list).await;
    let move_it = async |number: usize| {
        let to = json!({ "start_time": start(number, 11).to_string() });
        patient.put(&path(&visits[number]), to).await.ok();
    };
    watch.row("`PUT /api/appointments/{id}`, another time", move_it).await;
    let confirm = async |number: usize| {
        let confirmed = json!({ "status": "confirmed" });
        staff.put(&format!("{}/status", path(&visits[number])), confirmed).await.ok();
    };
    watch.row("`PUT /api/appointments/{id}/status`, confirmed", confirm).await;
    let cancel = async |number: usize| drop(patient.cancels(&visits[number]).await.ok());
    watch.row("`DELETE /api/appointments/{id}`", cancel).await;
}
