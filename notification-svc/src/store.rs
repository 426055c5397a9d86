//! All SQL of this service. The database's clock decides what is due.
mod queue; // what is due, who has it, and what came of it

pub use queue::Claim;

use crate::domain::{Change, Kind, Notification, Recipient, Stage, State, VisitStatus};
use deadpool_postgres::{GenericClient as _, Object, Pool};
use platform::{inbox, postgres};
use proto::ids::{AppointmentId, DoctorId, EventId, NotificationId, PatientId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

pub const SCHEMA: &str = "notification";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] postgres::Error),
    #[error("notification {id} has an unreadable {column}")]
    Unreadable { id: NotificationId, column: &'static str },
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

const INSERT: &str = "
    INSERT INTO notification.notifications
           (id, appointment_id, appointment_version, kind, visit_status, recipient_kind, recipient_id,
            state, next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', clock_timestamp(), $8)
        ON CONFLICT ON CONSTRAINT notifications_once DO NOTHING";

const FIND: &str = "SELECT * FROM notification.notifications WHERE id = $1";

const LIST: &str = "
    SELECT * FROM notification.notifications
     WHERE id < $1 AND $3::uuid IS NULL AND $4::text IS NULL
     ORDER BY id DESC LIMIT $2";

const LIST_OF_APPOINTMENT: &str = "
    SELECT * FROM notification.notifications
     WHERE id < $1 AND appointment_id = $3 AND $4::text IS NULL
     ORDER BY id DESC LIMIT $2";

const LIST_OF_STATE: &str = "
    SELECT * FROM notification.notifications
     WHERE id < $1 AND $3::uuid IS NULL AND state = $4
     ORDER BY id DESC LIMIT $2";

const LIST_OF_BOTH: &str = "
    SELECT * FROM notification.notifications
     WHERE id < $1 AND appointment_id = $3 AND state = $4
     ORDER BY id DESC LIMIT $2";

const RESEND: &str = "
    UPDATE notification.notifications
       SET state = 'pending', next_attempt_at = clock_timestamp(), attempts = 0
     WHERE id = $1 AND state = 'failed'
 RETURNING *";

impl Store {
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn connection(&self) -> Result<Object, Error> {
        Ok(postgres::connection(&self.pool).await?)
    }

    /// Writes a message to each recipient of `change`, unless `event` has had its effect before; false then.
    #[instrument(name = "db.notification.enqueue", skip_all, fields(appointment.id = %change.appointment_id))]
    pub async fn enqueue(
        &self,
        event: EventId,
        change: &Change,
        traceparent: Option<&str>,
    ) -> Result<bool, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        if !inbox::is_new(&tx, SCHEMA, event).await? {
            return Ok(false);
        }
        let insert = tx.prepare_cached(INSERT).await?;
        let Change { kind, appointment_id, version, status, .. } = change;
        for recipient in change.recipients() {
            let id = NotificationId::random();
            tx.execute(
                &insert,
                &[
                    &id.0,
                    &appointment_id.0,
                    version,
                    &kind.name(),
                    &status.name(),
                    &recipient.kind(),
                    &recipient.id(),
                    &traceparent,
                ],
            )
            .await?;
        }
        tx.commit().await?;
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

impl TryFrom<&Row> for Notification {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = NotificationId(row.try_get("id")?);
        let unreadable = |column| Error::Unreadable { id, column };
        let recipient_id = row.try_get("recipient_id")?;
        let recipient = match row.try_get("recipient_kind")? {
            "patient" => Recipient::Patient(PatientId(recipient_id)),
            "doctor" => Recipient::Doctor(DoctorId(recipient_id)),
            _ => return Err(unreadable("recipient_kind")),
        };
        let state = match Stage::named(row.try_get("state")?).ok_or(unreadable("state"))? {
            Stage::Pending => State::Pending { next_attempt_at: row.try_get("next_attempt_at")? },
            Stage::Sending => State::Sending { leased_until: row.try_get("leased_until")? },
            Stage::Sent => State::Sent { at: row.try_get("sent_at")? },
            Stage::Failed => State::Failed,
            Stage::Superseded => State::Superseded,
            Stage::Skipped => State::Skipped,
        };
        Ok(Self {
            id,
            kind: Kind::named(row.try_get("kind")?).ok_or(unreadable("kind"))?,
            appointment_id: AppointmentId(row.try_get("appointment_id")?),
            appointment_version: row.try_get("appointment_version")?,
            visit_status: VisitStatus::named(row.try_get("visit_status")?)
                .ok_or(unreadable("visit_status"))?,
            recipient,
            state,
            attempts: row.try_get::<_, i32>("attempts")?.unsigned_abs(),
            last_error: row.try_get("last_error")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
