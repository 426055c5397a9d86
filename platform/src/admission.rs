//! Who gets in: every call is known, by whom and through whom, and refused before it runs unless its method names
//! the caller (`healthcare/access/v1/access.proto`).
use crate::caller::{Caller, Through, forbidden};
use crate::client::THROUGH;
use crate::fault::{DOMAIN, fault, unavailable};
use crate::token::{Rejected, Verifier};
use http::{HeaderMap, Request, header::AUTHORIZATION};
use proto::access;
use tonic::{Code, Status};

/// The only process that calls in the name of people.
const GATEWAY: &str = "gateway";

/// Puts the [`Caller`] at hand, and the process that they come [`Through`], or says why the call is refused.
pub(crate) async fn admit<B>(verifier: &Verifier, request: &mut Request<B>) -> Result<(), Status> {
    let Some((_, method)) = access::of(request.uri().path()) else {
        return Err(fault(Code::Unimplemented, DOMAIN, "UNKNOWN_METHOD", "there is no such method"));
    };
    let caller = match verified(verifier, bearer(request.headers())).await {
        Ok(caller) => Some(caller),
        // What is open to everyone is open with a stale token too.
        Err(_) if method.open => None,
        Err(status) => return Err(status),
    };
    if let Some(caller) = &caller {
        caller.may_call(&method)?;
    }
    if let Some(token) = request.headers().get(THROUGH) {
        match verified(verifier, of_scheme_bearer(token)).await? {
            Caller::Service(name) if name == GATEWAY => request.extensions_mut().insert(Through(name)),
            Caller::Service(_) | Caller::User(_) => {
                return Err(forbidden("only the gateway calls in the name of people"));
            }
        };
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

async fn verified(verifier: &Verifier, token: Option<&str>) -> Result<Caller, Status> {
    let unauthenticated = |reason, message: &str| fault(Code::Unauthenticated, DOMAIN, reason, message);
    let Some(token) = token else {
        return Err(unauthenticated("UNAUTHENTICATED", "an access token is needed"));
    };
    verifier.verify(token).await.map_err(|rejected| match rejected {
        Rejected::Ended => unauthenticated("SESSION_ENDED", &rejected.to_string()),
        Rejected::Invalid => unauthenticated("UNAUTHENTICATED", "the access token is not valid"),
        Rejected::NoKeys => unavailable(DOMAIN, "auth-svc", &rejected),
    })
}

/// The token of an `Authorization: Bearer …` header (RFC 6750).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    of_scheme_bearer(headers.get(AUTHORIZATION)?)
}

fn of_scheme_bearer(value: &http::HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
