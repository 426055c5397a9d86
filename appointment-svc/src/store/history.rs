//! What visits were before: every change, and what a visit was at some time.
use super::{Connection, Error, Tx};
use crate::domain::appointment::Appointment;
use crate::domain::interval::Interval;
use crate::domain::status::Status;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use postgres_types::ToSql;
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, DoctorId, LocationId, RoomId, UserId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// Of the first entry it is known who made it, and with that who stands behind it.
macro_rules! entries {
    () => {
        "SELECT version, kind, from_status::text AS from_status, to_status::text AS to_status, start_time, end_time,
                actor_id, actor_role, at, reason_code, note, cancel_reason, is_late_cancel, reschedule_count,
                coalesce(is_vouched, version = 1 AND actor_role <> 'doctor') AS is_vouched,
                doctor_id, time_zone, location_id, room_id
           FROM appointment.appointment_events
          WHERE appointment_id = $1"
    };
}

const HISTORY: &str = concat!(entries!(), " ORDER BY version");

const MADE: &str = concat!(entries!(), " AND version = $2");

/// The first entry is written after the visit, which was there already.
const AT: &str = concat!(
    entries!(),
    " AND (at <= $2 OR version = 1 AND EXISTS (
            SELECT FROM appointment.appointments WHERE id = $1 AND created_at <= $2))
      ORDER BY version DESC LIMIT 1"
);

/// One change of a visit.
pub struct HistoryEntry {
    pub version: i64,
    pub kind: String,
    pub from_status: Option<Status>,
    pub to_status: Status,
    pub visit: Interval,
    pub actor_id: UserId,
    pub actor_role: String,
    pub at: Timestamp,
    /// Empty when none was given.
    pub reason_code: String,
    pub note: String,
    is_vouched: bool,
    cancel_reason: Option<CancellationReason>,
    is_late_cancel: bool,
    reschedule_count: i32,
    place: Option<Place>,
}

/// With whom and where a visit was; a release before did not note it.
struct Place {
    doctor_id: DoctorId,
    zone: TimeZone,
    location_id: Option<LocationId>,
    room_id: Option<RoomId>,
}

impl HistoryEntry {
    /// Makes `appointment` what it was after this change, but for its words and its version.
    pub fn restore(&self, appointment: &mut Appointment) {
        appointment.status = self.to_status;
        appointment.visit = self.visit;
        appointment.is_vouched = self.is_vouched;
        appointment.cancel_reason = self.cancel_reason;
        appointment.is_late_cancel = self.is_late_cancel;
        appointment.reschedule_count = self.reschedule_count;
        if let Some(place) = &self.place {
            appointment.doctor_id = place.doctor_id;
            appointment.zone = place.zone.clone();
            appointment.location_id = place.location_id;
            appointment.room_id = place.room_id;
        }
    }
}

impl Connection {
    /// Every change of a visit, oldest first.
    #[instrument(name = "db.appointment_events.list", skip_all, fields(appointment.id = %id))]
    pub async fn history(&self, id: AppointmentId) -> Result<Vec<HistoryEntry>, Error> {
        let statement = self.client.prepare_cached(HISTORY).await?;
        let rows = self.client.query(&statement, &[&id.0]).await?;
        rows.iter().map(HistoryEntry::try_from).collect()
    }

    /// The last change of a visit until `at`; none when there was no visit yet.
    #[instrument(name = "db.appointment_events.at", skip_all, fields(appointment.id = %id))]
    pub async fn last_change(&self, id: AppointmentId, at: Timestamp) -> Result<Option<HistoryEntry>, Error> {
        entry(&self.client, AT, id, &at).await
    }
}

impl Tx<'_> {
    /// The change that made `version` of a visit.
    #[instrument(name = "db.appointment_events.made", skip_all, fields(appointment.id = %id))]
    pub async fn change(&self, id: AppointmentId, version: i64) -> Result<Option<HistoryEntry>, Error> {
        entry(&self.tx, MADE, id, &version).await
    }
}

async fn entry(
    client: &impl GenericClient,
    statement: &str,
    id: AppointmentId,
    which: &(dyn ToSql + Sync),
) -> Result<Option<HistoryEntry>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_opt(&statement, &[&id.0, which]).await?;
    row.as_ref().map(HistoryEntry::try_from).transpose()
}

impl TryFrom<&Row> for HistoryEntry {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |column| Error::Unreadable { table: "appointment_events", column };
        let from_status: Option<&str> = row.try_get("from_status")?;
        let reason = |column: &'static str| {
            let code: String = row.try_get(column)?;
            if code.is_empty() {
                return Ok(None);
            }
            CancellationReason::try_from(code).map(Some).map_err(|_| unreadable(column))
        };
        Ok(Self {
            version: row.try_get("version")?,
            kind: row.try_get("kind")?,
            from_status: from_status.and_then(Status::parse),
            to_status: Status::parse(row.try_get("to_status")?).ok_or_else(|| unreadable("to_status"))?,
            visit: Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? },
            actor_id: UserId(row.try_get("actor_id")?),
            actor_role: row.try_get("actor_role")?,
            at: row.try_get("at")?,
            reason_code: row.try_get("reason_code")?,
            note: row.try_get("note")?,
            is_vouched: row.try_get("is_vouched")?,
            cancel_reason: reason("cancel_reason")?,
            is_late_cancel: row.try_get("is_late_cancel")?,
            reschedule_count: row.try_get("reschedule_count")?,
            place: place(row)?,
        })
    }
}

fn place(row: &Row) -> Result<Option<Place>, Error> {
    let optional = |column: &str| row.try_get::<_, Option<Uuid>>(column);
    let (Some(doctor), Some(name)) = (optional("doctor_id")?, row.try_get::<_, Option<&str>>("time_zone")?)
    else {
        return Ok(None);
    };
    Ok(Some(Place {
        doctor_id: DoctorId(doctor),
        zone: TimeZone::get(name)
            .map_err(|_| Error::Unreadable { table: "appointment_events", column: "time_zone" })?,
        location_id: optional("location_id")?.map(LocationId),
        room_id: optional("room_id")?.map(RoomId),
    }))
}
