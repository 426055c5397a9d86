use local::service::Service;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tests::clinic::{all_is_told, at, date_in, free_starts, path, visit};
use tests::mesh::Mesh;
use tests::rest::{Answer, PATIENCE, in_time};
use tests::statements::{connected, set};
use tests::wire::Wire;
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn without_redis_every_request_still_answers() {
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    mesh.ground.redis.kill().await;
    let limited = patient.get("/api/doctors/").await;
    assert!(limited.headers.contains_key("ratelimit"), "limits go on in the process");
    limited.ok();
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.is_empty());
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    patient.get(&path(&visit)).await.ok();
    // A change of the directory is seen although nothing could be told of it.
    let own = format!("/api/doctors/{}", doctor.id);
    doctor.put(&own, json!({ "bio": "Without Redis." })).await.ok();
    assert_eq!(patient.get(&own).await.ok()["bio"], "Without Redis.");
    tests::people::log_in(&mesh.anyone(), &patient.email, tests::people::PASSWORD).await;
}

#[tokio::test]
async fn a_redis_that_is_slow_or_full_or_forgets_everything_holds_up_nobody() {
    let wire = Wire::new().await;
    let mesh = Mesh::start(|options| options.redis_url = wire.rerouted(&options.redis_url)).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let own = format!("/api/doctors/{}", doctor.id);
    let commands = async |outcome: &str| {
        let name = format!("redis_commands_total{{outcome=\"{outcome}\"}}");
        mesh.measured(Service::Gateway, &name).await
    };
    let mut hour = 9;
    // `outcome` is what comes of commands meanwhile, among others.
    let mut all_is_well = async |how: &str, outcome: &str| {
        // Whoever was not answered in time leaves it alone for a second.
        sleep(Duration::from_millis(1100)).await;
        let before = commands(outcome).await;
        for _ in 0..3 {
            let began = Instant::now();
            let limited = patient.get(&own).await;
            assert!(limited.headers.contains_key("ratelimit"), "{how}: nobody counts");
            limited.ok();
            doctor.put(&own, json!({ "bio": format!("At {hour}, {how}.") })).await.ok();
            assert_eq!(patient.get(&own).await.ok()["bio"], format!("At {hour}, {how}."));
            patient.books(&doctor, at(3, hour, 0)).await.created();
            hour += 1;
            assert!(
                began.elapsed() < Duration::from_secs(2),
                "{how}: {:?} for four requests",
                began.elapsed()
            );
        }
        assert!(commands(outcome).await > before, "{how}: no command {outcome}");
    };
    all_is_well("well", "answered").await;
    wire.slow(Duration::from_secs(2));
    all_is_well("slow", "failed").await;
    wire.slow(Duration::ZERO);

    let mut redis = redis::Client::open(mesh.ground.redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut redis).unwrap();
    all_is_well("full", "failed").await;
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "0"]).exec(&mut redis).unwrap();
    redis::cmd("FLUSHALL").exec(&mut redis).unwrap();
    all_is_well("empty", "answered").await;
}

#[tokio::test]
async fn a_booking_needs_the_gateway_the_appointment_service_and_postgresql_only() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    // The keys that tokens are checked with are known once a token was checked.
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.is_empty());
    for service in [Service::Auth, Service::Doctor, Service::Patient, Service::Notification] {
        mesh.processes.kill(service).await;
    }
    mesh.ground.redis.kill().await;
    mesh.stores.as_ref().unwrap().rabbitmq.stop().await;

    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let moved = json!({ "start_time": at(3, 11, 0).to_string() });
    patient.put(&path(&visit), moved).await.ok();
    let read = patient.get(&path(&visit)).await.ok();
    assert_eq!(read["doctor_name"], json!(null), "names are left out");
    patient.cancels(&visit).await.ok();
    let problem = patient.get(&format!("/api/patients/{}", patient.id)).await;
    assert!(problem.headers.contains_key("retry-after"));
    problem.refused(503, "dependency_unavailable");
}

