//! Two records of one person made one, and taken apart again.
use super::model::{MergePatient, Patient, UnmergePatient};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch};
use crate::reply::Found;
use axum::extract::State;
use proto::ids::PatientId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(merge)).routes(routes!(unmerge))
}

/// Merge a patient into another
///
/// For staff and admins, when two records are of one person. From then on the merged one is in no list, cannot be
/// booked, and says in `merged_into` who stays: that one is found by the identifiers of both, and has the medical
/// records of both in its list. Visits stay where they are; entries of the waitlist end. 409 `has_active_appointments`
/// while visits are ahead; `has_account` when somebody logs in as the merged one; `has_merged_patients` when others
/// were merged into it; `patient_merged`; `too_many_identifiers`; `legal_hold` on either. Merging twice is merging
/// once.
#[utoipa::path(post, path = "/api/patients/{id}/merge", operation_id = "MergePatient", tag = "patients",
    params(("id" = Uuid, Path, description = "Who is merged"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn merge(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<MergePatient>,
) -> Result<Found<Patient>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let patient = app.clients.patients.clone().merge_patient(message).await?.into_inner();
    Ok(Found(patient.try_into()?))
}

/// Take a merged patient apart again
///
/// For staff and admins. Both are as they were, but for entries of the waitlist; what was changed about the one who
/// stayed is kept. 409 `not_merged`, `legal_hold`.
#[utoipa::path(post, path = "/api/patients/{id}/unmerge", operation_id = "UnmergePatient", tag = "patients",
    params(("id" = Uuid, Path, description = "Who was merged")), responses(Forbidden, NotFound, Conflict))]
async fn unmerge(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<UnmergePatient>,
) -> Result<Found<Patient>, Problem> {
    let message = caller.asks(body.of(id));
    let patient = app.clients.patients.clone().unmerge_patient(message).await?.into_inner();
    Ok(Found(patient.try_into()?))
}
