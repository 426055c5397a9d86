//! The document: what the handlers say of themselves, and what is true of all of them.
use crate::health;
use crate::problem::{self, Details};
use crate::reply::text_header;
use crate::routes::absences::model::AbsencePlan;
use crate::routes::api_clients::model::{ApiClient, ApiClientSecret, ClientToken, NewApiClient};
use crate::routes::appointments::model::{Appointment, AppointmentEvent, PatientAttendance};
use crate::routes::audit::model::{AuditEntry, PatientAccess};
use crate::routes::auth::model::{
    Jwks, MessageSent, Proxy, RecoveryCodes, Session, Tokens, TotpEnrolment, User,
};
use crate::routes::break_glass::model::BreakGlassGrant;
use crate::routes::dead_letters::model::{DeadLetter, EventConsumer};
use crate::routes::doctors::model::{Availability, Break, Doctor, ListedDoctor};
use crate::routes::exceptions::model::{AvailabilityOverride, OverrideHours, TimeOff};
use crate::routes::holds::model::Hold;
use crate::routes::notifications::model::{CalendarFeed, MessagePreferences, NewCalendarFeed, Notification};
use crate::routes::offers::model::{DaySummary, SlotExplanation};
use crate::routes::patients::model::{ClaimCode, LegalHold, Patient, PatientErasure, PatientExport};
use crate::routes::places::model::{Holiday, Location, Room};
use crate::routes::records::model::MedicalRecord;
use crate::routes::series::model::{Series, SeriesOutcome};
use crate::routes::templates::model::{MessageOverride, MessagePreview, MessageTemplate};
use crate::routes::visit_types::model::{BookingPolicy, VisitType};
use crate::routes::waitlist::model::{WaitlistEntry, WaitlistOffer};
use crate::routes::webhooks::model::{NewWebhook, Webhook, WebhookDelivery, WebhookSecret};
use crate::times::Slot;
use http::StatusCode;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Flow, Http, HttpAuthScheme, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema, SecurityRequirement,
};

/// What stands in front of the operations. The answers are listed here because those that handlers return are not
/// registered by themselves.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Healthcare Appointment Scheduling",
        description = include_str!("openapi/description.md"),
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "auth", description = "Log in, register, renew tokens"),
        (name = "users", description = "Accounts, for admins"),
        (name = "patients", description = "People who are treated"),
        (name = "doctors", description = "People who treat, and their weekly hours"),
        (name = "clinic", description = "What the clinic offers: visit types, places, holidays"),
        (name = "appointments", description = "Free times and visits"),
        (name = "waitlist", description = "Patients who wait for a time, and what is offered to them"),
        (name = "records", description = "What was found and done"),
        (name = "audit", description = "Who did what with whose data"),
        (name = "notifications", description = "Messages to patients and doctors"),
        (name = "webhooks", description = "Programs of others that are told of events"),
        (name = "operations", description = "Events that could not be taken"),
        (name = "health", description = "Whether the system works"),
    ),
    components(schemas(
        AbsencePlan, ApiClient, ApiClientSecret, ClientToken, DeadLetter, EventConsumer, NewApiClient, Appointment, AppointmentEvent, AuditEntry, Availability, AvailabilityOverride, BookingPolicy, Break, BreakGlassGrant,
        ClaimCode, DaySummary, Details, Doctor, Hold, Holiday, Jwks, LegalHold, ListedDoctor, Location, MedicalRecord, MessagePreferences, MessageSent, Notification,
        OverrideHours, Patient, PatientAccess, PatientAttendance, PatientErasure, PatientExport, Proxy, RecoveryCodes, Room, Series, SeriesOutcome, Session, Slot, SlotExplanation, TimeOff, Tokens, TotpEnrolment, User, VisitType,
        WaitlistEntry, WaitlistOffer, NewWebhook, Webhook, WebhookDelivery, WebhookSecret,
        MessageOverride, MessagePreview, MessageTemplate, CalendarFeed, NewCalendarFeed,
        health::Alive, health::Healthy, health::ReadinessReport, health::Release,
    )),
)]
struct Frame;

