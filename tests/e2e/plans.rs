//! How the statements that services really send are carried out where tables have grown: by the server's own word, for every
//! statement of a walk over all that is read, and of what services do by themselves meanwhile.
use local::service::Service;
use local::testing::Ground;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::clinic::{at, date_in, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, Patient, Staff, text};
use tests::rest::Rest;
use tests::statements::Listener;

/// Years of a clinic.
const ROWS: &str = include_str!("plans/rows.sql");

/// Tables that grow with visits, people, or looks at their data; `rows.sql` fills each.
const GROWING: [&str; 38] = [
    "appointment.appointment_events",
    "appointment.appointments",
    "appointment.claims",
    "appointment.idempotency_keys",
    "appointment.inbox",
    "appointment.outbox",
    "appointment.parties",
    "appointment.series",
    "appointment.waitlist",
    "appointment.waitlist_offers",
    "audit.entries",
    "auth.inbox",
    "auth.one_time_tokens",
    "auth.outbox",
    "auth.proxies",
    "auth.refresh_tokens",
    "auth.sessions",
    "auth.users",
    "doctor.inbox",
    "doctor.outbox",
    "notification.account_notifications",
    "notification.calendar_feeds",
    "notification.inbox",
    "notification.notifications",
    "notification.offer_notifications",
    "notification.outbox",
    "notification.preferences",
    "notification.reminder_notifications",
    "notification.reminder_plans",
    "notification.webhook_deliveries",
    "patient.break_glass",
    "patient.data_keys",
    "patient.identifiers",
    "patient.inbox",
    "patient.medical_record_revisions",
    "patient.medical_records",
    "patient.outbox",
    "patient.patients",
];

/// How many rows a step may look at in one of them: more than a page, fewer than all that one person ever had.
const ROWS_OF_A_STEP: f64 = 1500.0;

/// Statements that may do what others may not, told by words in them, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "visit_type_id = $1 AND state = $2 ORDER BY",
    "appointment.waitlist",
    "who no longer waits is seldom looked for by what for, and those are few beside visits",
)];

/// A step of a plan that reads a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    statement: String,
    table: String,
    what: String,
}

struct People {
    admin: Admin,
    staff: Staff,
    doctor: Doctor,
    patient: Patient,
    webhook: String,
    visit_type: String,
    visit: Value,
    record: String,
    series: String,
}

#[tokio::test]
async fn no_statement_reads_a_table_that_grows_from_end_to_end() {
    let listener = Listener::start("planning").await;
    listener.load("auto_explain").await;
    let ground = Ground::on(&listener.stores, "plans").await.unwrap();
    let mesh = Mesh::on(ground, None, |_| {}).await;
    let people = People::arrive(&mesh).await;
    let database = mesh.database().await;
    let seeds =
        [("doctor", &people.doctor.id), ("patient", &people.patient.id), ("webhook", &people.webhook)];
    for (name, id) in seeds {
        database.batch_execute(&format!("SET seed.{name} = '{id}'")).await.unwrap();
    }
    database.batch_execute(ROWS).await.unwrap();
    database.batch_execute("VACUUM ANALYZE").await.unwrap();
    for table in GROWING {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = database.query_one(&count, &[]).await.unwrap().get(0);
        assert!(rows >= 9_000, "{table} has {rows} rows");
    }

    for (name, value) in
        [("format", "json"), ("analyze", "on"), ("timing", "off"), ("nested_statements", "on")]
    {
        listener.set(&format!("auto_explain.log_{name}"), value).await;
    }
    listener.set("auto_explain.log_min_duration", "0").await;
    let begun = listener.now();
    people.read().await;
    people.look_through().await;
    people.change().await;
    // What is done at the start is looked at, too.
    for service in Service::GRPC {
        mesh.processes.restart(service).await.unwrap();
    }
    people.patient.get_until(&path(&people.visit), |_| true).await;

    let mut found: BTreeMap<Finding, usize> = BTreeMap::new();
    let mut statements = BTreeSet::new();
    for (_, role, said) in listener.since(begun) {
        let Some((_, plan)) = said.split_once("plan:") else { continue };
        if role == "postgres" {
            continue;
        }
        let plan: Value = serde_json::from_str(plan).unwrap_or_else(|error| panic!("{error} in {plan}"));
        let words: Vec<_> = plan["Query Text"].as_str().unwrap().split_whitespace().collect();
        let statement = words.join(" ");
        statements.insert(statement.clone());
        for (table, what) in steps(&plan["Plan"]).into_iter().filter_map(complaint) {
            *found.entry(Finding { statement: statement.clone(), table, what }).or_default() += 1;
        }
    }
    assert!(statements.len() > 200, "only {} statements were heard", statements.len());
    let excepted = |finding: &Finding, (words, table, _): &(&str, &str, &str)| {
        finding.statement.contains(words) && finding.table == *table
    };
    for exception in &EXCEPTIONS {
        assert!(found.keys().any(|finding| excepted(finding, exception)), "no longer needed: {exception:?}");
    }
    found.retain(|finding, _| !EXCEPTIONS.iter().any(|exception| excepted(finding, exception)));
    assert!(found.is_empty(), "{} of {}: {found:#?}", found.len(), statements.len());
}

