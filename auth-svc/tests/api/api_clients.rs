use crate::service::{Refused, Service, by, fields, fresh_id, reason};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::clock::Clock;
use proto::auth as pb;
use serde_json::{Value, json};
use tonic::{Code, Status};

const SCOPES: [&str; 2] = ["appointments.read", "patients.read"];
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn named(name: &str, public_key: &str) -> pb::CreateApiClientRequest {
    let scopes = SCOPES.map(str::to_owned).to_vec();
    pb::CreateApiClientRequest { name: name.to_owned(), scopes, public_key: public_key.to_owned() }
}

async fn created(service: &Service, public_key: &str) -> (pb::ApiClient, String) {
    let request = by(&service.admin().await, named("Laboratory", public_key));
    let new = service.api_clients.clone().create_api_client(request).await.unwrap().into_inner();
    (new.client.unwrap(), new.secret)
}

async fn rotated(service: &Service, id: &str) -> Result<String, Status> {
    let request = by(&service.admin().await, pb::RotateApiClientSecretRequest { id: id.to_owned() });
    Ok(service.api_clients.clone().rotate_api_client_secret(request).await?.into_inner().secret)
}

fn by_secret(id: &str, secret: &str) -> pb::IssueTokenRequest {
    pb::IssueTokenRequest {
        grant_type: "client_credentials".to_owned(),
        client_id: id.to_owned(),
        client_secret: secret.to_owned(),
        ..Default::default()
    }
}

fn by_assertion(assertion: &str) -> pb::IssueTokenRequest {
    pb::IssueTokenRequest {
        grant_type: "client_credentials".to_owned(),
        client_assertion_type: ASSERTION.to_owned(),
        client_assertion: assertion.to_owned(),
        ..Default::default()
    }
}

async fn asks(service: &Service, request: pb::IssueTokenRequest) -> Result<pb::IssueTokenResponse, Status> {
    Ok(service.api_clients.clone().issue_token(request).await?.into_inner())
}

async fn refusal(service: &Service, request: pb::IssueTokenRequest) -> (Code, String) {
    let refused = asks(service, request).await.refused();
    (refused.code(), reason(&refused))
}

fn invalid_client() -> (Code, String) {
    (Code::Unauthenticated, "INVALID_CLIENT".to_owned())
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn jwk() -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(key().public_key());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string()
}

/// What a program signs, with `changes`.
fn assertion(id: &str, changes: &Value) -> String {
    let now = Clock::system().now().as_second();
    let mut claims = json!({
        "iss": id, "sub": id, "aud": "healthcare-auth", "jti": fresh_id(), "iat": now, "exp": now + 60,
    });
    claims.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap());
    let private = EncodingKey::from_ed_der(key().to_pkcs8().unwrap().as_ref());
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &private).unwrap()
}

#[tokio::test]
async fn a_program_gets_tokens_for_what_it_was_given_or_less() {
    let service = Service::start().await;
    let (client, secret) = created(&service, "").await;
    let all = asks(&service, by_secret(&client.id, &secret)).await.unwrap();
    assert_eq!(
        (all.scope.as_str(), all.expires_in, all.token_type.as_str()),
        ("appointments.read patients.read", 900, "Bearer")
    );
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&all.access_token).unwrap().claims;
    assert_eq!((&claims["sub"], &claims["role"]), (&json!(client.id), &json!("staff")));
    assert_eq!((&claims["scope"], &claims["client_id"]), (&json!(all.scope), &json!(client.id)));
    let less = pb::IssueTokenRequest { scope: "patients.read".to_owned(), ..by_secret(&client.id, &secret) };
    assert_eq!(asks(&service, less).await.unwrap().scope, "patients.read");
    let more = pb::IssueTokenRequest { scope: "patients.write".to_owned(), ..by_secret(&client.id, &secret) };
    assert_eq!(refusal(&service, more).await, (Code::InvalidArgument, "INVALID_SCOPE".to_owned()));
    // It has no account.
    let refused = service.current_user(&all.access_token).await.refused();
    assert_eq!(reason(&refused), "INSUFFICIENT_SCOPE");

    for wrong in [by_secret(&client.id, "cs_x"), by_secret(&fresh_id(), &secret), by_secret("x", &secret)] {
        assert_eq!(refusal(&service, wrong).await, invalid_client());
    }
    let password =
        pb::IssueTokenRequest { grant_type: "password".to_owned(), ..by_secret(&client.id, &secret) };
    assert_eq!(refusal(&service, password).await.1, "UNSUPPORTED_GRANT_TYPE");
    let both = pb::IssueTokenRequest { client_secret: secret.clone(), ..by_assertion("x") };
    assert_eq!(refusal(&service, both).await.1, "INVALID_REQUEST");
    assert_eq!(refusal(&service, pb::IssueTokenRequest::default()).await.1, "INVALID_REQUEST");
}

