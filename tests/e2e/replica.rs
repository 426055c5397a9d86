//! What may be a little old, read from a replica of the database.
use local::service::Service;
use local::testing::{Ground, own_stores};
use serde_json::{Value, json};
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::{PATIENCE, Rest};
use tests::statements::connected;
use tokio::time::{Instant, sleep};

const READING: [Service; 2] = [Service::Patient, Service::Appointment];

/// Waits until each service that reads there has told it that often.
async fn told(mesh: &Mesh, words: &str, times: usize) {
    let began = Instant::now();
    while READING.iter().any(|service| mesh.logged(*service).matches(words).count() < times) {
        assert!(began.elapsed() < PATIENCE, "not told {times} times: {words}");
        sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Whether a visit is in the calendar at `path`.
async fn shows(anyone: &Rest, path: &str, visit: &Value) -> bool {
    let calendar = anyone.get(path).await.ok();
    calendar.as_str().unwrap().contains(&format!("UID:{}", text(visit, "id")))
}

/// Whether an auditor finds the booking of a visit in the log.
async fn is_noted(auditor: &Rest, visit: &Value) -> bool {
    let noted = auditor.get("/api/admin/audit?action=book&limit=200").await.ok();
    noted.as_array().unwrap().iter().any(|entry| entry["resource_ids"] == json!([visit["id"]]))
}

const NEAR: &str = "reading from the replica";
const AWAY: &str = "the replica is away or behind";

#[tokio::test]
async fn what_may_be_late_comes_from_the_replica_unless_it_is_behind_or_away() {
    let (stores, told_of) = own_stores().await.unwrap();
    let replica = stores.postgres.replica(&told_of.places).await.unwrap();
    let ground = Ground::on(&told_of, "replica").await.unwrap();
    let [here, there] = [&stores.postgres, &replica].map(|server| format!(":{}/", server.port()));
    let copy = connected(&ground.database.admin_url().replace(&here, &there)).await;
    let reading = READING.map(|service| {
        let url = ground.database.runtime_url(service).replace(&here, &there);
        (service, "DATABASE_READ_URL".to_owned(), url)
    });
    let mesh = Mesh::on(ground, Some(stores), |options| options.env_of.extend(reading)).await;
    let admin = mesh.admin().await;
    let (anyone, auditor) = (mesh.anyone(), admin.auditor().await);
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let feed = patient.put(&format!("/api/patients/{}/calendar-feed", patient.id), json!({})).await.ok();
    let feed = text(&feed, "url").split_once("/calendars/").unwrap().1.to_owned();
    let feed = format!("/calendars/{feed}");
    told(&mesh, NEAR, 1).await;

    copy.execute("SELECT pg_wal_replay_pause()", &[]).await.unwrap();
    let state = "SELECT pg_get_wal_replay_pause_state()";
    while copy.query_one(state, &[]).await.unwrap().get::<_, &str>(0) != "paused" {
        sleep(std::time::Duration::from_millis(20)).await;
    }
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    assert!(!shows(&anyone, &feed, &visit).await, "calendars are made of what the replica has");
    assert!(!is_noted(&auditor, &visit).await, "the log is read from the replica");
    let own = patient.get("/api/appointments/").await.ok();
    assert_eq!(own[0]["id"], visit["id"], "whoever booked sees it at once");
    for service in READING {
        let log = mesh.logged(service);
        assert!(!log.contains(AWAY), "{service} has tried what a replica refuses: {log}");
    }

    told(&mesh, AWAY, 1).await;
    assert!(shows(&anyone, &feed, &visit).await, "the replica is too far behind");
    assert!(is_noted(&auditor, &visit).await, "the replica is too far behind");

    copy.execute("SELECT pg_wal_replay_resume()", &[]).await.unwrap();
    told(&mesh, NEAR, 2).await;
    let users = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE '% reads'
                  ORDER BY 1";
    let users: Vec<String> = copy.query(users, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(users, ["appointment-svc reads", "patient-svc reads"]);

    replica.kill().await;
    for _ in 0..10 {
        assert!(shows(&anyone, &feed, &visit).await && is_noted(&auditor, &visit).await);
    }
    told(&mesh, AWAY, 2).await;
    replica.start_again().await.unwrap();
    told(&mesh, NEAR, 3).await;
    assert!(shows(&anyone, &feed, &visit).await && is_noted(&auditor, &visit).await);
}
