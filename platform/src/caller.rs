//! Who is asking: a person with an account, or another service.
use crate::fault::{DOMAIN, fault, fault_with};
use proto::access::{Access, Scopes};
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
    /// What their token allows of what the role may do.
    pub scopes: Scopes,
    /// Whether they act for the patient of their role. `id` is who really acts.
    pub acting: bool,
}

/// What tokens allow whose owners must set up a second factor before anything else.
pub const ENROLMENT: &str = "account.enrol account.read";

/// The process that a call came through, in the name of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through(pub String);

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

    /// Whether the caller may use a method at all.
    pub fn may_call(&self, method: &Access) -> Result<(), Status> {
        match self {
            _ if method.open => Ok(()),
            Self::Service(name) if method.services.contains(&name.as_str()) => Ok(()),
            Self::Service(_) => Err(forbidden("not for this service")),
            Self::User(_) if method.roles.is_empty() => Err(forbidden("only for other services")),
            Self::User(user) if !method.roles.contains(&user.role.name()) => {
                Err(forbidden("not for this role"))
            }
            Self::User(user) if !method.scope.is_some_and(|scope| user.scopes.allow(scope)) => {
                let scope = [("scope", method.scope.unwrap_or_default().to_owned())];
                let (reason, message) = if user.scopes == Scopes::parse(ENROLMENT) {
                    ("SECOND_FACTOR_ENROLMENT_REQUIRED", "a second factor has to be set up first")
                } else {
                    ("INSUFFICIENT_SCOPE", "the access token does not allow it")
                };
                Err(fault_with(Code::PermissionDenied, DOMAIN, reason, message, scope))
            }
            Self::User(_) => Ok(()),
        }
    }
}

impl User {
    /// Somebody who may do everything that the role may.
    pub fn new(id: UserId, session_id: SessionId, role: Role) -> Self {
        Self { id, session_id, role, scopes: Scopes::ALL, acting: false }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: Access = Access {
        open: false,
        roles: &["staff", "admin"],
        scope: Some("patients.read"),
        services: &["doctor-svc"],
    };

    fn staff(scopes: Scopes) -> Caller {
        Caller::User(User { scopes, ..User::new(UserId::random(), SessionId::random(), Role::Staff) })
    }

    fn reason(caller: &Caller) -> Option<String> {
        caller.may_call(&METHOD).err().and_then(|status| crate::fault::reason(&status))
    }

    #[test]
    fn a_token_gets_in_where_its_role_and_its_scopes_do() {
        assert_eq!(reason(&staff(Scopes::ALL)), None);
        assert_eq!(reason(&staff(Scopes::parse("doctors.read patients.read"))), None);
        for scopes in ["", "patients.write", "patients"] {
            assert_eq!(
                reason(&staff(Scopes::parse(scopes))).as_deref(),
                Some("INSUFFICIENT_SCOPE"),
                "{scopes}"
            );
        }
        let enrolling = staff(Scopes::parse(ENROLMENT));
        assert_eq!(reason(&enrolling).as_deref(), Some("SECOND_FACTOR_ENROLMENT_REQUIRED"));
        let auditor = User::new(UserId::random(), SessionId::random(), Role::Auditor);
        assert_eq!(reason(&Caller::User(auditor)).as_deref(), Some("FORBIDDEN"));
    }

    #[test]
    fn services_get_in_by_name() {
        assert_eq!(reason(&Caller::Service("doctor-svc".to_owned())), None);
        assert_eq!(reason(&Caller::Service("gateway".to_owned())).as_deref(), Some("FORBIDDEN"));
    }
}