/// All steps of a plan.
fn steps(plan: &Value) -> Vec<&Value> {
    let mut steps = vec![plan];
    let mut next = 0;
    while let Some(step) = steps.get(next) {
        steps.extend(step["Plans"].as_array().into_iter().flatten());
        next += 1;
    }
    steps
}

/// What is wrong with a step, if it reads a table that grows.
fn complaint(step: &Value) -> Option<(String, String)> {
    let table = format!("{}.{}", step["Schema"].as_str().unwrap_or("?"), step["Relation Name"].as_str()?);
    let table = GROWING
        .iter()
        .find(|growing| **growing == table || growing.split_once('.').unwrap().1 == step["Relation Name"])?;
    let kind = step["Node Type"].as_str()?;
    let number = |name: &str| step[name].as_f64().unwrap_or_default();
    let loops = number("Actual Loops");
    let rows =
        number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    if kind == "Seq Scan" && loops > 0.0 {
        return Some(((*table).to_owned(), "all of it".to_owned()));
    }
    let index = step["Index Name"].as_str().unwrap_or_default();
    (rows * loops > ROWS_OF_A_STEP)
        .then(|| ((*table).to_owned(), format!("{} rows by {kind} {index}", rows * loops)))
}

impl People {
    /// Those whom the made-up rows are about, and something of each kind that is theirs.
    async fn arrive(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let (staff, doctor, patient) = (admin.staff().await, admin.doctor().await, admin.patient().await);
        let offered = json!({ "name": "Check-up", "duration_minutes": 30, "doctor_ids": [doctor.id] });
        let visit_type = text(&admin.post("/api/visit-types", offered).await.created(), "id");
        let visit = patient.books(&doctor, at(40, 9, 0)).await.created();
        let record = json!({ "appointment_id": visit["id"], "notes": "well" });
        let record = doctor.post(&format!("/api/patients/{}/records", patient.id), record).await.created();
        let webhook = json!({ "url": "http://127.0.0.1:9/hook", "events": ["appointment.booked"] });
        let webhook = text(&admin.post("/api/webhooks", webhook).await.created(), "id");
        let weekly = json!({ "doctor_id": doctor.id, "start_time": at(41, 9, 0).to_string(),
            "rrule": "FREQ=WEEKLY;COUNT=3" });
        let series = patient.post("/api/appointments/series", weekly).await.created();
        let series = text(&series["series"], "id");
        Self {
            admin,
            staff,
            doctor,
            patient,
            webhook,
            visit_type,
            visit,
            record: text(&record, "id"),
            series,
        }
    }

