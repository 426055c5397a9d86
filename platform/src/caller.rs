//! Who is asking: a person with an account, or another service.
use crate::fault::{DOMAIN, fault};
use proto::ids::{DoctorId, PatientId, SessionId, UserId};
use tonic::{Code, Request, Status};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    User(User),
    /// By its name, for instance `appointment-svc`.
    Service(String),
}

/// A person who has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub session_id: SessionId,
    pub role: Role,
}

/// What the person is to the clinic, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admin,
    Staff,
    Auditor,
    Doctor(DoctorId),
    Patient(PatientId),
}

impl Role {
    /// As in tokens, in events and on the REST face.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Staff => "staff",
            Self::Auditor => "auditor",
            Self::Doctor(_) => "doctor",
            Self::Patient(_) => "patient",
        }
    }
}

impl Caller {
    /// The caller that the server stack has verified; UNAUTHENTICATED when there is none.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        Self::maybe_of(request).ok_or_else(|| {
            fault(Code::Unauthenticated, DOMAIN, "UNAUTHENTICATED", "an access token is needed")
        })
    }

    /// The caller of a method that is open to everyone.
    pub fn maybe_of<T>(request: &Request<T>) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Lets only the named services pass.
    pub fn service_of<T>(request: &Request<T>, allowed: &[&str]) -> Result<(), Status> {
        match Self::of(request)? {
            Self::Service(name) if allowed.contains(&name.as_str()) => Ok(()),
            _ => Err(forbidden("only for other services")),
        }
    }
}

impl User {
    /// Lets only people pass, not services.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        match Caller::of(request)? {
            Caller::User(user) => Ok(user),
            Caller::Service(_) => Err(forbidden("only for people who have logged in")),
        }
    }
}

/// PERMISSION_DENIED: the caller may not use this function at all.
pub fn forbidden(message: &str) -> Status {
    fault(Code::PermissionDenied, DOMAIN, "FORBIDDEN", message)
}
