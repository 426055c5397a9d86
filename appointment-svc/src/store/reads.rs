//! Lists of visits, how patients keep to them, and who treats whom.
use super::appointments::columns;
use super::{Connection, Error, Query, Store};
use crate::domain::appointment::Appointment;
use crate::domain::interval::Interval;
use crate::domain::status::Status;
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// What is held is no visit yet. When nobody answered a request in time, it has expired, whoever has noticed.
pub(super) const COLUMNS: &str =
    concat!(columns!(), ", clock_timestamp() AS now FROM appointment.appointments WHERE hold_token IS NULL");

const IS_OVERDUE: &str = "(status = 'requested' AND least(respond_by, start_time) <= clock_timestamp())";

/// Where the index ends is said by the start: what is over has begun.
const UNRESOLVED: &str = "AND status IN ('scheduled', 'confirmed', 'arrived', 'checked_in', 'in_progress')
    AND end_time <= clock_timestamp() AND start_time <= (SELECT clock_timestamp())";

const ATTENDANCE: &str = "
    SELECT count(*) FILTER (WHERE status = 'completed') AS kept,
           count(*) FILTER (WHERE status = 'cancelled' AND is_late_cancel) AS late_cancelled,
           count(*) FILTER (WHERE status = 'no_show') AS no_show
      FROM appointment.appointments
     WHERE patient_id = $1";

/// A visit that was agreed upon, that the patient or the reception stands behind, and that was not called off, within
/// so many days of now.
const TREATS: &str = "
    SELECT EXISTS (
        SELECT 1 FROM appointment.appointments
         WHERE doctor_id = $1 AND patient_id = $2 AND is_vouched AND status <> 'cancelled'
           AND status NOT IN ('held', 'requested', 'expired', 'entered_in_error')
           AND start_time BETWEEN clock_timestamp() - make_interval(days => $3)
                              AND clock_timestamp() + make_interval(days => $3))";

const TREATED: &str = "
    SELECT DISTINCT patient_id
      FROM appointment.appointments
     WHERE doctor_id = $1 AND is_vouched AND status <> 'cancelled'
       AND status NOT IN ('held', 'requested', 'expired', 'entered_in_error')
       AND start_time BETWEEN clock_timestamp() - make_interval(days => $2)
                          AND clock_timestamp() + make_interval(days => $2)";

/// Visits ahead of a doctor that overlap a span, by start.
const AHEAD_WITHIN: &str = concat!(
    columns!(),
    "
      FROM appointment.appointments
     WHERE doctor_id = $1 AND start_time < $3 AND end_time > $2 AND start_time > clock_timestamp()
       AND start_time >= $2 - interval '1 day' AND status IN ('requested', 'scheduled', 'confirmed')
     ORDER BY start_time, id
     LIMIT $4"
);

/// Which visits to list; what is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub patient_id: Option<PatientId>,
    pub doctor_id: Option<DoctorId>,
    /// Without one, what expired or was entered in error is left out. What is held always is.
    pub status: Option<Status>,
    /// Only visits that are over and of which nobody said how they ended.
    pub is_unresolved: bool,
    /// Starts at or after.
    pub from: Option<Timestamp>,
    /// Starts before.
    pub until: Option<Timestamp>,
    /// The last visit of the page before.
    pub after: Option<Position>,
    pub limit: i64,
}

/// Where a visit stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(pub Timestamp, pub AppointmentId);

/// How a patient kept to what was agreed.
pub struct Attendance {
    pub kept: i64,
    pub late_cancelled: i64,
    pub no_show: i64,
}

impl Store {
    /// Visits by start and id, as they were seconds ago perhaps, and what time it was.
    pub async fn list_late(&self, filter: &Filter) -> Result<(Vec<Appointment>, Timestamp), Error> {
        let list = |client| {
            let connection = self.over(client);
            async move {
                // One round trip.
                let (now, visits) = tokio::try_join!(connection.now(), connection.list(filter))?;
                Ok((visits, now))
            }
        };
        self.reads.read(list).await
    }
}