    /// Every list and every lookup, each list with its second page.
    async fn read(&self) {
        let Self { admin, staff, doctor, patient, visit_type, visit, record, series, .. } = self;
        let (d, p) = (&doctor.id, &patient.id);
        let (day, later) = (date_in(12), date_in(14));
        for list in [
            String::new(),
            format!("&doctor_id={d}"),
            format!("&patient_id={p}"),
            format!("&start_date={day}&end_date={later}"),
            format!("&doctor_id={d}&start_date={day}"),
        ] {
            pages(staff, &format!("/api/appointments/?limit=20{list}")).await;
        }
        for status in [
            "requested",
            "scheduled",
            "confirmed",
            "arrived",
            "in_progress",
            "completed",
            "cancelled",
            "no_show",
            "expired",
            "entered_in_error",
        ] {
            pages(admin, &format!("/api/appointments/?limit=20&status={status}")).await;
            pages(doctor, &format!("/api/appointments/?limit=20&status={status}")).await;
        }
        for caller in [&admin.rest, &doctor.rest, &patient.rest] {
            pages(caller, "/api/appointments/?limit=20").await;
            pages(caller, "/api/waitlist?limit=20").await;
            for read in ["", "/events", "/records"] {
                seen(caller, &format!("{}{read}", path(visit))).await;
            }
            for read in [
                "",
                "/attendance",
                "/records?limit=20",
                "/access-log?limit=20",
                "/proxies",
                "/message-preferences",
                "/calendar-feed",
                "/legal-hold",
                "/export",
            ] {
                seen(caller, &format!("/api/patients/{p}{read}")).await;
            }
            for read in ["", "/revisions"] {
                seen(caller, &format!("/api/records/{record}{read}")).await;
            }
            seen(caller, &format!("/api/appointments/series/{series}")).await;
            seen(caller, &format!("/api/appointments/doctor/{d}/available-slots?date={day}&days=7")).await;
            seen(caller, &format!("/api/appointments/doctor/{d}/days?date={day}&days=31")).await;
            seen(caller, &format!("/api/appointments/search-slots?date={day}&days=14&limit=20")).await;
            seen(caller, &format!("/api/appointments/search-slots?date={day}&visit_type_id={visit_type}"))
                .await;
            seen(caller, &format!("/api/appointments/explain?doctor_id={d}&start_time={}", at(12, 9, 0)))
                .await;
            seen(caller, "/api/auth/me").await;
            seen(caller, "/api/auth/sessions").await;
            seen(caller, "/api/auth/acting-for").await;
            seen(caller, &format!("/api/doctors/{d}")).await;
        }
        for caller in [&staff.rest, &doctor.rest] {
            pages(caller, "/api/appointments/unresolved?limit=20").await;
            pages(caller, "/api/patients/?limit=20").await;
            for query in ["abc", "MRN12345", "1012345", "12345@example"] {
                let body = json!({ "query": query, "limit": 20 });
                caller.post("/api/patients/search", body).await.ok();
            }
        }
    }

