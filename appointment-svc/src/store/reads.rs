//! Lists of visits, and who treats whom.
use super::{Connection, Error};
use crate::domain::appointment::Appointment;
use crate::domain::status::Status;
use jiff::Timestamp;
use postgres_types::ToSql;
use proto::ids::{AppointmentId, DoctorId, PatientId, UserId};
use serde::{Deserialize, Serialize};
use tracing::instrument;

const COLUMNS: &str = "
    SELECT id, patient_id, doctor_id, start_time, end_time, time_zone, status::text AS status, notes, is_vouched,
           version, created_at, updated_at
      FROM appointment.appointments
     WHERE true";

const HISTORY: &str = "
    SELECT version, kind, from_status::text AS from_status, to_status::text AS to_status, start_time, end_time,
           actor_id, actor_role, at
      FROM appointment.appointment_events
     WHERE appointment_id = $1
     ORDER BY version";

/// A visit that the patient or the reception stands behind and that was not cancelled, within a year.
const TREATS: &str = "
    SELECT EXISTS (
        SELECT 1 FROM appointment.appointments
         WHERE doctor_id = $1 AND patient_id = $2 AND is_vouched AND status <> 'cancelled'
           AND start_time BETWEEN clock_timestamp() - interval '365 days' AND clock_timestamp() + interval '365 days')";

const TREATED: &str = "
    SELECT DISTINCT patient_id
      FROM appointment.appointments
     WHERE doctor_id = $1 AND is_vouched AND status <> 'cancelled'
       AND start_time BETWEEN clock_timestamp() - interval '365 days' AND clock_timestamp() + interval '365 days'";

/// Which visits to list; what is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub patient_id: Option<PatientId>,
    pub doctor_id: Option<DoctorId>,
    pub status: Option<Status>,
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

/// One change of a visit.
pub struct HistoryEntry {
    pub version: i64,
    pub kind: String,
    pub from_status: Option<Status>,
    pub to_status: Status,
    pub start_time: Timestamp,
    pub end_time: Timestamp,
    pub actor_id: UserId,
    pub actor_role: String,
    pub at: Timestamp,
}

impl Connection {
    /// Visits by start and id.
    #[instrument(name = "db.appointments.list", skip_all)]
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Appointment>, Error> {
        let Filter { patient_id, doctor_id, status, from, until, after, limit } = filter;
        let patient_id = patient_id.map(|id| id.0);
        let doctor_id = doctor_id.map(|id| id.0);
        let status = status.map(Status::name);
        let mut query = Query::select(COLUMNS);
        query.narrow("patient_id =", patient_id.as_ref());
        query.narrow("doctor_id =", doctor_id.as_ref());
        query.narrow("status::text =", status.as_ref());
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
        rows.iter().map(Appointment::try_from).collect()
    }

    /// Every change of a visit, oldest first.
    #[instrument(name = "db.appointment_events.list", skip_all, fields(appointment.id = %id))]
    pub async fn history(&self, id: AppointmentId) -> Result<Vec<HistoryEntry>, Error> {
        let statement = self.client.prepare_cached(HISTORY).await?;
        let rows = self.client.query(&statement, &[&id.0]).await?;
        let unreadable = |column| Error::Unreadable { table: "appointment_events", column };
        let entry = |row: &tokio_postgres::Row| {
            let from_status: Option<&str> = row.try_get("from_status")?;
            Ok(HistoryEntry {
                version: row.try_get("version")?,
                kind: row.try_get("kind")?,
                from_status: from_status.and_then(Status::parse),
                to_status: Status::parse(row.try_get("to_status")?).ok_or_else(|| unreadable("to_status"))?,
                start_time: row.try_get("start_time")?,
                end_time: row.try_get("end_time")?,
                actor_id: UserId(row.try_get("actor_id")?),
                actor_role: row.try_get("actor_role")?,
                at: row.try_get("at")?,
            })
        };
        rows.iter().map(entry).collect()
    }

    #[instrument(name = "db.appointments.treats", skip_all)]
    pub async fn treats(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        let statement = self.client.prepare_cached(TREATS).await?;
        Ok(self.client.query_one(&statement, &[&doctor.0, &patient.0]).await?.try_get(0)?)
    }

    #[instrument(name = "db.appointments.treated", skip_all)]
    pub async fn treated(&self, doctor: DoctorId) -> Result<Vec<PatientId>, Error> {
        let statement = self.client.prepare_cached(TREATED).await?;
        let rows = self.client.query(&statement, &[&doctor.0]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("patient_id")?))).collect()
    }
}

/// A statement with only the conditions that narrow, so that each combination is planned with its own index.
struct Query<'v> {
    text: String,
    values: Vec<&'v (dyn ToSql + Sync)>,
}

impl<'v> Query<'v> {
    fn select(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    fn add(&mut self, text: &str) {
        self.text.push(' ');
        self.text.push_str(text);
    }

    /// Binds `value`; its place in the text.
    fn value(&mut self, value: &'v (dyn ToSql + Sync)) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn narrow<T: ToSql + Sync>(&mut self, condition: &str, value: Option<&'v T>) {
        if let Some(value) = value {
            let place = self.value(value);
            self.add(&format!("AND {condition} {place}"));
        }
    }
}
