//! All SQL of this service. The database's clock decides what is due.
mod rows; // messages as they are read
mod queue; // what is due, who has it, and what came of it
mod webhooks; // where events are posted to
mod webhook_deliveries; // what is posted, and what became of it
mod webhook_queue; // what is due to be posted, who has it, and what came of it
mod preferences; // what patients want to be told of
mod reminders; // visits that are near
mod wishes; // how patients change what they want
mod feeds; // calendars that programs of others subscribe to
mod wordings; // words that the clinic puts in place of ours
mod sealed; // secrets of webhooks and keys of links, as operators seal them anew

pub use queue::Claim;
pub use webhook_deliveries::Asked;
pub use webhook_queue::Claim as WebhookClaim;
pub use webhooks::Change;
pub use wishes::Changed;

use crate::domain::{About, Alarm, Channel, Notification, Stage};
use deadpool_postgres::{GenericClient as _, Object, Pool, Transaction};
use platform::{inbox, postgres};
use proto::ids::{AppointmentId, EventId, NotificationId};
use rows::{columns, matters, read};
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

pub const SCHEMA: &str = "notification";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] postgres::Error),
    #[error("notification {id} has an unreadable {column}")]
    Unreadable { id: NotificationId, column: &'static str },
    #[error("webhook or delivery {id} has an unreadable {column}")]
    UnreadableWebhook { id: Uuid, column: &'static str },
    #[error("a calendar has an unreadable {column}")]
    UnreadableFeed { column: &'static str },
    #[error("preferences have an unreadable {column}")]
    UnreadablePreferences { column: &'static str },
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    /// Whether the same may succeed later.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_outage())
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

/// Which notifications a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub appointment_id: Option<AppointmentId>,
    pub stage: Option<Stage>,
}

const INSERT_ABOUT_VISIT: &str = "
    INSERT INTO notification.notifications
           (id, appointment_id, appointment_version, kind, visit_status, recipient_kind, recipient_id,
            channel, state, next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', clock_timestamp(), $9)
        ON CONFLICT ON CONSTRAINT notifications_once DO NOTHING";

const INSERT_ABOUT_OFFER: &str = "
    INSERT INTO notification.offer_notifications
           (id, offer_id, kind, recipient_kind, recipient_id, channel, state, next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, 'pending', clock_timestamp(), $7)
        ON CONFLICT ON CONSTRAINT offer_notifications_once DO NOTHING";

const INSERT_ABOUT_ACCOUNT: &str = "
    INSERT INTO notification.account_notifications
           (id, event_id, token_id, kind, recipient_kind, recipient_id, state, next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, 'pending', clock_timestamp(), $7)
        ON CONFLICT ON CONSTRAINT account_notifications_once DO NOTHING";

const INSERT_ALARM: &str = "
    INSERT INTO notification.alarm_notifications
           (id, grant_id, doctor_id, broken_at, includes_very_restricted, kind, recipient_kind, recipient_id, state,
            next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', clock_timestamp(), $9)
        ON CONFLICT ON CONSTRAINT alarm_notifications_once DO NOTHING";

const FIND: &str = read!("WHERE m.id = $1");

const LIST: &str = read!(
    "WHERE m.id < $1 AND $3::uuid IS NULL AND $4::text IS NULL
     ORDER BY m.id DESC LIMIT $2"
);

const LIST_OF_APPOINTMENT: &str = read!(
    "WHERE m.id < $1 AND m.id IN (
         SELECT id FROM notification.notifications WHERE appointment_id = $3
          UNION ALL SELECT id FROM notification.reminder_notifications WHERE appointment_id = $3)
       AND $4::text IS NULL
     ORDER BY m.id DESC LIMIT $2"
);

const LIST_OF_STATE: &str = read!(
    "WHERE m.id < $1 AND $3::uuid IS NULL AND m.state = $4
     ORDER BY m.id DESC LIMIT $2"
);

const LIST_OF_BOTH: &str = read!(
    "WHERE m.id < $1 AND m.id IN (
         SELECT id FROM notification.notifications WHERE appointment_id = $3
          UNION ALL SELECT id FROM notification.reminder_notifications WHERE appointment_id = $3)
       AND m.state = $4
     ORDER BY m.id DESC LIMIT $2"
);

const RESEND: &str = concat!(
    "UPDATE notification.messages m
        SET state = 'pending', next_attempt_at = clock_timestamp(), attempts = 0
       FROM (VALUES ($1::uuid)) one (id)",
    matters!("one"),
    "WHERE m.id = one.id AND m.state = 'failed'
     RETURNING ",
    columns!()
);

impl Store {
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn connection(&self) -> Result<Object, Error> {
        Ok(postgres::connection(&self.pool).await?)
    }

    /// Writes `messages`, each by its channel, unless `event` has had its effect before; false then.
    #[instrument(name = "db.notification.enqueue", skip_all, fields(event.id = %event))]
    pub async fn enqueue(
        &self,
        event: EventId,
        messages: &[(About, Channel)],
        traceparent: Option<&str>,
    ) -> Result<bool, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        if !inbox::is_new(&tx, SCHEMA, event).await? {
            return Ok(false);
        }
        for (about, channel) in messages {
            insert(&tx, event, about, *channel, traceparent).await?;
        }
        postgres::commit(tx).await?;
        Ok(true)
    }

    #[instrument(name = "db.notification.find", skip_all, fields(notification.id = %id))]
    pub async fn find(&self, id: NotificationId) -> Result<Option<Notification>, Error> {
        let client = self.connection().await?;
        let find = client.prepare_cached(FIND).await?;
        let row = client.query_opt(&find, &[&id.0]).await?;
        row.as_ref().map(Notification::try_from).transpose()
    }

    /// Makes a failed message due again, as if it had never been tried; none unless it has failed.
    #[instrument(name = "db.notification.resend", skip_all, fields(notification.id = %id))]
    pub async fn resend(&self, id: NotificationId) -> Result<Option<Notification>, Error> {
        let client = self.connection().await?;
        let resend = client.prepare_cached(RESEND).await?;
        let row = client.query_opt(&resend, &[&id.0]).await?;
        row.as_ref().map(Notification::try_from).transpose()
    }

    /// Up to `limit` notifications, newest first, starting below `before`.
    #[instrument(name = "db.notification.list", skip_all)]
    pub async fn list(
        &self,
        filter: Filter,
        before: Option<NotificationId>,
        limit: i64,
    ) -> Result<Vec<Notification>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(filter.statement()).await?;
        let before = before.map_or(Uuid::max(), |id| id.0);
        let appointment = filter.appointment_id.map(|id| id.0);
        let state = filter.stage.map(Stage::name);
        let rows = client.query(&list, &[&before, &limit, &appointment, &state]).await?;
        rows.iter().map(Notification::try_from).collect()
    }
}

impl Filter {
    /// One statement for each combination, so that each is planned for what it filters by.
    fn statement(self) -> &'static str {
        match (self.appointment_id, self.stage) {
            (None, None) => LIST,
            (Some(_), None) => LIST_OF_APPOINTMENT,
            (None, Some(_)) => LIST_OF_STATE,
            (Some(_), Some(_)) => LIST_OF_BOTH,
        }
    }
}

