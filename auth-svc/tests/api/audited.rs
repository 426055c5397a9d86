//! What the audit log is told of those who prove who they are.
use crate::service::{PASSWORD, Service, by, someone};
use proto::auth::{
    AcceptInvitationRequest, InviteUserRequest, RequestPasswordResetRequest, ResetPasswordRequest, Role,
    VerifyEmailRequest,
};

impl Service {
    /// What was noted about one account, oldest first: who, what, which fields, why.
    async fn noted(&self, user: &str) -> Vec<String> {
        let (user, mut noted): (uuid::Uuid, _) = (user.parse().unwrap(), Vec::new());
        let admin = self.database.admin_url();
        let (client, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.unwrap();
        platform::shutdown::Shutdown::default().spawn(connection);
        let entries =
            "SELECT concat_ws(' ', role, action, array_to_string(fields, ','), reason) FROM audit.entries
                        WHERE $1 = ANY (subjects) AND resource = 'account' ORDER BY at";
        for row in client.query(entries, &[&user]).await.unwrap() {
            noted.push(row.get(0));
        }
        noted
    }
}

#[tokio::test]
async fn what_is_done_with_a_token_is_noted() {
    let service = Service::start().await;
    let mut accounts = service.accounts.clone();
    let user = service.registers("", someone()).await.unwrap();
    let asked = service.told(&user.id, "account.email_verification_requested", 1).await;
    let token = service.message(&asked).await.unwrap().token;
    accounts.verify_email(VerifyEmailRequest { token }).await.unwrap();
    accounts.request_password_reset(RequestPasswordResetRequest { email: user.email }).await.unwrap();
    let asked = service.told(&user.id, "account.password_reset_requested", 1).await;
    let token = service.message(&asked).await.unwrap().token;
    let new_password = "a horse that staples batteries".to_owned();
    accounts.reset_password(ResetPasswordRequest { token, new_password }).await.unwrap();
    assert_eq!(
        service.noted(&user.id).await,
        [
            "nobody create  patient",
            "nobody update email_verify_time email_verification",
            "nobody update password password_reset",
        ]
    );

    let colleague =
        InviteUserRequest { email: someone().email, role: Role::Staff.into(), ..Default::default() };
    let invited = accounts.invite_user(by(&service.admin().await, colleague)).await.unwrap().into_inner();
    let token = service.message(&service.told(&invited.id, "account.invited", 1).await).await.unwrap().token;
    let accept = AcceptInvitationRequest { token, password: PASSWORD.to_owned() };
    accounts.accept_invitation(accept).await.unwrap();
    assert_eq!(
        service.noted(&invited.id).await,
        ["admin invite  staff", "nobody update password invitation"]
    );
}
