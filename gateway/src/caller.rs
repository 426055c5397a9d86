//! Who is asking: the bearer token of a request, verified once.
use crate::observe::RequestId;
use crate::origin::{self, Network};
use crate::problem::Problem;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use platform::admission::bearer;
use platform::caller::{Role, User};
use platform::context::Context;
use platform::deadline;
use platform::token::{Rejected, Verifier};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};

/// Longest wait for the keys that tokens are verified with.
const PATIENCE: Duration = Duration::from_secs(2);

/// A person who has logged in. Services see the person's own token and verify it again.
#[derive(Clone)]
pub struct Caller {
    pub user: User,
    token: MetadataValue<Ascii>,
}

impl Caller {
    /// Whether they register others: who may not is anybody who registers, whatever token they have.
    pub fn registers_others(&self) -> bool {
        matches!(self.user.role, Role::Admin | Role::Staff) && self.user.scopes.allow("users.write")
    }

    /// A request to a service, in the caller's name.
    pub fn asks<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

/// The address that a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin(pub IpAddr);

/// What the `Authorization` header of a request came to.
#[derive(Clone)]
pub enum Identity {
    Nobody,
    Rejected(Rejected),
    Known(Caller),
}

/// What [`identify`] needs.
#[derive(Clone)]
pub struct Identifier {
    pub verifier: Verifier,
    pub proxies: Arc<[Network]>,
}

/// Finds out who is asking and from where, for the limits, for handlers and for the services. Refuses nobody.
pub async fn identify<F>(
    identifier: &Identifier,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let address = origin::client(request.extensions(), request.headers(), &identifier.proxies);
    let identity = identity(&identifier.verifier, request.headers()).await;
    request.extensions_mut().insert(Origin(address));
    request.extensions_mut().insert(identity);
    let id = request.extensions().get().map_or_else(String::new, |RequestId(id)| id.clone());
    Context::new(id, address).scope(next(request)).await
}

async fn identity(verifier: &Verifier, headers: &HeaderMap) -> Identity {
    let Some(token) = bearer(headers) else { return Identity::Nobody };
    let verified = deadline::within(Instant::now() + PATIENCE, verifier.verify(token)).await;
    let caller = match verified {
        Ok(Ok(caller)) => caller,
        Ok(Err(rejected)) => return Identity::Rejected(rejected),
        Err(_late) => return Identity::Rejected(Rejected::NoKeys),
    };
    // Services talk to each other directly; their tokens have no business here.
    let platform::caller::Caller::User(user) = caller else { return Identity::Rejected(Rejected::Invalid) };
    match headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.parse().ok()) {
        Some(token) => Identity::Known(Caller { user, token }),
        None => Identity::Rejected(Rejected::Invalid),
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let unauthorized = |code, detail| Problem::new(StatusCode::UNAUTHORIZED, code, detail);
        match parts.extensions.get() {
            Some(Identity::Known(caller)) => Ok(caller.clone()),
            Some(Identity::Rejected(Rejected::NoKeys)) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "dependency_unavailable",
                "the access token cannot be checked at the moment",
            )),
            Some(Identity::Rejected(Rejected::Ended)) => {
                Err(unauthorized("session_ended", "the session has ended"))
            }
            Some(Identity::Rejected(Rejected::Invalid)) => {
                Err(unauthorized("invalid_token", "the access token is not valid"))
            }
            Some(Identity::Nobody) | None => {
                Err(unauthorized("unauthenticated", "an access token is needed"))
            }
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// None also for a token that is not valid: what is open to everyone is open with a stale token too.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        match parts.extensions.get() {
            Some(Identity::Known(caller)) => Ok(Some(caller.clone())),
            _ => Ok(None),
        }
    }
}
