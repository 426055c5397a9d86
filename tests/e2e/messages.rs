use local::service::Service;
use serde_json::{Value, json};
use std::time::Duration;
use tests::clinic::{at, path};
use tests::mesh::Mesh;
use tests::people::text;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

/// The messages about changes of a visit, once they are as they should be.
async fn notifications(mesh: &Mesh, visit: &Value, are_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let list = format!("/api/notifications?appointment_id={}", text(visit, "id"));
    let admin = mesh.admin().await;
    let changes = |all: &Value| {
        let all = all.as_array().unwrap().iter().filter(|one| one["kind"] != "reminder");
        all.cloned().collect::<Vec<_>>()
    };
    changes(&admin.get_until(&list, |all| are_right(&changes(all))).await)
}

/// Waits until nothing is left to send for a visit.
async fn settled(mesh: &Mesh, visit: &Value, count: usize) -> Vec<Value> {
    let is_open = |one: &Value| one["state"] == "pending" || one["state"] == "sending";
    notifications(mesh, visit, |all| all.len() == count && !all.iter().any(is_open)).await
}

#[tokio::test]
async fn patient_and_doctor_are_told_of_every_change() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let booked = mesh.mail_to(&patient.email, "booked").await;
    assert!(booked.text.contains("Dora Doctor") && booked.html.contains("Dora Doctor"), "{}", booked.text);
    assert!(booked.text.contains("9:00") && booked.text.contains("UTC"), "{}", booked.text);
    assert!(!booked.subject.contains("Paula") && !booked.subject.contains("Dora"), "{}", booked.subject);
    mesh.mail_to(&doctor.email, "new appointment").await;
    settled(&mesh, &visit, 2).await;

    patient.put(&path(&visit), json!({ "start_time": at(3, 14, 0).to_string() })).await.ok();
    let moved = mesh.mail_to(&patient.email, "new time").await;
    mesh.mail_to(&doctor.email, "moved").await;
    assert!(moved.text.contains("14:00") || moved.text.contains("2:00"), "{}", moved.text);
    settled(&mesh, &visit, 4).await;

    patient.cancels(&visit).await.ok();
    mesh.mail_to(&patient.email, "cancelled").await;
    mesh.mail_to(&doctor.email, "cancelled").await;
    let notifications = settled(&mesh, &visit, 6).await;
    assert!(notifications.iter().all(|notification| notification["state"] == "sent"), "{notifications:?}");
    assert_eq!(mesh.mails_to(&patient.email).len(), 3);
}

#[tokio::test]
async fn bookings_without_a_broker_are_told_of_when_it_is_back_each_once() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let stores = mesh.stores.as_ref().unwrap();
    stores.rabbitmq.stop().await;
    let mut visits = Vec::new();
    for hour in 0..10 {
        visits.push(patient.books(&doctor, at(3, hour, 0)).await.created());
    }
    stores.rabbitmq.start_again().await.unwrap();
    for visit in &visits {
        settled(&mesh, visit, 2).await;
    }
    assert_eq!(mesh.mails_to(&patient.email).len(), 10);
    assert_eq!(mesh.mails_to(&doctor.email).len(), 10);
}

#[tokio::test]
async fn mail_waits_for_its_server_and_old_news_is_not_sent() {
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    mesh.ground.mail.pause().await;
    let kept = patient.books(&doctor, at(3, 9, 0)).await.created();
    let dropped = patient.books(&doctor, at(3, 10, 0)).await.created();
    patient.cancels(&dropped).await.ok();
    // Nothing can be sent yet, so what was under way when it became untrue is withdrawn at its next attempt.
    let withdrawn = |all: &[Value]| all.iter().filter(|one| one["state"] == "superseded").count() == 2;
    notifications(&mesh, &dropped, withdrawn).await;
    mesh.ground.mail.resume().await.unwrap();
    settled(&mesh, &kept, 2).await;
    settled(&mesh, &dropped, 4).await;
    let subjects: Vec<_> =
        mesh.mails_to(&patient.email).into_iter().map(|mail| mail.subject.to_lowercase()).collect();
    assert_eq!(subjects.iter().filter(|subject| subject.contains("booked")).count(), 1, "{subjects:?}");
    assert_eq!(subjects.iter().filter(|subject| subject.contains("cancelled")).count(), 1, "{subjects:?}");
}

#[tokio::test]
async fn a_notifier_that_is_killed_goes_on_where_it_was() {
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    mesh.processes.kill(Service::Notification).await;
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    mesh.processes.start_again(Service::Notification).await.unwrap();
    settled(&mesh, &visit, 2).await;
    assert_eq!(mesh.mails_to(&patient.email).len(), 1);
}

/// How long the broker is away.
const OUTAGE: Duration = Duration::from_secs(60);
/// Events before the outage, and as many in it.
const HALF: i64 = 5_000;

#[tokio::test]
async fn ten_thousand_events_have_ten_thousand_effects_though_the_broker_is_away_for_a_minute() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let database = mesh.database().await;
    let rabbitmq = &mesh.stores.as_ref().unwrap().rabbitmq;
    happens(&database).await;
    while effects(&database).await.0 < HALF / 10 {
        sleep(Duration::from_millis(50)).await;
    }
    rabbitmq.stop().await;
    let until = Instant::now() + OUTAGE;
    happens(&database).await;
    tokio::time::sleep_until(until).await;
    let (before, _) = effects(&database).await;
    assert!(before < 2 * HALF, "the outage was in the middle");
    rabbitmq.start_again().await.unwrap();

    let patience = Instant::now() + Duration::from_secs(120);
    while effects(&database).await.0 < 2 * HALF {
        assert!(Instant::now() < patience, "{:?} effects", effects(&database).await);
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(effects(&database).await, (2 * HALF, 2 * HALF));
    let left = "SELECT (SELECT count(*) FROM auth.outbox WHERE published_at IS NULL)
                     + (SELECT count(*) FROM notification.dead_letters)";
    assert_eq!(database.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// Half of the events, each of an account that nobody has: their owners are told, as soon as it is known who they are.
async fn happens(database: &Client) {
    let insert = "
        INSERT INTO auth.outbox (event_id, aggregate_id, event_type, data)
        SELECT gen_random_uuid(), id, 'account.password_changed', jsonb_build_object('user_id', id)
          FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) accounts";
    database.execute(insert, &[&i32::try_from(HALF).unwrap()]).await.unwrap();
}

/// How many messages there are, and of how many events.
async fn effects(database: &Client) -> (i64, i64) {
    let count = "SELECT count(*), count(DISTINCT event_id) FROM notification.account_notifications";
    let row = database.query_one(count, &[]).await.unwrap();
    (row.get(0), row.get(1))
}
