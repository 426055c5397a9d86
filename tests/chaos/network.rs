//! The network between everything is slow, and is cut.
use crate::journal::{Journal, told};
use crate::{TURN, checks, load};
use local::service::Service;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tests::wire::Wire;
use tokio::time::{Instant, sleep};

const DESKS: u64 = 4;
const DELAY: Duration = Duration::from_millis(20);
const RECOVERY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_network_that_is_slow_or_cut_loses_and_doubles_nothing() {
    let _turn = TURN.lock().await;
    let to_services: Vec<Wire> = futures::future::join_all(Service::GRPC.map(|_| Wire::new())).await;
    let mut to_stores = Vec::new();
    for _ in 0..4 {
        to_stores.push(Wire::new().await);
    }
    let mesh = Mesh::with_own_stores(|options| {
        for (service, wire) in Service::GRPC.into_iter().zip(&to_services) {
            options
                .env
                .push((service.url_variable().unwrap().to_owned(), format!("http://{}", wire.address)));
        }
        let [postgres, redis, rabbitmq, smtp] = [0, 1, 2, 3].map(|index: usize| &to_stores[index]);
        for service in Service::GRPC {
            let url = postgres.rerouted(&options.database.runtime_url(service));
            options.env_of.push((service, "DATABASE_URL".to_owned(), url));
        }
        options.redis_url = redis.rerouted(&options.redis_url);
        options.rabbitmq_url = rabbitmq.rerouted(&options.rabbitmq_url);
        smtp.lay(options.smtp);
        options.smtp = smtp.address;
    })
    .await;
    for (service, wire) in Service::GRPC.into_iter().zip(&to_services) {
        wire.lay(mesh.processes.of(service)[0].address);
    }
    let admin = mesh.admin().await;
    let desks = load::desks(&admin, DESKS).await;
    let (journal, is_over) = (Journal::default(), AtomicBool::new(false));
    let wires: Vec<&Wire> = to_services.iter().chain(&to_stores).collect();
    let unrest = async {
        sleep(Duration::from_secs(1)).await;
        for wire in &wires {
            wire.slow(DELAY);
        }
        let slow = Instant::now();
        sleep(Duration::from_secs(8)).await;
        let wrong = journal.wrong_since(slow);
        assert!(wrong.is_empty(), "slow is no reason to refuse: {}", told(&wrong));
        for wire in &wires {
            wire.slow(Duration::ZERO);
        }
        for round in 0..3 {
            for wire in &wires {
                wire.cut();
                sleep(Duration::from_millis(100 * round)).await;
            }
        }
        let whole = Instant::now();
        sleep(RECOVERY + Duration::from_secs(2)).await;
        let wrong = journal.wrong_since(whole + RECOVERY);
        assert!(wrong.is_empty(), "whole again for long: {}", told(&wrong));
        is_over.store(true, Relaxed);
    };
    let (visits, ()) = tokio::join!(load::work(desks, &journal, &is_over), unrest);
    checks::all_is_well(&mesh, &visits).await;
    println!("{} visits, {} requests", visits.len(), journal.len());
}