async fn insert(
    tx: &Transaction<'_>,
    event: EventId,
    about: &About,
    channel: Channel,
    traceparent: Option<&str>,
) -> Result<(), Error> {
    let (id, recipient) = (NotificationId::random().0, about.recipient());
    let (kind, recipient_kind, recipient_id) = (about.kind(), recipient.kind(), recipient.id());
    match about {
        About::Visit { change, .. } => {
            let insert = tx.prepare_cached(INSERT_ABOUT_VISIT).await?;
            let (visit, status) = (change.appointment_id.0, change.status.name());
            let columns: [&(dyn ToSql + Sync); 9] = [
                &id,
                &visit,
                &change.version,
                &kind,
                &status,
                &recipient_kind,
                &recipient_id,
                &channel.name(),
                &traceparent,
            ];
            tx.execute(&insert, &columns).await?;
        }
        About::Reminder(reminder) => {
            reminders::insert(tx, id, reminder, channel, reminder.due_at, traceparent).await?;
        }
        About::Offer { id: offer, .. } => {
            let insert = tx.prepare_cached(INSERT_ABOUT_OFFER).await?;
            let channel = channel.name();
            tx.execute(
                &insert,
                &[&id, &offer.0, &kind, &recipient_kind, &recipient_id, &channel, &traceparent],
            )
            .await?;
        }
        About::Account { token_id, .. } => {
            let insert = tx.prepare_cached(INSERT_ABOUT_ACCOUNT).await?;
            let token = token_id.map(|id| id.0);
            tx.execute(
                &insert,
                &[&id, &event.0, &token, &kind, &recipient_kind, &recipient_id, &traceparent],
            )
            .await?;
        }
        About::Alarm { alarm, .. } => {
            let insert = tx.prepare_cached(INSERT_ALARM).await?;
            let Alarm { grant_id, doctor_id, at, includes_very_restricted } = alarm;
            let columns: [&(dyn ToSql + Sync); 9] = [
                &id,
                &grant_id.0,
                &doctor_id.0,
                at,
                includes_very_restricted,
                &kind,
                &recipient_kind,
                &recipient_id,
                &traceparent,
            ];
            tx.execute(&insert, &columns).await?;
        }
    }
    Ok(())
}
