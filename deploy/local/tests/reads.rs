//! What may be read from a replica: by a connection like the service's, to a server that is no replica but as good as one.
use local::service::Service;
use local::testing;
use platform::postgres::{self, Error, Reads};
use platform::{config, shutdown::Shutdown};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Reads by the statement `there`, and whatever is read from the primary by `here`: how often it was read, and what came
/// of it.
async fn read(reads: &Reads, there: &str, here: &str) -> (usize, Result<String, Error>) {
    let times = AtomicUsize::new(0);
    let found = reads.read(async |client| {
        let statement = if times.fetch_add(1, Relaxed) == 0 { there } else { here };
        let row: tokio_postgres::Row = client.query_one(statement, &[]).await?;
        Ok(row.get(0))
    });
    let found = found.await;
    (times.into_inner(), found)
}

const WHERE: &str = "SELECT current_setting('default_transaction_read_only')";
const ON_THE_REPLICA: &str = "on";

#[tokio::test]
async fn what_took_too_long_on_the_replica_is_not_asked_of_the_primary_and_what_failed_is() {
    let database = testing::database().await.unwrap();
    let (shutdown, url) = (Shutdown::default(), database.runtime_url(Service::Patient));
    let settings = config::Postgres {
        database_url: url.clone().into(),
        database_owner_url: None,
        database_ca_file: None,
        database_max_connections: 2,
        migrate: true,
    };
    let replica = config::Reads { database_read_url: Some(url.into()) };
    let primary = postgres::pool(&settings, "test").unwrap();
    let reads = Reads::new(&settings, &replica, "test", primary, &shutdown).unwrap();
    let near = async || {
        while read(&reads, WHERE, WHERE).await.1.unwrap() != ON_THE_REPLICA {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    near().await;

    let (times, found) = read(&reads, "SELECT pg_sleep(3)::text", WHERE).await;
    assert!(times == 1 && found.is_err_and(|error| error.is_overdue()));
    assert_eq!(read(&reads, WHERE, WHERE).await.1.unwrap(), ON_THE_REPLICA, "it is well");

    // As a replica ends connections, and statements that need what is to go.
    let conflict = "DO $$ BEGIN RAISE 'conflict with recovery' USING ERRCODE = '40001'; END $$";
    for failure in ["SELECT pg_terminate_backend(pg_backend_pid())::text", conflict] {
        let (times, found) = read(&reads, failure, WHERE).await;
        assert_eq!((times, found.unwrap().as_str()), (2, "off"), "{failure}");
        near().await;
    }
    shutdown.request();
}
