use crate::service::{PASSWORD, Refused, Service, by, by_service, fields, fresh_id, reason};
use platform::clock::Clock;
use proto::auth as pb;
use proto::time::to_wire;
use serde_json::Value;
use tonic::{Code, Status};

pub(crate) async fn grants(
    service: &Service,
    token: &str,
    request: pb::GrantProxyRequest,
) -> Result<pb::Proxy, Status> {
    Ok(service.proxies.clone().grant_proxy(by(token, request)).await?.into_inner())
}

pub(crate) async fn acts(service: &Service, token: &str, patient_id: &str) -> Result<pb::TokenPair, Status> {
    let request = pb::ActForRequest { patient_id: patient_id.to_owned(), ..Default::default() };
    Ok(service.proxies.clone().act_for(by(token, request)).await?.into_inner())
}

async fn withdraws(service: &Service, token: &str, proxy: &pb::Proxy) -> Result<(), Status> {
    let request = pb::RevokeProxyRequest { patient_id: proxy.patient_id.clone(), id: proxy.id.clone() };
    service.proxies.clone().revoke_proxy(by(token, request)).await.map(drop)
}

async fn lists(service: &Service, token: &str, patient_id: &str) -> Result<Vec<pb::Proxy>, Status> {
    let request = pb::ListProxiesRequest { patient_id: patient_id.to_owned() };
    Ok(service.proxies.clone().list_proxies(by(token, request)).await?.into_inner().proxies)
}

pub(crate) async fn acting_for(service: &Service, token: &str) -> Vec<pb::Proxy> {
    let request = by(token, pb::ListActingForRequest {});
    service.proxies.clone().list_acting_for(request).await.unwrap().into_inner().proxies
}

/// As patient-svc asks before it merges the record of `patient` into another.
async fn is_acted_for(service: &Service, patient: &str) -> bool {
    let request =
        by_service("patient-svc", pb::RuleOutPatientAccountRequest { patient_id: patient.to_owned() });
    service.client.clone().rule_out_patient_account(request).await.unwrap().into_inner().has_account
}

pub(crate) fn guardian(of: &str, who: &pb::User) -> pb::GrantProxyRequest {
    pb::GrantProxyRequest {
        patient_id: of.to_owned(),
        email: who.email.to_uppercase(),
        relation: pb::Relation::Guardian.into(),
        ..Default::default()
    }
}

fn claims(tokens: &pb::TokenPair) -> Value {
    jsonwebtoken::dangerous::insecure_decode::<Value>(&tokens.access_token).unwrap().claims
}

#[tokio::test]
async fn a_guardian_acts_for_a_patient_in_a_session_of_its_own() {
    let service = Service::start().await;
    let (_, staff) = service.person(pb::Role::Staff).await;
    let (parent, tokens) = service.person(pb::Role::Patient).await;
    let child = fresh_id();
    let none = acts(&service, &tokens.access_token, &child).await.refused();
    assert_eq!((none.code(), reason(&none).as_str()), (Code::NotFound, "PROXY_NOT_FOUND"));
    let granted = grants(&service, &staff.access_token, guardian(&child, &parent)).await.unwrap();
    assert_eq!((&granted.email, granted.relation()), (&parent.email, pb::Relation::Guardian));
    assert!(acting_for(&service, &tokens.access_token).await == [granted.clone()]);

    let acting = acts(&service, &tokens.access_token, &child).await.unwrap();
    let said = claims(&acting);
    assert_eq!((&said["sub"], &said["role"]), (&Value::from(parent.id.clone()), &Value::from("patient")));
    assert_eq!((&said["pid"], &said["act"]["sub"]), (&Value::from(child.clone()), &said["sub"]));
    let scope: Vec<&str> = said["scope"].as_str().unwrap().split(' ').collect();
    assert!(scope.contains(&"appointments.write") && !scope.contains(&"records.read"), "{scope:?}");
    let own = claims(&tokens);
    assert_eq!((own.get("act"), &own["pid"]), (None, &Value::from(parent.patient_id.clone())));
    assert!(service.current_user(&acting.access_token).await.unwrap() == parent);
    assert!(service.current_user(&tokens.access_token).await.is_ok());

    let sessions = by(&tokens.access_token, pb::ListSessionsRequest::default());
    let sessions = service.client.clone().list_sessions(sessions).await.unwrap().into_inner().sessions;
    let listed: Vec<&str> = sessions.iter().map(|session| session.acting_for.as_str()).collect();
    assert_eq!(listed, [child.as_str(), ""]);
    let renewed = claims(&service.refreshes(&acting.refresh_token).await.unwrap());
    assert_eq!(
        (&renewed["pid"], &renewed["act"], &renewed["scope"]),
        (&said["pid"], &said["act"], &said["scope"])
    );
}

