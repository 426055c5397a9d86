//! Between the wire and the domain: requests are parsed here, once; replies are rendered.
mod api_clients; // programs that log in by themselves
mod proxies; // who acts for whom
mod second_factor; // codes

pub use api_clients::{api_client, credential, new_api_client};
pub use proxies::{grant, proxy};
pub use second_factor::{code, password, proof, recovery_codes};

use crate::accounts::NewAccount;
use crate::domain::{Asked, Change, Edit, Pending, RoleName, Session, Standing, User, role_of_new};
use crate::ended;
use crate::invitations::Invitee;
use crate::keys::SigningKey;
use crate::passwords::Policy;
use crate::tokens::TokenPair;
use platform::caller::{self, Role};
use platform::page::{self, BadPage, PageTokens};
use platform::violations::Violations;
use proto::auth as pb;
use proto::ids::{SessionId, UserId};
use proto::time::to_wire;
use secrecy::SecretString;
use std::fmt::Display;
use std::str::FromStr;

/// The lists whose page tokens these are.
pub const USERS: &str = "users";
pub const SESSIONS: &str = "sessions";

/// `is_claim` when a code says whose record it will be.
pub fn new_account(
    request: pb::RegisterRequest,
    is_claim: bool,
    by: Standing,
    policy: &Policy,
) -> Result<NewAccount, Violations> {
    let mut wrong = Violations::default();
    let asked = Asked {
        role: role(&mut wrong, "role", request.role),
        patient_id: id(&mut wrong, "patient_id", &request.patient_id),
        doctor_id: id(&mut wrong, "doctor_id", &request.doctor_id),
    };
    if is_claim && (asked.role.is_some_and(|role| role != RoleName::Patient) || asked.patient_id.is_some()) {
        wrong.add("claim_code", "goes with the role patient only, and without patient_id");
    }
    let role = role_of_new(by, asked);
    for misfit in role.as_ref().err().into_iter().flatten() {
        wrong.add(misfit.field(), misfit);
    }
    let password = SecretString::from(request.password);
    let password = wrong.field("password", policy.accept(&password, &[&request.email, &request.username]));
    let username = wrong.optional("username", request.username);
    let full_name = wrong.optional("full_name", request.full_name);
    let email = wrong.field("email", request.email.try_into());
    match (email, password, role) {
        (Some(email), Some(password), Ok(role)) if wrong.is_empty() => {
            Ok(NewAccount { email, username, full_name, password, role, claim: None })
        }
        _ => Err(wrong),
    }
}

/// Who is invited, as what.
pub fn invitee(request: pb::InviteUserRequest) -> Result<Invitee, Violations> {
    let mut wrong = Violations::default();
    let asked = Asked {
        role: role(&mut wrong, "role", request.role),
        patient_id: None,
        doctor_id: id(&mut wrong, "doctor_id", &request.doctor_id),
    };
    let role = match asked.role {
        None | Some(RoleName::Patient) => {
            if wrong.is_empty() {
                wrong.add("role", "must be doctor, staff, admin or auditor");
            }
            None
        }
        Some(_) => {
            let role = role_of_new(Standing::Admin, asked);
            for misfit in role.as_ref().err().into_iter().flatten() {
                wrong.add(misfit.field(), misfit);
            }
            role.ok()
        }
    };
    let full_name = wrong.optional("full_name", request.full_name);
    let email = wrong.field("email", request.email.try_into());
    match (email, role) {
        (Some(email), Some(role)) if wrong.is_empty() => Ok(Invitee { email, full_name, role }),
        _ => Err(wrong),
    }
}

/// Which account changes, and how.
pub fn change(request: pb::UpdateUserRequest) -> Result<(UserId, Change), Violations> {
    let user = request.user.ok_or_else(|| Violations::of("user", "is required"))?;
    let mut wrong = Violations::default();
    let id = wrong.field("user.id", user.id.parse());
    let paths = request.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        wrong.add("update_mask", "is required");
    }
    let mut change = Change::default();
    for path in &paths {
        match path.as_str() {
            "role" if user.role == pb::Role::Unspecified as i32 => wrong.add("user.role", "is required"),
            "role" => change.role = role(&mut wrong, "user.role", user.role),
            "patient_id" => change.patient_id = link(&mut wrong, "user.patient_id", &user.patient_id),
            "doctor_id" => change.doctor_id = link(&mut wrong, "user.doctor_id", &user.doctor_id),
            "is_active" => change.is_active = Some(user.is_active),
            "full_name" => {
                let name = wrong.optional("user.full_name", user.full_name.clone());
                change.full_name = name.map_or(Edit::Clear, Edit::Set);
            }
            unknown => wrong.add("update_mask", format!("{unknown:?} cannot be changed")),
        }
    }
    match id {
        Some(id) => wrong.into_result((id, change)),
        None => Err(wrong),
    }
}

/// The id that `field` has.
pub fn id_in<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Violations> {
    text.parse().map_err(|error| Violations::of(field, error))
}

