use crate::service::{PASSWORD, Refused, Service, by, fields, reason, someone};
use proto::auth::{ChangePasswordRequest, RegisterRequest};
use tonic::{Code, Status};

const NEW: &str = "a horse that staples batteries";

async fn changes(service: &Service, token: &str, current: &str, new: &str) -> Result<(), Status> {
    let request =
        ChangePasswordRequest { current_password: current.to_owned(), new_password: new.to_owned() };
    service.client.clone().change_password(by(token, request)).await.map(drop)
}

#[tokio::test]
async fn another_password_ends_every_session_but_the_one_that_asks() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let elsewhere = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let here = service.logs_in(&user.email, PASSWORD).await.unwrap();
    changes(&service, &here.access_token, PASSWORD, NEW).await.unwrap();

    let ended = service.current_user(&elsewhere.access_token).await.refused();
    assert_eq!(reason(&ended), "SESSION_ENDED");
    assert!(service.refreshes(&elsewhere.refresh_token).await.is_err());
    assert!(service.refreshes(&here.refresh_token).await.is_ok());
    assert_eq!(reason(&service.logs_in(&user.email, PASSWORD).await.refused()), "INVALID_CREDENTIALS");
    assert!(service.logs_in(&user.email, NEW).await.is_ok());
    let late = changes(&service, &elsewhere.access_token, NEW, PASSWORD).await.refused();
    assert_eq!(reason(&late), "SESSION_ENDED");
}

#[tokio::test]
async fn whoever_does_not_know_the_password_does_not_change_it() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let (other, here) = (
        service.logs_in(&user.email, PASSWORD).await.unwrap(),
        service.logs_in(&user.email, PASSWORD).await.unwrap(),
    );
    for wrong in ["", "Correct horse battery staple", &"x".repeat(10_000)] {
        let refused = changes(&service, &here.access_token, wrong, NEW).await.refused();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "WRONG_PASSWORD"));
    }
    assert!(service.refreshes(&other.refresh_token).await.is_ok());
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_weak_password_changes_nothing() {
    let service = Service::start().await;
    let account = RegisterRequest { username: "grace.hopper".to_owned(), ..someone() };
    let user = service.registers("", account).await.unwrap();
    let here = service.logs_in(&user.email, PASSWORD).await.unwrap();
    for weak in ["short", "Grace.Hopper was here", "passwordpassword", PASSWORD] {
        let refused = changes(&service, &here.access_token, PASSWORD, weak).await.refused();
        assert_eq!(
            (refused.code(), fields(&refused)),
            (Code::InvalidArgument, vec!["new_password".to_owned()])
        );
    }
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_log_in_that_a_change_overtakes_gives_no_session() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let mut owner = service.owner().await;
    // The row is locked while the password is verified; the log-in then waits for it.
    let changing = owner.transaction().await.unwrap();
    let id: uuid::Uuid = user.id.parse().unwrap();
    let set = "UPDATE auth.users SET password_hash = password_hash || 'x' WHERE id = $1";
    changing.execute(set, &[&id]).await.unwrap();
    let logging_in = service.logs_in(&user.email, PASSWORD);
    let committing = async {
        let waiting = "SELECT count(*) FROM pg_locks
                        WHERE transactionid = pg_current_xact_id()::xid AND NOT granted";
        while changing.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        changing.commit().await.unwrap();
    };
    let (answer, ()) = futures::future::join(logging_in, committing).await;
    assert_eq!(reason(&answer.refused()), "INVALID_CREDENTIALS");
}
