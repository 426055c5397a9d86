//! What front ends send about the waitlist.
use super::{WaitlistEntryState, WaitlistPriority};
use crate::patch::{Clearable, Edit, Mask};
use crate::problem::Problem;
use crate::query::{Limit, Within, range};
use crate::times::{Bound, CivilDate, Moment, TimeOfDay};
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId};
use proto::scalars::TimeZoneName;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// How long before a visit a patient needs to know of it.
type Notice = Within<0, 43_200>;

/// When a patient can come: on one weekday, between two civil times of the place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaitlistWindow {
    /// 0 is Monday, 6 is Sunday.
    #[schema(value_type = i32, minimum = 0, maximum = 6, example = 0)]
    pub day_of_week: Within<0, 6>,
    /// The visit starts no earlier.
    pub start_time: TimeOfDay,
    /// Later than `start_time`. The visit ends no later.
    pub end_time: TimeOfDay,
}

impl From<NewWaitlistWindow> for pb::WaitlistWindow {
    fn from(window: NewWaitlistWindow) -> Self {
        let NewWaitlistWindow { day_of_week, start_time, end_time } = window;
        Self { day_of_week: day_of_week.get(), start_time: start_time.into(), end_time: end_time.into() }
    }
}

/// What a patient waits for. What is absent does not narrow.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWaitlistEntry {
    /// Patients may leave it out: they wait themselves.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    #[schema(value_type = Uuid)]
    pub visit_type_id: VisitTypeId,
    /// With any of these; with anyone who offers the visit type when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 50)]
    pub doctor_ids: Vec<DoctorId>,
    /// At any of these; anywhere when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 50)]
    pub location_ids: Vec<LocationId>,
    /// The first date that will do, at the place.
    pub earliest_date: Option<CivilDate>,
    /// The last date that will do, at the place.
    pub latest_date: Option<CivilDate>,
    /// Any time will do when empty.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub windows: Vec<NewWaitlistWindow>,
    /// For the practice; `routine` when absent.
    pub priority: Option<WaitlistPriority>,
    /// How long before a visit the patient needs to know of it; 0 when absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 43_200, example = 120)]
    pub notice_minutes: Option<Notice>,
    /// A visit that the patient would have earlier: accepting an offer moves it.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<AppointmentId>,
    /// From then on nothing is offered.
    pub expires_at: Option<Moment>,
}

impl CreateWaitlistEntry {
    pub fn of(self, patient_id: PatientId, request_id: String) -> pb::CreateWaitlistEntryRequest {
        let Self {
            patient_id: _,
            visit_type_id,
            doctor_ids,
            location_ids,
            earliest_date,
            latest_date,
            windows,
            priority,
            notice_minutes,
            appointment_id,
            expires_at,
        } = self;
        let entry = pb::WaitlistEntry {
            patient_id: patient_id.to_string(),
            visit_type_id: visit_type_id.to_string(),
            doctor_ids: texts(&doctor_ids),
            location_ids: texts(&location_ids),
            earliest_date: earliest_date.map(Into::into).unwrap_or_default(),
            latest_date: latest_date.map(Into::into).unwrap_or_default(),
            windows: windows.into_iter().map(Into::into).collect(),
            priority: wire(priority),
            notice_minutes: Within::or_zero(notice_minutes),
            appointment_id: appointment_id.map(|id| id.to_string()).unwrap_or_default(),
            expire_time: expires_at.map(Into::into),
            ..pb::WaitlistEntry::default()
        };
        pb::CreateWaitlistEntryRequest { entry: Some(entry), request_id }
    }
}

/// Changes to what a patient waits for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWaitlistEntry {
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub doctor_ids: Clearable<Vec<DoctorId>>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub location_ids: Clearable<Vec<LocationId>>,
    #[serde(default)]
    #[schema(value_type = Option<CivilDate>)]
    pub earliest_date: Clearable<CivilDate>,
    #[serde(default)]
    #[schema(value_type = Option<CivilDate>)]
    pub latest_date: Clearable<CivilDate>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Option<Vec<NewWaitlistWindow>>)]
    pub windows: Clearable<Vec<NewWaitlistWindow>>,
    /// For the practice.
    #[serde(default)]
    #[schema(value_type = WaitlistPriority)]
    pub priority: Edit<WaitlistPriority>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 43_200, example = 120)]
    pub notice_minutes: Edit<Notice>,
    #[serde(default)]
    #[schema(value_type = Option<Moment>)]
    pub expires_at: Clearable<Moment>,
}

