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
    let redis = Redis::new(&config::Redis { redis_url: clinic.redis.url().into() }).unwrap();
    let get = async |redis: &mut commands::aio::MultiplexedConnection| {
        commands::cmd("GET").arg(DOCTOR_DIRECTORY_GENERATION).query_async(redis).await
    };
    redis.run(get).await
}

#[tokio::test]
async fn every_change_that_readers_can_see_makes_a_new_generation() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    assert_eq!(generation(&clinic).await, Ok(None));
    let doctor = hire(&mut admin, ada()).await;
    assert_eq!(generation(&clinic).await, Ok(Some(1)));
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    assert_eq!(generation(&clinic).await, Ok(Some(2)));
    let wish = Doctor { bio: "New.".to_owned(), ..doctor.clone() };
    update(&mut admin, wish.clone(), &["bio"]).await.unwrap();
    assert_eq!(generation(&clinic).await, Ok(Some(3)));

    update(&mut admin, wish, &["bio"]).await.unwrap();
    get(&mut admin, &doctor.id).await.unwrap();
    assert_eq!(generation(&clinic).await, Ok(Some(3)));
}

#[tokio::test]
async fn a_change_while_redis_is_away_is_told_when_it_is_back() {
    let clinic = Clinic::open().await;
    clinic.redis.kill().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    assert!(get(&mut clinic.patient(), &doctor.id).await.is_ok());

    clinic.redis.start().await.unwrap();
    let told = async {
        let mut looks = interval(Duration::from_millis(50));
        while generation(&clinic).await.ok().flatten().is_none() {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, told).await.expect("the change was not told");
}
