//! One of several that are alike is lost for good: the primary of the database, a gateway.
use jiff::SignedDuration;
use local::ports::loopback;
use local::service::Service;
use local::testing::{Ground, own_stores};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tests::clinic::{all_is_told, at, path};
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::PATIENCE;
use tests::statements::{connected, set};
use tests::wire::Wire;
use tokio::time::{Instant, sleep};

/// How long everything may take to be well again once there is a primary.
const RECOVERY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn when_a_replica_becomes_the_primary_nothing_that_was_answered_is_gone() {
    let (stores, told_of) = own_stores().await.unwrap();
    let replica = stores.postgres.replica(&told_of.places).await.unwrap();
    let superuser = connected(&stores.postgres.admin_url()).await;
    // A commit is answered once the replica has it, as deploy/k8s/stores/postgres says.
    set(&superuser, "synchronous_standby_names", "*").await;
    let is_synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    let deadline = Instant::now() + PATIENCE;
    while superuser.query_one(is_synchronous, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(Instant::now() < deadline, "the replica is not waited for");
        sleep(Duration::from_millis(20)).await;
    }
    let ground = Ground::on(&told_of, "failover").await.unwrap();
    let wire = Wire::new().await;
    let mesh = Mesh::on(ground, Some(stores), |options| {
        for service in Service::GRPC {
            for (name, url) in [
                ("DATABASE_URL", options.database.runtime_url(service)),
                ("DATABASE_OWNER_URL", options.database.owner_url(service)),
            ] {
                options.env_of.push((service, name.to_owned(), wire.rerouted(&url)));
            }
        }
    })
    .await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);

    let mut booked: Vec<Value> = Vec::new();
    let mut lost = None;
    let mut recovered = None;
    for slot in 0..96_u32 {
        if slot == 24 {
            mesh.stores.as_ref().unwrap().postgres.kill().await;
            lost = Some(Instant::now());
        }
        if slot == 32 {
            let promoted = connected(&replica.admin_url()).await;
            assert!(promoted.query_one("SELECT pg_promote()", &[]).await.unwrap().get::<_, bool>(0));
            wire.lay(loopback(replica.port()));
            recovered = Some(Instant::now());
        }
        let start = at(3, 0, 0) + SignedDuration::from_mins(30 * i64::from(slot));
        let answer = patient.books(&doctor, start).await;
        match answer.status {
            201 => booked.push(answer.created()),
            503 | 504 => {
                assert!(lost.is_some(), "{}", answer.body);
                assert_eq!(answer.body["retryable"], true, "{}", answer.body);
                assert!(recovered.is_none_or(|at: Instant| at.elapsed() < RECOVERY), "{}", answer.body);
                sleep(Duration::from_millis(if recovered.is_some() { 250 } else { 0 })).await;
            }
            other => panic!("{other} {}", answer.body),
        }
    }
    assert!(booked.len() > 60, "only {} were booked", booked.len());

    let ids =
        |visits: &[Value]| visits.iter().map(|visit| text(visit, "id").clone()).collect::<BTreeSet<_>>();
    let [old, new] =
        [&mesh.stores.as_ref().unwrap().postgres, &replica].map(|server| format!(":{}/", server.port()));
    let there = connected(&mesh.ground.database.admin_url().replace(&old, &new)).await;
    let held = "SELECT id::text FROM appointment.appointments";
    let held: BTreeSet<String> = there.query(held, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(ids(&booked).is_subset(&held), "what was answered is gone");
    for visit in [booked.first().unwrap(), booked.last().unwrap()] {
        patient.get(&path(visit)).await.ok();
        patient.cancels(visit).await.ok();
    }
    all_is_told(&there).await;
}

#[tokio::test]
async fn when_one_of_two_gateways_is_killed_the_other_answers_everybody() {
    let mesh = Mesh::start(|options| options.replicas = 2).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let mut token = patient.token().unwrap().to_owned();
    token.insert_str(0, "Bearer ");
    let urls = mesh.processes.gateway_urls().into_iter().map(|url| format!("{url}{}", path(&visit)));
    let urls: Vec<String> = urls.collect();
    // As a load balancer does: whoever is not reached by one is led to the other.
    let client = reqwest::Client::new();
    let read = async |number: usize| {
        for url in [&urls[number % 2], &urls[(number + 1) % 2]] {
            if let Ok(answer) = client.get(url).header("authorization", &token).send().await {
                return answer.status().as_u16();
            }
        }
        0
    };
    let done = AtomicUsize::new(0);
    let reading = async {
        for number in 0..400 {
            assert_eq!(read(number).await, 200, "read {number}");
            done.store(number, Relaxed);
        }
    };
    let killing = async {
        while done.load(Relaxed) < 100 {
            sleep(Duration::from_millis(1)).await;
        }
        mesh.processes.of(Service::Gateway)[0].server.kill().await;
    };
    tokio::join!(reading, killing);
    assert!(mesh.processes.of(Service::Gateway)[0].server.pid().is_none());
}