#[tokio::test]
async fn while_postgresql_is_away_answers_are_503_and_then_right_again() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let postgres = &mesh.stores.as_ref().unwrap().postgres;
    postgres.kill().await;
    let refused = patient.books(&doctor, at(3, 9, 0)).await;
    assert!(refused.headers.contains_key("retry-after"), "{}", refused.body);
    refused.refused(503, "dependency_unavailable");
    postgres.start_again().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let answer = patient.books(&doctor, at(3, 9, 0)).await;
        if answer.status == 201 {
            break;
        }
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(Instant::now() < deadline, "not back within 5 s");
    }
}

#[tokio::test]
async fn a_booking_whose_commit_nobody_hears_of_is_not_made_again() {
    let wire = Wire::new().await;
    let mesh = Mesh::start(|options| {
        let url = wire.rerouted(&options.database.runtime_url(Service::Appointment));
        options.env_of.push((Service::Appointment, "DATABASE_URL".to_owned(), url));
    })
    .await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let key = format!("lost-{}", uuid::Uuid::new_v4().simple());
    let book = async || {
        let body = visit(&patient.id, &doctor.id, at(3, 9, 0));
        let headers = [("idempotency-key", key.as_str())];
        patient.send(Method::POST, "/api/appointments/", Some(body), &headers).await
    };
    wire.lose_commit_of(&key);
    let lost = book().await;
    assert!([503, 504].contains(&lost.status), "{} {}", lost.status, lost.body);
    assert_eq!((&lost.body["retryable"], &lost.body["outcome"]), (&json!(true), &json!("unknown")));
    let again = in_time(book).await;
    assert_eq!(again.header("idempotent-replayed"), "true", "it was booked before");
    let booked = again.created();
    let all = patient.get("/api/appointments/").await.ok();
    assert_eq!(all.as_array().unwrap().iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&booked["id"]]);
}

#[tokio::test]
async fn a_booking_that_a_frozen_database_has_is_answered_in_time_and_made_once() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    patient.books(&doctor, at(3, 8, 0)).await.created();
    let key = format!("frozen-{}", uuid::Uuid::new_v4().simple());
    let book = async || {
        let body = visit(&patient.id, &doctor.id, at(3, 9, 0));
        let headers = [("idempotency-key", key.as_str())];
        patient.send(Method::POST, "/api/appointments/", Some(body), &headers).await
    };
    let postgres = &mesh.stores.as_ref().unwrap().postgres;
    let began = Instant::now();
    postgres.freeze();
    let frozen = book().await;
    assert!(began.elapsed() < Duration::from_millis(5500), "{:?}", began.elapsed());
    assert!([503, 504].contains(&frozen.status), "{} {}", frozen.status, frozen.body);
    assert_eq!((&frozen.body["retryable"], &frozen.body["outcome"]), (&json!(true), &json!("unknown")));
    postgres.thaw();
    let mut answer = book().await;
    while answer.body["retryable"] == true && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(200)).await;
        answer = book().await;
    }
    let booked = answer.created();
    assert_eq!(book().await.created()["id"], booked["id"]);
    let all = patient.get("/api/appointments/").await.ok();
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
}

#[tokio::test]
async fn a_change_whose_commit_nobody_hears_of_is_seen_by_readers() {
    let (doctors, messages) = (Wire::new().await, Wire::new().await);
    let mesh = Mesh::start(|options| {
        for (service, wire) in [(Service::Doctor, &doctors), (Service::Notification, &messages)] {
            let url = wire.rerouted(&options.database.runtime_url(service));
            options.env_of.push((service, "DATABASE_URL".to_owned(), url));
        }
    })
    .await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let own = format!("/api/doctors/{}", doctor.id);
    patient.get(&own).await.ok();
    let words = || uuid::Uuid::new_v4().simple().to_string();
    let unknown = |answer: Answer| {
        assert_eq!((answer.status, &answer.body["outcome"]), (503, &json!("unknown")), "{}", answer.body);
    };

    let bio = words();
    doctors.lose_commit_of(&bio);
    unknown(doctor.put(&own, json!({ "bio": bio })).await);
    assert_eq!(patient.get(&own).await.ok()["bio"], bio.as_str());

    let description = words();
    messages.lose_commit_of(&description);
    let wish =
        json!({ "url": "http://127.0.0.1:1/", "events": ["doctor.deleted"], "description": description });
    unknown(admin.post("/api/webhooks", wish).await);
    let webhooks = admin.get("/api/webhooks").await.ok();
    assert_eq!(webhooks[0]["description"], description.as_str(), "{webhooks}");
}

