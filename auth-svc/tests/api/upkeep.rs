use crate::service::{PASSWORD, Refused, Service, config, database, reason, someone};
use auth_svc::config::Config;
use auth_svc::keyring::Keyring;
use auth_svc::store::Store;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::postgres::pool;
use platform::secrets::RootSecret;
use platform::token::Verifier;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn store(config: &Config) -> Store {
    Store::new(pool(&config.postgres, "test").unwrap())
}

/// The ids of the keys that a process which starts at `now` publishes, and of the one it signs with.
async fn keys(config: &Config, now: Timestamp) -> (Vec<String>, String) {
    let root = RootSecret::new(&config.process.secret_key).unwrap();
    let verifier = Verifier::new(&root, None, Clock::stopped_at(now));
    let keyring = Keyring::open(store(config), &root, verifier, now).await.unwrap();
    let set = keyring.current();
    (set.published().map(|key| key.id.clone()).collect(), set.signing(now).id.clone())
}

#[tokio::test]
async fn a_key_is_followed_by_another_and_then_forgotten() {
    let database = database().await;
    let config = config(&database, &[]);
    let start: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
    let (first, _) = keys(&config, start).await;
    assert_eq!(keys(&config, start + DAY * 89).await, (first.clone(), first[0].clone()));

    let (both, signing) = keys(&config, start + DAY * 90).await;
    assert_eq!((both.len(), &both[0], &signing), (2, &first[0], &first[0]));
    assert_eq!(keys(&config, start + DAY * 91).await, (both.clone(), both[1].clone()));
    assert_eq!(keys(&config, start + DAY * 92).await, (vec![both[1].clone()], both[1].clone()));
}

#[tokio::test]
async fn expired_sessions_are_forgotten_and_others_stay() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let connection = store(&config(&service.database, &[])).connection().await.unwrap();
    let forget = |then| connection.delete_sessions_expired_before(then);
    let now = Clock::system().now();
    assert_eq!(forget(now + DAY * 29).await.unwrap(), 0);
    let tokens = service.refreshes(&tokens.refresh_token).await.unwrap();
    assert_eq!(forget(now + DAY * 31).await.unwrap(), 1);
    let forgotten = service.refreshes(&tokens.refresh_token).await.refused();
    assert_eq!(reason(&forgotten), "REFRESH_TOKEN_INVALID");
}
