//! What patients want to be told of.
use super::{Error, Store, reminders};
use crate::domain::{Category, Channel, Edit, Preferences, QuietChoice, QuietHours};
use deadpool_postgres::{GenericClient, Transaction};
use jiff::civil::Time;
use platform::audit::{self, Entry};
use proto::ids::PatientId;
use tokio_postgres::Row;
use tracing::instrument;

const FIND: &str = "
    SELECT patient_id, email_off, sms_on, is_quiet_chosen, quiet_from, quiet_until, version, updated_at
      FROM notification.preferences
     WHERE patient_id = $1";

/// A row that is not there cannot be locked.
const RESERVE: &str = "
    INSERT INTO notification.preferences (patient_id) VALUES ($1) ON CONFLICT DO NOTHING";

const UPDATE: &str = "
    UPDATE notification.preferences
       SET email_off = $2, is_quiet_chosen = $3, quiet_from = $4, quiet_until = $5, version = $6, sms_on = $7,
           updated_at = clock_timestamp()
     WHERE patient_id = $1
    RETURNING updated_at";

/// What came of a change.
pub enum Changed {
    To(Preferences),
    /// The preferences are of this version, and not of the one that was expected.
    Stale(i64),
}

impl Store {
    /// Of somebody who has said nothing, the usual ones.
    #[instrument(name = "db.preferences.find", skip_all)]
    pub async fn preferences(&self, patient: PatientId) -> Result<Preferences, Error> {
        find(&self.connection().await?, FIND, patient).await
    }

    /// Changes what a patient wants, and notes it. Whoever wants reminders by SMS from now on gets those that are planned,
    /// too, where `is_texting`.
    #[instrument(name = "db.preferences.update", skip_all)]
    pub async fn change_preferences(
        &self,
        patient: PatientId,
        edits: &[Edit],
        expected_version: Option<i64>,
        is_texting: bool,
        noted: impl FnOnce(bool) -> Entry + Send,
    ) -> Result<Changed, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        reserve(&tx, patient).await?;
        let before = find(&tx, &format!("{FIND} FOR UPDATE"), patient).await?;
        if expected_version.is_some_and(|expected| expected != before.version) {
            return Ok(Changed::Stale(before.version));
        }
        let mut after = before.edited(edits);
        let is_changed = after != before;
        if is_changed {
            let (is_chosen, hours) = match after.quiet {
                QuietChoice::Usual => (false, None),
                QuietChoice::Never => (true, None),
                QuietChoice::Own(hours) => (true, Some(hours)),
            };
            let (from, until) = (hours.map(QuietHours::from), hours.map(QuietHours::until));
            let (off, on) = (names(&after.email_off), names(&after.sms_on));
            let update = tx.prepare_cached(UPDATE).await?;
            let row = tx
                .query_one(&update, &[&patient.0, &off, &is_chosen, &from, &until, &after.version, &on])
                .await?;
            after.updated_at = Some(row.try_get("updated_at")?);
        }
        let wants_texts = |of: &Preferences| of.want(Category::Reminders, Channel::Sms);
        if is_texting && wants_texts(&after) && !wants_texts(&before) {
            reminders::text(&tx, patient).await?;
        }
        audit::append(&tx, &[noted(is_changed)]).await?;
        tx.commit().await?;
        Ok(Changed::To(after))
    }

    /// Notes a read in the audit log. What cannot be noted must not be told.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(audit::append(&self.connection().await?, &[entry]).await?)
    }
}

/// Whether `patient` wants reminders by SMS, which stays so while `tx` lasts.
pub(super) async fn want_texts(tx: &Transaction<'_>, patient: PatientId) -> Result<bool, Error> {
    reserve(tx, patient).await?;
    let preferences = find(tx, &format!("{FIND} FOR SHARE"), patient).await?;
    Ok(preferences.want(Category::Reminders, Channel::Sms))
}

async fn reserve(tx: &Transaction<'_>, patient: PatientId) -> Result<(), Error> {
    let reserve = tx.prepare_cached(RESERVE).await?;
    tx.execute(&reserve, &[&patient.0]).await?;
    Ok(())
}

async fn find(
    client: &impl GenericClient,
    statement: &str,
    patient: PatientId,
) -> Result<Preferences, Error> {
    let find = client.prepare_cached(statement).await?;
    let row = client.query_opt(&find, &[&patient.0]).await?;
    row.map_or_else(|| Ok(Preferences::usual(patient)), |row| preferences(patient, &row))
}

fn names(categories: &[Category]) -> Vec<&'static str> {
    categories.iter().map(|category| category.name()).collect()
}

fn preferences(patient_id: PatientId, row: &Row) -> Result<Preferences, Error> {
    let unreadable = |column| Error::UnreadablePreferences { column };
    let categories = |column| {
        let named: Vec<&str> = row.try_get(column)?;
        let named: Option<Vec<Category>> = named.into_iter().map(Category::named).collect();
        named.ok_or_else(|| unreadable(column))
    };
    let times: (Option<Time>, Option<Time>) = (row.try_get("quiet_from")?, row.try_get("quiet_until")?);
    let quiet = match (row.try_get("is_quiet_chosen")?, times) {
        (false, _) => QuietChoice::Usual,
        (true, (Some(from), Some(until))) => {
            QuietChoice::Own(QuietHours::new(from, until).map_err(|_| unreadable("quiet_from"))?)
        }
        (true, _) => QuietChoice::Never,
    };
    let version: i64 = row.try_get("version")?;
    let updated_at = row.try_get("updated_at")?;
    Ok(Preferences {
        patient_id,
        email_off: categories("email_off")?,
        sms_on: categories("sms_on")?,
        quiet,
        version,
        updated_at: (version > 1).then_some(updated_at),
    })
}
