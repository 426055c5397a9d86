//! Patients who wait.
use super::{Connection, Error, Query, Tx, audited};
use crate::domain::waitlist::{Entry, EntryState, Priority, Window, Wishes};
use deadpool_postgres::GenericClient;
use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use platform::caller::User;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// The beginning of every statement that reads entries.
const COLUMNS: &str = "
    SELECT id, patient_id, visit_type_id, doctor_ids, location_ids, earliest_date, latest_date, windows, priority,
           notice_minutes, appointment_id, state, unanswered, fulfilled_by, expires_at, version, created_at, updated_at,
           clock_timestamp() AS now
      FROM appointment.waitlist entry";

const INSERT: &str = "
    INSERT INTO appointment.waitlist
           (id, patient_id, visit_type_id, doctor_ids, location_ids, earliest_date, latest_date, windows, priority,
            notice_minutes, appointment_id, state, expires_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12, $13)
    RETURNING created_at, updated_at";

const UPDATE: &str = "
    UPDATE appointment.waitlist
       SET doctor_ids = $2, location_ids = $3, earliest_date = $4, latest_date = $5, windows = $6, priority = $7,
           notice_minutes = $8, state = $9, unanswered = $10, fulfilled_by = $11, expires_at = $12, version = $13,
           updated_at = clock_timestamp()
     WHERE id = $1
    RETURNING updated_at";

const COUNT: &str = "
    SELECT count(*) FROM appointment.waitlist
     WHERE patient_id = $1 AND state IN ('waiting', 'paused') AND expires_at > clock_timestamp()";

/// Those to whom a time could be offered, in the order in which it is: they are here, and who would have a visit earlier
/// still has it.
const WAITING: &str = "
    WHERE state IN ('waiting', 'paused') AND state = 'waiting' AND expires_at > clock_timestamp()
      AND ($1::uuid IS NULL OR doctor_ids = '{}' OR $1 = ANY(doctor_ids)) AND created_at <= $2
      AND (priority, created_at, id) > ($3, $4, $5)
      AND EXISTS (
          SELECT FROM appointment.parties WHERE parties.patient_id = entry.patient_id AND is_active)
      AND (appointment_id IS NULL OR EXISTS (
          SELECT FROM appointment.appointments visit
           WHERE visit.id = entry.appointment_id AND visit.start_time > clock_timestamp()
             AND visit.status IN ('scheduled', 'confirmed')))
    ORDER BY priority, created_at, id
    LIMIT $6";

/// Whose time is over.
const EXPIRE: &str = "
    UPDATE appointment.waitlist
       SET state = 'expired', version = version + 1, updated_at = clock_timestamp()
     WHERE id IN (
        SELECT id FROM appointment.waitlist
         WHERE state IN ('waiting', 'paused') AND expires_at <= clock_timestamp()
         ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)";

/// The visit that they would have earlier is not to be had any more.
const UNLINKED: &str = "
     WHERE state IN ('waiting', 'paused') AND appointment_id IS NOT NULL
       AND NOT EXISTS (
          SELECT FROM appointment.appointments visit
           WHERE visit.id = entry.appointment_id AND visit.status IN ('scheduled', 'confirmed')
             AND visit.start_time > clock_timestamp())
     LIMIT $1";

const CANCEL_ALL: &str = "
    UPDATE appointment.waitlist
       SET state = 'cancelled', version = version + 1, updated_at = clock_timestamp()
     WHERE patient_id = $1 AND state IN ('waiting', 'paused')
    RETURNING id";

/// Where an entry stands in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn(pub i16, pub Timestamp, pub WaitlistEntryId);

/// Which entries to list; what is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Waiters {
    pub patient_id: Option<PatientId>,
    /// Who would see this doctor.
    pub doctor_id: Option<DoctorId>,
    /// Who would see this doctor and nobody else.
    pub only_doctor_id: Option<DoctorId>,
    pub visit_type_id: Option<VisitTypeId>,
    /// Those that are open when none.
    pub state: Option<EntryState>,
    pub after: Option<Turn>,
    pub limit: i64,
}

/// A window as the database keeps it.
#[derive(Serialize, Deserialize)]
struct StoredWindow {
    day: i8,
    start: u32,
    end: u32,
}

impl Turn {
    /// Before everybody.
    pub const FIRST: Self = Self(0, Timestamp::UNIX_EPOCH, WaitlistEntryId(Uuid::nil()));

    pub fn of(entry: &Entry) -> Self {
        Self(entry.priority.rank(), entry.created_at, entry.id)
    }
}

impl Connection {
    /// An entry, and the time by the clock of the database.
    #[instrument(name = "db.waitlist.find", skip_all, fields(waitlist_entry.id = %id))]
    pub async fn entry(&self, id: WaitlistEntryId) -> Result<Option<(Entry, Timestamp)>, Error> {
        find(&self.client, &format!("{COLUMNS} WHERE id = $1"), id).await
    }