#[tokio::test]
async fn the_secret_before_goes_on_for_a_day_and_those_before_that_do_not() {
    let service = Service::start().await;
    let (client, first) = created(&service, "").await;
    let second = rotated(&service, &client.id).await.unwrap();
    for secret in [&first, &second] {
        assert!(asks(&service, by_secret(&client.id, secret)).await.is_ok());
    }
    let outdate = "UPDATE auth.api_client_secrets SET expires_at = expires_at - interval '24 hours'";
    service.owner().await.execute(outdate, &[]).await.unwrap();
    assert_eq!(refusal(&service, by_secret(&client.id, &first)).await, invalid_client());
    let third = rotated(&service, &client.id).await.unwrap();
    for secret in [&second, &third] {
        assert!(asks(&service, by_secret(&client.id, secret)).await.is_ok());
    }
    let missing = rotated(&service, &fresh_id()).await.refused();
    assert_eq!((missing.code(), reason(&missing).as_str()), (Code::NotFound, "API_CLIENT_NOT_FOUND"));
    let stored = "SELECT digest FROM auth.api_client_secrets";
    for row in service.owner().await.query(stored, &[]).await.unwrap() {
        assert_ne!(row.get::<_, Vec<u8>>(0), third.as_bytes());
    }
}

#[tokio::test]
async fn an_assertion_works_once_for_us_and_for_minutes_only() {
    let service = Service::start().await;
    let (client, secret) = created(&service, &jwk()).await;
    assert!(client.has_key && secret.is_empty());
    let good = assertion(&client.id, &json!({}));
    assert!(asks(&service, by_assertion(&good)).await.is_ok());
    assert_eq!(refusal(&service, by_assertion(&good)).await, invalid_client());
    let now = Clock::system().now().as_second();
    for wrong in [
        json!({ "aud": "somebody-else" }),
        json!({ "exp": now - 120, "iat": now - 180 }),
        json!({ "exp": now + 3600 }),
        json!({ "iat": now + 3600, "exp": now + 3660 }),
        json!({ "nbf": now + 3600 }),
        json!({ "iss": fresh_id() }),
        json!({ "sub": fresh_id() }),
        json!({ "jti": "" }),
        json!({ "jti": "x".repeat(200) }),
    ] {
        let refused = refusal(&service, by_assertion(&assertion(&client.id, &wrong))).await;
        assert_eq!(refused, invalid_client(), "{wrong}");
    }
    let (head, _) = good.rsplit_once('.').unwrap();
    for forged in [format!("{head}."), format!("{head}.AAAA"), "x".to_owned()] {
        assert_eq!(refusal(&service, by_assertion(&forged)).await, invalid_client());
    }
    // A key is no secret.
    assert_eq!(refusal(&service, by_secret(&client.id, "cs_x")).await, invalid_client());
    let none = rotated(&service, &client.id).await.refused();
    assert_eq!((none.code(), reason(&none).as_str()), (Code::FailedPrecondition, "NO_SECRET"));
}

#[tokio::test]
async fn of_many_who_use_one_assertion_at_once_one_gets_a_token() {
    let service = Service::start().await;
    let (client, _) = created(&service, &jwk()).await;
    let one = assertion(&client.id, &json!({}));
    let uses = (0..8).map(|_| asks(&service, by_assertion(&one)));
    assert_eq!(futures::future::join_all(uses).await.into_iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_program_that_is_disabled_is_shut_out() {
    let service = Service::start().await;
    let (client, secret) = created(&service, "").await;
    let admin = service.admin().await;
    for _ in 0..2 {
        let request = by(&admin, pb::DisableApiClientRequest { id: client.id.clone() });
        let disabled = service.api_clients.clone().disable_api_client(request).await.unwrap().into_inner();
        assert!(disabled.disable_time.is_some());
    }
    assert_eq!(refusal(&service, by_secret(&client.id, &secret)).await, invalid_client());
    let listed = service.api_clients.clone().list_api_clients(by(&admin, pb::ListApiClientsRequest {})).await;
    assert_eq!(listed.unwrap().into_inner().clients.len(), 1);
}

#[tokio::test]
async fn only_administrators_make_programs_and_give_them_little() {
    let service = Service::start().await;
    let (_, staff) = service.person(pb::Role::Staff).await;
    let refused =
        service.api_clients.clone().create_api_client(by(&staff.access_token, named("x", ""))).await;
    assert_eq!(refused.map(drop).refused().code(), Code::PermissionDenied);
    let admin = service.admin().await;
    let private = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA" }).to_string();
    let greedy = vec!["users.write".to_owned()];
    let wrong = pb::CreateApiClientRequest { scopes: greedy, ..named("", &private) };
    let wrong = service.api_clients.clone().create_api_client(by(&admin, wrong)).await.map(drop).refused();
    assert_eq!(fields(&wrong), ["name", "public_key", "scopes"]);
}
