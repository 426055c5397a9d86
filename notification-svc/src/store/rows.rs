//! Messages as they are read: what all have, and beside it what each is about.
use super::Error;
use crate::domain::{About, AccountKind, Alarm, Change, Channel, ContactId, Kind, Notification, Recipient};
use crate::domain::{Reminder, Stage, State, VisitStatus};
use proto::ids::{
    AppointmentId, BreakGlassGrantId, DoctorId, NotificationId, OneTimeTokenId, PatientId, UserId,
    WaitlistOfferId,
};
use tokio_postgres::Row;

/// By name: a statement that is prepared with `*` fails once a later release adds a column.
macro_rules! columns {
    () => {
        "m.id, m.kind, m.recipient_kind, m.recipient_id, m.channel, m.state, m.attempts, m.next_attempt_at, m.leased_until,
         m.sent_at, m.last_error, m.traceparent, m.created_at,
         v.appointment_id, v.appointment_version, v.visit_status, o.offer_id, a.token_id,
         g.grant_id, g.doctor_id, g.broken_at, g.includes_very_restricted,
         r.appointment_id AS reminded_of, r.schedule_version, r.offset_minutes, r.visit_starts_at, r.due_at"
    };
}
pub(super) use columns;

/// Joins what the messages of `$of` are about: one of them is there.
macro_rules! matters {
    ($of:literal) => {
        concat!(
            " LEFT JOIN notification.notifications v ON v.id = ",
            $of,
            ".id LEFT JOIN notification.offer_notifications o ON o.id = ",
            $of,
            ".id LEFT JOIN notification.account_notifications a ON a.id = ",
            $of,
            ".id LEFT JOIN notification.alarm_notifications g ON g.id = ",
            $of,
            ".id LEFT JOIN notification.reminder_notifications r ON r.id = ",
            $of,
            ".id "
        )
    };
}
pub(super) use matters;

macro_rules! read {
    ($which:literal) => {
        concat!("SELECT ", columns!(), " FROM notification.messages m", matters!("m"), $which)
    };
}
pub(super) use read;

impl TryFrom<&Row> for Notification {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = NotificationId(row.try_get("id")?);
        let unreadable = |column| Error::Unreadable { id, column };
        let state = match Stage::named(row.try_get("state")?).ok_or(unreadable("state"))? {
            Stage::Pending => State::Pending { next_attempt_at: row.try_get("next_attempt_at")? },
            Stage::Sending => State::Sending { leased_until: row.try_get("leased_until")? },
            Stage::Sent => State::Sent { at: row.try_get("sent_at")? },
            Stage::Failed => State::Failed,
            Stage::Superseded => State::Superseded,
            Stage::Skipped => State::Skipped,
        };
        let kind = row.try_get("kind")?;
        let kinds = (row.try_get("reminded_of")?, row.try_get("offer_id")?, row.try_get("grant_id")?);
        let about = match (kinds, AccountKind::named(kind)) {
            ((Some(visit), ..), _) => About::Reminder(reminder(AppointmentId(visit), row)?),
            ((_, Some(offer), _), _) => About::Offer {
                id: WaitlistOfferId(offer),
                patient_id: PatientId(row.try_get("recipient_id")?),
            },
            ((.., Some(grant)), _) => alarm(BreakGlassGrantId(grant), row, unreadable)?,
            ((None, None, None), Some(kind)) => About::Account {
                kind,
                user_id: UserId(row.try_get("recipient_id")?),
                token_id: row.try_get::<_, Option<_>>("token_id")?.map(OneTimeTokenId),
            },
            ((None, None, None), None) => visit(row, unreadable)?,
        };
        Ok(Self {
            id,
            about,
            channel: Channel::named(row.try_get("channel")?).ok_or(unreadable("channel"))?,
            state,
            attempts: row.try_get::<_, i32>("attempts")?.unsigned_abs(),
            last_error: row.try_get("last_error")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

fn reminder(appointment_id: AppointmentId, row: &Row) -> Result<Reminder, Error> {
    Ok(Reminder {
        appointment_id,
        schedule_version: row.try_get("schedule_version")?,
        offset: row.try_get("offset_minutes")?,
        patient_id: PatientId(row.try_get("recipient_id")?),
        starts_at: row.try_get("visit_starts_at")?,
        due_at: row.try_get("due_at")?,
    })
}

fn alarm(
    grant_id: BreakGlassGrantId,
    row: &Row,
    unreadable: impl Fn(&'static str) -> Error,
) -> Result<About, Error> {
    let recipient_id = row.try_get("recipient_id")?;
    let recipient = match row.try_get("recipient_kind")? {
        "account" => Recipient::Account(UserId(recipient_id)),
        "contact" => Recipient::Contact(ContactId(recipient_id)),
        _ => return Err(unreadable("recipient_kind")),
    };
    let alarm = Alarm {
        grant_id,
        doctor_id: DoctorId(row.try_get("doctor_id")?),
        at: row.try_get("broken_at")?,
        includes_very_restricted: row.try_get("includes_very_restricted")?,
    };
    Ok(About::Alarm { alarm, recipient })
}

fn visit(row: &Row, unreadable: impl Fn(&'static str) -> Error) -> Result<About, Error> {
    let recipient_id = row.try_get("recipient_id")?;
    let recipient = match row.try_get("recipient_kind")? {
        "patient" => Recipient::Patient(PatientId(recipient_id)),
        "doctor" => Recipient::Doctor(DoctorId(recipient_id)),
        _ => return Err(unreadable("recipient_kind")),
    };
    let change = Change {
        kind: Kind::named(row.try_get("kind")?).ok_or_else(|| unreadable("kind"))?,
        appointment_id: AppointmentId(row.try_get("appointment_id")?),
        version: row.try_get("appointment_version")?,
        status: VisitStatus::named(row.try_get("visit_status")?).ok_or_else(|| unreadable("visit_status"))?,
    };
    Ok(About::Visit { change, recipient })
}