#[tokio::test]
async fn whoever_acts_has_no_say_over_accounts_and_acts_for_nobody_else() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (parent, tokens) = service.person(pb::Role::Patient).await;
    let (one, other) = (fresh_id(), fresh_id());
    let request = pb::GrantProxyRequest { may_read_records: true, ..guardian(&one, &parent) };
    let granted = grants(&service, &admin, request).await.unwrap();
    grants(&service, &admin, guardian(&other, &parent)).await.unwrap();
    let acting = acts(&service, &tokens.access_token, &one).await.unwrap();
    assert!(claims(&acting)["scope"].as_str().unwrap().split(' ').any(|scope| scope == "records.read"));
    let token = &acting.access_token;

    let change = pb::ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "staples for battery horses".to_owned(),
    };
    let enrol = pb::EnrolTotpRequest { current_password: PASSWORD.to_owned() };
    let refusals = [
        acts(&service, token, &other).await.refused(),
        withdraws(&service, token, &granted).await.refused(),
        lists(&service, token, &one).await.map(drop).refused(),
        service.client.clone().change_password(by(token, change)).await.map(drop).refused(),
        service.second_factor.clone().enrol_totp(by(token, enrol)).await.map(drop).refused(),
    ];
    for refused in refusals {
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::PermissionDenied, "INSUFFICIENT_SCOPE")
        );
    }
    assert!(service.logs_in(&parent.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn withdrawing_ends_who_acts_and_nothing_else() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (child, childs) = service.person(pb::Role::Patient).await;
    let (parent, tokens) = service.person(pb::Role::Patient).await;
    let (_, stranger) = service.person(pb::Role::Patient).await;
    let granted = grants(&service, &admin, guardian(&child.patient_id, &parent)).await.unwrap();
    let acting = acts(&service, &tokens.access_token, &child.patient_id).await.unwrap();
    assert!(lists(&service, &childs.access_token, &child.patient_id).await.unwrap() == [granted.clone()]);
    for refused in [
        lists(&service, &stranger.access_token, &child.patient_id).await.map(drop).refused(),
        withdraws(&service, &stranger.access_token, &granted).await.refused(),
        withdraws(&service, &tokens.access_token, &granted).await.refused(),
    ] {
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "PATIENT_NOT_FOUND"));
    }
    let (_, doctor) = service.person(pb::Role::Doctor).await;
    let refused = lists(&service, &doctor.access_token, &child.patient_id).await.map(drop).refused();
    assert_eq!(refused.code(), Code::PermissionDenied);

    for _ in 0..2 {
        withdraws(&service, &childs.access_token, &granted).await.unwrap();
    }
    assert_eq!(reason(&service.current_user(&acting.access_token).await.refused()), "SESSION_ENDED");
    assert_eq!(reason(&service.refreshes(&acting.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");
    assert_eq!(
        reason(&acts(&service, &tokens.access_token, &child.patient_id).await.refused()),
        "PROXY_NOT_FOUND"
    );
    assert!(lists(&service, &admin, &child.patient_id).await.unwrap().is_empty());
    assert!(service.current_user(&tokens.access_token).await.is_ok());
    let unknown = pb::Proxy { id: fresh_id(), ..granted.clone() };
    assert_eq!(reason(&withdraws(&service, &admin, &unknown).await.refused()), "PROXY_NOT_FOUND");
    // It can be granted again.
    grants(&service, &admin, guardian(&child.patient_id, &parent)).await.unwrap();
}

#[tokio::test]
async fn a_proxy_runs_out_and_takes_its_sessions_with_it() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (parent, tokens) = service.person(pb::Role::Patient).await;
    let child = fresh_id();
    let end = Clock::system().now() + jiff::SignedDuration::from_secs(3);
    let request = pb::GrantProxyRequest { expire_time: Some(to_wire(end)), ..guardian(&child, &parent) };
    grants(&service, &admin, request.clone()).await.unwrap();
    let again = grants(&service, &admin, guardian(&child, &parent)).await.refused();
    assert_eq!((again.code(), reason(&again).as_str()), (Code::AlreadyExists, "PROXY_EXISTS"));
    let acting = acts(&service, &tokens.access_token, &child).await.unwrap();
    assert!(acting.expires_in <= 3);
    assert!(is_acted_for(&service, &child).await);
    let over = async {
        while service.current_user(&acting.access_token).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), over).await.expect("the session ends in time");
    assert!(Clock::system().now() >= end);
    assert_eq!(reason(&service.refreshes(&acting.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");
    assert!(acting_for(&service, &tokens.access_token).await.is_empty());
    assert!(!is_acted_for(&service, &child).await);
    let late = grants(&service, &admin, request).await.refused();
    assert_eq!(fields(&late), ["expire_time"]);
    grants(&service, &admin, guardian(&child, &parent)).await.unwrap();
}

#[tokio::test]
async fn only_patients_act_and_only_the_practice_lets_them() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (patient, tokens) = service.person(pb::Role::Patient).await;
    let (staff, _) = service.person(pb::Role::Staff).await;
    let child = fresh_id();
    for who in [&staff, &pb::User { email: "nobody@example.com".to_owned(), ..staff.clone() }] {
        assert_eq!(fields(&grants(&service, &admin, guardian(&child, who)).await.refused()), ["email"]);
    }
    let own = grants(&service, &admin, guardian(&patient.patient_id, &patient)).await.refused();
    assert_eq!(fields(&own), ["email"]);
    let wrong = pb::GrantProxyRequest { patient_id: "1".to_owned(), ..Default::default() };
    assert_eq!(fields(&grants(&service, &admin, wrong).await.refused()), ["email", "patient_id", "relation"]);
    for role in [pb::Role::Patient, pb::Role::Doctor, pb::Role::Auditor] {
        let (_, tokens) = service.person(role).await;
        let refused = grants(&service, &tokens.access_token, guardian(&child, &patient)).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    // Whoever becomes staff acts for nobody any more.
    grants(&service, &admin, guardian(&child, &patient)).await.unwrap();
    let acting = acts(&service, &tokens.access_token, &child).await.unwrap();
    let promoted = pb::User { role: pb::Role::Staff.into(), ..patient.clone() };
    service.updates(&admin, promoted, &["role"]).await.unwrap();
    assert!(service.refreshes(&acting.refresh_token).await.is_err());
    let tokens = service.logs_in(&patient.email, PASSWORD).await.unwrap();
    assert!(acting_for(&service, &tokens.access_token).await.is_empty());
    assert_eq!(reason(&acts(&service, &tokens.access_token, &child).await.refused()), "PROXY_NOT_FOUND");
}
