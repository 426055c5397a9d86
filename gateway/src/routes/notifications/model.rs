//! Messages as the REST face shows them.
use crate::query::Limit;
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::ids::AppointmentId;
use proto::notification as pb;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

mod preferences; // what patients want to be told of
mod calendars; // calendars that programs subscribe to

pub use calendars::{CalendarFeed, NewCalendarFeed, RotateCalendarFeed};
pub use preferences::{MessagePreferences, UpdateMessagePreferences};

/// What a message tells.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    Booked,
    Rescheduled,
    Cancelled,
    StatusChanged,
    /// A free time was offered to a patient who waits.
    Offered,
    /// How the owner of an account who forgot the password sets another.
    PasswordReset,
    /// Somebody set another password.
    PasswordChanged,
    /// How the owner of an account proves the address.
    EmailVerification,
    /// How somebody who was invited accepts.
    Invitation,
    /// Somebody registered with the address of an account.
    RegisteredAgain,
    /// A doctor broke the glass.
    GlassBroken,
    /// A visit is near.
    Reminder,
}

impl TryFrom<pb::NotificationKind> for NotificationKind {
    type Error = Garbled;

    fn try_from(kind: pb::NotificationKind) -> Result<Self, Garbled> {
        match kind {
            pb::NotificationKind::Booked => Ok(Self::Booked),
            pb::NotificationKind::Rescheduled => Ok(Self::Rescheduled),
            pb::NotificationKind::Cancelled => Ok(Self::Cancelled),
            pb::NotificationKind::StatusChanged => Ok(Self::StatusChanged),
            pb::NotificationKind::Offered => Ok(Self::Offered),
            pb::NotificationKind::PasswordReset => Ok(Self::PasswordReset),
            pb::NotificationKind::PasswordChanged => Ok(Self::PasswordChanged),
            pb::NotificationKind::EmailVerification => Ok(Self::EmailVerification),
            pb::NotificationKind::Invitation => Ok(Self::Invitation),
            pb::NotificationKind::RegisteredAgain => Ok(Self::RegisteredAgain),
            pb::NotificationKind::GlassBroken => Ok(Self::GlassBroken),
            pb::NotificationKind::Reminder => Ok(Self::Reminder),
            pb::NotificationKind::Unspecified => Err(Garbled("kind")),
        }
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecipientKind {
    Patient,
    Doctor,
    /// The owner of an account.
    Account,
    /// An address of the settings.
    Contact,
}

impl From<RecipientKind> for pb::RecipientKind {
    fn from(kind: RecipientKind) -> Self {
        match kind {
            RecipientKind::Patient => Self::Patient,
            RecipientKind::Doctor => Self::Doctor,
            RecipientKind::Account => Self::Account,
            RecipientKind::Contact => Self::Contact,
        }
    }
}

impl TryFrom<pb::RecipientKind> for RecipientKind {
    type Error = Garbled;

    fn try_from(kind: pb::RecipientKind) -> Result<Self, Garbled> {
        match kind {
            pb::RecipientKind::Patient => Ok(Self::Patient),
            pb::RecipientKind::Doctor => Ok(Self::Doctor),
            pb::RecipientKind::Account => Ok(Self::Account),
            pb::RecipientKind::Contact => Ok(Self::Contact),
            pb::RecipientKind::Unspecified => Err(Garbled("recipient_kind")),
        }
    }
}

/// By which way a message goes.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationChannel {
    Email,
    /// To patients who asked for it.
    Sms,
}

impl TryFrom<pb::NotificationChannel> for NotificationChannel {
    type Error = Garbled;