/// The last account of the page before, and how many follow.
pub fn users_page(
    request: &pb::ListUsersRequest,
    pages: &PageTokens,
) -> Result<(Option<UserId>, i64), Violations> {
    page(request.page_size, pages.open(USERS, &request.page_token))
}

/// The last session of the page before, and how many follow.
pub fn sessions_page(
    request: &pb::ListSessionsRequest,
    pages: &PageTokens,
) -> Result<(Option<SessionId>, i64), Violations> {
    page(request.page_size, pages.open(SESSIONS, &request.page_token))
}

fn page<T>(size: i32, last: Result<Option<T>, BadPage>) -> Result<(Option<T>, i64), Violations> {
    let mut wrong = Violations::default();
    let size = wrong.field("page_size", page::size(size, page::MAX_SIZE));
    let last = wrong.field("page_token", last);
    size.and_then(|size| Some((last?, size))).ok_or(wrong)
}

/// None when it is unspecified or, as `wrong` tells, unknown.
fn role(wrong: &mut Violations, field: &str, role: i32) -> Option<RoleName> {
    match pb::Role::try_from(role) {
        Ok(pb::Role::Unspecified) => None,
        Ok(pb::Role::Admin) => Some(RoleName::Admin),
        Ok(pb::Role::Doctor) => Some(RoleName::Doctor),
        Ok(pb::Role::Patient) => Some(RoleName::Patient),
        Ok(pb::Role::Staff) => Some(RoleName::Staff),
        Ok(pb::Role::Auditor) => Some(RoleName::Auditor),
        Err(_) => {
            wrong.add(field, "is not a role");
            None
        }
    }
}

fn id<T: FromStr<Err: Display>>(wrong: &mut Violations, field: &str, text: &str) -> Option<T> {
    if text.is_empty() { None } else { wrong.field(field, text.parse()) }
}

fn link<T: FromStr<Err: Display>>(wrong: &mut Violations, field: &str, text: &str) -> Edit<T> {
    id(wrong, field, text).map_or(Edit::Clear, Edit::Set)
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let User {
            id,
            email,
            username,
            full_name,
            role,
            is_active,
            email_verified_at,
            pending,
            created_at,
            updated_at,
        } = user;
        let (patient_id, doctor_id) = match role {
            Role::Patient(id) => (id.to_string(), String::new()),
            Role::Doctor(id) => (String::new(), id.to_string()),
            Role::Admin | Role::Staff | Role::Auditor => (String::new(), String::new()),
        };
        Self {
            id: id.to_string(),
            email: email.into(),
            username: username.map(String::from).unwrap_or_default(),
            full_name: full_name.map(String::from).unwrap_or_default(),
            role: pb::Role::from(RoleName::from(role)).into(),
            patient_id,
            doctor_id,
            is_active,
            email_verify_time: email_verified_at.map(to_wire),
            pending: pending.map_or(pb::Pending::Unspecified, Into::into).into(),
            create_time: Some(to_wire(created_at)),
            update_time: Some(to_wire(updated_at)),
        }
    }
}

/// A session as `caller` is shown it.
pub fn session(session: Session, caller: &caller::User) -> pb::Session {
    let Session { id, started_at, used_at, idles_at, expires_at, user_agent, acting, .. } = session;
    pb::Session {
        id: id.to_string(),
        start_time: Some(to_wire(started_at)),
        last_use_time: Some(to_wire(used_at)),
        idle_time: Some(to_wire(idles_at)),
        expire_time: Some(to_wire(expires_at)),
        user_agent: user_agent.map(String::from).unwrap_or_default(),
        is_current: id == caller.session_id,
        acting_for: acting.map(|acting| acting.patient_id.to_string()).unwrap_or_default(),
    }
}

pub fn ended_sessions(told: &ended::Told) -> pb::EndedSessions {
    let session_ids = told.sessions.iter().map(SessionId::to_string).collect();
    pb::EndedSessions { session_ids, keys: told.keys.published().map(pb::Jwk::from).collect() }
}

impl From<RoleName> for pb::Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Doctor => Self::Doctor,
            RoleName::Patient => Self::Patient,
            RoleName::Staff => Self::Staff,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

impl From<Pending> for pb::Pending {
    fn from(pending: Pending) -> Self {
        match pending {
            Pending::Invitation => Self::Invitation,
            Pending::EmailVerification => Self::EmailVerification,
        }
    }
}

impl From<TokenPair> for pb::TokenPair {
    fn from(pair: TokenPair) -> Self {
        let TokenPair { access, refresh } = pair;
        Self {
            access_token: access.text,
            refresh_token: refresh.to_string(),
            token_type: "Bearer".to_owned(),
            expires_in: access.expires_in,
        }
    }
}

impl From<&SigningKey> for pb::Jwk {
    fn from(key: &SigningKey) -> Self {
        let (kty, crv) = ("OKP".to_owned(), "Ed25519".to_owned());
        Self { kid: key.id.clone(), kty, crv, x: key.x.clone() }
    }
}
