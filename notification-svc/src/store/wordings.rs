//! Words that the clinic puts in place of ours. Each change is in the audit log.
use super::{Error, Store};
use crate::domain::{Language, Wording};
use deadpool_postgres::GenericClient as _;
use platform::audit::{self, Entry};
use platform::postgres;
use proto::ids::UserId;
use tokio_postgres::Row;
use tracing::instrument;

const LIST: &str = "
    SELECT message, language, pattern, updated_at, updated_by
      FROM notification.template_overrides
     ORDER BY message, language";

const SET: &str = "
    INSERT INTO notification.template_overrides (message, language, pattern, updated_by)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (message, language) DO UPDATE
       SET pattern = excluded.pattern, updated_by = excluded.updated_by, updated_at = clock_timestamp()
 RETURNING message, language, pattern, updated_at, updated_by";

const REMOVE: &str = "
    DELETE FROM notification.template_overrides
     WHERE message = $1 AND language = $2
 RETURNING message, language, pattern, updated_at, updated_by";

impl Store {
    /// All of them, by message and language; without those in languages of a later release.
    #[instrument(name = "db.template_override.list", level = "debug", skip_all)]
    pub async fn wordings(&self) -> Result<Vec<Wording>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(LIST).await?;
        let rows = client.query(&list, &[]).await?;
        rows.iter().filter_map(|row| wording(row).transpose()).collect()
    }

    #[instrument(name = "db.template_override.set", skip_all)]
    pub async fn set_wording(
        &self,
        message: &str,
        language: Language,
        pattern: &str,
        by: UserId,
    ) -> Result<Option<Wording>, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let set = tx.prepare_cached(SET).await?;
        let row = tx.query_one(&set, &[&message, &language.tag(), &pattern, &by.0]).await?;
        audit::append(&tx, &[entry("set", message, language)]).await?;
        postgres::commit(tx).await?;
        wording(&row)
    }

    /// What was there, if anything.
    #[instrument(name = "db.template_override.remove", skip_all)]
    pub async fn remove_wording(&self, message: &str, language: Language) -> Result<Option<Wording>, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let remove = tx.prepare_cached(REMOVE).await?;
        let Some(row) = tx.query_opt(&remove, &[&message, &language.tag()]).await? else { return Ok(None) };
        audit::append(&tx, &[entry("delete", message, language)]).await?;
        postgres::commit(tx).await?;
        wording(&row)
    }
}

fn entry(action: &'static str, message: &str, language: Language) -> Entry {
    Entry::new(action, "template_override").fields([format!("{message}:{}", language.tag())])
}

fn wording(row: &Row) -> Result<Option<Wording>, Error> {
    let Some(language) = Language::tagged(row.try_get("language")?) else { return Ok(None) };
    Ok(Some(Wording {
        message: row.try_get("message")?,
        language,
        pattern: row.try_get("pattern")?,
        updated_at: row.try_get("updated_at")?,
        updated_by: UserId(row.try_get("updated_by")?),
    }))
}
