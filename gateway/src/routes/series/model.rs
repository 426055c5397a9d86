//! Visits that recur as the REST face shows them.
use crate::query::Within;
use crate::reply::Resource;
use crate::routes::appointments::model::Appointment;
use crate::routes::given;
use crate::times::{Garbled, Instant, SeriesOccurrence, TimeOfDay, When, zone};
use proto::appointment as pb;
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, DoctorId, PatientId, SeriesId, VisitTypeId};
use proto::scalars::VisitNotes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What becomes of a series of which not every visit can be booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesMode {
    /// Nothing is booked or moved.
    #[default]
    AllOrNothing,
    /// The others are, if there are any.
    SkipConflicts,
}

impl From<SeriesMode> for pb::SeriesMode {
    fn from(mode: SeriesMode) -> Self {
        match mode {
            SeriesMode::AllOrNothing => Self::AllOrNothing,
            SeriesMode::SkipConflicts => Self::SkipConflicts,
        }
    }
}

/// Which visits of a series a change is about. Those that are over stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesScope {
    #[default]
    All,
    /// The visit that is named in `from`, and those after it.
    Following,
}

impl From<SeriesScope> for pb::SeriesScope {
    fn from(scope: SeriesScope) -> Self {
        match scope {
            SeriesScope::All => Self::All,
            SeriesScope::Following => Self::Following,
        }
    }
}

/// Visits to be booked that recur at one civil time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSeries {
    /// Patients may leave it out: they book for themselves.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    /// Whose rules hold; without one, any start and length within the doctor's hours.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Length of each visit without a visit type; the doctor's usual one when absent.
    #[schema(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
    /// Of the first visit, on a date of the rule. The others start at the same civil time.
    pub start_time: When,
    /// Part of RFC 5545: `FREQ` is `DAILY`, `WEEKLY` (with `BYDAY`: days) or `MONTHLY` (with `BYDAY`: one day with its
    /// place in the month, `2TU` or `-1FR`); `INTERVAL`, 1 to 52; and either `COUNT`, 2 to 104, or `UNTIL`, a date.
    #[schema(example = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=6")]
    pub rrule: String,
    /// On each visit.
    pub notes: Option<VisitNotes>,
    #[serde(default)]
    pub mode: SeriesMode,
    /// Tells what would be booked, and books nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl CreateSeries {
    pub fn of(self, patient_id: PatientId, request_id: String) -> pb::CreateSeriesRequest {
        let Self {
            patient_id: _,
            doctor_id,
            visit_type_id,
            duration_minutes,
            start_time,
            rrule,
            notes,
            mode,
            dry_run,
        } = self;
        let (start_time, start_local) = start_time.into_wire();
        pb::CreateSeriesRequest {
            patient_id: patient_id.to_string(),
            doctor_id: doctor_id.to_string(),
            visit_type_id: text(visit_type_id),
            duration_minutes: Within::or_zero(duration_minutes),
            start_time,
            start_local,
            rrule,
            notes: notes.map(Into::into).unwrap_or_default(),
            mode: pb::SeriesMode::from(mode).into(),
            dry_run,
            request_id,
        }
    }
}

/// Where the visits of a series go: another time of day, other days, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSeries {
    #[serde(default)]
    pub scope: SeriesScope,
    /// With `following`: the first visit to be moved.
    #[schema(value_type = Option<Uuid>)]
    pub from: Option<AppointmentId>,
    /// The civil time of day of the visits; as it was when absent.
    pub start_time: Option<TimeOfDay>,
    /// By how many days each visit is moved.
    #[schema(value_type = Option<i32>, minimum = -6, maximum = 6)]
    pub shift_days: Option<Within<-6, 6>>,
    #[serde(default)]
    pub mode: SeriesMode,
    /// Tells what would be moved, and moves nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl UpdateSeries {
    pub fn of(self, id: SeriesId, expected_version: i64, request_id: String) -> pb::UpdateSeriesRequest {
        let Self { scope, from, start_time, shift_days, mode, dry_run } = self;
        pb::UpdateSeriesRequest {
            id: id.to_string(),
            scope: pb::SeriesScope::from(scope).into(),
            from_appointment_id: text(from),
            start_time_of_day: start_time.map(Into::into).unwrap_or_default(),
            shift_days: Within::or_zero(shift_days),
            mode: pb::SeriesMode::from(mode).into(),
            dry_run,
            expected_version,
            request_id,
        }
    }
}