impl Connection {
    /// Visits by start and id.
    #[instrument(name = "db.appointments.list", skip_all)]
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Appointment>, Error> {
        let Filter { patient_id, doctor_id, status, is_unresolved, from, until, after, limit } = filter;
        let patient_id = patient_id.map(|id| id.0);
        let doctor_id = doctor_id.map(|id| id.0);
        let status_name = status.map(Status::name);
        let mut query = Query::select(COLUMNS);
        query.narrow("patient_id =", patient_id.as_ref());
        query.narrow("doctor_id =", doctor_id.as_ref());
        match status {
            Some(Status::Held) => query.add("AND false"),
            Some(Status::Expired) => {
                query.add(&format!(
                    "AND status IN ('expired', 'requested') AND (status = 'expired' OR {IS_OVERDUE})"
                ));
            }
            Some(_) => {
                let status = query.value(&status_name);
                query.add(&format!("AND status = {status}::text::appointment.appointment_status"));
                query.add(&format!("AND NOT {IS_OVERDUE}"));
            }
            None if *is_unresolved => query.add(UNRESOLVED),
            None => {
                query.add("AND status NOT IN ('held', 'expired', 'entered_in_error')");
                query.add(&format!("AND NOT {IS_OVERDUE}"));
            }
        }
        query.narrow("start_time >=", from.as_ref());
        query.narrow("start_time <", until.as_ref());
        if let Some(Position(start, id)) = after {
            let (start, id) = (query.value(start), query.value(&id.0));
            query.add(&format!("AND (start_time, id) > ({start}, {id})"));
        }
        let limit = query.value(limit);
        query.add(&format!("ORDER BY start_time, id LIMIT {limit}"));

        let statement = self.client.prepare_cached(&query.text).await?;
        let rows = self.client.query(&statement, &query.values).await?;
        rows.iter().map(|row| Ok(Appointment::try_from(row)?.at(row.try_get("now")?))).collect()
    }

    /// Visits by their ids.
    #[instrument(name = "db.appointments.by_id", skip_all)]
    pub async fn visits(&self, ids: &[AppointmentId]) -> Result<HashMap<AppointmentId, Appointment>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let statement = self.client.prepare_cached(&format!("{COLUMNS} AND id = ANY($1)")).await?;
        let rows = self.client.query(&statement, &[&ids]).await?;
        let by_id = |row: &Row| {
            let visit = Appointment::try_from(row)?;
            Ok((visit.id, visit))
        };
        rows.iter().map(by_id).collect()
    }

    /// Visits ahead of `doctor` that overlap `span`, by start.
    #[instrument(name = "db.appointments.ahead_within", skip_all)]
    pub async fn ahead_within(
        &self,
        doctor: DoctorId,
        span: Interval,
        limit: i64,
    ) -> Result<Vec<Appointment>, Error> {
        let statement = self.client.prepare_cached(AHEAD_WITHIN).await?;
        let rows = self.client.query(&statement, &[&doctor.0, &span.start, &span.end, &limit]).await?;
        rows.iter().map(Appointment::try_from).collect()
    }

    /// The counts of all visits of a patient.
    #[instrument(name = "db.appointments.attendance", skip_all)]
    pub async fn attendance(&self, patient: PatientId) -> Result<Attendance, Error> {
        let statement = self.client.prepare_cached(ATTENDANCE).await?;
        let row = self.client.query_one(&statement, &[&patient.0]).await?;
        Ok(Attendance {
            kept: row.try_get("kept")?,
            late_cancelled: row.try_get("late_cancelled")?,
            no_show: row.try_get("no_show")?,
        })
    }

    #[instrument(name = "db.appointments.treats", skip_all)]
    pub async fn treats(&self, doctor: DoctorId, patient: PatientId, days: i32) -> Result<bool, Error> {
        let statement = self.client.prepare_cached(TREATS).await?;
        Ok(self.client.query_one(&statement, &[&doctor.0, &patient.0, &days]).await?.try_get(0)?)
    }

    #[instrument(name = "db.appointments.treated", skip_all)]
    pub async fn treated(&self, doctor: DoctorId, days: i32) -> Result<Vec<PatientId>, Error> {
        let statement = self.client.prepare_cached(TREATED).await?;
        let rows = self.client.query(&statement, &[&doctor.0, &days]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("patient_id")?))).collect()
    }
}