#[tokio::test]
async fn while_the_broker_is_full_visits_are_booked_and_everybody_is_told_afterwards() {
    const UNTOLD: &str = "SELECT count(*) FROM appointment.outbox WHERE published_at IS NULL";
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let (broker, database) = (mesh.stores.as_ref().unwrap().rabbitmq.broker(), mesh.database().await);
    broker.be_full().await.unwrap();
    for day in 3..6 {
        let visit = patient.books(&doctor, at(day, 9, 0)).await.created();
        patient.cancels(&visit).await.ok();
    }
    mesh.until_logged(Service::Appointment, "relay waits for its dependencies", PATIENCE).await;
    let untold: i64 = database.query_one(UNTOLD, &[]).await.unwrap().get(0);
    assert_eq!(untold, 6, "a broker that is full takes nothing");
    broker.have_room().await.unwrap();
    all_is_told(&database).await;
}

#[tokio::test]
async fn a_database_that_takes_nothing_tells_what_need_not_be_noted() {
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let own = format!("/api/patients/{}", patient.id);
    let name = patient.get(&own).await.ok()["first_name"].as_str().unwrap().to_owned();
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.is_empty());
    let superuser = connected(&mesh.stores.as_ref().unwrap().postgres.admin_url()).await;

    set(&superuser, "default_transaction_read_only", "on").await;
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.is_empty());
    // Who looks at a patient's data is written down, or sees nothing.
    for refused in [patient.get(&own).await, patient.books(&doctor, at(3, 9, 0)).await] {
        assert!(refused.headers.contains_key("retry-after"), "{}", refused.body);
        assert!(!refused.body.to_string().contains(&name), "{}", refused.body);
        refused.refused(503, "dependency_unavailable");
    }
    set(&superuser, "default_transaction_read_only", "off").await;
    patient.get(&own).await.ok();
    patient.books(&doctor, at(3, 9, 0)).await.created();
}

#[tokio::test]
async fn a_doctor_who_was_looked_at_is_told_without_doctor_svc() {
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, other, patient) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    let own = format!("/api/doctors/{}", doctor.id);
    // A change of the directory that is told late makes it forget.
    let mut kept = patient.get(&own).await;
    assert_eq!(kept.header("x-cache"), "miss");
    let deadline = Instant::now() + PATIENCE;
    while kept.header("x-cache") != "hit" {
        assert!(Instant::now() < deadline, "nothing is kept");
        kept = patient.get(&own).await;
    }
    mesh.processes.kill(Service::Doctor).await;
    let still = patient.get(&own).await;
    let age: u64 = still.header("age").parse().unwrap();
    assert!(age < 60, "{age}");
    assert_eq!(still.ok(), kept.ok());
    patient.get(&format!("/api/doctors/{}", other.id)).await.refused(503, "dependency_unavailable");
}

#[tokio::test]
async fn a_service_that_is_asked_to_stop_finishes_what_it_began() {
    let mesh = Mesh::start(|options| options.replicas = 2).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let booking = async {
        let mut booked = 0;
        for hour in 0..24 {
            patient.books(&doctor, at(3, hour, 0)).await.created();
            booked += 1;
        }
        booked
    };
    let restarts = async {
        for replica in mesh.processes.of(Service::Appointment) {
            replica.server.stop().await;
            replica.server.start().await.unwrap();
        }
    };
    let (booked, ()) = tokio::join!(booking, restarts);
    assert_eq!(booked, 24);
}