/// Which visits of a series are cancelled, and why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CancelSeries {
    /// `all` when absent.
    #[param(inline)]
    pub scope: Option<SeriesScope>,
    /// With `following`: the first visit to be cancelled.
    #[param(value_type = Option<Uuid>)]
    pub from: Option<AppointmentId>,
    /// Why, as a code. As for one visit.
    #[param(inline)]
    pub reason: Option<CancellationReason>,
}

impl CancelSeries {
    pub fn of(self, id: SeriesId, expected_version: i64, request_id: String) -> pb::CancelSeriesRequest {
        let Self { scope, from, reason } = self;
        pb::CancelSeriesRequest {
            id: id.to_string(),
            scope: pb::SeriesScope::from(scope.unwrap_or_default()).into(),
            from_appointment_id: text(from),
            reason_code: reason.map_or("", CancellationReason::code).to_owned(),
            // Words do not go into addresses.
            note: String::new(),
            expected_version,
            request_id,
        }
    }
}

/// Visits of one patient to one doctor that recur at one civil time. Each is an ordinary visit, too.
#[derive(Serialize, ToSchema)]
pub struct Series {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// Null when it was booked without one.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<String>,
    /// As it was booked, RFC 5545; what became of the visits is in `visits`.
    #[schema(example = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=6")]
    pub rrule: String,
    /// The civil start of the first visit as it was booked, in `time_zone`.
    #[schema(example = "2030-01-07T09:00:00")]
    pub start_local: String,
    /// The zone of the place, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    #[schema(minimum = 5, maximum = 480, example = 30)]
    pub duration_minutes: i32,
    /// From this civil start on it was cancelled.
    #[schema(example = "2030-02-04T09:00:00")]
    pub ended_from_local: Option<String>,
    /// By start, the cancelled ones too.
    pub visits: Vec<Appointment>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Grows by one with each change of several visits; the ETag.
    #[schema(minimum = 0, example = 1)]
    pub version: i64,
}

impl Resource for Series {
    const VERSION: Option<fn(&Self) -> i64> = Some(|series| series.version);

    fn location(&self) -> String {
        format!("/api/appointments/series/{}", self.id)
    }
}

impl TryFrom<pb::Series> for Series {
    type Error = Garbled;

    fn try_from(series: pb::Series) -> Result<Self, Garbled> {
        let pb::Series {
            id,
            patient_id,
            doctor_id,
            visit_type_id,
            rrule,
            start_local,
            time_zone,
            duration_minutes,
            version,
            create_time,
            update_time,
            ended_from_local,
            visits,
        } = series;
        Ok(Self {
            id,
            patient_id,
            doctor_id,
            visit_type_id: given(visit_type_id),
            rrule,
            start_local,
            time_zone,
            duration_minutes,
            ended_from_local: given(ended_from_local),
            visits: visits.into_iter().map(Appointment::try_from).collect::<Result<_, _>>()?,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            version,
        })
    }
}

/// What was booked or moved, or would be.
#[derive(Serialize, ToSchema)]
pub struct SeriesOutcome {
    /// As it now is; null when nothing was booked.
    pub series: Option<Series>,
    pub occurrences: Vec<SeriesOccurrence>,
}

impl Resource for SeriesOutcome {
    fn location(&self) -> String {
        self.series.as_ref().map(Series::location).unwrap_or_default()
    }
}

impl TryFrom<pb::SeriesOutcome> for SeriesOutcome {
    type Error = Garbled;

    fn try_from(outcome: pb::SeriesOutcome) -> Result<Self, Garbled> {
        let pb::SeriesOutcome { series, occurrences, time_zone } = outcome;
        let zone = zone(&time_zone)?;
        let told = occurrences.into_iter().map(|told| SeriesOccurrence::new(told, &zone));
        Ok(Self {
            series: series.map(Series::try_from).transpose()?,
            occurrences: told.collect::<Result<_, _>>()?,
        })
    }
}

fn text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
