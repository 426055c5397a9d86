//! Accounts for colleagues, whose passwords nobody else ever knows.
use super::model::{AcceptInvitation, InviteUser, User};
use super::{exists, model::Role};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, Problem};
use crate::reply::{Created, Done};
use axum::extract::State;
use proto::auth as pb;
use proto::doctor::GetDoctorRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(invite)).routes(routes!(accept))
}

/// Invite a colleague
///
/// Makes an account for a doctor, for staff, an admin or an auditor, for admins. Its owner is sent a link to choose a
/// password, which works once, for 72 hours; until then nobody logs in (`pending` is `invitation`). Inviting somebody
/// again who has not accepted sends another link and voids the one before. 409: `email_taken`, `already_linked`.
#[utoipa::path(
    post,
    path = "/api/users",
    operation_id = "InviteUser",
    tag = "users",
    responses(Forbidden, Conflict)
)]
async fn invite(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<InviteUser>,
) -> Result<Created<User>, Problem> {
    if let (Role::Doctor, Some(id), platform::caller::Role::Admin) =
        (body.role, body.doctor_id, caller.user.role)
    {
        let message = caller.asks(GetDoctorRequest { id: id.to_string() });
        exists("/doctor_id", app.clients.doctors.clone().get_doctor(message).await)?;
    }
    let message = caller.asks(pb::InviteUserRequest::from(body));
    let user = app.clients.accounts.clone().invite_user(message).await?.into_inner();
    Ok(Created(user.try_into()?))
}

/// Accept an invitation
///
/// With the token of the link, which is what stands behind `#token=`, and the password that the account is to have. What
/// is wrong with either is named in `errors`; a password that is too weak spends no token.
#[utoipa::path(
    post,
    path = "/api/auth/accept-invitation",
    operation_id = "AcceptInvitation",
    tag = "auth",
    security(())
)]
async fn accept(State(app): State<App>, Json(body): Json<AcceptInvitation>) -> Result<Done, Problem> {
    app.clients.accounts.clone().accept_invitation(pb::AcceptInvitationRequest::from(body)).await?;
    Ok(Done)
}