    /// Entries in the order in which times are offered.
    #[instrument(name = "db.waitlist.list", skip_all)]
    pub async fn entries(&self, waiters: &Waiters) -> Result<Vec<Entry>, Error> {
        let Waiters { patient_id, doctor_id, only_doctor_id, visit_type_id, state, after, limit } = waiters;
        let (patient, visit_type) = (patient_id.map(|id| id.0), visit_type_id.map(|id| id.0));
        let (doctor, only) = (doctor_id.map(|id| id.0), only_doctor_id.map(|id| vec![id.0]));
        let name = state.map(EntryState::name);
        let mut query = Query::select(&format!("{COLUMNS} WHERE true"));
        query.narrow("patient_id =", patient.as_ref());
        query.narrow("visit_type_id =", visit_type.as_ref());
        query.narrow("doctor_ids =", only.as_ref());
        if let Some(doctor) = &doctor {
            let place = query.value(doctor);
            query.add(&format!("AND (doctor_ids = '{{}}' OR {place} = ANY(doctor_ids))"));
        }
        let is_open = "AND state IN ('waiting', 'paused')";
        match state {
            None => query.add(&format!("{is_open} AND expires_at > clock_timestamp()")),
            Some(EntryState::Expired) => query.add(&format!("{is_open} AND expires_at <= clock_timestamp()")),
            Some(open) if open.is_open() => {
                query.narrow("state =", name.as_ref());
                query.add(&format!("{is_open} AND expires_at > clock_timestamp()"));
            }
            Some(_) => query.narrow("state =", name.as_ref()),
        }
        if let Some(Turn(priority, since, id)) = after {
            let turn = (query.value(priority), query.value(since), query.value(&id.0));
            query.add(&format!("AND (priority, created_at, id) > ({}, {}, {})", turn.0, turn.1, turn.2));
        }
        let limit = query.value(limit);
        query.add(&format!("ORDER BY priority, created_at, id LIMIT {limit}"));
        let statement = self.client.prepare_cached(&query.text).await?;
        let rows = self.client.query(&statement, &query.values).await?;
        rows.iter().map(|row| Ok(Entry::try_from(row)?.at(row.try_get("now")?))).collect()
    }

    /// Those who waited `by` then, for `doctor` or anyone if it is known whose time it is; the next after `after`.
    #[instrument(name = "db.waitlist.waiting", skip_all)]
    pub async fn waiting(
        &self,
        doctor: Option<DoctorId>,
        by: Timestamp,
        after: Turn,
        limit: i64,
    ) -> Result<Vec<Entry>, Error> {
        let Turn(priority, since, id) = after;
        let doctor = doctor.map(|doctor| doctor.0);
        let statement = self.client.prepare_cached(&format!("{COLUMNS} {WAITING}")).await?;
        let rows = self.client.query(&statement, &[&doctor, &by, &priority, &since, &id.0, &limit]).await?;
        rows.iter().map(Entry::try_from).collect()
    }

    /// Those who would have a visit earlier that is not to be had any more.
    #[instrument(name = "db.waitlist.unlinked", skip_all)]
    pub async fn unlinked(&self, limit: i64) -> Result<Vec<Entry>, Error> {
        let statement = self.client.prepare_cached(&format!("{COLUMNS} {UNLINKED}")).await?;
        self.client.query(&statement, &[&limit]).await?.iter().map(Entry::try_from).collect()
    }
}

