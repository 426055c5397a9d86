use crate::clinic::Clinic;
use crate::wishes::{ada, add, get, hire, on, update};
use platform::config;
use platform::redis::{Away, Redis, commands};
use proto::cache::DOCTOR_DIRECTORY_GENERATION;
use proto::doctor::Doctor;
use std::time::Duration;
use tokio::time::{interval, timeout};

/// Longest wait for news; far longer than they take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn generation(clinic: &Clinic) -> Result<Option<u64>, Away> {
    // Anew each time: a connection that has failed is left alone for a while.
    let redis =
        Redis::new(&config::Redis { redis_url: clinic.redis.url().into(), redis_ca_file: None }).unwrap();
    let get = async |redis: &mut commands::aio::MultiplexedConnection| {
        commands::cmd("GET").arg(DOCTOR_DIRECTORY_GENERATION).query_async(redis).await
    };
    redis.run(get).await
}

/// Waits for a generation after `before`.
async fn generation_after(clinic: &Clinic, before: u64) -> u64 {
    let told = async {
        let mut looks = interval(Duration::from_millis(50));
        loop {
            match generation(clinic).await {
                Ok(Some(generation)) if generation > before => return generation,
                _ => looks.tick().await,
            };
        }
    };
    timeout(PATIENCE, told).await.expect("the change was not told")
}

#[tokio::test]
async fn every_change_that_readers_can_see_makes_a_new_generation() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hired = generation_after(&clinic, 0).await;
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let added = generation_after(&clinic, hired).await;
    let wish = Doctor { bio: "New.".to_owned(), ..doctor.clone() };
    update(&mut admin, wish.clone(), &["bio"]).await.unwrap();
    let edited = generation_after(&clinic, added).await;

    update(&mut admin, wish, &["bio"]).await.unwrap();
    get(&mut admin, &doctor.id).await.unwrap();
    assert_eq!(generation(&clinic).await, Ok(Some(edited)));
}

#[tokio::test]
async fn a_change_while_redis_is_away_is_told_when_it_is_back() {
    let clinic = Clinic::open().await;
    clinic.redis.kill().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    assert!(get(&mut clinic.patient(), &doctor.id).await.is_ok());

    clinic.redis.start().await.unwrap();
    generation_after(&clinic, 0).await;
}
