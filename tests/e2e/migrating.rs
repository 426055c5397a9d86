//! Who changes tables, and who waits until somebody has.
use crate::settings::{STRONG, program};
use local::database::Database;
use local::ports;
use local::service::Service;
use local::testing::database;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use tests::rest::PATIENCE;
use tests::statements::connected;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

/// A service that was started, with its private port and its log.
struct Started {
    child: Child,
    admin: u16,
    log: PathBuf,
}

impl Started {
    fn with(service: Service, database: &Database, settings: &[(&str, &str)]) -> Self {
        let log = std::env::temp_dir().join(format!("{service}-{}", uuid::Uuid::now_v7()));
        let admin = ports::free().unwrap();
        let mut program = on(service, database);
        program.env("ADMIN_LISTEN", ports::loopback(admin).to_string());
        program.envs(settings.iter().copied()).stdout(File::create(&log).unwrap());
        Self { child: program.spawn().unwrap(), admin, log }
    }

    async fn is_ready(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin);
        reqwest::get(url).await.is_ok_and(|answer| answer.status() == 200)
    }

    async fn becomes_ready(&self) {
        let began = Instant::now();
        while !self.is_ready().await {
            assert!(began.elapsed() < PATIENCE, "not ready: {}", self.logged());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// It has looked at the schema, says that it waits, and is not ready.
    async fn waits(&self) {
        let began = Instant::now();
        while !self.logged().contains("waiting until the schema is migrated") {
            assert!(began.elapsed() < PATIENCE, "it does not wait: {}", self.logged());
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_secs(1)).await;
        assert!(!self.is_ready().await && !self.logged().contains("\"serving\""), "{}", self.logged());
    }

    async fn ends(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("it goes on").unwrap()
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

/// A service on a database, as the role that may not change tables.
fn on(service: Service, database: &Database) -> Command {
    let mut program = program(service);
    program.envs([("SECRET_KEY", STRONG), ("DATABASE_URL", &database.runtime_url(service))]);
    program.env("LOG_FORMAT", "json");
    program
}

async fn migrate(service: Service, database: &Database) {
    let mut program = on(service, database);
    // It does what it is told, whatever the settings say that servers do.
    program.arg("migrate").env("MIGRATE", "false").env("DATABASE_OWNER_URL", database.owner_url(service));
    let ended = program.output().await.unwrap();
    assert!(ended.status.success(), "{service}: {}", String::from_utf8_lossy(&ended.stdout));
}

async fn owner(service: Service, database: &Database) -> Client {
    connected(&database.owner_url(service)).await
}

const NO_MIGRATION: &[(&str, &str)] = &[("MIGRATE", "false")];

#[tokio::test]
async fn a_service_that_must_not_migrate_waits_until_somebody_has() {
    let database = database().await.unwrap();
    for service in Service::GRPC {
        let mut started = Started::with(service, &database, NO_MIGRATION);
        started.waits().await;
        migrate(service, &database).await;
        started.becomes_ready().await;
        started.child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_service_that_waits_ends_when_it_is_asked_to() {
    let database = database().await.unwrap();
    let mut started = Started::with(Service::Doctor, &database, NO_MIGRATION);
    started.waits().await;
    let pid = started.child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(started.ends().await.success());
}

#[tokio::test]
async fn a_service_serves_on_a_schema_that_a_later_release_has_migrated() {
    let database = database().await.unwrap();
    migrate(Service::Doctor, &database).await;
    let sql = owner(Service::Doctor, &database).await;
    let later = "INSERT INTO doctor.schema_history (version, name, applied_on, checksum)
                 VALUES (999, 'of_tomorrow', '2027-01-01T00:00:00Z', '1')";
    sql.batch_execute(later).await.unwrap();
    Started::with(Service::Doctor, &database, NO_MIGRATION).becomes_ready().await;
    let owner = database.owner_url(Service::Doctor);
    Started::with(Service::Doctor, &database, &[("DATABASE_OWNER_URL", &owner)]).becomes_ready().await;
}

#[tokio::test]
async fn a_service_does_not_serve_on_a_schema_that_lacks_something() {
    let database = database().await.unwrap();
    migrate(Service::Doctor, &database).await;
    let sql = owner(Service::Doctor, &database).await;
    let take_away = "DELETE FROM doctor.schema_history WHERE version = 2 RETURNING *";
    sql.query_one(take_away, &[]).await.unwrap();
    Started::with(Service::Doctor, &database, NO_MIGRATION).waits().await;
    let owner = database.owner_url(Service::Doctor);
    let mut migrating = Started::with(Service::Doctor, &database, &[("DATABASE_OWNER_URL", &owner)]);
    assert_eq!(migrating.ends().await.code(), Some(1), "{}", migrating.logged());
    assert!(migrating.logged().contains("was left out"), "{}", migrating.logged());
}

#[tokio::test]
async fn a_service_does_not_serve_without_the_tables_that_every_service_has() {
    let database = database().await.unwrap();
    migrate(Service::Doctor, &database).await;
    let sql = owner(Service::Doctor, &database).await;
    sql.query_one("DELETE FROM doctor.platform_history RETURNING *", &[]).await.unwrap();
    let started = Started::with(Service::Doctor, &database, NO_MIGRATION);
    started.waits().await;
    migrate(Service::Doctor, &database).await;
    started.becomes_ready().await;
}

#[tokio::test]
async fn a_service_does_not_serve_on_a_schema_that_was_migrated_otherwise() {
    let database = database().await.unwrap();
    migrate(Service::Doctor, &database).await;
    let sql = owner(Service::Doctor, &database).await;
    let another = "UPDATE doctor.schema_history SET checksum = '1' WHERE version = 2 RETURNING *";
    sql.query_one(another, &[]).await.unwrap();
    let mut started = Started::with(Service::Doctor, &database, NO_MIGRATION);
    assert_eq!(started.ends().await.code(), Some(1), "{}", started.logged());
}
