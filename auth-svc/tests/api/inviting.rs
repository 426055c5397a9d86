//! Colleagues who are given accounts without a password that anybody else knows.
use crate::service::{ADMIN, PASSWORD, Refused, Service, by, fields, fresh_id, reason, someone};
use futures::future::join_all;
use proto::auth::{
    AcceptInvitationRequest, InviteUserRequest, Pending, RequestPasswordResetRequest, Role, User,
};
use tonic::{Code, Status};

const INVITED: &str = "account.invited";

fn colleague(role: Role) -> InviteUserRequest {
    let doctor_id = if role == Role::Doctor { fresh_id() } else { String::new() };
    let full_name = "Grace Hopper".to_owned();
    InviteUserRequest { email: someone().email, full_name, role: role.into(), doctor_id }
}

async fn invites(service: &Service, token: &str, colleague: InviteUserRequest) -> Result<User, Status> {
    Ok(service.accounts.clone().invite_user(by(token, colleague)).await?.into_inner())
}

async fn accepts(service: &Service, token: &str, password: &str) -> Result<(), Status> {
    let request = AcceptInvitationRequest { token: token.to_owned(), password: password.to_owned() };
    service.accounts.clone().accept_invitation(request).await.map(drop)
}

async fn mailed(service: &Service, user: &User, count: usize) -> String {
    service.message(&service.told(&user.id, INVITED, count).await).await.unwrap().token
}

#[tokio::test]
async fn whoever_is_invited_logs_in_once_they_have_chosen_a_password() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for role in [Role::Doctor, Role::Staff, Role::Admin, Role::Auditor] {
        let asked = colleague(role);
        let invited = invites(&service, &admin, asked.clone()).await.unwrap();
        assert_eq!((invited.role(), invited.pending()), (role, Pending::Invitation));
        assert_eq!((invited.email.as_str(), &invited.doctor_id), (asked.email.as_str(), &asked.doctor_id));
        for guess in ["", PASSWORD] {
            assert_eq!(
                reason(&service.logs_in(&invited.email, guess).await.refused()),
                "INVALID_CREDENTIALS"
            );
        }
        let token = mailed(&service, &invited, 1).await;
        assert_eq!(fields(&accepts(&service, &token, "too short").await.refused()), ["password"]);
        accepts(&service, &token, PASSWORD).await.unwrap();
        let tokens = service.logs_in(&invited.email, PASSWORD).await.unwrap();
        let me = service.current_user(&tokens.access_token).await.unwrap();
        assert_eq!((me.role(), me.pending()), (role, Pending::Unspecified));
        assert!(me.email_verify_time.is_some());
        assert_eq!(fields(&accepts(&service, &token, PASSWORD).await.refused()), ["token"]);
    }
}

#[tokio::test]
async fn only_administrators_invite_and_never_patients() {
    let service = Service::start().await;
    for role in [Role::Patient, Role::Doctor, Role::Staff, Role::Auditor] {
        let (_, tokens) = service.person(role).await;
        let refused = invites(&service, &tokens.access_token, colleague(Role::Staff)).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let admin = service.admin().await;
    for role in [Role::Patient, Role::Unspecified] {
        assert_eq!(fields(&invites(&service, &admin, colleague(role)).await.refused()), ["role"]);
    }
    let wrong =
        InviteUserRequest { email: "nobody".to_owned(), role: Role::Doctor.into(), ..Default::default() };
    assert_eq!(fields(&invites(&service, &admin, wrong).await.refused()), ["doctor_id", "email"]);
    let linked = InviteUserRequest { doctor_id: fresh_id(), ..colleague(Role::Staff) };
    assert_eq!(fields(&invites(&service, &admin, linked).await.refused()), ["doctor_id"]);
    let taken = InviteUserRequest { email: ADMIN.to_owned(), ..colleague(Role::Staff) };
    assert_eq!(reason(&invites(&service, &admin, taken).await.refused()), "EMAIL_TAKEN");
}

#[tokio::test]
async fn inviting_again_sends_another_link_and_voids_the_one_before() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let asked = colleague(Role::Staff);
    let first = invites(&service, &admin, asked.clone()).await.unwrap();
    let old = mailed(&service, &first, 1).await;
    let again = InviteUserRequest { role: Role::Auditor.into(), ..asked.clone() };
    let second = invites(&service, &admin, again).await.unwrap();
    assert_eq!((&second.id, second.role()), (&first.id, Role::Auditor));
    assert_eq!(fields(&accepts(&service, &old, PASSWORD).await.refused()), ["token"]);
    accepts(&service, &mailed(&service, &second, 2).await, PASSWORD).await.unwrap();
    assert_eq!(reason(&invites(&service, &admin, asked).await.refused()), "EMAIL_TAKEN");
}

#[tokio::test]
async fn of_fifty_who_accept_at_once_one_does() {
    let service = Service::start().await;
    let invited = invites(&service, &service.admin().await, colleague(Role::Staff)).await.unwrap();
    let token = mailed(&service, &invited, 1).await;
    let passwords: Vec<String> = (0..50).map(|number| format!("{PASSWORD} {number}")).collect();
    let answers = join_all(passwords.iter().map(|password| accepts(&service, &token, password))).await;
    let accepted: Vec<&String> =
        answers.iter().zip(&passwords).filter(|(answer, _)| answer.is_ok()).map(|(_, one)| one).collect();
    assert_eq!(accepted.len(), 1);
    assert!(service.logs_in(&invited.email, accepted[0]).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_withdrawn_by_disabling_the_account_and_no_reset_gets_around_it() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let invited = invites(&service, &admin, colleague(Role::Staff)).await.unwrap();
    let token = mailed(&service, &invited, 1).await;
    let request = RequestPasswordResetRequest { email: invited.email.clone() };
    service.accounts.clone().request_password_reset(request).await.unwrap();
    let disabled = User { is_active: false, ..invited.clone() };
    service.updates(&admin, disabled, &["is_active"]).await.unwrap();
    assert_eq!(fields(&accepts(&service, &token, PASSWORD).await.refused()), ["token"]);
    let other = service.registers("", someone()).await.unwrap();
    let request = RequestPasswordResetRequest { email: other.email.clone() };
    service.accounts.clone().request_password_reset(request).await.unwrap();
    // Answered in turn, so the one before has been.
    service.told(&other.id, "account.password_reset_requested", 1).await;
    assert!(service.events_of(&invited.id).await.iter().all(|event| event.kind == INVITED));
}

#[tokio::test]
async fn whoever_has_not_accepted_does_not_count_as_an_administrator() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let me = service.current_user(&admin).await.unwrap();
    let invited = invites(&service, &admin, colleague(Role::Admin)).await.unwrap();
    let disabled = User { is_active: false, ..me };
    let last = service.updates(&admin, disabled.clone(), &["is_active"]).await.refused();
    assert_eq!(reason(&last), "LAST_ADMIN");
    accepts(&service, &mailed(&service, &invited, 1).await, PASSWORD).await.unwrap();
    service.updates(&admin, disabled, &["is_active"]).await.unwrap();
}
