use crate::service::{PASSWORD, Refused, Service, config, database, reason, someone};
use auth_svc::SERVICE;
use auth_svc::config::Config;
use auth_svc::domain::Mint;
use auth_svc::keyring::{Keyring, Vault};
use auth_svc::logins::Logins;
use auth_svc::mailing::Mailing;
use auth_svc::passwords::Passwords;
use auth_svc::second_factor::SecondFactor;
use auth_svc::sessions::Sessions;
use auth_svc::store::{SCHEMA, Store};
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::postgres::pool;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::Verifier;
use std::sync::Arc;

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn store(config: &Config) -> Store {
    Store::new(pool(&config.postgres, "test").unwrap(), Outbox::new(SCHEMA))
}

pub(crate) fn mailing(config: &Config) -> Mailing {
    let root = RootSecret::new(&config.process.secret_key).unwrap();
    Mailing::new(store(config), Mint::new(&root))
}

async fn keyring(config: &Config, now: Timestamp) -> Keyring {
    let root = RootSecret::new(&config.process.secret_key).unwrap();
    let verifier = Verifier::new(SERVICE, &root, None, Clock::stopped_at(now));
    let vault = Vault::new(store(config), &root, config.key_ripening);
    Keyring::open(vault, verifier, now).await.unwrap()
}

async fn sessions(config: &Config, now: Timestamp) -> Sessions {
    let keyring = Arc::new(keyring(config, now).await);
    Sessions::new(store(config), keyring, config.lifetimes.clone(), Vec::new())
}

pub(crate) async fn logins(config: &Config, now: Timestamp) -> Logins {
    let root = RootSecret::new(&config.process.secret_key).unwrap();
    let passwords = Arc::new(Passwords::new().unwrap());
    let second_factor = SecondFactor::new(store(config), passwords.clone(), &root, &config.totp_issuer);
    Logins::new(store(config), passwords, second_factor, sessions(config, now).await, mailing(config))
}

/// The ids of the keys that a process which starts at `now` publishes, and of the one it signs with.
async fn keys(config: &Config, now: Timestamp) -> (Vec<String>, String) {
    let keyring = keyring(config, now).await;
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
    let forget = |then| connection.delete_sessions_expired_before(then, 10);
    let now = Clock::system().now();
    assert_eq!(forget(now + DAY * 29).await.unwrap(), 0);
    let tokens = service.refreshes(&tokens.refresh_token).await.unwrap();
    assert_eq!(forget(now + DAY * 31).await.unwrap(), 1);
    let forgotten = service.refreshes(&tokens.refresh_token).await.refused();
    assert_eq!(reason(&forgotten), "REFRESH_TOKEN_INVALID");
}

/// Expired sessions with a token each, and a statement that takes more than a hundred fails, as one that takes
/// too long does.
const BACKLOG: &str = "
    INSERT INTO auth.sessions (id, user_id, started_at, idles_at, expires_at)
    SELECT gen_random_uuid(), users.id, over_at, over_at, over_at
      FROM auth.users, generate_series(1, 1001), (SELECT now() - interval '2 days') AS at (over_at);
    INSERT INTO auth.refresh_tokens (digest, session_id)
    SELECT sha256(id::text::bytea), id FROM auth.sessions WHERE expires_at < now();
    CREATE FUNCTION auth.limit_statement() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) > 100 FROM gone) THEN RAISE EXCEPTION 'too many at once'; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER limit_statement AFTER DELETE ON auth.sessions REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION auth.limit_statement();";

#[tokio::test]
async fn a_backlog_of_expired_sessions_is_forgotten_a_few_at_a_time() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    service.logs_in(&user.email, PASSWORD).await.unwrap();
    let owner = service.owner().await;
    owner.batch_execute(BACKLOG).await.unwrap();
    let now = Clock::system().now();
    let sessions = sessions(&config(&service.database, &[]), now).await;
    sessions.forget_expired(now, &Shutdown::default()).await.unwrap();
    let left = "SELECT (SELECT count(*) FROM auth.sessions), (SELECT count(*) FROM auth.refresh_tokens)";
    let left = owner.query_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (1, 1));
}
