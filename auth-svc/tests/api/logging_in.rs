use crate::service::{PASSWORD, Refused, Service, by, database, reason, someone};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proto::auth::{RegisterRequest, Role, User};
use serde_json::Value;
use std::collections::BTreeSet;
use tonic::Code;

/// Header and claims, verified with the published key.
async fn read(service: &Service, token: &str) -> (jsonwebtoken::Header, Value) {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let keys = service.keys().await;
    let (_, x) = keys.iter().find(|(id, _)| Some(id) == header.kid.as_ref()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["healthcare-api"]);
    let key = DecodingKey::from_ed_components(x).unwrap();
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
    (header, claims)
}

#[tokio::test]
async fn a_name_or_an_address_logs_in_whatever_its_case() {
    let service = Service::start().await;
    let asked = RegisterRequest { username: "Grace.Hopper".to_owned(), ..someone() };
    let user = service.registers("", asked).await.unwrap();
    for name in
        [user.email.as_str(), &user.email.to_uppercase(), "Grace.Hopper", "grace.hopper", " GRACE.HOPPER "]
    {
        let tokens = service.logs_in(name, PASSWORD).await.unwrap();
        assert!(service.current_user(&tokens.access_token).await.unwrap() == user);
    }
}

#[tokio::test]
async fn every_failure_looks_the_same() {
    let service = Service::start().await;
    let active = service.registers("", someone()).await.unwrap();
    let disabled = service.registers("", someone()).await.unwrap();
    let change = User { is_active: false, ..disabled.clone() };
    service.updates(&service.admin().await, change, &["is_active"]).await.unwrap();
    let mut answers = BTreeSet::new();
    for (name, password) in [
        (active.email.as_str(), "not the password of this account"),
        (active.email.as_str(), ""),
        (active.email.as_str(), &"x".repeat(100_000)),
        (disabled.email.as_str(), PASSWORD),
        (disabled.email.as_str(), "not the password of this account"),
        ("nobody@example.com", PASSWORD),
        ("nobody", "nobody has this password"),
        ("", PASSWORD),
        ("no\0body", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ] {
        let refused = service.logs_in(name, password).await.refused();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::Unauthenticated, "INVALID_CREDENTIALS")
        );
        answers.insert((refused.message().to_owned(), refused.details().to_vec()));
    }
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn an_access_token_says_who_asks_and_nothing_more() {
    let service = Service::start().await;
    for role in [Role::Patient, Role::Doctor, Role::Staff, Role::Auditor, Role::Admin] {
        let (user, tokens) = service.person(role).await;
        let (header, claims) = read(&service, &tokens.access_token).await;
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
        let mut expected =
            BTreeSet::from(["iss", "aud", "sub", "sid", "role", "amr", "iat", "nbf", "exp", "jti"]);
        match role {
            Role::Patient => expected.insert("pid"),
            Role::Doctor => expected.insert("did"),
            _ => false,
        };
        let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, expected);
        assert_eq!((&claims["iss"], &claims["aud"]), (&"healthcare-auth".into(), &"healthcare-api".into()));
        assert_eq!(claims["sub"], Value::from(user.id));
        assert_eq!(claims["amr"], Value::from(vec!["pwd"]));
        assert_eq!(
            claims["role"].as_str().unwrap(),
            role.as_str_name().trim_start_matches("ROLE_").to_lowercase()
        );
        assert_eq!(claims["pid"].as_str().unwrap_or_default(), user.patient_id);
        assert_eq!(claims["did"].as_str().unwrap_or_default(), user.doctor_id);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
        assert_eq!((tokens.expires_in, tokens.token_type.as_str()), (900, "Bearer"));
        let session = claims["sid"].as_str().unwrap();
        assert!(tokens.refresh_token.starts_with(&format!("rt_{session}.")));
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_its_session() {
    let database = database().await;
    let service = Service::replica(database, &["--staff-session-life=1m"]).await;
    let (_, tokens) = service.person(Role::Staff).await;
    assert!(tokens.expires_in <= 60, "{}", tokens.expires_in);
}

#[tokio::test]
async fn methods_that_are_not_open_ask_for_a_token() {
    let service = Service::start().await;
    let (_, tokens) = service.person(Role::Patient).await;
    for wrong in ["", "x", &tokens.refresh_token, &format!("{}x", tokens.access_token)] {
        assert_eq!(service.current_user(wrong).await.refused().code(), Code::Unauthenticated);
        let list = proto::auth::ListUsersRequest::default();
        let refused = service.client.clone().list_users(by(wrong, list)).await.refused();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}
