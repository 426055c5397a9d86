//! The processes of the mesh, by name.
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    Auth,
    Patient,
    Doctor,
    Appointment,
    Notification,
    Gateway,
}

/// The schemas of the database; each belongs to the service of that name.
pub const SCHEMAS: [&str; 5] = ["auth", "patient", "doctor", "appointment", "notification"];

impl Service {
    /// Those that serve gRPC.
    pub const GRPC: [Self; 5] =
        [Self::Auth, Self::Patient, Self::Doctor, Self::Appointment, Self::Notification];
    pub const ALL: [Self; 6] =
        [Self::Auth, Self::Patient, Self::Doctor, Self::Appointment, Self::Notification, Self::Gateway];

    /// The name of its program, its process and its log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth-svc",
            Self::Patient => "patient-svc",
            Self::Doctor => "doctor-svc",
            Self::Appointment => "appointment-svc",
            Self::Notification => "notification-svc",
            Self::Gateway => "gateway",
        }
    }

    /// Its schema in the database, if it has one.
    pub fn schema(self) -> Option<&'static str> {
        match self {
            Self::Gateway => None,
            service => service.name().strip_suffix("-svc"),
        }
    }

    /// The variable that tells others where its gRPC endpoints are, if it has any.
    pub fn url_variable(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("AUTH_URL"),
            Self::Patient => Some("PATIENT_URL"),
            Self::Doctor => Some("DOCTOR_URL"),
            Self::Appointment => Some("APPOINTMENT_URL"),
            Self::Notification => Some("NOTIFICATION_URL"),
            Self::Gateway => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_but_the_gateway_has_a_schema() {
        assert_eq!(Service::GRPC.map(Service::schema), SCHEMAS.map(Some));
        assert_eq!(Service::Gateway.schema(), None);
    }
}
