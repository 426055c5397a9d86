//! From what a service answers to what a front end is told.
use super::{FieldProblem, Problem};
use crate::pointer;
use crate::times::{SeriesOccurrence, Slot};
use http::StatusCode;
use jiff::tz::TimeZone;
use platform::fault;
use proto::appointment::{SeriesConflict, SlotAlternatives};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Rules that another start would keep.
const START_RULES: [&str; 4] = ["OFF_GRID", "TOO_SOON", "BEYOND_HORIZON", "OUTSIDE_AVAILABILITY"];
/// A conflict that passes by itself.
const UNDER_WAY: &str = "IDEMPOTENCY_IN_PROGRESS";

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str()).unwrap_or_default();
        let (http, fallback) = http(status.code(), reason);
        if http == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(rpc.code = ?status.code(), reason, "a service failed");
            return Self::internal();
        }
        let code = if reason.is_empty() { fallback.to_owned() } else { reason.to_lowercase() };
        let mut problem = Self::new(http, &code, status.message());
        problem.0.errors = field_problems(&details);
        if START_RULES.contains(&reason) {
            problem.0.errors.push(told("start_time", status.message()));
        }
        problem.0.alternatives = alternatives(&status);
        problem.0.occurrences = occurrences(&status);
        problem.0.current = word(&details, "current");
        problem.0.allowed = fact(&details, "allowed");
        problem.0.outcome = word(&details, "outcome");
        problem.0.rule = word(&details, "rule");
        problem.0.limit = number(&details, "limit");
        problem.0.actual = number(&details, "actual");
        problem.0.appointment_ids = fact(&details, "appointment_ids").unwrap_or_default();
        problem.0.patient_ids = fact(&details, "patient_ids").unwrap_or_default();
        problem.0.retryable |= reason == UNDER_WAY;
        let told = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(delay) = told.filter(|_| problem.0.retry_after.is_some() || reason == UNDER_WAY) {
            problem = problem.with_retry_after(delay.as_secs());
        }
        problem
    }
}

