use crate::service::{ADMIN, PASSWORD, Refused, Service, by, fields, fresh_id, reason, someone};
use futures::future::join;
use proto::auth::{GetUserRequest, ListUsersRequest, Role, User};
use tonic::Code;

#[tokio::test]
async fn a_disabled_account_is_shut_out_at_once() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (user, tokens) = service.person(Role::Staff).await;
    let disabled = User { is_active: false, ..user.clone() };
    assert!(!service.updates(&admin, disabled, &["is_active"]).await.unwrap().is_active);
    assert_eq!(reason(&service.logs_in(&user.email, PASSWORD).await.refused()), "INVALID_CREDENTIALS");
    assert_eq!(reason(&service.refreshes(&tokens.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");
    let by_staff = service.registers(&tokens.access_token, someone()).await.refused();
    assert_eq!(reason(&by_staff), "SESSION_ENDED");

    let enabled = User { is_active: true, ..user.clone() };
    service.updates(&admin, enabled, &["is_active"]).await.unwrap();
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());
    assert!(service.refreshes(&tokens.refresh_token).await.is_err());
}

#[tokio::test]
async fn a_new_role_takes_a_new_login() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (user, tokens) = service.person(Role::Patient).await;
    let doctor = User { role: Role::Doctor.into(), ..user.clone() };
    let unlinked = service.updates(&admin, doctor.clone(), &["role"]).await.refused();
    assert_eq!(
        (unlinked.code(), fields(&unlinked)),
        (Code::InvalidArgument, vec!["user.doctor_id".to_owned()])
    );

    let linked = User { doctor_id: fresh_id(), ..doctor };
    let changed = service.updates(&admin, linked.clone(), &["role", "doctor_id"]).await.unwrap();
    assert_eq!(
        (changed.role(), changed.doctor_id, changed.patient_id.as_str()),
        (Role::Doctor, linked.doctor_id, "")
    );
    assert_eq!(reason(&service.refreshes(&tokens.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");
    let again = service.logs_in(&user.email, PASSWORD).await.unwrap();
    assert_eq!(service.current_user(&again.access_token).await.unwrap().role(), Role::Doctor);
}

#[tokio::test]
async fn staff_link_patients_to_records_and_nothing_else() {
    let service = Service::start().await;
    let (colleague, _) = service.person(Role::Staff).await;
    let (_, staff) = service.person(Role::Staff).await;
    let (patient, tokens) = service.person(Role::Patient).await;
    let staff = staff.access_token;
    let linked = User { patient_id: fresh_id(), full_name: "New Name".to_owned(), ..patient.clone() };
    let changed = service.updates(&staff, linked.clone(), &["patient_id"]).await.unwrap();
    assert_eq!((changed.patient_id, changed.full_name), (linked.patient_id.clone(), patient.full_name));
    // Tokens say whose record is whose.
    assert_eq!(reason(&service.refreshes(&tokens.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");

    for paths in [&["full_name"][..], &["is_active"], &["role"], &["patient_id", "full_name"]] {
        let refused = service.updates(&staff, linked.clone(), paths).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied, "{paths:?}");
    }
    let other = User { patient_id: fresh_id(), ..colleague };
    assert_eq!(
        service.updates(&staff, other, &["patient_id"]).await.refused().code(),
        Code::PermissionDenied
    );
    let taken = User { id: service.person(Role::Patient).await.0.id, ..linked };
    assert_eq!(reason(&service.updates(&staff, taken, &["patient_id"]).await.refused()), "ALREADY_LINKED");
}

#[tokio::test]
async fn an_administrator_is_always_left() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let me = service.current_user(&admin).await.unwrap();
    let disabled = User { is_active: false, ..me.clone() };
    let last = service.updates(&admin, disabled.clone(), &["is_active"]).await.refused();
    assert_eq!((last.code(), reason(&last).as_str()), (Code::FailedPrecondition, "LAST_ADMIN"));
    let demoted = User { role: Role::Staff.into(), ..me.clone() };
    let own = service.updates(&admin, demoted, &["role"]).await.refused();
    assert_eq!((own.code(), reason(&own).as_str()), (Code::FailedPrecondition, "OWN_ROLE"));
    let same = service.updates(&admin, me, &["role", "is_active"]).await.unwrap();
    assert_eq!((same.role(), same.is_active), (Role::Admin, true));

    // Two disable each other at the same time: one of them stays.
    let (other, tokens) = service.person(Role::Admin).await;
    let other_disabled = User { is_active: false, ..other };
    let (one, two) = join(
        service.updates(&admin, other_disabled, &["is_active"]),
        service.updates(&tokens.access_token, disabled, &["is_active"]),
    )
    .await;
    assert_eq!([one.is_ok(), two.is_ok()].into_iter().filter(|done| *done).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_changed_is_told() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (user, _) = service.person(Role::Patient).await;
    let wrong = User { id: "1".to_owned(), role: 0, patient_id: "2".to_owned(), ..User::default() };
    let paths = ["role", "patient_id", "email", "password"];
    let refused = service.updates(&admin, wrong, &paths).await.refused();
    assert_eq!(fields(&refused), ["update_mask", "update_mask", "user.id", "user.patient_id", "user.role"]);
    assert_eq!(fields(&service.updates(&admin, user, &[]).await.refused()), ["update_mask"]);
    let unknown = User { id: fresh_id(), ..User::default() };
    let missing = service.updates(&admin, unknown, &["is_active"]).await.refused();
    assert_eq!((missing.code(), reason(&missing).as_str()), (Code::NotFound, "USER_NOT_FOUND"));
}

#[tokio::test]
async fn only_administrators_see_accounts() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let mut newest_first = Vec::new();
    for role in [Role::Patient, Role::Doctor, Role::Staff, Role::Auditor] {
        let (user, tokens) = service.person(role).await;
        let token = &tokens.access_token;
        let get = GetUserRequest { id: user.id.clone() };
        let got = service.client.clone().get_user(by(token, get.clone())).await.refused();
        assert_eq!(got.code(), Code::PermissionDenied);
        let listed = service.client.clone().list_users(by(token, ListUsersRequest::default())).await;
        assert_eq!(listed.refused().code(), Code::PermissionDenied);
        let seen = service.client.clone().get_user(by(&admin, get)).await.unwrap().into_inner();
        assert!(seen == user);
        newest_first.insert(0, user.email);
    }
    newest_first.push(ADMIN.to_owned());

    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListUsersRequest { page_size: 2, page_token };
        let page = service.client.clone().list_users(by(&admin, request)).await.unwrap().into_inner();
        assert!(page.users.len() <= 2);
        listed.extend(page.users.into_iter().map(|user| user.email));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, newest_first);
    let wrong = ListUsersRequest { page_size: -1, page_token: "x".to_owned() };
    let refused = service.client.clone().list_users(by(&admin, wrong)).await.refused();
    assert_eq!(fields(&refused), ["page_size", "page_token"]);
}