    /// What else the practice looks through.
    async fn look_through(&self) {
        let Self { admin, staff, doctor, patient, webhook, visit_type, visit, .. } = self;
        let (d, p, day) = (&doctor.id, &patient.id, date_in(12));
        for list in ["", "&state=waiting", "&state=cancelled"] {
            pages(staff, &format!("/api/waitlist?limit=20{list}")).await;
            pages(staff, &format!("/api/waitlist?limit=20&doctor_id={d}{list}")).await;
            pages(staff, &format!("/api/waitlist?limit=20&visit_type_id={visit_type}{list}")).await;
            pages(staff, &format!("/api/waitlist?limit=20&patient_id={p}{list}")).await;
        }
        pages(staff, &format!("/api/waitlist/offers?limit=20&start_date={day}")).await;
        pages(staff, &format!("/api/waitlist/offers?limit=20&start_date={day}&doctor_id={d}")).await;
        let auditor = admin.auditor().await;
        let user = text(&patient.get("/api/auth/me").await.ok(), "id");
        for list in [
            "",
            &format!("&patient_id={p}"),
            &format!("&actor_id={user}"),
            "&action=book",
            &format!("&from={}", date_in(-3)),
            &format!("&to={}", date_in(-3)),
        ] {
            pages(&auditor, &format!("/api/admin/audit?limit=20{list}")).await;
        }
        pages(&auditor, "/api/break-glass?limit=20").await;
        for list in [
            "",
            "&state=sent",
            "&state=pending",
            "&state=failed",
            &format!("&appointment_id={}", text(visit, "id")),
        ] {
            pages(staff, &format!("/api/notifications?limit=20{list}")).await;
        }
        pages(admin, "/api/users?limit=20").await;
        pages(admin, "/api/api-clients").await;
        seen(admin, &format!("/api/users/{user}")).await;
        for list in ["", "&state=delivered", "&state=failed"] {
            pages(admin, &format!("/api/webhooks/{webhook}/deliveries?limit=20{list}")).await;
        }
        for service in ["appointment-svc", "notification-svc"] {
            seen(admin, &format!("/api/admin/dead-letters/{service}")).await;
        }
    }

    /// What changes visits, people and sessions, and what follows from it.
    async fn change(&self) {
        let Self { admin, staff, doctor, patient, visit_type, visit, .. } = self;
        let feed = patient.put(&format!("/api/patients/{}/calendar-feed", patient.id), json!({})).await.ok();
        let url = text(&feed, "url");
        patient.anonymous().get(&url[url.find("/calendars/").unwrap()..]).await;
        let hold = json!({ "doctor_id": doctor.id, "start_time": at(45, 9, 0).to_string() });
        patient.post("/api/appointments/holds", hold).await.is(201);
        let wish = json!({ "visit_type_id": visit_type, "doctor_ids": [doctor.id] });
        patient.post("/api/waitlist", wish).await.created();
        let key = [("idempotency-key", "request-00000001")];
        let body = tests::clinic::visit(&patient.id, &doctor.id, at(46, 9, 0));
        let booked = patient.send(Method::POST, "/api/appointments/", Some(body), &key).await.created();
        patient.put(&path(&booked), json!({ "start_time": at(46, 11, 0).to_string() })).await.ok();
        staff.put(&format!("{}/status", path(&booked)), json!({ "status": "confirmed" })).await.ok();
        patient.cancels(&booked).await.ok();
        patient.put(&path(visit), json!({ "notes": "cough" })).await.ok();
        let other = admin.patient().await;
        let update = json!({ "phone": "+49 30 7654321" });
        staff.put(&format!("/api/patients/{}", other.id), update).await.ok();
        admin.delete(&format!("/api/patients/{}", other.id)).await.ok();
        let sessions = json!({ "email": patient.email });
        patient.anonymous().post("/api/auth/password-reset", sessions).await;
        admin.post(&format!("/api/users/{}/revoke-sessions", other_user(admin).await), json!({})).await;
    }
}

/// Some account.
async fn other_user(admin: &Admin) -> String {
    let staff = admin.staff().await;
    staff.id
}

/// Asks, whatever is answered but that something failed: not everybody may see all.
async fn seen(caller: &Rest, path: &str) -> Option<String> {
    let answer = caller.get(path).await;
    assert!(
        answer.status < 500 && ![400, 422].contains(&answer.status),
        "{path}: {} {}",
        answer.status,
        answer.body
    );
    let link = answer.headers.get("link")?.to_str().ok()?.to_owned();
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, next) = next.split_once('<')?;
    let next = next.split('>').next()?;
    Some(next[next.find("/api/")?..].to_owned())
}

/// The first page and the one behind it.
async fn pages(caller: &Rest, path: &str) {
    if let Some(next) = seen(caller, path).await {
        seen(caller, &next).await;
    }
}
