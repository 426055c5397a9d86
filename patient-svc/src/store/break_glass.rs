//! Leave to read in an emergency: whether it is in force is by the clock of the database.
use super::{Error, Store, Tx};
use crate::domain::break_glass::{Emergency, Grant, Outcome, Review, Verdict};
use deadpool_postgres::GenericClient as _;
use jiff::{SignedDuration, Timestamp};
use proto::ids::{BreakGlassGrantId, DoctorId, PatientId, UserId};
use proto::scalars::Reason;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

macro_rules! columns {
    () => {
        "id, patient_id, doctor_id, user_id, reason, includes_very_restricted, created_at, expires_at, outcome,
         review_note, reviewed_by, reviewed_at"
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM patient.break_glass WHERE id = $1");

const LOCK: &str = concat!("SELECT ", columns!(), " FROM patient.break_glass WHERE id = $1 FOR UPDATE");

const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM patient.break_glass WHERE id > $1 AND ($2 OR reviewed_at IS NULL) ORDER BY id LIMIT $3"
);

const IN_FORCE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM patient.break_glass
      WHERE doctor_id = $1 AND patient_id = $2 AND expires_at > clock_timestamp()
      ORDER BY includes_very_restricted DESC, expires_at DESC LIMIT 1"
);

const IS_BROKEN: &str = "
    SELECT EXISTS (
        SELECT FROM patient.break_glass AS glass
          JOIN patient.patients AS patient ON patient.id = $2
         WHERE glass.doctor_id = $1 AND glass.patient_id IN (patient.id, patient.merged_into)
           AND glass.expires_at > clock_timestamp())";

/// What many ask for at once is counted one by one.
const LOCK_DOCTOR: &str = "SELECT pg_advisory_xact_lock(hashtextextended('break_glass ' || $1::uuid, 0))";

const UNREVIEWED: &str = "
    SELECT count(*) AS number,
           coalesce(min(created_at) < clock_timestamp() - $2::double precision * interval '1 second', false) AS is_old
      FROM patient.break_glass
     WHERE doctor_id = $1 AND reviewed_at IS NULL";

const IS_WITHDRAWN: &str = "
    SELECT EXISTS (
        SELECT FROM patient.break_glass
         WHERE doctor_id = $1 AND outcome = 'unjustified'
           AND reviewed_at > clock_timestamp() - $2::double precision * interval '1 second')";

const INSERT: &str = concat!(
    "INSERT INTO patient.break_glass
        (id, patient_id, doctor_id, user_id, reason, includes_very_restricted, created_at, expires_at)
     SELECT $1, $2, $3, $4, $5, $6, now, now + $7::double precision * interval '1 second'
       FROM clock_timestamp() AS now
     RETURNING ",
    columns!()
);

const REVIEW: &str = concat!(
    "UPDATE patient.break_glass
        SET outcome = $2, review_note = $3, reviewed_by = $4, reviewed_at = $5,
            expires_at = CASE WHEN $2 = 'unjustified' THEN
                least(expires_at, greatest(clock_timestamp(), created_at + interval '1 microsecond'))
                ELSE expires_at END
      WHERE id = $1 RETURNING ",
    columns!()
);

impl Store {
    #[instrument(name = "db.break_glass.find", skip_all, fields(grant.id = %id))]
    pub async fn grant(&self, id: BreakGlassGrantId) -> Result<Option<Grant>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(FIND).await?;
        client.query_opt(&statement, &[&id.0]).await?.as_ref().map(grant).transpose()
    }

    /// At most `limit` grants after `after`, of all or of those nobody has reviewed, oldest first.
    #[instrument(name = "db.break_glass.page", skip_all)]
    pub async fn grants(
        &self,
        after: Option<BreakGlassGrantId>,
        with_reviewed: bool,
        limit: i64,
    ) -> Result<Vec<Grant>, Error> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let client = self.object().await?;
        let statement = client.prepare_cached(PAGE).await?;
        client.query(&statement, &[&after, &with_reviewed, &limit]).await?.iter().map(grant).collect()
    }

    /// Whether `doctor` has leave to read about `patient`.
    #[instrument(name = "db.break_glass.is_broken", skip_all, fields(patient.id = %patient))]
    pub async fn glass_is_broken(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(IS_BROKEN).await?;
        Ok(client.query_one(&statement, &[&doctor.0, &patient.0]).await?.try_get(0)?)
    }
}

