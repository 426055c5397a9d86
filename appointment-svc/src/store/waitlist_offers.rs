//! What was offered to whom, and what came of it.
use super::{Connection, Error, Query, Tx, audited};
use crate::domain::interval::Interval;
use crate::domain::waitlist::{Made, Offer, OfferState, Priority};
use crate::domain::zone;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::ids::{
    AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId, WaitlistOfferId,
};
use std::collections::HashMap;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// The beginning of every statement that reads offers.
const COLUMNS: &str = "
    SELECT id, entry_id, patient_id, doctor_id, visit_type_id, start_time, end_time, location_id, time_zone, hold_id,
           state, expires_at, offered_at, answered_at, priority, waiting_since, passed_over, freed_appointment_id, depth,
           clock_timestamp() AS now
      FROM appointment.waitlist_offers";

const INSERT: &str = "
    INSERT INTO appointment.waitlist_offers
           (id, entry_id, patient_id, doctor_id, visit_type_id, start_time, end_time, location_id, time_zone, hold_id,
            state, expires_at, priority, waiting_since, passed_over, freed_appointment_id, depth, offered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $12, $13, $14, $15, $16, $17)";

const ANSWER: &str = "
    UPDATE appointment.waitlist_offers
       SET state = $2, answered_at = clock_timestamp()
     WHERE id = $1 AND state = 'open'";

/// The entry first, as whoever answers an offer does.
const LAPSE: &str = "
    WITH late AS MATERIALIZED (
        SELECT offer.id
          FROM appointment.waitlist_offers offer JOIN appointment.waitlist entry ON entry.id = offer.entry_id
         WHERE offer.state = 'open' AND offer.expires_at <= clock_timestamp() AND ($1::uuid IS NULL OR entry.id = $1)
         ORDER BY offer.expires_at LIMIT $2 FOR UPDATE OF entry SKIP LOCKED),
    lapsed AS (
        UPDATE appointment.waitlist_offers
           SET state = 'expired', answered_at = expires_at
         WHERE state = 'open' AND id IN (SELECT id FROM late)
        RETURNING entry_id, doctor_id, start_time, end_time, hold_id, freed_appointment_id, depth),
    opening AS (
        INSERT INTO appointment.openings (resource_id, from_time, until_time, appointment_id, depth)
        SELECT DISTINCT doctor_id, start_time, end_time, freed_appointment_id, depth FROM lapsed
         WHERE hold_id IS NULL AND start_time > clock_timestamp())
    UPDATE appointment.waitlist
       SET unanswered = unanswered + 1, version = version + 1, updated_at = clock_timestamp(),
           state = CASE WHEN state = 'waiting' AND unanswered + 1 >= $3 THEN 'paused' ELSE state END
     WHERE id IN (SELECT entry_id FROM lapsed)";

const OPEN_OF_ENTRIES: &str = "
     WHERE entry_id = ANY($1) AND state = 'open' AND expires_at > clock_timestamp()";

const OPEN_OF_DOCTOR: &str = "
     WHERE ($1::uuid IS NULL OR doctor_id = $1) AND state = 'open' AND expires_at > clock_timestamp()
     ORDER BY id";

/// Of what is kept for nobody, who is first has it.
const LOSE: &str = "
    UPDATE appointment.waitlist_offers
       SET state = 'lost', answered_at = clock_timestamp()
     WHERE id IN (
        SELECT id FROM appointment.waitlist_offers
         WHERE state = 'open' AND expires_at > clock_timestamp() AND hold_id IS NULL AND doctor_id = $1
           AND start_time < $3 AND end_time > $2 AND id <> $4
         ORDER BY id FOR UPDATE)";

/// What was taken back, or lost to others, was not refused.
const MADE: &str = "
    SELECT patient_id, visit_type_id, doctor_id, start_time, expires_at,
           state = 'open' AND expires_at > clock_timestamp() AS is_open
      FROM appointment.waitlist_offers
     WHERE patient_id = ANY($1) AND start_time > clock_timestamp() AND state NOT IN ('withdrawn', 'lost')";

const BROADCAST: &str = "
    SELECT doctor_id, start_time, end_time
      FROM appointment.waitlist_offers
     WHERE state = 'open' AND hold_id IS NULL AND expires_at > clock_timestamp() AND doctor_id = ANY($1)";

/// Which offers to list; what is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    pub entry_id: Option<WaitlistEntryId>,
    pub doctor_id: Option<DoctorId>,
    /// Of visits that start at or after.
    pub from: Option<Timestamp>,
    /// Of visits that start before.
    pub until: Option<Timestamp>,
    /// Made before this one.
    pub before: Option<WaitlistOfferId>,
    pub limit: i64,
}

impl Connection {
    /// An offer, and the time by the clock of the database.
    #[instrument(name = "db.waitlist_offer.find", skip_all, fields(waitlist_offer.id = %id))]
    pub async fn offer(&self, id: WaitlistOfferId) -> Result<Option<(Offer, Timestamp)>, Error> {
        find(&self.client, id).await
    }

