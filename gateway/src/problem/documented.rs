//! Failures in the document: handlers name those that are theirs with the markers below; what every operation can
//! answer is added to all of them at once.
use super::Problem;
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{Ref, RefOr, Response};

/// 401, where it is not for want of an access token.
pub struct Unauthorized;
/// 403.
pub struct Forbidden;
/// 404.
pub struct NotFound;
/// 409.
pub struct Conflict;
/// 410.
pub struct Gone;
/// 412.
pub struct Stale;
/// 428.
pub struct PreconditionRequired;

/// The entry of a status in the document; `openapi` has what it refers to.
fn documented(status: u16) -> BTreeMap<String, RefOr<Response>> {
    BTreeMap::from([(status.to_string(), RefOr::Ref(reference(status)))])
}

/// Where the document describes failures with `status`.
pub fn reference(status: u16) -> Ref {
    Ref::from_response_name(format!("Problem{status}"))
}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::new()
    }
}

impl IntoResponses for Unauthorized {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(401)
    }
}

impl IntoResponses for Forbidden {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(403)
    }
}

impl IntoResponses for NotFound {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(404)
    }
}

impl IntoResponses for Conflict {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(409)
    }
}

impl IntoResponses for Gone {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(410)
    }
}

impl IntoResponses for Stale {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(412)
    }
}

impl IntoResponses for PreconditionRequired {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented(428)
    }
}
