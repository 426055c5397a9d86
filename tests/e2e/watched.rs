use local::service::Service;
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email};
use tests::rest::PATIENCE;
use tests::watched::{Exposed, Query, Selector, queries};
use tokio::time::{Instant, sleep};

/// The audit log is looked at once a minute.
const A_MINUTE_AND_MORE: Duration = Duration::from_secs(100);

/// Labels that Prometheus adds, and the ends of buckets that it computes with.
const ADDED: [&str; 3] = ["job", "instance", "le"];

/// What a process of any kind may answer, but a sound mesh seldom does: their values are of others' making.
const STATUSES: [&str; 2] = ["rpc_code", "http_response_status_code"];

/// What every process tells.
async fn exposed(meshes: [&Mesh; 2]) -> Exposed {
    let mut exposed = Exposed::default();
    for replica in meshes.into_iter().flat_map(|mesh| mesh.processes.all()) {
        let answer = reqwest::get(format!("http://{}/metrics", replica.admin)).await.unwrap();
        exposed.add(&answer.text().await.unwrap());
    }
    exposed
}

/// What a query asks for, and nobody tells.
fn missing(query: &Query, recorded: &BTreeSet<String>, exposed: &Exposed) -> Vec<String> {
    let mut found = Vec::new();
    let ours: Vec<&Selector> = query
        .selectors
        .iter()
        .filter(|selector| selector.metric != "up" && !recorded.contains(&selector.metric))
        .collect();
    for Selector { metric, matchers } in &ours {
        if !exposed.samples.contains(metric) {
            found.push(format!("{}: nobody tells of {metric}", query.place));
            continue;
        }
        for (label, operator, values) in
            matchers.iter().filter(|(label, ..)| !ADDED.contains(&label.as_str()))
        {
            if !exposed.has_label(metric, label) {
                found.push(format!("{}: {metric} has no {label}", query.place));
            } else if matches!(operator.as_str(), "=" | "=~") && !STATUSES.contains(&label.as_str()) {
                let unknown = values.split('|').filter(|value| !exposed.has_value(metric, label, value));
                found
                    .extend(unknown.map(|value| format!("{}: no {metric} has {label} {value}", query.place)));
            }
        }
    }
    for label in query.grouped.iter().filter(|label| !ADDED.contains(&label.as_str())) {
        if !ours.is_empty() && !ours.iter().any(|selector| exposed.has_label(&selector.metric, label)) {
            found.push(format!("{}: nothing has {label} to group by", query.place));
        }
    }
    found
}

#[tokio::test]
async fn what_dashboards_and_alerts_ask_is_told_by_the_running_mesh() {
    // Some is told by who has certificates alone.
    let (mesh, encrypted) = tokio::join!(Mesh::shared(), Mesh::encrypted());
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    patient.books(&doctor, at(3, 9, 0)).await.is(409);
    patient.cancels(&visit).await.ok();
    for _ in 0..4 {
        patient.get("/api/doctors/?limit=1").await.ok();
    }
    let form = [("username", patient.email.as_str()), ("password", "not the password, surely")];
    mesh.anyone().post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
    mesh.mail_to(&patient.email, "cancelled").await;

    let (queries, recorded) = queries();
    assert!(queries.len() > 60 && !recorded.is_empty(), "{} queries were found", queries.len());
    let deadline = Instant::now() + A_MINUTE_AND_MORE;
    let exposed = loop {
        let exposed = exposed([&*mesh, &encrypted]).await;
        let missing: Vec<_> = queries.iter().flat_map(|query| missing(query, &recorded, &exposed)).collect();
        if missing.is_empty() {
            break exposed;
        }
        assert!(Instant::now() < deadline, "{missing:#?}");
        sleep(Duration::from_secs(1)).await;
    };
    for (name, kind) in &exposed.typed {
        assert!(exposed.helped.contains(name), "{name} does not say what it means");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
    }
    for (label, value) in [("change", "booked"), ("change", "cancelled")] {
        assert!(exposed.has_value("appointment_changes_total", label, value));
    }
    // A lag of hours is told from one of minutes.
    assert!(exposed.has_value("inbox_lag_seconds_bucket", "le", "14400"));
}

#[tokio::test]
async fn a_count_rises_by_what_is_done_and_by_nothing_that_is_not() {
    let mesh = Mesh::start(|_| {}).await;
    let booked = r#"appointment_changes_total{change="booked"}"#;
    let taken = r#"booking_conflicts_total{reason="SLOT_TAKEN"}"#;
    let wrong = r#"log_ins_total{outcome="wrong_password"}"#;
    assert_eq!(mesh.measured(Service::Appointment, booked).await, 0);
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let other = admin.patient().await;
    patient.books(&doctor, at(3, 9, 0)).await.created();
    other.books(&doctor, at(3, 9, 0)).await.refused(409, "slot_taken");
    let form = [("username", patient.email.as_str()), ("password", "not the password, surely")];
    mesh.anyone().post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
    assert_eq!(mesh.measured(Service::Appointment, booked).await, 1);
    assert_eq!(mesh.measured(Service::Appointment, taken).await, 1);
    assert_eq!(mesh.measured(Service::Auth, wrong).await, 1);
    let body = json!({ "email": fresh_email("nobody"), "password": PASSWORD });
    mesh.anyone().post("/api/auth/register", body).await.created();
    assert_eq!(mesh.measured(Service::Auth, wrong).await, 1);
    assert_eq!(mesh.measured(Service::Auth, r#"password_hashes{purpose="set",state="running"}"#).await, 0);

    debug_lines_come_and_go(&mesh, &admin.rest).await;
}

/// In a mesh of one's own, whose logs nobody else writes.
async fn debug_lines_come_and_go(mesh: &Mesh, admin: &tests::rest::Rest) {
    const PUBLISHED: &str = "published events";
    let (service, client) = (Service::Doctor, reqwest::Client::new());
    let url = format!("http://{}/log-level", mesh.processes.of(service)[0].admin);
    let usual = client.get(&url).send().await.unwrap().text().await.unwrap();
    let set = async |level: &str| {
        let answer = client.put(&url).body(level.to_owned()).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let doctor = async || {
        let doctor = json!({ "first_name": "Dora", "last_name": "Doctor", "email": fresh_email("doctor"),
            "specialization": "Cardiology", "time_zone": "UTC" });
        admin.post("/api/doctors/", doctor).await.created();
    };
    let lines = || mesh.logged(service).lines().filter(|line| line.contains("DEBUG")).count();
    assert_eq!(lines(), 0);

    let (status, why) = set("deubg").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(why.contains("`deubg` is neither a level"), "{why}");
    assert_eq!(set("debug,tokio_postgres=warn").await.0, StatusCode::OK);
    doctor().await;
    let deadline = Instant::now() + PATIENCE;
    mesh.until_logged(service, PUBLISHED, PATIENCE).await;
    let ours =
        |line: &str| line.contains("DEBUG") && !line.contains(PUBLISHED) && !line.contains("took an event");
    assert_eq!(
        mesh.logged(service).lines().find(|line| ours(line)),
        None,
        "libraries tell nothing below info"
    );

    let (status, in_force) = set(&usual).await;
    assert_eq!((status, in_force), (StatusCode::OK, usual));
    let before = lines();
    let published = async || mesh.measured(service, r#"outbox_published_total{schema="doctor"}"#).await;
    let seen = published().await;
    doctor().await;
    while published().await <= seen {
        assert!(Instant::now() < deadline + PATIENCE, "nothing was published");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(lines(), before);
    assert!(mesh.logged(service).contains("changed which log lines are written"));
}
