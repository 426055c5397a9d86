//! Who gets in: every call is known, by whom and through whom, and refused before it runs unless its method names
//! the caller (`healthcare/access/v1/access.proto`).
use crate::caller::{Caller, Through, forbidden};
use crate::client::THROUGH;
use crate::context::Context;
use crate::fault::{DOMAIN, fault, unavailable};
use crate::token::{Rejected, Verifier};
use http::{HeaderMap, Request, header::AUTHORIZATION};
use proto::access::{self, Access};
use tonic::{Code, Status};

/// The only process that calls in the name of people.
const GATEWAY: &str = "gateway";

/// The method that `request` is for, who asks and as part of what: puts the [`Caller`] at hand, and the process that they come
/// [`Through`]. What a request was told of itself is believed of callers whom a process of ours vouches for.
pub(crate) async fn identify<B>(
    verifier: &Verifier,
    request: &mut Request<B>,
) -> Result<(Access, Context), Status> {
    let Some((_, method)) = access::of(request.uri().path()) else {
        return Err(fault(Code::Unimplemented, DOMAIN, "UNKNOWN_METHOD", "there is no such method"));
    };
    let caller = match verified(verifier, bearer(request.headers())).await {
        Ok(caller) => Some(caller),
        // What is open to everyone is open with a stale token too.
        Err(_) if method.open => None,
        Err(status) => return Err(status),
    };
    let through = match request.headers().get(THROUGH) {
        Some(token) => Some(verified(verifier, of_scheme_bearer(token)).await?),
        None => None,
    };
    let told = match (&caller, &through) {
        (Some(Caller::Service(_)), _) | (_, Some(Caller::Service(_))) => {
            Context::from_headers(request.headers())
        }
        _ => Context::default(),
    };
    match through {
        Some(Caller::Service(name)) => _ = request.extensions_mut().insert(Through(name)),
        Some(Caller::User(_)) => return Err(forbidden("people do not call in the name of people")),
        None => {}
    }
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    Ok((method, told.asked_by(caller)))
}

/// Whether `request` may go on to `method`, once it was identified.
pub(crate) fn admit<B>(request: &Request<B>, method: &Access) -> Result<(), Status> {
    match request.extensions().get() {
        Some(Through(name)) if name != GATEWAY => {
            return Err(forbidden("only the gateway calls in the name of people"));
        }
        _ => {}
    }
    match request.extensions().get::<Caller>() {
        Some(caller) => caller.may_call(method),
        None if method.open => Ok(()),
        None => Err(forbidden("not for nobody")),
    }
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
