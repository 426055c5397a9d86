//! Between the wire and the domain: requests are parsed here, once; replies are rendered.
pub mod webhooks; // programs of others that are told
pub mod links; // what links are for, and their pages
pub mod preferences; // what patients want to be told of
pub mod templates; // what messages say
pub mod feeds; // calendars that programs of others subscribe to

use crate::domain::{About, AccountKind, Channel, Kind, Notification, Recipient, Stage, State};
use crate::store::Filter;
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use proto::ids::NotificationId;
use proto::notification as pb;
use proto::time::to_wire;

/// Which page of which notifications.
pub struct List {
    /// Ties page tokens to the filter that they were made for.
    pub name: String,
    pub filter: Filter,
    pub before: Option<NotificationId>,
    pub size: i64,
}

impl List {
    pub fn parse(request: &pb::ListNotificationsRequest, tokens: &PageTokens) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let stage = wrong.field("state", stage(request.state));
        let appointment_id = match request.appointment_id.as_str() {
            "" => None,
            id => wrong.field("appointment_id", id.parse()),
        };
        let name = format!("notifications/{}/{}", request.appointment_id, request.state);
        let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
        let before = wrong.field("page_token", tokens.open(&name, &request.page_token));
        let (Some(stage), Some(size), Some(before)) = (stage, size, before) else { return Err(wrong) };
        wrong.into_result(Self { name, filter: Filter { appointment_id, stage }, before, size })
    }
}

pub fn notification_id(text: &str) -> Result<NotificationId, Violations> {
    text.parse().map_err(|error| Violations::of("id", error))
}

/// None for any.
fn stage(state: i32) -> Result<Option<Stage>, &'static str> {
    use pb::NotificationState as Wire;
    Ok(match Wire::try_from(state).map_err(|_| "is not a state of notifications")? {
        Wire::Unspecified => None,
        Wire::Pending => Some(Stage::Pending),
        Wire::Sending => Some(Stage::Sending),
        Wire::Sent => Some(Stage::Sent),
        Wire::Failed => Some(Stage::Failed),
        Wire::Superseded => Some(Stage::Superseded),
        Wire::Skipped => Some(Stage::Skipped),
    })
}

impl From<Notification> for pb::Notification {
    fn from(notification: Notification) -> Self {
        let Notification { id, about, channel, state, attempts, last_error, created_at } = notification;
        let recipient = about.recipient();
        let (kind, appointment_id, appointment_version, offer_id) = match about {
            About::Visit { change, .. } => {
                (wire_kind(change.kind), change.appointment_id.to_string(), change.version, String::new())
            }
            About::Account { kind, .. } => (wire_account_kind(kind), String::new(), 0, String::new()),
            About::Alarm { .. } => (pb::NotificationKind::GlassBroken, String::new(), 0, String::new()),
            About::Reminder(reminder) => {
                (pb::NotificationKind::Reminder, reminder.appointment_id.to_string(), 0, String::new())
            }
            About::Offer { id, .. } => (pb::NotificationKind::Offered, String::new(), 0, id.to_string()),
        };
        let (offset_minutes, due_at) = match about {
            About::Reminder(reminder) => (reminder.offset, Some(reminder.due_at)),
            _ => (0, None),
        };
        let next_attempt_at = match state {
            State::Pending { next_attempt_at } => Some(next_attempt_at),
            _ => None,
        };
        let sent_at = match state {
            State::Sent { at } => Some(at),
            _ => None,
        };
        Self {
            id: id.to_string(),
            appointment_id,
            appointment_version,
            offer_id,
            kind: kind.into(),
            recipient_kind: wire_recipient_kind(recipient).into(),
            recipient_id: recipient.id().to_string(),
            state: wire_state(state).into(),
            attempts: attempts.cast_signed(),
            next_attempt_time: next_attempt_at.map(to_wire),
            last_error: last_error.unwrap_or_default(),
            send_time: sent_at.map(to_wire),
            create_time: Some(to_wire(created_at)),
            offset_minutes,
            due_time: due_at.map(to_wire),
            channel: wire_channel(channel).into(),
        }
    }
}

fn wire_channel(channel: Channel) -> pb::NotificationChannel {
    match channel {
        Channel::Email => pb::NotificationChannel::Email,
        Channel::Sms => pb::NotificationChannel::Sms,
    }
}

fn wire_kind(kind: Kind) -> pb::NotificationKind {
    match kind {
        Kind::Booked => pb::NotificationKind::Booked,
        Kind::Rescheduled => pb::NotificationKind::Rescheduled,
        Kind::Cancelled => pb::NotificationKind::Cancelled,
        Kind::StatusChanged => pb::NotificationKind::StatusChanged,
    }
}

fn wire_account_kind(kind: AccountKind) -> pb::NotificationKind {
    match kind {
        AccountKind::PasswordReset => pb::NotificationKind::PasswordReset,
        AccountKind::PasswordChanged => pb::NotificationKind::PasswordChanged,
        AccountKind::EmailVerification => pb::NotificationKind::EmailVerification,
        AccountKind::Invitation => pb::NotificationKind::Invitation,
        AccountKind::RegisteredAgain => pb::NotificationKind::RegisteredAgain,
    }
}

fn wire_recipient_kind(recipient: Recipient) -> pb::RecipientKind {
    match recipient {
        Recipient::Patient(_) => pb::RecipientKind::Patient,
        Recipient::Doctor(_) => pb::RecipientKind::Doctor,
        Recipient::Account(_) => pb::RecipientKind::Account,
        Recipient::Contact(_) => pb::RecipientKind::Contact,
    }
}

fn wire_state(state: State) -> pb::NotificationState {
    match state {
        State::Pending { .. } => pb::NotificationState::Pending,
        State::Sending { .. } => pb::NotificationState::Sending,
        State::Sent { .. } => pb::NotificationState::Sent,
        State::Failed => pb::NotificationState::Failed,
        State::Superseded => pb::NotificationState::Superseded,
        State::Skipped => pb::NotificationState::Skipped,
    }
}