impl UpdateWaitlistEntry {
    pub fn of(self, id: WaitlistEntryId, expected_version: i64) -> pb::UpdateWaitlistEntryRequest {
        let Self {
            doctor_ids,
            location_ids,
            earliest_date,
            latest_date,
            windows,
            priority,
            notice_minutes,
            expires_at,
        } = self;
        let mut mask = Mask::default();
        let windows = mask.value("windows", windows).unwrap_or_default();
        let entry = pb::WaitlistEntry {
            id: id.to_string(),
            doctor_ids: texts(&mask.value("doctor_ids", doctor_ids).unwrap_or_default()),
            location_ids: texts(&mask.value("location_ids", location_ids).unwrap_or_default()),
            earliest_date: mask.text("earliest_date", earliest_date),
            latest_date: mask.text("latest_date", latest_date),
            windows: windows.into_iter().map(Into::into).collect(),
            priority: wire(mask.value("priority", priority)),
            notice_minutes: Within::or_zero(mask.value("notice_minutes", notice_minutes)),
            expire_time: mask.value("expire_time", expires_at).map(Into::into),
            ..pb::WaitlistEntry::default()
        };
        pb::UpdateWaitlistEntryRequest {
            entry: Some(entry),
            update_mask: Some(mask.into()),
            expected_version,
        }
    }
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn wire(priority: Option<WaitlistPriority>) -> i32 {
    priority.map_or(pb::WaitlistPriority::Unspecified, Into::into).into()
}

/// A page of those who wait. Filters narrow what the caller may see.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWaitlistEntries {
    #[param(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    /// Those who would see this doctor.
    #[param(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    #[param(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Those who wait, paused or not, when absent.
    #[param(inline)]
    pub state: Option<WaitlistEntryState>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<ListWaitlistEntries> for pb::ListWaitlistEntriesRequest {
    fn from(query: ListWaitlistEntries) -> Self {
        let ListWaitlistEntries { patient_id, doctor_id, visit_type_id, state, limit, cursor } = query;
        Self {
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            visit_type_id: visit_type_id.map(|id| id.to_string()).unwrap_or_default(),
            state: state.map_or(pb::WaitlistEntryState::Unspecified, Into::into).into(),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}

/// A page of what was offered.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWaitlistOffers {
    #[param(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    /// Times that start on this day, or at this instant, or later.
    #[param(inline)]
    pub start_date: Option<Bound>,
    /// Times that start on this day or before; of an instant, before it.
    #[param(inline)]
    pub end_date: Option<Bound>,
    /// The zone in which days begin and end, IANA; UTC when absent.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub tz: Option<TimeZoneName>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl TryFrom<ListWaitlistOffers> for pb::ListWaitlistOffersRequest {
    type Error = Problem;

    fn try_from(query: ListWaitlistOffers) -> Result<Self, Problem> {
        let ListWaitlistOffers { doctor_id, start_date, end_date, tz, limit, cursor } = query;
        let (start_time, end_time) = range(start_date, end_date, tz)?;
        Ok(Self {
            entry_id: String::new(),
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            start_time,
            end_time,
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn what_is_absent_stays_and_null_clears() {
        let change: UpdateWaitlistEntry = from_value(json!({
            "doctor_ids": null,
            "earliest_date": "2030-01-07",
            "priority": "urgent",
            "expires_at": null,
        }))
        .unwrap();
        let message = change.of(WaitlistEntryId::random(), 3);
        let paths = message.update_mask.unwrap().paths;
        assert_eq!(paths, ["doctor_ids", "earliest_date", "priority", "expire_time"]);
        let entry = message.entry.unwrap();
        assert_eq!(
            (entry.priority(), entry.earliest_date.as_str()),
            (pb::WaitlistPriority::Urgent, "2030-01-07")
        );
        assert!(entry.doctor_ids.is_empty() && entry.expire_time.is_none());
        for wrong in
            [json!({ "priority": null }), json!({ "notice_minutes": 43_201 }), json!({ "state": "waiting" })]
        {
            assert!(from_value::<UpdateWaitlistEntry>(wrong).is_err());
        }
    }
}