    /// The offers that wait for an answer, by entry.
    #[instrument(name = "db.waitlist_offers.open", skip_all)]
    pub async fn open_offers(
        &self,
        entries: &[WaitlistEntryId],
    ) -> Result<HashMap<WaitlistEntryId, Offer>, Error> {
        open_offers(&self.client, entries).await
    }

    /// Latest first.
    #[instrument(name = "db.waitlist_offers.list", skip_all)]
    pub async fn offers(&self, offered: &Offered) -> Result<Vec<Offer>, Error> {
        let Offered { entry_id, doctor_id, from, until, before, limit } = offered;
        let (entry, doctor) = (entry_id.map(|id| id.0), doctor_id.map(|id| id.0));
        let before = before.map(|id| id.0);
        let mut query = Query::select(&format!("{COLUMNS} WHERE true"));
        query.narrow("entry_id =", entry.as_ref());
        query.narrow("doctor_id =", doctor.as_ref());
        query.narrow("start_time >=", from.as_ref());
        query.narrow("start_time <", until.as_ref());
        query.narrow("id <", before.as_ref());
        let limit = query.value(limit);
        query.add(&format!("ORDER BY id DESC LIMIT {limit}"));
        let statement = self.client.prepare_cached(&query.text).await?;
        let rows = self.client.query(&statement, &query.values).await?;
        rows.iter().map(|row| Ok(Offer::try_from(row)?.at(row.try_get("now")?))).collect()
    }

    /// What each of `patients` was offered of what is ahead.
    #[instrument(name = "db.waitlist_offers.made", skip_all)]
    pub async fn offers_made(&self, patients: &[PatientId]) -> Result<Vec<(PatientId, Made)>, Error> {
        let patients: Vec<Uuid> = patients.iter().map(|id| id.0).collect();
        let statement = self.client.prepare_cached(MADE).await?;
        let rows = self.client.query(&statement, &[&patients]).await?;
        let made = |row: &Row| {
            let made = Made {
                visit_type: VisitTypeId(row.try_get("visit_type_id")?),
                doctor: DoctorId(row.try_get("doctor_id")?),
                start: row.try_get("start_time")?,
                open_until: if row.try_get("is_open")? { Some(row.try_get("expires_at")?) } else { None },
            };
            Ok((PatientId(row.try_get("patient_id")?), made))
        };
        rows.iter().map(made).collect()
    }

    /// Times of `doctors` that are offered to several, and kept for none of them.
    #[instrument(name = "db.waitlist_offers.broadcast", skip_all)]
    pub async fn broadcast(&self, doctors: &[DoctorId]) -> Result<Vec<(DoctorId, Interval)>, Error> {
        let doctors: Vec<Uuid> = doctors.iter().map(|id| id.0).collect();
        let statement = self.client.prepare_cached(BROADCAST).await?;
        let rows = self.client.query(&statement, &[&doctors]).await?;
        let time = |row: &Row| {
            let visit = Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? };
            Ok((DoctorId(row.try_get("doctor_id")?), visit))
        };
        rows.iter().map(time).collect()
    }
}

