//! Questions for lists of visits, a page at a time.
use super::{bound, known_status};
use crate::domain::questions;
use crate::store::{Filter, Position};
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use proto::appointment as pb;

/// The lists that page tokens belong to.
pub const VISITS: &str = "appointments";
pub const SLOTS: &str = "slots";
pub const SUMMARIES: &str = "appointments/summaries";
pub const UNRESOLVED: &str = "appointments/unresolved";

/// Which visits to list.
pub fn filter(pages: &PageTokens, request: &pb::ListAppointmentsRequest) -> Result<Filter, Violations> {
    let mut wrong = Violations::default();
    let optional_id = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    let patient_id = optional_id(&request.patient_id).and_then(|id| wrong.field("patient_id", id.parse()));
    let doctor_id = optional_id(&request.doctor_id).and_then(|id| wrong.field("doctor_id", id.parse()));
    let from = bound(&mut wrong, "start_time_from", request.start_time_from);
    let until = bound(&mut wrong, "start_time_until", request.start_time_until);
    let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
    let after: Option<Option<Position>> = wrong.field("page_token", pages.open(VISITS, &request.page_token));
    let status = wrong.field("status", known_status(request.status)).flatten();
    let limit = size.unwrap_or_default();
    wrong.into_result(Filter {
        patient_id,
        doctor_id,
        status,
        is_unresolved: false,
        from,
        until,
        after: after.flatten(),
        limit,
    })
}

/// Which visits to list of one doctor or one patient.
pub fn summaries(
    pages: &PageTokens,
    request: &pb::ListAppointmentSummariesRequest,
) -> Result<Filter, Violations> {
    let mut wrong = Violations::default();
    let (doctor_id, patient_id) = match (request.doctor_id.as_str(), request.patient_id.as_str()) {
        (doctor, "") => (wrong.field("doctor_id", doctor.parse()), None),
        ("", patient) => (None, wrong.field("patient_id", patient.parse())),
        _ => {
            wrong.add("patient_id", "must be empty where a doctor is asked for");
            (None, None)
        }
    };
    let from = bound(&mut wrong, "start_time_from", request.start_time_from);
    let until = bound(&mut wrong, "start_time_until", request.start_time_until);
    let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
    let after: Option<Option<Position>> =
        wrong.field("page_token", pages.open(SUMMARIES, &request.page_token));
    let (after, limit) = (after.flatten(), size.unwrap_or_default());
    wrong.into_result(Filter { patient_id, doctor_id, from, until, after, limit, ..Filter::default() })
}

/// Which visits to list of those that nobody has finished.
pub fn unresolved(
    pages: &PageTokens,
    request: &pb::ListUnresolvedAppointmentsRequest,
) -> Result<Filter, Violations> {
    let mut wrong = Violations::default();
    let doctor_id = match request.doctor_id.as_str() {
        "" => None,
        id => wrong.field("doctor_id", id.parse()),
    };
    let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
    let after: Option<Option<Position>> =
        wrong.field("page_token", pages.open(UNRESOLVED, &request.page_token));
    let (after, limit) = (after.flatten(), size.unwrap_or_default());
    wrong.into_result(Filter { doctor_id, after, limit, ..Filter::default() })
}

/// How many free times a page has, and after which it begins.
pub fn slots(
    pages: &PageTokens,
    request: &pb::SearchSlotsRequest,
) -> Result<(i64, Option<questions::Position>), Violations> {
    let mut wrong = Violations::default();
    let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
    let after: Option<Option<questions::Position>> =
        wrong.field("page_token", pages.open(SLOTS, &request.page_token));
    wrong.into_result((size.unwrap_or_default(), after.flatten()))
}
