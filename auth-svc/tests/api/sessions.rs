use crate::service::{PASSWORD, Refused, Service, by, fields, fresh_id, reason, someone};
use proto::auth::{self as pb, Role, Session, TokenPair, User};
use tonic::{Code, Status};

async fn listed(service: &Service, token: &str) -> Vec<Session> {
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListSessionsRequest { page_size: 2, page_token };
        let page = service.client.clone().list_sessions(by(token, request)).await.unwrap().into_inner();
        listed.extend(page.sessions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return listed;
        }
    }
}

async fn revokes(service: &Service, token: &str, id: &str) -> Result<(), Status> {
    let request = pb::RevokeSessionRequest { id: id.to_owned() };
    service.client.clone().revoke_session(by(token, request)).await.map(drop)
}

async fn logs_in_with(service: &Service, user: &User, user_agent: &str) -> TokenPair {
    let request = pb::LoginRequest {
        totp: String::new(),
        username: user.email.clone(),
        password: PASSWORD.to_owned(),
        user_agent: user_agent.to_owned(),
    };
    service.client.clone().login(request).await.unwrap().into_inner()
}

/// Why `token` does not do any more.
async fn refusal(service: &Service, tokens: &TokenPair) -> String {
    assert!(service.refreshes(&tokens.refresh_token).await.is_err());
    reason(&service.current_user(&tokens.access_token).await.refused())
}

#[tokio::test]
async fn everyone_sees_their_own_open_sessions_newest_first() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let (_, stranger) = service.person(Role::Patient).await;
    let phone = logs_in_with(&service, &user, "Phone/1.0 (\0 11)").await;
    let ended = logs_in_with(&service, &user, "").await;
    let laptop = logs_in_with(&service, &user, "").await;
    service.logs_out(&ended.refresh_token).await.unwrap();
    let phone = service.refreshes(&phone.refresh_token).await.unwrap();

    let seen = listed(&service, &phone.access_token).await;
    assert_eq!(seen.iter().map(|seen| seen.is_current).collect::<Vec<_>>(), [false, true]);
    let [on_laptop, on_phone] = &seen[..] else { panic!("two are open") };
    assert_eq!((on_laptop.user_agent.as_str(), on_phone.user_agent.as_str()), ("", "Phone/1.0 ( 11)"));
    assert_eq!(on_laptop.start_time, on_laptop.last_use_time);
    let seconds = |time: &Option<prost_types::Timestamp>| {
        let time = time.as_ref().unwrap();
        (time.seconds, time.nanos)
    };
    assert!(seconds(&on_phone.start_time) < seconds(&on_phone.last_use_time));
    assert!(seconds(&on_phone.idle_time) < seconds(&on_phone.expire_time));
    assert!(laptop.refresh_token.starts_with(&format!("rt_{}.", on_laptop.id)));
    assert_eq!(listed(&service, &stranger.access_token).await.len(), 1);
}

#[tokio::test]
async fn what_has_run_out_is_not_listed_and_what_the_release_before_began_is() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let tokens = logs_in_with(&service, &user, "").await;
    logs_in_with(&service, &user, "").await;
    let id = listed(&service, &tokens.access_token).await[0].id.parse::<uuid::Uuid>().unwrap();
    let owner = service.owner().await;
    owner.execute("UPDATE auth.sessions SET used_at = NULL WHERE id <> $1", &[&id]).await.unwrap();
    owner.execute("UPDATE auth.sessions SET idles_at = now() WHERE id = $1", &[&id]).await.unwrap();
    let seen = listed(&service, &tokens.access_token).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].last_use_time, seen[0].start_time);
}

#[tokio::test]
async fn one_ends_a_session_of_ones_own_and_no_other() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let (lost, kept) = (logs_in_with(&service, &user, "").await, logs_in_with(&service, &user, "").await);
    let (_, stranger) = service.person(Role::Patient).await;
    let id = listed(&service, &lost.access_token).await[1].id.clone();
    for id in [id.clone(), fresh_id()] {
        let hidden = revokes(&service, &stranger.access_token, &id).await.refused();
        assert_eq!((hidden.code(), reason(&hidden).as_str()), (Code::NotFound, "SESSION_NOT_FOUND"));
    }
    assert!(service.current_user(&lost.access_token).await.is_ok());

    revokes(&service, &kept.access_token, &id).await.unwrap();
    assert_eq!(refusal(&service, &lost).await, "SESSION_ENDED");
    revokes(&service, &kept.access_token, &id).await.unwrap();
    assert_eq!(listed(&service, &kept.access_token).await.len(), 1);
    assert_eq!(fields(&revokes(&service, &kept.access_token, "1").await.refused()), ["id"]);
}

#[tokio::test]
async fn logging_out_everywhere_ends_the_session_that_asks_too() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let sessions = [logs_in_with(&service, &user, "").await, logs_in_with(&service, &user, "").await];
    let (_, stranger) = service.person(Role::Patient).await;
    let everywhere = || by(&sessions[0].access_token, pb::RevokeAllSessionsRequest {});
    service.client.clone().revoke_all_sessions(everywhere()).await.unwrap();
    for session in &sessions {
        assert_eq!(refusal(&service, session).await, "SESSION_ENDED");
    }
    let again = service.client.clone().revoke_all_sessions(everywhere()).await.refused();
    assert_eq!(reason(&again), "SESSION_ENDED");
    assert!(service.current_user(&stranger.access_token).await.is_ok());
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn administrators_end_the_sessions_of_an_account() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (user, tokens) = service.person(Role::Doctor).await;
    let (_, staff) = service.person(Role::Staff).await;
    let revokes = async |token: &str, user_id: &str| {
        let request = pb::RevokeUserSessionsRequest { user_id: user_id.to_owned() };
        service.client.clone().revoke_user_sessions(by(token, request)).await.map(drop)
    };
    let forbidden = revokes(&staff.access_token, &user.id).await.refused();
    assert_eq!(forbidden.code(), Code::PermissionDenied);
    assert!(service.current_user(&tokens.access_token).await.is_ok());
    assert_eq!(reason(&revokes(&admin, &fresh_id()).await.refused()), "USER_NOT_FOUND");
    assert_eq!(fields(&revokes(&admin, "").await.refused()), ["user_id"]);

    revokes(&admin, &user.id).await.unwrap();
    assert_eq!(refusal(&service, &tokens).await, "SESSION_ENDED");
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());
}