impl Tx<'_> {
    /// An entry, held still until the transaction ends, and the time by the clock of the database.
    #[instrument(name = "db.waitlist.lock", skip_all, fields(waitlist_entry.id = %id))]
    pub async fn lock_entry(&self, id: WaitlistEntryId) -> Result<Option<(Entry, Timestamp)>, Error> {
        find(&self.tx, &format!("{COLUMNS} WHERE id = $1 FOR UPDATE"), id).await
    }

    /// In how many entries `patient` waits.
    #[instrument(name = "db.waitlist.count", skip_all)]
    pub async fn count_entries(&self, patient: PatientId) -> Result<i64, Error> {
        let statement = self.tx.prepare_cached(COUNT).await?;
        Ok(self.tx.query_one(&statement, &[&patient.0]).await?.try_get(0)?)
    }

    #[instrument(name = "db.waitlist.insert", skip_all, fields(waitlist_entry.id = %entry.id))]
    pub async fn insert_entry(&self, entry: &mut Entry, by: &User) -> Result<(), Error> {
        let Wishes { doctors, locations, earliest, latest, windows, notice } = &entry.wishes;
        let (doctors, locations) = (ids(doctors, |id| id.0), ids(locations, |id| id.0));
        let statement = self.tx.prepare_cached(INSERT).await?;
        let row = self
            .tx
            .query_one(
                &statement,
                &[
                    &entry.id.0,
                    &entry.patient_id.0,
                    &entry.visit_type_id.0,
                    &doctors,
                    &locations,
                    earliest,
                    latest,
                    &stored(windows)?,
                    &entry.priority.rank(),
                    &minutes(*notice),
                    &entry.appointment_id.map(|id| id.0),
                    &entry.expires_at,
                    &by.id.0,
                ],
            )
            .await?;
        entry.created_at = row.try_get("created_at")?;
        entry.updated_at = row.try_get("updated_at")?;
        self.note(audited::waiting("create", entry));
        Ok(())
    }

    /// Writes `entry` as its next version. It must be locked.
    #[instrument(name = "db.waitlist.update", skip_all, fields(waitlist_entry.id = %entry.id))]
    pub async fn update_entry(&self, entry: &mut Entry) -> Result<(), Error> {
        entry.version += 1;
        let Wishes { doctors, locations, earliest, latest, windows, notice } = &entry.wishes;
        let (doctors, locations) = (ids(doctors, |id| id.0), ids(locations, |id| id.0));
        let statement = self.tx.prepare_cached(UPDATE).await?;
        let row = self
            .tx
            .query_one(
                &statement,
                &[
                    &entry.id.0,
                    &doctors,
                    &locations,
                    earliest,
                    latest,
                    &stored(windows)?,
                    &entry.priority.rank(),
                    &minutes(*notice),
                    &entry.state.name(),
                    &entry.unanswered,
                    &entry.fulfilled_by.map(|id| id.0),
                    &entry.expires_at,
                    &entry.version,
                ],
            )
            .await?;
        entry.updated_at = row.try_get("updated_at")?;
        let action = if entry.state == EntryState::Cancelled { "cancel" } else { "update" };
        self.note(audited::waiting(action, entry));
        Ok(())
    }

    /// Writes down whose time is over, of `limit` at most.
    #[instrument(name = "db.waitlist.expire", skip_all)]
    pub async fn expire_entries(&self, limit: i64) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(EXPIRE).await?;
        self.tx.execute(&statement, &[&limit]).await?;
        Ok(())
    }

    /// Lets `patient` wait no more, who is no longer here; where they waited.
    #[instrument(name = "db.waitlist.cancel_all", skip_all)]
    pub async fn cancel_entries(&self, patient: PatientId) -> Result<Vec<WaitlistEntryId>, Error> {
        let statement = self.tx.prepare_cached(CANCEL_ALL).await?;
        let rows = self.tx.query(&statement, &[&patient.0]).await?;
        let entries = rows.iter().map(|row| Ok(WaitlistEntryId(row.try_get("id")?)));
        let entries: Vec<WaitlistEntryId> = entries.collect::<Result<_, Error>>()?;
        if !entries.is_empty() {
            let ids = entries.iter().map(|id| id.0);
            self.note(audited::off_the_list(ids, patient));
        }
        Ok(entries)
    }
}

async fn find(
    client: &impl GenericClient,
    statement: &str,
    id: WaitlistEntryId,
) -> Result<Option<(Entry, Timestamp)>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    let found = |row: Row| {
        let now = row.try_get("now")?;
        Ok((Entry::try_from(&row)?.at(now), now))
    };
    row.map(found).transpose()
}

fn ids<T>(ids: &[T], id: impl Fn(&T) -> Uuid) -> Vec<Uuid> {
    ids.iter().map(id).collect()
}

fn minutes(notice: SignedDuration) -> i32 {
    i32::try_from(notice.as_mins()).unwrap_or(i32::MAX)
}

fn stored(windows: &[Window]) -> Result<serde_json::Value, Error> {
    let stored = windows.iter().map(|&Window { weekday, start, end }| StoredWindow {
        day: weekday.to_monday_zero_offset(),
        start,
        end,
    });
    serde_json::to_value(stored.collect::<Vec<_>>()).map_err(|_| unreadable("windows"))
}

fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { table: "waitlist", column }
}

impl TryFrom<&Row> for Entry {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let windows: Vec<StoredWindow> =
            serde_json::from_value(row.try_get("windows")?).map_err(|_| unreadable("windows"))?;
        let window = |StoredWindow { day, start, end }| {
            let weekday = Weekday::from_monday_zero_offset(day).map_err(|_| unreadable("windows"))?;
            Ok(Window { weekday, start, end })
        };
        let doctors: Vec<Uuid> = row.try_get("doctor_ids")?;
        let locations: Vec<Uuid> = row.try_get("location_ids")?;
        let optional = |column| row.try_get::<_, Option<Uuid>>(column);
        let notice: i32 = row.try_get("notice_minutes")?;
        Ok(Self {
            id: WaitlistEntryId(row.try_get("id")?),
            patient_id: PatientId(row.try_get("patient_id")?),
            visit_type_id: VisitTypeId(row.try_get("visit_type_id")?),
            wishes: Wishes {
                doctors: doctors.into_iter().map(DoctorId).collect(),
                locations: locations.into_iter().map(LocationId).collect(),
                earliest: row.try_get("earliest_date")?,
                latest: row.try_get("latest_date")?,
                windows: windows.into_iter().map(window).collect::<Result<_, Error>>()?,
                notice: SignedDuration::from_mins(notice.into()),
            },
            priority: Priority::ranked(row.try_get("priority")?).ok_or(unreadable("priority"))?,
            appointment_id: optional("appointment_id")?.map(AppointmentId),
            state: EntryState::named(row.try_get("state")?).ok_or(unreadable("state"))?,
            unanswered: row.try_get("unanswered")?,
            fulfilled_by: optional("fulfilled_by")?.map(AppointmentId),
            expires_at: row.try_get("expires_at")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
