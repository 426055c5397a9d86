//! From what a service answers to what a front end is told.
use super::{FieldProblem, Problem};
use crate::pointer;
use crate::times::Slot;
use http::StatusCode;
use jiff::tz::TimeZone;
use platform::fault;
use proto::appointment::SlotAlternatives;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

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
        problem.0.alternatives = alternatives(&status);
        problem.0.allowed = fact(&details, "allowed");
        problem.0.appointment_ids = fact(&details, "appointment_ids").unwrap_or_default();
        let told = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(delay) = told.filter(|_| problem.0.retry_after.is_some()) {
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
        // The doctor's hours are a rule about the times in the body, not a state that waiting would change.
        (_, "OUTSIDE_AVAILABILITY") => (StatusCode::UNPROCESSABLE_ENTITY, "outside_availability"),
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
            (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS", 409),
            (Code::FailedPrecondition, "NO_PATIENT_RECORD", 409),
            (Code::FailedPrecondition, "REVISION_REQUIRED", 428),
            (Code::InvalidArgument, "VALIDATION_FAILED", 422),
            (Code::Aborted, "VERSION_MISMATCH", 412),
            (Code::AlreadyExists, "PATIENT_CONFLICT", 409),
            (Code::Unauthenticated, "INVALID_CREDENTIALS", 401),
            (Code::PermissionDenied, "RELATIONSHIP_REQUIRED", 403),
            (Code::NotFound, "PATIENT_NOT_FOUND", 404),
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
        let slots = vec![pb::Slot { start_time: at(1_893_489_600), end_time: at(1_893_491_400) }];
        let detail = pb::SlotAlternatives { slots, time_zone: "Europe/Berlin".to_owned() };
        let taken = fault(Code::AlreadyExists, "test", "SLOT_TAKEN", "no");
        let problem = json(fault::with_detail(&taken, "healthcare.appointment.v1.SlotAlternatives", &detail));
        assert_eq!((&problem["status"], &problem["code"]), (&409.into(), &"slot_taken".into()));
        assert_eq!(problem["title"], "Slot taken");
        assert_eq!(problem["alternatives"][0]["start_time"], "2030-01-01T10:20:00+01:00");
        assert_eq!(problem["alternatives"][0]["is_available"], true);
    }

    #[test]
    fn facts_for_programs_are_lists() {
        let facts = [("allowed", "confirmed,cancelled".to_owned())];
        let problem = json(fault_with(Code::FailedPrecondition, "test", "INVALID_TRANSITION", "no", facts));
        assert_eq!(problem["allowed"], serde_json::json!(["confirmed", "cancelled"]));
        let facts = [("allowed", String::new())];
        let problem = json(fault_with(Code::FailedPrecondition, "test", "INVALID_TRANSITION", "no", facts));
        assert_eq!(problem["allowed"], serde_json::json!([]));
        let facts = [("field", "last_name".to_owned())];
        let problem = json(fault_with(Code::PermissionDenied, "test", "FIELD_FORBIDDEN", "no", facts));
        assert_eq!(problem["errors"][0]["pointer"], "/last_name");
    }

    #[test]
    fn an_outage_says_when_to_come_back() {
        let error = std::io::Error::other("refused");
        let problem = Problem::from(fault::unavailable("test", "auth-svc", &error));
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
