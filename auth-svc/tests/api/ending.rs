use crate::service::{PASSWORD, Refused, Service, by, config, database, someone};
use auth_svc::SERVICE;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::token::service_identity;
use proto::auth::{EndedSessions, Role, TokenPair, WatchEndedSessionsRequest};
use std::time::Duration;
use tonic::{Code, Streaming};

/// Longer than it takes to hear of anything.
const PATIENCE: Duration = Duration::from_secs(5);

fn session(tokens: &TokenPair) -> String {
    tokens.refresh_token.trim_start_matches("rt_").split('.').next().unwrap().to_owned()
}

async fn watches(service: &Service) -> Streaming<EndedSessions> {
    let root = RootSecret::new(&config(&service.database, &[]).process.secret_key).unwrap();
    let identity = service_identity(&root, "doctor-svc", Clock::system()).unwrap();
    let header = identity(SERVICE);
    let token = header.to_str().unwrap().trim_start_matches("Bearer ");
    let watching = service.client.clone().watch_ended_sessions(by(token, WatchEndedSessionsRequest {})).await;
    watching.unwrap().into_inner()
}

async fn hears(watching: &mut Streaming<EndedSessions>) -> Vec<String> {
    let told = tokio::time::timeout(PATIENCE, watching.message()).await;
    told.expect("something is told in time").unwrap().expect("there is more").session_ids
}

#[tokio::test]
async fn services_hear_of_every_session_that_ends() {
    let database = database().await;
    let service = Service::replica(database.clone(), &[]).await;
    let other = Service::replica(database, &[]).await;
    let user = service.registers("", someone()).await.unwrap();
    let [first, second, open] = [
        service.logs_in(&user.email, PASSWORD).await.unwrap(),
        service.logs_in(&user.email, PASSWORD).await.unwrap(),
        service.logs_in(&user.email, PASSWORD).await.unwrap(),
    ];
    service.logs_out(&first.refresh_token).await.unwrap();
    // What ended before is told at once, also by a replica that did not do it.
    let mut watching = watches(&other).await;
    assert_eq!(hears(&mut watching).await, [session(&first)]);
    service.logs_out(&second.refresh_token).await.unwrap();
    let mut told = hears(&mut watching).await;
    told.sort();
    let mut ended = [session(&first), session(&second)];
    ended.sort();
    assert_eq!(told, ended);
    assert!(!told.contains(&session(&open)));
}

#[tokio::test]
async fn what_ended_before_the_last_tokens_expired_is_forgotten() {
    let service = Service::start().await;
    let (_, tokens) = service.person(Role::Staff).await;
    service.logs_out(&tokens.refresh_token).await.unwrap();
    // Tokens live for a quarter of an hour, and four clocks may be wrong by five minutes each.
    for (minutes, is_told) in [(35, true), (37, false)] {
        let long_ago = format!(
            "UPDATE auth.sessions SET ended_at = now() - interval '{minutes} minutes' WHERE ended_at IS NOT NULL"
        );
        service.owner().await.execute(&long_ago, &[]).await.unwrap();
        let told = hears(&mut watches(&service).await).await;
        assert_eq!(told.contains(&session(&tokens)), is_told, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn only_services_hear_who_logs_out() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for (token, code) in [("", Code::Unauthenticated), (admin.as_str(), Code::PermissionDenied)] {
        let mut client = service.client.clone();
        let watching = client.watch_ended_sessions(by(token, WatchEndedSessionsRequest {})).await;
        assert_eq!(watching.refused().code(), code);
    }
}

#[tokio::test]
async fn one_account_has_fifty_sessions_at_once() {
    let service = Service::start().await;
    let (user, tokens) = service.person(Role::Staff).await;
    let more = "INSERT INTO auth.sessions (id, user_id, started_at, idles_at, expires_at)
                SELECT gen_random_uuid(), user_id, started_at - number * interval '1 minute', idles_at, expires_at
                  FROM auth.sessions, generate_series(1, 60) AS number
                 WHERE ended_at IS NULL AND user_id = $1::text::uuid";
    service.owner().await.execute(more, &[&user.id]).await.unwrap();
    let latest = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let open = "SELECT id::text FROM auth.sessions WHERE ended_at IS NULL AND user_id = $1::text::uuid";
    let open = service.owner().await.query(open, &[&user.id]).await.unwrap();
    let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
    assert_eq!(open.len(), 50);
    assert!(open.contains(&session(&latest)) && open.contains(&session(&tokens)), "the latest stay");
}
