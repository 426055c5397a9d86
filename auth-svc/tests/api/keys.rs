use crate::service::{PASSWORD, Refused, Service, config, database, reason, someone};
use crate::upkeep::store;
use auth_svc::keyring::Vault;
use local::database::Database;
use platform::secrets::RootSecret;
use proto::auth::TokenPair;
use std::time::Duration;
use tokio::process::Command;

/// Longer than every replica takes to learn of a key.
const PATIENCE: Duration = Duration::from_secs(10);
const RIPENING: &str = "--key-ripening=3s";

/// Whether `auth-svc keys …` succeeds, and the lines that it writes.
async fn keys(database: &Database, arguments: &[&str]) -> (bool, Vec<String>) {
    let settings = config(database, &[]);
    let url = |service| database.runtime_url(service);
    let ran = Command::new(env!("CARGO_BIN_EXE_auth-svc"))
        .env("DATABASE_URL", url(local::service::Service::Auth))
        .env("DATABASE_OWNER_URL", database.owner_url(local::service::Service::Auth))
        .env("SECRET_KEY", secrecy::ExposeSecret::expose_secret(&settings.process.secret_key))
        .env("RABBITMQ_URL", "amqp://127.0.0.1:1")
        .env("PATIENT_URL", "http://127.0.0.1:1")
        .args(["--log-level", "off", RIPENING, "keys"])
        .args(arguments)
        .output()
        .await
        .unwrap();
    let lines = String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect();
    (ran.status.success(), lines)
}

fn id(line: &str) -> &str {
    line.split(' ').next().unwrap()
}

/// The `kid` of an access token.
fn kid(tokens: &TokenPair) -> String {
    jsonwebtoken::decode_header(&tokens.access_token).unwrap().kid.unwrap()
}

/// The keys that `service` publishes, once there are `count`.
async fn published(service: &Service, count: usize) -> Vec<String> {
    let looking = async {
        loop {
            let keys = service.keys().await;
            if keys.len() == count {
                return keys.into_iter().map(|(id, _)| id).collect();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("all keys are published in time")
}

#[tokio::test]
async fn the_next_key_signs_once_everyone_knows_it_and_the_last_one_goes_on_verifying() {
    let database = database().await;
    let service = Service::replica(database.clone(), &[RIPENING]).await;
    let user = service.registers("", someone()).await.unwrap();
    let before = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let (done, lines) = keys(&database, &["rotate"]).await;
    assert!(done && lines[0].ends_with("  signs") && lines[1].contains("  signs from "), "{lines:?}");
    let next = id(&lines[1]).to_owned();
    assert_eq!(published(&service, 2).await, [kid(&before), next.clone()]);
    assert_eq!(kid(&service.refreshes(&before.refresh_token).await.unwrap()), kid(&before));

    let taking_over = async {
        loop {
            let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
            if kid(&tokens) == next {
                return tokens;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let after = tokio::time::timeout(PATIENCE, taking_over).await.expect("the next key takes over");
    assert!(service.current_user(&before.access_token).await.is_ok());
    assert!(service.current_user(&after.access_token).await.is_ok());
    let (_, lines) = keys(&database, &["list"]).await;
    assert!(lines[0].ends_with("  verifies") && lines[1].ends_with("  signs"), "{lines:?}");
}

#[tokio::test]
async fn what_a_revoked_key_has_signed_is_refused_and_sessions_go_on() {
    let database = database().await;
    let (service, other) =
        (Service::replica(database.clone(), &[]).await, Service::replica(database.clone(), &[]).await);
    let user = service.registers("", someone()).await.unwrap();
    let before = service.logs_in(&user.email, PASSWORD).await.unwrap();
    assert!(other.current_user(&before.access_token).await.is_ok());
    let (done, lines) = keys(&database, &["revoke", &kid(&before)]).await;
    assert!(done && lines.len() == 1 && lines[0].ends_with("  signs"), "{lines:?}");
    for replica in [&service, &other] {
        let looking = async {
            while replica.keys().await[0].0 != id(&lines[0]) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("every replica drops the key");
        let refused = replica.current_user(&before.access_token).await.refused();
        assert_eq!(reason(&refused), "UNAUTHENTICATED");
    }
    let after = other.refreshes(&before.refresh_token).await.unwrap();
    assert_eq!(kid(&after), id(&lines[0]));
    assert!(service.current_user(&after.access_token).await.is_ok());
}

#[tokio::test]
async fn only_a_key_that_there_is_can_be_revoked_and_only_with_the_right_secret() {
    let service = Service::start().await;
    let unknown = crate::service::fresh_id();
    assert_eq!(keys(&service.database, &["revoke", &unknown]).await, (false, Vec::new()));
    let config = config(&service.database, &[]);
    let root = RootSecret::new(&"Zq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
    let vault = Vault::new(store(&config), &root, config.key_ripening);
    let now = platform::clock::Clock::system().now();
    assert!(vault.rotate(now).await.is_err());
    assert_eq!(service.keys().await.len(), 1);
    assert_eq!(keys(&service.database, &["list"]).await.1.len(), 1);
}
