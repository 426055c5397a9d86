//! Holds as the REST face shows them.
use crate::problem::Problem;
use crate::reply::Plain;
use crate::routes::appointments::model::Price;
use crate::routes::given;
use crate::times::{Garbled, Instant, When, zone};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use proto::appointment as pb;
use proto::ids::{DoctorId, PatientId, VisitTypeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{self, ObjectBuilder, RefOr, Required, Type};
use utoipa::{IntoParams, IntoResponses, ToSchema};

const TOKEN: &str = "Hold-Token";

/// A time to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateHold {
    /// Patients may leave it out: they book for themselves.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    /// Whose rules hold; without one, any start and length within the doctor's hours.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    pub start_time: When,
    /// After the usual length when absent.
    pub end_time: Option<When>,
}

impl CreateHold {
    pub fn of(self, patient_id: PatientId, request_id: String) -> pb::CreateHoldRequest {
        let Self { patient_id: _, doctor_id, visit_type_id, start_time, end_time } = self;
        let (start_time, start_local) = start_time.into_wire();
        let (end_time, end_local) = end_time.map(When::into_wire).unwrap_or_default();
        pb::CreateHoldRequest {
            patient_id: patient_id.to_string(),
            doctor_id: doctor_id.to_string(),
            start_time,
            end_time,
            start_local,
            end_local,
            visit_type_id: visit_type_id.map(|id| id.to_string()).unwrap_or_default(),
            request_id,
        }
    }
}

/// The proof that a hold may be renewed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewHold {
    #[schema(min_length = 22, max_length = 22, example = "mZ0uW3k9Qx2bJ7yR5tLhVg")]
    pub hold_token: String,
}

/// The proof that a hold may be given up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseHold {
    #[schema(min_length = 22, max_length = 22, example = "mZ0uW3k9Qx2bJ7yR5tLhVg")]
    pub hold_token: String,
}

/// The same in a header, for clients that send no body with DELETE.
pub struct HoldTokenHeader(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for HoldTokenHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(TOKEN) else { return Ok(Self(None)) };
        let text =
            value.to_str().map_err(|_| Problem::invalid_field("/hold-token", "is not a hold token"))?;
        Ok(Self(Some(text.trim().to_owned())))
    }
}

impl IntoParams for HoldTokenHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let token = ObjectBuilder::new().schema_type(Type::String).min_length(Some(22)).max_length(Some(22));
        let parameter = ParameterBuilder::new()
            .name(TOKEN)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The token of the hold, if it is not in the body."))
            .schema(Some(token.examples(["mZ0uW3k9Qx2bJ7yR5tLhVg"])))
            .build();
        vec![parameter]
    }
}

/// A time that is kept for whoever is about to book it; no visit yet.
#[derive(Serialize, ToSchema)]
pub struct Hold {
    /// That of the visit, once it is booked.
    #[schema(value_type = Uuid)]
    pub id: String,
    /// Books, renews and gives up the time; whoever knows it may.
    #[schema(example = "mZ0uW3k9Qx2bJ7yR5tLhVg")]
    pub hold_token: String,
    /// From then on the time is anyone's.
    pub expires_at: Instant,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// Null when without one.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<String>,
    /// With the offset of the place.
    pub start_time: Instant,
    /// With the offset of the place.
    pub end_time: Instant,
    /// Null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
    /// The zone of the place, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// What the visit will cost.
    pub price: Option<Price>,
}

impl TryFrom<pb::Hold> for Hold {
    type Error = Garbled;

    fn try_from(hold: pb::Hold) -> Result<Self, Garbled> {
        let pb::Hold {
            id,
            hold_token,
            expire_time,
            version: _,
            patient_id,
            doctor_id,
            visit_type_id,
            start_time,
            end_time,
            location_id,
            time_zone,
            price_minor,
            currency,
        } = hold;
        let place = zone(&time_zone)?;
        Ok(Self {
            id,
            hold_token,
            expires_at: Instant::utc("expire_time", expire_time)?,
            patient_id,
            doctor_id,
            visit_type_id: given(visit_type_id),
            start_time: Instant::in_zone("start_time", start_time, &place)?,
            end_time: Instant::in_zone("end_time", end_time, &place)?,
            location_id: given(location_id),
            time_zone,
            price: given(currency).map(|currency| Price { minor: price_minor, currency }),
        })
    }
}

/// 201 and the hold, which cannot be read again: only who made it knows its token.
pub struct Kept(pub Hold);

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Plain(self.0)).into_response()
    }
}

impl IntoResponses for Kept {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let ok = Plain::<Hold>::responses().into_values();
        ok.map(|response| (StatusCode::CREATED.as_str().to_owned(), response)).collect()
    }
}
