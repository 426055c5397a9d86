//! The servers: that they can be taken away and come back, and that nobody gets in who should not.
use local::database::Database;
use local::service::Service;
use local::testing;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

/// Runs one statement as whoever `url` says.
async fn run(url: &str, sql: &str) -> Result<(), String> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|error| error.to_string())?;
    let done = async { client.batch_execute(sql).await };
    tokio::select! {
        done = done => done.map_err(|error| error.as_db_error().map_or(error.to_string(), ToString::to_string)),
        _ = connection => Err("the connection was closed".to_owned()),
    }
}

#[tokio::test]
async fn an_owner_migrates_and_a_runtime_role_only_reads_and_writes_rows() {
    let database = testing::database().await.unwrap();
    let (owner, runtime) = (database.owner_url(Service::Patient), database.runtime_url(Service::Patient));
    run(&owner, "CREATE TABLE patient.t (id int)").await.unwrap();
    run(&runtime, "INSERT INTO patient.t VALUES (1); DELETE FROM patient.t").await.unwrap();
    for forbidden in ["CREATE TABLE patient.u (id int)", "DROP TABLE patient.t", "TRUNCATE patient.t"] {
        assert!(run(&runtime, forbidden).await.is_err(), "{forbidden}");
    }
    let stranger = database.runtime_url(Service::Doctor);
    assert!(run(&stranger, "SELECT FROM patient.t").await.unwrap_err().contains("permission denied"));
    assert!(run(&database.owner_url(Service::Doctor), "SELECT FROM patient.t").await.is_err());
}

#[tokio::test]
async fn a_password_is_needed() {
    let database = testing::database().await.unwrap();
    let password = &testing::stores().secrets.roles["auth_rw"];
    let guessed = database.runtime_url(Service::Auth).replace(password, "guessed");
    assert!(run(&guessed, "SELECT").await.is_err());
    assert!(run(&database.runtime_url(Service::Auth), "SELECT").await.is_ok());
}

#[tokio::test]
async fn making_roles_and_schemas_twice_changes_nothing() {
    let database = testing::database().await.unwrap();
    let owner = database.owner_url(Service::Auth);
    run(&owner, "CREATE TABLE auth.t (id int)").await.unwrap();
    let stores = testing::stores();
    Database::named(&stores.postgres, database.name(), stores.secrets.roles.clone()).await.unwrap();
    run(&owner, "SELECT FROM auth.t").await.unwrap();
}

#[tokio::test]
async fn databases_are_made_side_by_side_and_deleted_when_dropped() {
    let made = futures::future::join_all((0..4).map(|_| testing::database())).await;
    let urls: Vec<String> = made.iter().map(|database| database.as_ref().unwrap().admin_url()).collect();
    for url in &urls {
        run(url, "SELECT").await.unwrap();
    }
    drop(made);
    for url in &urls {
        assert!(run(url, "SELECT").await.is_err());
    }
}

#[tokio::test]
async fn one_who_is_just_logging_in_does_not_hold_up_who_is_done_with_a_database() {
    let database = testing::database().await.unwrap();
    let url = database.admin_url();
    let address = url.split(['@', '/']).nth(3).unwrap();
    let mut visitor = TcpStream::connect(address).await.unwrap();
    let greeting = b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0";
    visitor.write_all(greeting).await.unwrap();
    assert_eq!(visitor.read_u8().await.unwrap(), b'R', "asks for a password");
    let begun = Instant::now();
    drop(database);
    // The server would wait for the password for a minute.
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn every_server_comes_back_in_its_place_with_what_it_stored() {
    let (stores, told) = testing::own_stores().await.unwrap();
    let database = Database::fresh(&told.postgres, told.secrets.roles.clone()).await.unwrap();
    let owner = database.owner_url(Service::Auth);
    run(&owner, "CREATE TABLE auth.t (id int)").await.unwrap();

    stores.postgres.kill().await;
    assert!(run(&owner, "SELECT FROM auth.t").await.is_err());
    stores.postgres.start_again().await.unwrap();
    run(&owner, "SELECT FROM auth.t").await.unwrap();

    told.rabbitmq.add_vhost("kept").await.unwrap();
    stores.rabbitmq.kill().await;
    stores.rabbitmq.start_again().await.unwrap();
    told.rabbitmq.add_vhost("kept").await.unwrap();

    stores.redis.stop().await;
    assert_eq!(stores.redis.pid(), None);
    stores.redis.start().await.unwrap();
    stores.stop().await;
    assert_eq!((stores.postgres.pid(), stores.redis.pid(), stores.rabbitmq.pid()), (None, None, None));
}
