//! One module per resource, each with the bodies it takes and gives in `model`.
use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

pub mod auth; // AuthService
pub mod patients; // PatientService: people
pub mod doctors; // DoctorService
pub mod appointments; // AppointmentService
pub mod records; // PatientService: what was found and done
pub mod notifications; // NotificationService

/// Every resource.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(auth::routes())
        .merge(patients::routes())
        .merge(doctors::routes())
        .merge(appointments::routes())
        .merge(records::routes())
        .merge(notifications::routes())
}

/// What is empty on the wire is null in JSON.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