/// The one table from gRPC to HTTP, with the code of a problem whose service gives no reason.
fn http(code: Code, reason: &str) -> (StatusCode, &'static str) {
    match (code, reason) {
        (_, "VERSION_MISMATCH") => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
        (_, "REVISION_REQUIRED") => (StatusCode::PRECONDITION_REQUIRED, "revision_required"),
        // Rules about the times in the body, not a state that waiting would change.
        (
            _,
            "OUTSIDE_AVAILABILITY" | "TOO_SOON" | "BEYOND_HORIZON" | "OFF_GRID" | "VISIT_TYPE_NOT_OFFERED",
        ) => (StatusCode::UNPROCESSABLE_ENTITY, "outside_availability"),
        (_, "HOLD_EXPIRED" | "OFFER_EXPIRED") => (StatusCode::GONE, "hold_expired"),
        // What was agreed upon at booking is a rule about the request as well.
        (_, "POLICY_VIOLATION") => (StatusCode::UNPROCESSABLE_ENTITY, "policy_violation"),
        // RFC 6749, section 5.2.
        (_, "INVALID_REQUEST" | "INVALID_SCOPE" | "UNSUPPORTED_GRANT_TYPE") => {
            (StatusCode::BAD_REQUEST, "invalid_request")
        }
        (_, "AUTH_BUSY") => (StatusCode::SERVICE_UNAVAILABLE, "auth_busy"),
        (Code::InvalidArgument, _) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
        (Code::Unauthenticated, _) => (StatusCode::UNAUTHORIZED, "unauthenticated"),
        (Code::PermissionDenied, _) => (StatusCode::FORBIDDEN, "forbidden"),
        (Code::NotFound, _) => (StatusCode::NOT_FOUND, "not_found"),
        (Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted, _) => {
            (StatusCode::CONFLICT, "conflict")
        }
        (Code::ResourceExhausted, _) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        // A service that stops cancels what it has not begun.
        (Code::Unavailable | Code::Cancelled, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (Code::DeadlineExceeded, _) => (StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded"),
        (
            Code::Ok
            | Code::Unknown
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss,
            _,
        ) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn field_problems(details: &ErrorDetails) -> Vec<FieldProblem> {
    let forbidden = details.error_info().and_then(|info| info.metadata.get("field"));
    let forbidden = forbidden
        .map(|field| FieldProblem::new(pointer::to_field(field), "forbidden", "is not yours to change"));
    let wrong = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
    let wrong = wrong.map(|violation| told(&violation.field, &violation.description));
    wrong.chain(forbidden).collect()
}

/// One of the facts that come with a reason.
fn word(details: &ErrorDetails, name: &str) -> Option<String> {
    details.error_info()?.metadata.get(name).cloned()
}

fn number(details: &ErrorDetails, name: &str) -> Option<i64> {
    word(details, name)?.parse().ok()
}

/// A list among the facts that come with a reason.
fn fact(details: &ErrorDetails, name: &str) -> Option<Vec<String>> {
    let list = details.error_info()?.metadata.get(name)?;
    Some(list.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect())
}

fn alternatives(status: &Status) -> Vec<Slot> {
    let detail: Option<SlotAlternatives> =
        fault::detail(status, "healthcare.appointment.v1.SlotAlternatives");
    let Some(SlotAlternatives { slots, time_zone }) = detail else { return Vec::new() };
    let zone = TimeZone::get(&time_zone).unwrap_or(TimeZone::UTC);
    // A conflict without alternatives is better than no answer.
    slots.into_iter().filter_map(|slot| Slot::new(slot, &zone).ok()).collect()
}

fn occurrences(status: &Status) -> Vec<SeriesOccurrence> {
    let detail: Option<SeriesConflict> = fault::detail(status, "healthcare.appointment.v1.SeriesConflict");
    let Some(SeriesConflict { occurrences, time_zone }) = detail else { return Vec::new() };
    let zone = TimeZone::get(&time_zone).unwrap_or(TimeZone::UTC);
    occurrences.into_iter().filter_map(|told| SeriesOccurrence::new(told, &zone).ok()).collect()
}

/// What a service says about a field.
fn told(field: &str, description: &str) -> FieldProblem {
    let code = if description == "is required" { "missing" } else { "invalid" };
    FieldProblem::new(pointer::to_field(field), code, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::fault::{fault, fault_with};
    use platform::violations::Violations;
    use prost_types::Timestamp;
    use proto::appointment as pb;

    fn json(status: Status) -> serde_json::Value {
        serde_json::to_value(&*Problem::from(status).0).unwrap()
    }

    fn answer(code: Code, reason: &str) -> (u16, String) {
        let problem = Problem::from(fault(code, "test", reason, "no"));
        (problem.status().as_u16(), problem.code().to_owned())
    }

    #[test]
    fn every_reason_has_a_status_and_a_code() {
        let table = [
            (Code::FailedPrecondition, "OUTSIDE_AVAILABILITY", 422),
            (Code::FailedPrecondition, "TOO_SOON", 422),
            (Code::FailedPrecondition, "DAY_FULL", 409),
            (Code::FailedPrecondition, "HOLD_EXPIRED", 410),
            (Code::FailedPrecondition, "HOLD_RENEWED", 409),
            (Code::FailedPrecondition, "OFFER_EXPIRED", 410),
            (Code::FailedPrecondition, "OFFER_CLOSED", 409),
            (Code::FailedPrecondition, "WAITLIST_ENTRY_CLOSED", 409),
            (Code::FailedPrecondition, "TOO_MANY_WAITLIST_ENTRIES", 409),
            (Code::FailedPrecondition, "HOLD_USED", 409),
            (Code::FailedPrecondition, "OVERBOOK_LIMIT", 409),
            (Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED", 422),
            (Code::FailedPrecondition, "POLICY_VIOLATION", 422),
            (Code::FailedPrecondition, "INVALID_TRANSITION", 409),
            (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS", 409),
            (Code::FailedPrecondition, "NO_PATIENT_RECORD", 409),
            (Code::FailedPrecondition, "REVISION_REQUIRED", 428),
            (Code::InvalidArgument, "VALIDATION_FAILED", 422),
            (Code::Aborted, "VERSION_MISMATCH", 412),
            (Code::AlreadyExists, "PATIENT_CONFLICT", 409),
            (Code::AlreadyExists, "POSSIBLE_DUPLICATE", 409),
            (Code::Unauthenticated, "INVALID_CREDENTIALS", 401),
            (Code::PermissionDenied, "RELATIONSHIP_REQUIRED", 403),
            (Code::NotFound, "PATIENT_NOT_FOUND", 404),
            (Code::NotFound, "WAITLIST_OFFER_NOT_FOUND", 404),
            (Code::ResourceExhausted, "AUTH_BUSY", 503),
            (Code::ResourceExhausted, "TOO_MANY", 429),
            (Code::Unavailable, "DEPENDENCY_UNAVAILABLE", 503),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", 504),
        ];
        for (code, reason, status) in table {
            assert_eq!(answer(code, reason), (status, reason.to_lowercase()));
        }
    }

    #[test]
    fn a_start_that_breaks_a_rule_is_named() {
        let problem = json(fault(Code::FailedPrecondition, "test", "TOO_SOON", "it is too late for that"));
        assert_eq!(
            problem["errors"],
            serde_json::json!([
                {"pointer": "/start_time", "detail": "it is too late for that", "code": "invalid"},
            ])
        );
        let full = json(fault(Code::FailedPrecondition, "test", "DAY_FULL", "no more on that date"));
        assert_eq!(full["errors"], serde_json::Value::Null);
    }

    #[test]
    fn what_is_our_fault_is_told_blandly() {
        for code in [Code::Internal, Code::Unknown, Code::DataLoss, Code::Unimplemented, Code::OutOfRange] {
            let problem = json(Status::new(code, "relation users does not exist"));
            assert_eq!((&problem["status"], &problem["code"]), (&500.into(), &"internal".into()));
            assert!(!problem.to_string().contains("users"));
        }
    }

    #[test]
    fn wrong_fields_are_named_as_the_body_has_them() {
        let mut wrong = Violations::default();
        wrong.add("patient.email", "must be an e-mail address");
        wrong.add("patient.identifiers[1].value", "is required");
        let problem = json(wrong.into());
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["code"], "validation_failed");
        assert_eq!(
            problem["errors"],
            serde_json::json!([
                {"pointer": "/email", "detail": "must be an e-mail address", "code": "invalid"},
                {"pointer": "/identifiers/1/value", "detail": "is required", "code": "missing"},
            ])
        );
    }

    #[test]
    fn a_taken_slot_comes_with_free_ones_nearby() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let (start_time, end_time) = (at(1_893_489_600), at(1_893_491_400));
        let slots = vec![pb::Slot { start_time, end_time, places_left: 1, ..pb::Slot::default() }];
        let detail = pb::SlotAlternatives { slots, time_zone: "Europe/Berlin".to_owned() };
        let taken = fault(Code::AlreadyExists, "test", "SLOT_TAKEN", "no");
        let problem = json(fault::with_detail(&taken, "healthcare.appointment.v1.SlotAlternatives", &detail));
        assert_eq!((&problem["status"], &problem["code"]), (&409.into(), &"slot_taken".into()));
        assert_eq!(problem["title"], "Slot taken");
        assert_eq!(problem["alternatives"][0]["start_time"], "2030-01-01T10:20:00+01:00");
        assert_eq!(problem["alternatives"][0]["is_available"], true);
    }

    #[test]
    fn a_series_in_conflict_comes_with_all_its_times() {
        let taken = pb::SeriesOccurrence {
            start_local: "2030-01-01T10:20:00".to_owned(),
            start_time: Some(Timestamp { seconds: 1_893_489_600, nanos: 0 }),
            code: "SLOT_TAKEN".to_owned(),
            ..pb::SeriesOccurrence::default()
        };
        let detail = SeriesConflict { occurrences: vec![taken], time_zone: "Europe/Berlin".to_owned() };
        let conflict = fault(Code::FailedPrecondition, "test", "SERIES_CONFLICT", "no");
        let problem =
            json(fault::with_detail(&conflict, "healthcare.appointment.v1.SeriesConflict", &detail));
        assert_eq!((&problem["status"], &problem["code"]), (&409.into(), &"series_conflict".into()));
        assert_eq!(problem["occurrences"][0]["start_time"], "2030-01-01T10:20:00+01:00");
        assert_eq!(problem["occurrences"][0]["code"], "slot_taken");
        assert_eq!(problem["occurrences"][0]["end_time"], serde_json::Value::Null);
    }

    #[test]
    fn facts_for_programs_are_lists_words_and_numbers() {
        let facts = [("allowed", "confirmed,cancelled".to_owned())];
        let problem = json(fault_with(Code::FailedPrecondition, "test", "INVALID_TRANSITION", "no", facts));
        assert_eq!(problem["allowed"], serde_json::json!(["confirmed", "cancelled"]));
        let facts = [("allowed", String::new())];
        let problem = json(fault_with(Code::FailedPrecondition, "test", "INVALID_TRANSITION", "no", facts));
        assert_eq!(problem["allowed"], serde_json::json!([]));
        let facts =
            [("rule", "cancel_notice".to_owned()), ("limit", "1440".to_owned()), ("actual", "90".to_owned())];
        let problem = json(fault_with(Code::FailedPrecondition, "test", "POLICY_VIOLATION", "no", facts));
        let told = (&problem["rule"], &problem["limit"], &problem["actual"]);
        assert_eq!(told, (&"cancel_notice".into(), &1440.into(), &90.into()));
        let facts = [("field", "last_name".to_owned())];
        let problem = json(fault_with(Code::PermissionDenied, "test", "FIELD_FORBIDDEN", "no", facts));
        assert_eq!(problem["errors"][0]["pointer"], "/last_name");
    }

    #[test]
    fn a_request_that_is_under_way_can_be_asked_for_again_soon() {
        let problem = Problem::from(fault::busy("test", "IDEMPOTENCY_IN_PROGRESS", "under way"));
        assert_eq!((problem.status().as_u16(), problem.0.retryable), (409, true));
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.headers()["retry-after"], "2");
    }

    #[test]
    fn an_outage_says_when_to_come_back() {
        let error = std::io::Error::other("refused");
        let problem = Problem::from(fault::unavailable("test", "auth-svc", &error));
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