/// Answers in which no field is ever left out: what has no value is null.
const COMPLETE: [&str; 48] = [
    "AbsencePlan",
    "ActionWindow",
    "Appointment",
    "AppointmentEvent",
    "AuditEntry",
    "Availability",
    "AvailabilityOverride",
    "BookingPolicy",
    "Break",
    "BreakGlassGrant",
    "CalendarFeed",
    "DaySummary",
    "DeadLetter",
    "Doctor",
    "Hold",
    "Holiday",
    "LegalHold",
    "Location",
    "MedicalRecord",
    "MessageOverride",
    "MessagePreview",
    "MessageTemplate",
    "MessageWords",
    "Notification",
    "OverrideHours",
    "Patient",
    "PatientAccess",
    "PatientAttendance",
    "PatientErasure",
    "PlannedMove",
    "Price",
    "Proxy",
    "Room",
    "RuleVerdict",
    "Series",
    "SeriesOccurrence",
    "SeriesOutcome",
    "Session",
    "Slot",
    "SlotExplanation",
    "TimeOff",
    "User",
    "VisitType",
    "WaitlistEntry",
    "WaitlistOffer",
    "WaitlistWindow",
    "Webhook",
    "WebhookDelivery",
];

/// Failures that are the same for whatever operation they happen to.
const FAILURES: [(u16, &str); 17] = [
    (400, "The request, or an id in its path, is malformed"),
    (401, "An access token is needed, or is not valid"),
    (403, "The caller may not do this"),
    (404, "There is no such thing, as far as the caller may know"),
    (408, "The body came too slowly"),
    (409, "The state of things does not allow it; `code` says why"),
    (410, "The hold ran out, and the time is taken; or it is too late to accept the offer"),
    (412, "There is a later version than the one in `If-Match`"),
    (413, "The body is too large"),
    (415, "The body has a type that is not read here"),
    (422, "Fields or parameters are wrong; `errors` names them"),
    (428, "`If-Match` is required"),
    (429, "Too many requests; `Retry-After` says when the next may come"),
    (431, "The line or the headers of the request are too long to be read; there is no body"),
    (500, "Something went wrong on our side"),
    (503, "What is needed is not available; `Retry-After` says when to try again"),
    (504, "It took too long; whether a change took effect is not known"),
];

/// The frame that the operations are put into.
pub fn frame() -> OpenApi {
    let mut document = Frame::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let token = ["oauth2", "token"].map(|scheme| SecurityRequirement::new(scheme, [] as [&str; 0]));
    document.security = Some(token.into());
    let components = document.components.get_or_insert_default();
    let password = Flow::Password(Password::new("/api/auth/login", Scopes::new()));
    components.add_security_scheme("oauth2", SecurityScheme::OAuth2(OAuth2::new([password])));
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    for (status, description) in FAILURES {
        let name = problem::reference(status).ref_location;
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        components.responses.insert(name, failure(status, description).into());
    }
    document
}

fn failure(status: u16, description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description);
    // Of what was not read nobody knows more.
    if status == 431 {
        return response.build();
    }
    let response = response.content("application/problem+json", content);
    let response = match status {
        401 => {
            response.header("WWW-Authenticate", text_header("What is needed instead (RFC 6750).", "Bearer"))
        }
        429 | 503 => response.header("Retry-After", text_header("Seconds to wait.", "1")),
        _ => response,
    };
    response.build()
}

/// Adds to each operation what every request of its kind can be answered.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let is_limited = path.starts_with("/api/");
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten();
        for operation in operations {
            for status in failures(operation, is_limited) {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_string()).or_insert(RefOr::Ref(problem::reference(status)));
            }
        }
        if let Some(operation) = &mut item.get {
            can_be_unchanged(operation);
        }
    }
    let components = document.components.get_or_insert_default();
    for name in COMPLETE {
        if let Some(RefOr::T(Schema::Object(answer))) = components.schemas.get_mut(name) {
            answer.required = answer.properties.keys().cloned().collect();
        }
    }
    document
}

/// The failures that the stack and the extractors can add to a handler's own.
fn failures(operation: &Operation, is_limited: bool) -> Vec<u16> {
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let has_body = operation.request_body.is_some();
    let mut failures = vec![500, 503, 504];
    if operation.security.is_none() {
        failures.push(401);
    }
    if is_limited {
        // 422: parameters that are not known are refused, also where none are.
        failures.extend([422, 429]);
    }
    if has_body || has_parameters {
        failures.push(400);
    }
    if has_parameters {
        failures.push(431);
    }
    if has_body {
        failures.extend([408, 413, 415]);
    }
    failures
}

/// What has an ETag answers `If-None-Match` with 304.
fn can_be_unchanged(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(found)) = responses.get(StatusCode::OK.as_str())
        && found.headers.contains_key("ETag")
    {
        let unchanged = ResponseBuilder::new().description("Unchanged since the ETag in `If-None-Match`");
        responses.insert(StatusCode::NOT_MODIFIED.as_str().to_owned(), unchanged.build().into());
    }
}