    fn try_from(channel: pb::NotificationChannel) -> Result<Self, Garbled> {
        match channel {
            // As the release before has it.
            pb::NotificationChannel::Email | pb::NotificationChannel::Unspecified => Ok(Self::Email),
            pb::NotificationChannel::Sms => Ok(Self::Sms),
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationState {
    /// Waits for its turn, or for the next attempt.
    Pending,
    Sending,
    /// Accepted by the mail server, or by the provider of SMS.
    Sent,
    /// Given up after the last attempt, or refused for good.
    Failed,
    /// A later change of the visit made it untrue before it was sent, or the offer can no longer be answered,
    /// or the token no longer be used.
    Superseded,
    /// The recipient has no address for the channel, or is a patient who prefers a call or no messages, or none of this kind
    /// so. Or, as `last_error` says then, it would have come too late (`late`): a reminder, or an SMS that nobody could send for a
    /// day; or a patient's number is none that an SMS can go to (`bad_number`).
    Skipped,
}

impl From<NotificationState> for pb::NotificationState {
    fn from(state: NotificationState) -> Self {
        match state {
            NotificationState::Pending => Self::Pending,
            NotificationState::Sending => Self::Sending,
            NotificationState::Sent => Self::Sent,
            NotificationState::Failed => Self::Failed,
            NotificationState::Superseded => Self::Superseded,
            NotificationState::Skipped => Self::Skipped,
        }
    }
}

impl TryFrom<pb::NotificationState> for NotificationState {
    type Error = Garbled;

    fn try_from(state: pb::NotificationState) -> Result<Self, Garbled> {
        match state {
            pb::NotificationState::Pending => Ok(Self::Pending),
            pb::NotificationState::Sending => Ok(Self::Sending),
            pb::NotificationState::Sent => Ok(Self::Sent),
            pb::NotificationState::Failed => Ok(Self::Failed),
            pb::NotificationState::Superseded => Ok(Self::Superseded),
            pb::NotificationState::Skipped => Ok(Self::Skipped),
            pb::NotificationState::Unspecified => Err(Garbled("state")),
        }
    }
}

/// One message to one recipient by one channel. Holds neither address nor text: both are looked up when it is sent.
#[derive(Serialize, ToSchema)]
pub struct Notification {
    #[schema(value_type = Uuid)]
    pub id: String,
    /// The visit that it is about, if it is.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<String>,
    /// The version of the visit that it tells of; null for reminders.
    #[schema(minimum = 0, example = 1)]
    pub appointment_version: Option<i64>,
    /// The offer of the waitlist that it is about, if it is.
    #[schema(value_type = Option<Uuid>)]
    pub offer_id: Option<String>,
    pub kind: NotificationKind,
    pub channel: NotificationChannel,
    pub recipient_kind: RecipientKind,
    /// The patient, doctor or account; of an address of the settings, an id that is made of it.
    #[schema(value_type = Uuid)]
    pub recipient_id: String,
    pub state: NotificationState,
    /// How often sending was tried.
    #[schema(minimum = 0, example = 1)]
    pub attempts: i32,
    /// When it is tried next; only while pending.
    pub next_attempt_at: Option<Instant>,
    /// The kind of the last failure.
    #[schema(example = "smtp_refused")]
    pub last_error: Option<String>,
    pub sent_at: Option<Instant>,
    pub created_at: Instant,
    /// Of reminders: how long before the visit.
    #[schema(minimum = 15, maximum = 43_200, example = 1440)]
    pub offset_minutes: Option<i32>,
    /// Of reminders: when it was to be sent, by the offset and quiet hours.
    pub due_at: Option<Instant>,
}

impl Resource for Notification {
    fn location(&self) -> String {
        format!("/api/notifications/{}", self.id)
    }
}

impl TryFrom<pb::Notification> for Notification {
    type Error = Garbled;

    fn try_from(notification: pb::Notification) -> Result<Self, Garbled> {
        let kind = notification.kind().try_into()?;
        let recipient_kind = notification.recipient_kind().try_into()?;
        let state = notification.state().try_into()?;
        let channel = notification.channel().try_into()?;
        let pb::Notification {
            id,
            appointment_id,
            appointment_version,
            kind: _,
            recipient_kind: _,
            recipient_id,
            state: _,
            attempts,
            next_attempt_time,
            last_error,
            send_time,
            create_time,
            offer_id,
            offset_minutes,
            due_time,
            channel: _,
        } = notification;
        Ok(Self {
            id,
            appointment_id: given(appointment_id),
            appointment_version: (appointment_version > 0).then_some(appointment_version),
            offer_id: given(offer_id),
            kind,
            channel,
            recipient_kind,
            recipient_id,
            state,
            attempts,
            next_attempt_at: Instant::maybe_utc("next_attempt_time", next_attempt_time)?,
            last_error: given(last_error),
            sent_at: Instant::maybe_utc("send_time", send_time)?,
            created_at: Instant::utc("create_time", create_time)?,
            offset_minutes: (offset_minutes > 0).then_some(offset_minutes),
            due_at: Instant::maybe_utc("due_time", due_time)?,
        })
    }
}

/// A page of messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListNotifications {
    /// Only those about this visit.
    #[param(value_type = Option<Uuid>)]
    pub appointment_id: Option<AppointmentId>,
    #[param(inline)]
    pub state: Option<NotificationState>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<ListNotifications> for pb::ListNotificationsRequest {
    fn from(query: ListNotifications) -> Self {
        let ListNotifications { appointment_id, state, limit, cursor } = query;
        Self {
            appointment_id: appointment_id.map(|id| id.to_string()).unwrap_or_default(),
            state: state.map_or(pb::NotificationState::Unspecified, Into::into).into(),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}
