//! Calendars that programs of others subscribe to.
use super::{Error, Store};
use crate::domain::{Feed, FeedOwner, Titles};
use platform::audit::{self, Entry};
use platform::postgres;
use tokio_postgres::Row;
use tracing::instrument;

const FIND: &str = "
    SELECT owner_kind, owner_id, titles, created_at, fetched_at
      FROM notification.calendar_feeds
     WHERE owner_kind = $1 AND owner_id = $2";

/// Programs may look often: once a minute is worth a write.
const OF_TOKEN: &str = "
    SELECT owner_kind, owner_id, titles, created_at, fetched_at,
           fetched_at IS NULL OR fetched_at < clock_timestamp() - interval '1 minute' AS is_to_be_noted
      FROM notification.calendar_feeds
     WHERE token_hash = $1";

const ROTATE: &str = "
    INSERT INTO notification.calendar_feeds (owner_kind, owner_id, token_hash, titles)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (owner_kind, owner_id) DO UPDATE
       SET token_hash = excluded.token_hash, titles = excluded.titles, created_at = clock_timestamp(),
           fetched_at = NULL
    RETURNING owner_kind, owner_id, titles, created_at, fetched_at";

const DELETE: &str = "DELETE FROM notification.calendar_feeds WHERE owner_kind = $1 AND owner_id = $2";

/// Of several who look at once, one.
const FETCHED: &str = "
    UPDATE notification.calendar_feeds
       SET fetched_at = clock_timestamp()
     WHERE token_hash = $1 AND (fetched_at IS NULL OR fetched_at < clock_timestamp() - interval '1 minute')";

impl Store {
    #[instrument(name = "db.calendar_feeds.find", skip_all)]
    pub async fn feed(&self, owner: FeedOwner) -> Result<Option<Feed>, Error> {
        let client = self.connection().await?;
        let find = client.prepare_cached(FIND).await?;
        let row = client.query_opt(&find, &[&owner.kind(), &owner.id()]).await?;
        row.as_ref().map(Feed::try_from).transpose()
    }

    /// By the hash of the secret in its address, and whether it is to be noted that it is read.
    #[instrument(name = "db.calendar_feeds.of_token", skip_all)]
    pub async fn feed_of(&self, token_hash: &[u8]) -> Result<Option<(Feed, bool)>, Error> {
        let client = self.connection().await?;
        let find = client.prepare_cached(OF_TOKEN).await?;
        let row = client.query_opt(&find, &[&token_hash]).await?;
        row.map(|row| Ok((Feed::try_from(&row)?, row.try_get("is_to_be_noted")?))).transpose()
    }

    /// Gives the calendar of `owner` another address, the first one perhaps, and notes it.
    #[instrument(name = "db.calendar_feeds.rotate", skip_all)]
    pub async fn rotate_feed(
        &self,
        owner: FeedOwner,
        token_hash: &[u8],
        titles: Titles,
        noted: Entry,
    ) -> Result<Feed, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let rotate = tx.prepare_cached(ROTATE).await?;
        let row = tx.query_one(&rotate, &[&owner.kind(), &owner.id(), &token_hash, &titles.name()]).await?;
        let feed = Feed::try_from(&row)?;
        audit::append(&tx, &[noted]).await?;
        postgres::commit(tx).await?;
        Ok(feed)
    }

    /// Ends the calendar of `owner`, if there is one, and notes it.
    #[instrument(name = "db.calendar_feeds.delete", skip_all)]
    pub async fn delete_feed(&self, owner: FeedOwner, noted: Entry) -> Result<(), Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let delete = tx.prepare_cached(DELETE).await?;
        tx.execute(&delete, &[&owner.kind(), &owner.id()]).await?;
        audit::append(&tx, &[noted]).await?;
        postgres::commit(tx).await?;
        Ok(())
    }

    /// Remembers that it was read, and notes it as often as it does.
    #[instrument(name = "db.calendar_feeds.fetched", skip_all)]
    pub async fn feed_was_fetched(&self, token_hash: &[u8], noted: Entry) -> Result<(), Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let fetched = tx.prepare_cached(FETCHED).await?;
        if tx.execute(&fetched, &[&token_hash]).await? > 0 {
            audit::append(&tx, &[noted]).await?;
        }
        postgres::commit(tx).await?;
        Ok(())
    }
}

impl TryFrom<&Row> for Feed {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |column| Error::UnreadableFeed { column };
        let owner = FeedOwner::of_kind(row.try_get("owner_kind")?, row.try_get("owner_id")?);
        let titles = Titles::named(row.try_get("titles")?);
        Ok(Self {
            owner: owner.ok_or_else(|| unreadable("owner_kind"))?,
            titles: titles.ok_or_else(|| unreadable("titles"))?,
            created_at: row.try_get("created_at")?,
            fetched_at: row.try_get("fetched_at")?,
        })
    }
}
