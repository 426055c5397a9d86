//! What the compiler made of `healthcare/**/*.proto`.
#![expect(clippy::all, clippy::pedantic, clippy::allow_attributes, unreachable_pub, reason = "generated")]

pub mod healthcare {
    pub mod auth {
        pub mod v1 {
            tonic::include_proto!("healthcare.auth.v1");
        }
    }
    pub mod patient {
        pub mod v1 {
            tonic::include_proto!("healthcare.patient.v1");
        }
    }
    pub mod doctor {
        pub mod v1 {
            tonic::include_proto!("healthcare.doctor.v1");
        }
    }
    pub mod appointment {
        pub mod v1 {
            tonic::include_proto!("healthcare.appointment.v1");
        }
    }
    pub mod events {
        pub mod v1 {
            tonic::include_proto!("healthcare.events.v1");
        }
    }
    pub mod notification {
        pub mod v1 {
            tonic::include_proto!("healthcare.notification.v1");
        }
    }
}
