//! Reminders, as they are planned.
use super::{Error, Store, preferences};
use crate::domain::{About, Appointment, Channel, Plan, Reminder};
use deadpool_postgres::{GenericClient as _, Transaction};
use jiff::Timestamp;
use platform::postgres;
use proto::ids::{AppointmentId, NotificationId, PatientId};
use tracing::instrument;
use uuid::Uuid;

/// Locks the visit, too: of two who plan for it, the second sees what the first wrote.
const ADVANCE: &str = "
    INSERT INTO notification.reminder_plans (appointment_id, appointment_version)
    VALUES ($1, $2)
        ON CONFLICT (appointment_id) DO UPDATE
       SET appointment_version = excluded.appointment_version
     WHERE reminder_plans.appointment_version <= excluded.appointment_version";

const PLANNED_UP_TO: &str = "
    SELECT (SELECT appointment_version FROM notification.reminder_plans WHERE appointment_id = $1) AS version,
           clock_timestamp() AS now";

/// Those of the version that is still to come stay, also when they are being tried and their time is past.
const VOID: &str = "
    UPDATE notification.reminder_notifications
       SET state = 'superseded', next_attempt_at = NULL
     WHERE appointment_id = $1 AND state = 'pending' AND schedule_version IS DISTINCT FROM $2";

/// A visit that was called off and takes place after all is reminded of again; one that was is not.
const INSERT: &str = "
    INSERT INTO notification.reminder_notifications
           (id, appointment_id, schedule_version, offset_minutes, visit_starts_at, due_at, kind, recipient_kind,
            recipient_id, channel, state, next_attempt_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $12, $11)
        ON CONFLICT ON CONSTRAINT reminder_notifications_once DO UPDATE
       SET state = 'pending', due_at = excluded.due_at, next_attempt_at = excluded.next_attempt_at, attempts = 0,
           last_error = NULL, traceparent = excluded.traceparent
     WHERE reminder_notifications.state = 'superseded'";

/// Those that go by e-mail and are still to come, or wait until the patient wants no quiet.
const PLANNED_FOR: &str = "
    SELECT appointment_id, schedule_version, offset_minutes, visit_starts_at, due_at, next_attempt_at, traceparent
      FROM notification.reminder_notifications
     WHERE recipient_id = $1 AND channel = 'email' AND state = 'pending'
       AND next_attempt_at > clock_timestamp() AND attempts = 0";

impl Store {
    /// Up to which version of a visit its reminders are planned, and the time by the clock that says when they are due.
    #[instrument(name = "db.reminders.planned_up_to", skip_all, fields(appointment.id = %id))]
    pub async fn planned_up_to(&self, id: AppointmentId) -> Result<(Option<i64>, Timestamp), Error> {
        let client = self.connection().await?;
        let statement = client.prepare_cached(PLANNED_UP_TO).await?;
        let row = client.query_one(&statement, &[&id.0]).await?;
        Ok((row.try_get("version")?, row.try_get("now")?))
    }

    /// Writes `plan`, which was made for the visit as it was read, by SMS, too, where `is_texting` and the patient wants
    /// that, and withdraws what it does not allow any more. False, and nothing changes, when a later state of the visit
    /// was planned for already.
    #[instrument(name = "db.reminders.plan", skip_all, fields(appointment.id = %of.visit.id))]
    pub async fn plan(
        &self,
        of: &Appointment,
        plan: &Plan,
        is_texting: bool,
        traceparent: Option<&str>,
    ) -> Result<bool, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        // First, as those do who change them: so that neither misses what the other does, or waits for ever.
        let is_texted = is_texting && preferences::want_texts(&tx, of.patient_id).await?;
        let advance = tx.prepare_cached(ADVANCE).await?;
        if tx.execute(&advance, &[&of.visit.id.0, &of.visit.version]).await? == 0 {
            return Ok(false);
        }
        let kept = of.is_to_come().then_some(of.schedule_version);
        let void = tx.prepare_cached(VOID).await?;
        tx.execute(&void, &[&of.visit.id.0, &kept]).await?;
        for reminder in &plan.reminders {
            insert(&tx, NotificationId::random().0, reminder, Channel::Email, reminder.due_at, traceparent)
                .await?;
            if is_texted {
                insert(&tx, NotificationId::random().0, reminder, Channel::Sms, reminder.due_at, traceparent)
                    .await?;
            }
        }
        postgres::commit(tx).await?;
        Ok(true)
    }
}

pub(super) async fn insert(
    tx: &Transaction<'_>,
    id: Uuid,
    reminder: &Reminder,
    channel: Channel,
    first_attempt_at: Timestamp,
    traceparent: Option<&str>,
) -> Result<(), Error> {
    let about = About::Reminder(*reminder);
    let (recipient, kind) = (about.recipient(), about.kind());
    let Reminder { appointment_id, schedule_version, offset, patient_id: _, starts_at, due_at } = reminder;
    let insert = tx.prepare_cached(INSERT).await?;
    tx.execute(
        &insert,
        &[
            &id,
            &appointment_id.0,
            schedule_version,
            offset,
            starts_at,
            due_at,
            &kind,
            &recipient.kind(),
            &recipient.id(),
            &channel.name(),
            &traceparent,
            &first_attempt_at,
        ],
    )
    .await?;
    Ok(())
}

/// Has the reminders of `patient` that are planned go by SMS, too.
pub(super) async fn text(tx: &Transaction<'_>, patient_id: PatientId) -> Result<(), Error> {
    let planned = tx.prepare_cached(PLANNED_FOR).await?;
    for row in tx.query(&planned, &[&patient_id.0]).await? {
        let reminder = Reminder {
            appointment_id: AppointmentId(row.try_get("appointment_id")?),
            schedule_version: row.try_get("schedule_version")?,
            offset: row.try_get("offset_minutes")?,
            patient_id,
            starts_at: row.try_get("visit_starts_at")?,
            due_at: row.try_get("due_at")?,
        };
        let id = NotificationId::random().0;
        let (at, traceparent) = (row.try_get("next_attempt_at")?, row.try_get("traceparent")?);
        insert(tx, id, &reminder, Channel::Sms, at, traceparent).await?;
    }
    Ok(())
}
