//! What patients want to be told of.
use super::{Error, Store};
use crate::domain::{Category, Channel, Preferences, QuietChoice, QuietHours};
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

impl Store {
    /// Of somebody who has said nothing, the usual ones.
    #[instrument(name = "db.preferences.find", skip_all)]
    pub async fn preferences(&self, patient: PatientId) -> Result<Preferences, Error> {
        find(&self.connection().await?, FIND, patient).await
    }

    /// Notes a read in the audit log. What cannot be noted must not be told.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(audit::append(&self.connection().await?, &[entry]).await?)
    }
}

/// Whether `patient` wants reminders by SMS, which stays so while `tx` lasts.
pub(super) async fn want_texts(tx: &Transaction<'_>, patient: PatientId) -> Result<bool, Error> {
    Ok(locked(tx, "FOR SHARE", patient).await?.want(Category::Reminders, Channel::Sms))
}

/// Locked as `lock` says while `tx` lasts, also of somebody who has said nothing.
pub(super) async fn locked(
    tx: &Transaction<'_>,
    lock: &'static str,
    patient: PatientId,
) -> Result<Preferences, Error> {
    let reserve = tx.prepare_cached(RESERVE).await?;
    tx.execute(&reserve, &[&patient.0]).await?;
    find(tx, &format!("{FIND} {lock}"), patient).await
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
