//! Every replica of everything is exchanged for another while people work.
use crate::journal::{Journal, told};
use crate::{TURN, checks, load};
use local::service::Service;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tokio::time::{Instant, sleep};

const DESKS: u64 = 6;

#[tokio::test]
async fn a_rolling_restart_of_everything_fails_no_request() {
    let _turn = TURN.lock().await;
    let mesh = Mesh::with_own_stores(|options| options.replicas = 2).await;
    let admin = mesh.admin().await;
    let desks = load::desks(&admin, DESKS).await;
    let (journal, is_over) = (Journal::default(), AtomicBool::new(false));
    let started = Instant::now();
    let gateways = mesh.processes.gateway_urls();
    let restarts = async {
        for service in Service::ALL {
            for (index, replica) in mesh.processes.of(service).iter().enumerate() {
                if service == Service::Gateway {
                    // As a load balancer does for what is about to stop (`preStop`).
                    let mut others = gateways.clone();
                    others.remove(index);
                    admin.rest.go_to(others);
                    sleep(Duration::from_millis(500)).await;
                }
                replica.server.stop().await;
                replica.server.start().await.unwrap();
                admin.rest.go_to(gateways.clone());
                sleep(Duration::from_millis(500)).await;
            }
        }
        is_over.store(true, Relaxed);
    };
    let (visits, ()) = tokio::join!(load::work(desks, &journal, &is_over), restarts);
    let wrong = journal.wrong_since(started);
    println!("{} visits, {} requests in {:?}", visits.len(), journal.len(), started.elapsed());
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), journal.len(), told(&wrong));
    checks::all_is_well(&mesh, &visits).await;
}
