use crate::service::{ADMIN, PASSWORD, Refused, Service, config, database, reason};
use futures::future::join;
use platform::admin::Readiness;
use platform::shutdown::Shutdown;
use proto::auth::Role;
use tokio::net::TcpListener;

/// Starts with settings that must be refused; the whole complaint.
async fn refused(more: &[&str], database: &local::database::Database) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(database, more);
    let serving = auth_svc::serve(config, listener, Readiness::default(), Shutdown::default()).await;
    format!("{:#}", serving.unwrap_err())
}

#[tokio::test]
async fn there_is_one_first_administrator_however_often_and_with_what_we_start() {
    let database = database().await;
    let others =
        ["--bootstrap-admin-email=second@example.com", "--bootstrap-admin-password=another good one, really"];
    let (first, at_once) =
        join(Service::replica(database.clone(), &[]), Service::replica(database.clone(), &[])).await;
    let later = Service::replica(database, &others).await;
    for replica in [&first, &at_once, &later] {
        let tokens = replica.logs_in(ADMIN, PASSWORD).await.unwrap();
        assert_eq!(replica.current_user(&tokens.access_token).await.unwrap().role(), Role::Admin);
    }
    let second = later.logs_in("second@example.com", "another good one, really").await.refused();
    assert_eq!(reason(&second), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_weak_first_password_is_refused_in_clear_words() {
    let database = database().await;
    let email = "--bootstrap-admin-email=root@example.com";
    let weak = refused(&[email, "--bootstrap-admin-password=admin"], &database).await;
    assert_eq!(weak, "BOOTSTRAP_ADMIN_PASSWORD is too weak: it must be 15 to 128 characters long");
    let missing = refused(&[email, "--bootstrap-admin-password="], &database).await;
    assert_eq!(missing, "BOOTSTRAP_ADMIN_EMAIL is set and BOOTSTRAP_ADMIN_PASSWORD is not");
}

#[tokio::test]
async fn replicas_share_keys_and_sessions() {
    let database = database().await;
    let (one, other) =
        join(Service::replica(database.clone(), &[]), Service::replica(database.clone(), &[])).await;
    let keys = one.keys().await;
    assert_eq!((keys.len(), &keys), (1, &other.keys().await));

    let tokens = one.logs_in(ADMIN, PASSWORD).await.unwrap();
    assert_eq!(other.current_user(&tokens.access_token).await.unwrap().email, ADMIN);
    let tokens = other.refreshes(&tokens.refresh_token).await.unwrap();
    one.logs_out(&tokens.refresh_token).await.unwrap();
    let ended = other.current_user(&tokens.access_token).await.refused();
    assert_eq!(reason(&ended), "SESSION_ENDED");

    let restarted = Service::replica(database, &[]).await;
    assert_eq!(restarted.keys().await, keys);
}

#[tokio::test]
async fn another_root_secret_is_refused_rather_than_signing_beside_the_others() {
    let service = Service::start().await;
    let keys = service.keys().await;
    let complaint = refused(&["--secret-key=Zq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"], &service.database).await;
    assert!(complaint.ends_with("was sealed with another SECRET_KEY"), "{complaint}");
    assert_eq!(service.keys().await, keys);
}
