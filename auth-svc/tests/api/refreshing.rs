use crate::service::{PASSWORD, Refused, Service, database, fields, reason, someone};
use futures::future::join_all;
use proto::auth::TokenPair;
use tonic::Code;

async fn logged_in(service: &Service) -> TokenPair {
    let user = service.registers("", someone()).await.unwrap();
    service.logs_in(&user.email, PASSWORD).await.unwrap()
}

/// Why `token` gives no new pair.
async fn refusal(service: &Service, token: &str) -> String {
    let refused = service.refreshes(token).await.refused();
    assert_eq!(refused.code(), Code::Unauthenticated);
    reason(&refused)
}

#[tokio::test]
async fn each_refresh_token_gives_the_next() {
    let service = Service::start().await;
    let first = logged_in(&service).await;
    let second = service.refreshes(&first.refresh_token).await.unwrap();
    let third = service.refreshes(&second.refresh_token).await.unwrap();
    assert_eq!((third.expires_in, third.token_type.as_str()), (900, "Bearer"));
    assert!(service.current_user(&third.access_token).await.is_ok());
}

#[tokio::test]
async fn using_a_token_twice_ends_its_session_and_no_other() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let other = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let stolen = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let next = service.refreshes(&stolen.refresh_token).await.unwrap();
    assert_eq!(refusal(&service, &stolen.refresh_token).await, "REFRESH_TOKEN_REUSED");
    assert_eq!(refusal(&service, &next.refresh_token).await, "REFRESH_TOKEN_INVALID");
    let ended = service.current_user(&next.access_token).await.refused();
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Unauthenticated, "SESSION_ENDED"));
    assert!(service.refreshes(&other.refresh_token).await.is_ok());
}

#[tokio::test]
async fn of_twenty_uses_of_one_token_one_succeeds() {
    let service = Service::start().await;
    let tokens = logged_in(&service).await;
    let uses = (0..20).map(|_| service.refreshes(&tokens.refresh_token));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(uses).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 19));
    assert!(lost.into_iter().all(|lost| reason(&lost.refused()) == "REFRESH_TOKEN_REUSED"));
    let winner = won.into_iter().next().unwrap().unwrap();
    assert_eq!(refusal(&service, &winner.refresh_token).await, "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_wrong_secret_does_not_end_the_session() {
    let service = Service::start().await;
    let tokens = logged_in(&service).await;
    let (id, _) = tokens.refresh_token.split_once('.').unwrap();
    let other = logged_in(&service).await;
    let (_, other_secret) = other.refresh_token.split_once('.').unwrap();
    for guess in [format!("{id}.{other_secret}"), format!("{id}.x"), id.to_owned(), String::new()] {
        assert_eq!(refusal(&service, &guess).await, "REFRESH_TOKEN_INVALID");
    }
    service.logs_out(&format!("{id}.{other_secret}")).await.unwrap();
    assert!(service.refreshes(&tokens.refresh_token).await.is_ok());
}

#[tokio::test]
async fn logging_out_ends_the_session_and_may_be_repeated() {
    let service = Service::start().await;
    let tokens = logged_in(&service).await;
    for _ in 0..2 {
        service.logs_out(&tokens.refresh_token).await.unwrap();
    }
    assert_eq!(refusal(&service, &tokens.refresh_token).await, "REFRESH_TOKEN_INVALID");
    let ended = service.current_user(&tokens.access_token).await.refused();
    assert_eq!(reason(&ended), "SESSION_ENDED");
    assert_eq!(fields(&service.logs_out("x").await.refused()), ["refresh_token"]);
}

#[tokio::test]
async fn a_spent_token_logs_out_too() {
    let service = Service::start().await;
    let first = logged_in(&service).await;
    let second = service.refreshes(&first.refresh_token).await.unwrap();
    service.logs_out(&first.refresh_token).await.unwrap();
    assert_eq!(refusal(&service, &second.refresh_token).await, "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_session_that_has_idled_too_long_is_over() {
    let database = database().await;
    let service = Service::replica(database, &["--patient-session-idle=1us"]).await;
    let tokens = logged_in(&service).await;
    assert_eq!(refusal(&service, &tokens.refresh_token).await, "REFRESH_TOKEN_INVALID");
}