impl Tx<'_> {
    /// An offer as it is once its entry is locked.
    #[instrument(name = "db.waitlist_offer.find", skip_all, fields(waitlist_offer.id = %id))]
    pub async fn offer(&self, id: WaitlistOfferId) -> Result<Option<(Offer, Timestamp)>, Error> {
        find(&self.tx, id).await
    }

    /// The offer that waits for an answer. The entry must be locked.
    #[instrument(name = "db.waitlist_offers.open", skip_all, fields(waitlist_entry.id = %entry))]
    pub async fn open_offer(&self, entry: WaitlistEntryId) -> Result<Option<Offer>, Error> {
        Ok(open_offers(&self.tx, &[entry]).await?.remove(&entry))
    }

    /// Makes an offer. The entry must be locked.
    #[instrument(name = "db.waitlist_offer.insert", skip_all, fields(waitlist_offer.id = %offer.id))]
    pub async fn insert_offer(&self, offer: &Offer) -> Result<(), Error> {
        let Interval { start, end } = offer.visit;
        let statement = self.tx.prepare_cached(INSERT).await?;
        self.tx
            .execute(
                &statement,
                &[
                    &offer.id.0,
                    &offer.entry_id.0,
                    &offer.patient_id.0,
                    &offer.doctor_id.0,
                    &offer.visit_type_id.0,
                    &start,
                    &end,
                    &offer.location_id.map(|id| id.0),
                    &zone::name(&offer.zone),
                    &offer.hold.map(|id| id.0),
                    &offer.expires_at,
                    &offer.priority.rank(),
                    &offer.waiting_since,
                    &offer.passed_over,
                    &offer.freed_by.map(|id| id.0),
                    &offer.depth,
                    &offer.offered_at,
                ],
            )
            .await?;
        self.note(audited::offers("create", std::slice::from_ref(offer)));
        Ok(())
    }

    /// Says what became of an offer that is open; nothing happens to another.
    #[instrument(name = "db.waitlist_offer.answer", skip_all, fields(waitlist_offer.id = %id))]
    pub async fn answer_offer(&self, id: WaitlistOfferId, state: OfferState) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(ANSWER).await?;
        self.tx.execute(&statement, &[&id.0, &state.name()]).await?;
        Ok(())
    }

    /// Gives up offers that nobody answered in time, of one entry or `limit` of all, and pauses entries that have
    /// `most` of them.
    #[instrument(name = "db.waitlist_offers.lapse", skip_all)]
    pub async fn lapse_offers(
        &self,
        entry: Option<WaitlistEntryId>,
        limit: i64,
        most: i32,
    ) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(LAPSE).await?;
        self.tx.execute(&statement, &[&entry.map(|id| id.0), &limit, &most]).await?;
        Ok(())
    }

    /// What is on offer with `doctor`, or anyone.
    #[instrument(name = "db.waitlist_offers.open_of", skip_all)]
    pub async fn open_offers_of(&self, doctor: Option<DoctorId>) -> Result<Vec<Offer>, Error> {
        let statement = self.tx.prepare_cached(&format!("{COLUMNS} {OPEN_OF_DOCTOR}")).await?;
        let doctor = doctor.map(|doctor| doctor.0);
        self.tx.query(&statement, &[&doctor]).await?.iter().map(Offer::try_from).collect()
    }

    /// Ends an offer that was not taken, and what keeps its time: the hold first, as whoever ends holds does.
    pub async fn give_back(&self, offer: &Offer, state: OfferState) -> Result<(), Error> {
        if let Some(hold) = offer.hold {
            self.lock_hold(hold).await?;
            self.answer_offer(offer.id, state).await?;
            self.give_up_holds(&[hold]).await?;
        } else {
            self.answer_offer(offer.id, state).await?;
            self.reopen(offer).await?;
        }
        self.retry_openings().await
    }

    /// Ends the other offers of a time that was offered to several.
    #[instrument(name = "db.waitlist_offers.lose", skip_all)]
    pub async fn lose_offers(&self, accepted: &Offer) -> Result<(), Error> {
        let Interval { start, end } = accepted.visit;
        let statement = self.tx.prepare_cached(LOSE).await?;
        self.tx.execute(&statement, &[&accepted.doctor_id.0, &start, &end, &accepted.id.0]).await?;
        Ok(())
    }
}

async fn find(client: &impl GenericClient, id: WaitlistOfferId) -> Result<Option<(Offer, Timestamp)>, Error> {
    let statement = client.prepare_cached(&format!("{COLUMNS} WHERE id = $1")).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    let found = |row: Row| {
        let now = row.try_get("now")?;
        Ok((Offer::try_from(&row)?.at(now), now))
    };
    row.map(found).transpose()
}

async fn open_offers(
    client: &impl GenericClient,
    entries: &[WaitlistEntryId],
) -> Result<HashMap<WaitlistEntryId, Offer>, Error> {
    let entries: Vec<Uuid> = entries.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(&format!("{COLUMNS} {OPEN_OF_ENTRIES}")).await?;
    let rows = client.query(&statement, &[&entries]).await?;
    let by_entry = |row: &Row| {
        let offer = Offer::try_from(row)?;
        Ok((offer.entry_id, offer))
    };
    rows.iter().map(by_entry).collect()
}

impl TryFrom<&Row> for Offer {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |column| Error::Unreadable { table: "waitlist_offers", column };
        let optional = |column| row.try_get::<_, Option<Uuid>>(column);
        Ok(Self {
            id: WaitlistOfferId(row.try_get("id")?),
            entry_id: WaitlistEntryId(row.try_get("entry_id")?),
            patient_id: PatientId(row.try_get("patient_id")?),
            doctor_id: DoctorId(row.try_get("doctor_id")?),
            visit_type_id: VisitTypeId(row.try_get("visit_type_id")?),
            visit: Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? },
            location_id: optional("location_id")?.map(LocationId),
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(|_| unreadable("time_zone"))?,
            hold: optional("hold_id")?.map(AppointmentId),
            state: OfferState::named(row.try_get("state")?).ok_or(unreadable("state"))?,
            offered_at: row.try_get("offered_at")?,
            expires_at: row.try_get("expires_at")?,
            answered_at: row.try_get("answered_at")?,
            priority: Priority::ranked(row.try_get("priority")?).ok_or(unreadable("priority"))?,
            waiting_since: row.try_get("waiting_since")?,
            passed_over: row.try_get("passed_over")?,
            freed_by: optional("freed_appointment_id")?.map(AppointmentId),
            depth: row.try_get("depth")?,
        })
    }
}
