//! How patients change what they want to be told of.
use super::preferences::locked;
use super::{Error, Store, reminders};
use crate::domain::{Category, Channel, Edit, Preferences, QuietChoice, QuietHours};
use platform::audit::{self, Entry};
use platform::postgres;
use proto::ids::PatientId;
use tracing::instrument;

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
    /// Changes what a patient wants, and notes it. Whoever wants reminders by SMS gets those that are planned, too, where
    /// `is_texting`: also who has said so before, when nobody was.
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
        let before = locked(&tx, "FOR UPDATE", patient).await?;
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
        if is_texting && after.want(Category::Reminders, Channel::Sms) {
            reminders::text(&tx, patient).await?;
        }
        audit::append(&tx, &[noted(is_changed)]).await?;
        postgres::commit(tx).await?;
        Ok(Changed::To(after))
    }
}

fn names(categories: &[Category]) -> Vec<&'static str> {
    categories.iter().map(|category| category.name()).collect()
}