impl Tx<'_> {
    /// The widest grant in force. The patient must be locked.
    #[instrument(name = "db.break_glass.in_force", skip_all, fields(patient.id = %patient))]
    pub async fn grant_in_force(&self, doctor: DoctorId, patient: PatientId) -> Result<Option<Grant>, Error> {
        let statement = self.inner.prepare_cached(IN_FORCE).await?;
        self.inner.query_opt(&statement, &[&doctor.0, &patient.0]).await?.as_ref().map(grant).transpose()
    }

    /// Makes whoever else would give `doctor` a grant wait.
    #[instrument(name = "db.break_glass.lock_doctor", skip_all)]
    pub async fn lock_grants_of(&self, doctor: DoctorId) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(LOCK_DOCTOR).await?;
        self.inner.query_one(&statement, &[&doctor.0]).await?;
        Ok(())
    }

    /// How many grants of `doctor` nobody has reviewed, and whether one is older than `age`.
    #[instrument(name = "db.break_glass.unreviewed", skip_all)]
    pub async fn unreviewed(&self, doctor: DoctorId, age: SignedDuration) -> Result<(i64, bool), Error> {
        let statement = self.inner.prepare_cached(UNREVIEWED).await?;
        let row = self.inner.query_one(&statement, &[&doctor.0, &age.as_secs_f64()]).await?;
        Ok((row.try_get("number")?, row.try_get("is_old")?))
    }

    /// Whether a grant of `doctor` was found to be unjustified at most `age` ago.
    #[instrument(name = "db.break_glass.is_withdrawn", skip_all)]
    pub async fn is_withdrawn(&self, doctor: DoctorId, age: SignedDuration) -> Result<bool, Error> {
        let statement = self.inner.prepare_cached(IS_WITHDRAWN).await?;
        Ok(self.inner.query_one(&statement, &[&doctor.0, &age.as_secs_f64()]).await?.try_get(0)?)
    }

    /// A grant that begins now.
    #[instrument(name = "db.break_glass.insert", skip_all, fields(patient.id = %patient))]
    pub async fn insert_grant(
        &self,
        patient: PatientId,
        doctor: DoctorId,
        user: UserId,
        emergency: &Emergency,
        life: SignedDuration,
    ) -> Result<Grant, Error> {
        let Emergency { reason, includes_very_restricted } = emergency;
        let (id, reason) = (BreakGlassGrantId::random(), reason.as_str());
        let statement = self.inner.prepare_cached(INSERT).await?;
        let row = self
            .inner
            .query_one(
                &statement,
                &[
                    &id.0,
                    &patient.0,
                    &doctor.0,
                    &user.0,
                    &reason,
                    includes_very_restricted,
                    &life.as_secs_f64(),
                ],
            )
            .await?;
        grant(&row)
    }

    /// The grant, locked until the end of the transaction.
    #[instrument(name = "db.break_glass.lock", skip_all, fields(grant.id = %id))]
    pub async fn lock_grant(&self, id: BreakGlassGrantId) -> Result<Option<Grant>, Error> {
        let statement = self.inner.prepare_cached(LOCK).await?;
        self.inner.query_opt(&statement, &[&id.0]).await?.as_ref().map(grant).transpose()
    }

    /// Notes the verdict; a grant that is not justified ends.
    #[instrument(name = "db.break_glass.review", skip_all, fields(grant.id = %id))]
    pub async fn review_grant(
        &self,
        id: BreakGlassGrantId,
        verdict: &Verdict,
        by: UserId,
        now: Timestamp,
    ) -> Result<Grant, Error> {
        let Verdict { outcome, note } = verdict;
        let note = note.as_ref().map(Reason::as_str);
        let statement = self.inner.prepare_cached(REVIEW).await?;
        let row = self.inner.query_one(&statement, &[&id.0, &outcome.name(), &note, &by.0, &now]).await?;
        grant(&row)
    }
}

fn grant(row: &Row) -> Result<Grant, Error> {
    Ok(Grant {
        id: BreakGlassGrantId(row.try_get("id")?),
        patient_id: PatientId(row.try_get("patient_id")?),
        doctor_id: DoctorId(row.try_get("doctor_id")?),
        user_id: UserId(row.try_get("user_id")?),
        reason: text(row, "reason")?,
        includes_very_restricted: row.try_get("includes_very_restricted")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        review: review(row)?,
    })
}

fn review(row: &Row) -> Result<Option<Review>, Error> {
    let Some(outcome) = row.try_get("outcome")? else { return Ok(None) };
    let outcome = Outcome::named(outcome).ok_or(Error::Unreadable("outcome"))?;
    let verdict = Verdict { outcome, note: text(row, "review_note")? };
    Ok(Some(Review { verdict, by: UserId(row.try_get("reviewed_by")?), at: row.try_get("reviewed_at")? }))
}

/// A checked text, or none.
fn text<T: TryFrom<String>>(row: &Row, column: &'static str) -> Result<Option<T>, Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(T::try_from).transpose().map_err(|_| Error::Unreadable(column))
}
