//! One module per resource, each with the bodies it takes and gives in `model`.
use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

pub mod auth; // AuthService, SecondFactorService, ProxyService
pub mod api_clients; // ApiClientService
pub mod patients; // PatientService: people
pub mod doctors; // DoctorService: people and their weekly hours
pub mod exceptions; // DoctorService: other hours on one date, and time away
pub mod visit_types; // DoctorService: kinds of visits
pub mod places; // DoctorService: locations, rooms and holidays
pub mod appointments; // AppointmentService: visits
pub mod holds; // AppointmentService: times that are kept
pub mod offers; // AppointmentService: free times
pub mod series; // AppointmentService: visits that recur
pub mod absences; // AppointmentService: doctors who will be away
pub mod waitlist; // WaitlistService
pub mod records; // PatientService: what was found and done
pub mod break_glass; // BreakGlassService
pub mod audit; // AuditService
pub mod notifications; // NotificationService
pub mod webhooks; // WebhookService
pub mod dead_letters; // DeadLetterService, of each service that has one
pub mod templates; // TemplateService

/// Every resource.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(auth::routes())
        .merge(api_clients::routes())
        .merge(patients::routes())
        .merge(doctors::routes())
        .merge(exceptions::routes())
        .merge(visit_types::routes())
        .merge(places::routes())
        .merge(appointments::routes())
        .merge(holds::routes())
        .merge(offers::routes())
        .merge(series::routes())
        .merge(absences::routes())
        .merge(waitlist::routes())
        .merge(records::routes())
        .merge(break_glass::routes())
        .merge(audit::routes())
        .merge(notifications::routes())
        .merge(webhooks::routes())
        .merge(dead_letters::routes())
        .merge(templates::routes())
}

/// What is empty on the wire is null in JSON.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
