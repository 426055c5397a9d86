//! Webhooks as the REST face shows them.
use crate::patch::{Clearable, Edit, Mask};
use crate::query::Limit;
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::ids::WebhookId;
use proto::notification as pb;
use proto::scalars::Description;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Why nothing is posted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookDisabledReason {
    /// An admin wanted it.
    Admin,
    /// The receiver answered 410.
    Gone,
    /// Nothing arrived for five days.
    Failing,
}

/// Where events are posted to.
#[derive(Serialize, ToSchema)]
pub struct Webhook {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "https://receiver.example/clinic")]
    pub url: String,
    pub description: Option<String>,
    /// Of docs/events.md, or all of a kind.
    #[schema(example = json!(["appointment.*", "doctor.updated"]))]
    pub events: Vec<String>,
    pub enabled: bool,
    #[schema(inline)]
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// Since when no attempt has succeeded; null while they do.
    pub failing_since: Option<Instant>,
    /// Until when the secret before signs, too.
    pub previous_secret_expires_at: Option<Instant>,
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Resource for Webhook {
    fn location(&self) -> String {
        format!("/api/webhooks/{}", self.id)
    }

    const VERSION: Option<fn(&Self) -> i64> = Some(|webhook| webhook.version);
}

impl TryFrom<pb::Webhook> for Webhook {
    type Error = Garbled;

    fn try_from(webhook: pb::Webhook) -> Result<Self, Garbled> {
        let disabled_reason = match webhook.disabled_reason() {
            pb::WebhookDisabledReason::Unspecified => None,
            pb::WebhookDisabledReason::Admin => Some(WebhookDisabledReason::Admin),
            pb::WebhookDisabledReason::Gone => Some(WebhookDisabledReason::Gone),
            pb::WebhookDisabledReason::Failing => Some(WebhookDisabledReason::Failing),
        };
        let pb::Webhook {
            id,
            url,
            description,
            events,
            enabled,
            disabled_reason: _,
            failing_since_time,
            previous_secret_expire_time,
            version,
            create_time,
            update_time,
        } = webhook;
        Ok(Self {
            id,
            url,
            description: given(description),
            events,
            enabled,
            disabled_reason,
            failing_since: Instant::maybe_utc("failing_since_time", failing_since_time)?,
            previous_secret_expires_at: Instant::maybe_utc(
                "previous_secret_expire_time",
                previous_secret_expire_time,
            )?,
            version,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
        })
    }
}

/// A webhook that was just registered.
#[derive(Serialize, ToSchema)]
pub struct NewWebhook {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// Shown once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

impl Resource for NewWebhook {
    fn location(&self) -> String {
        self.webhook.location()
    }

    const VERSION: Option<fn(&Self) -> i64> = Some(|new| new.webhook.version);
}

impl TryFrom<pb::NewWebhook> for NewWebhook {
    type Error = Garbled;

    fn try_from(new: pb::NewWebhook) -> Result<Self, Garbled> {
        let webhook = new.webhook.ok_or(Garbled("webhook"))?.try_into()?;
        Ok(Self { webhook, secret: new.secret })
    }
}

/// Another secret, shown once.
#[derive(Serialize, ToSchema)]
pub struct WebhookSecret {
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

/// A webhook to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// `https`, without credentials, at an address that is public.
    #[schema(min_length = 1, max_length = 2000, example = "https://receiver.example/clinic")]
    pub url: String,
    pub description: Option<Description>,
    #[schema(min_items = 1, max_items = 64, example = json!(["appointment.*"]))]
    pub events: Vec<String>,
}

impl From<CreateWebhook> for pb::CreateWebhookRequest {
    fn from(CreateWebhook { url, description, events }: CreateWebhook) -> Self {
        let description = description.map(Into::into).unwrap_or_default();
        Self { webhook: Some(pb::Webhook { url, description, events, ..pb::Webhook::default() }) }
    }
}

/// Changes to a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 2000, example = "https://receiver.example/clinic")]
    pub url: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Clearable<Description>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 64, example = json!(["appointment.*"]))]
    pub events: Edit<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub enabled: Edit<bool>,
}

impl UpdateWebhook {
    pub fn of(self, id: WebhookId, expected_version: i64) -> pb::UpdateWebhookRequest {
        let Self { url, description, events, enabled } = self;
        let mut mask = Mask::default();
        let webhook = pb::Webhook {
            id: id.to_string(),
            url: mask.text("url", url),
            description: mask.text("description", description),
            events: mask.value("events", events).unwrap_or_default(),
            enabled: mask.value("enabled", enabled).unwrap_or_default(),
            ..pb::Webhook::default()
        };
        pb::UpdateWebhookRequest { webhook: Some(webhook), update_mask: Some(mask.into()), expected_version }
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookDeliveryState {
    Pending,
    Sending,
    Delivered,
    Failed,
    Cancelled,
}

impl From<WebhookDeliveryState> for pb::WebhookDeliveryState {
    fn from(state: WebhookDeliveryState) -> Self {
        match state {
            WebhookDeliveryState::Pending => Self::Pending,
            WebhookDeliveryState::Sending => Self::Sending,
            WebhookDeliveryState::Delivered => Self::Delivered,
            WebhookDeliveryState::Failed => Self::Failed,
            WebhookDeliveryState::Cancelled => Self::Cancelled,
        }
    }
}

impl TryFrom<pb::WebhookDeliveryState> for WebhookDeliveryState {
    type Error = Garbled;

    fn try_from(state: pb::WebhookDeliveryState) -> Result<Self, Garbled> {
        match state {
            pb::WebhookDeliveryState::Pending => Ok(Self::Pending),
            pb::WebhookDeliveryState::Sending => Ok(Self::Sending),
            pb::WebhookDeliveryState::Delivered => Ok(Self::Delivered),
            pb::WebhookDeliveryState::Failed => Ok(Self::Failed),
            pb::WebhookDeliveryState::Cancelled => Ok(Self::Cancelled),
            pb::WebhookDeliveryState::Unspecified => Err(Garbled("state")),
        }
    }
}

/// One event for one webhook.
#[derive(Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// The `webhook-id` of every attempt.
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub webhook_id: String,
    #[schema(value_type = Uuid)]
    pub event_id: String,
    #[schema(example = "appointment.cancelled")]
    pub event_type: String,
    /// The visit, the doctor or the webhook that it tells of.
    #[schema(value_type = Uuid)]
    pub subject: String,
    pub event_time: Instant,
    pub state: WebhookDeliveryState,
    /// How often posting was tried.
    #[schema(minimum = 0, example = 1)]
    pub attempts: i32,
    /// When it is tried next; only while pending.
    pub next_attempt_at: Option<Instant>,
    /// The status of the last answer, if there was one.
    #[schema(minimum = 100, maximum = 999, example = 503)]
    pub last_status: Option<i32>,
    /// The kind of the last failure.
    #[schema(example = "unreachable")]
    pub last_error: Option<String>,
    /// When it was delivered, given up or cancelled.
    pub settled_at: Option<Instant>,
    pub created_at: Instant,
}

impl TryFrom<pb::WebhookDelivery> for WebhookDelivery {
    type Error = Garbled;

    fn try_from(delivery: pb::WebhookDelivery) -> Result<Self, Garbled> {
        let state = delivery.state().try_into()?;
        let pb::WebhookDelivery {
            id,
            webhook_id,
            event_id,
            event_type,
            subject,
            event_time,
            state: _,
            attempts,
            next_attempt_time,
            last_status,
            last_error,
            settle_time,
            create_time,
        } = delivery;
        Ok(Self {
            id,
            webhook_id,
            event_id,
            event_type,
            subject,
            event_time: Instant::utc("event_time", event_time)?,
            state,
            attempts,
            next_attempt_at: Instant::maybe_utc("next_attempt_time", next_attempt_time)?,
            last_status: (last_status != 0).then_some(last_status),
            last_error: given(last_error),
            settled_at: Instant::maybe_utc("settle_time", settle_time)?,
            created_at: Instant::utc("create_time", create_time)?,
        })
    }
}

/// A page of deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWebhookDeliveries {
    #[param(inline)]
    pub state: Option<WebhookDeliveryState>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl ListWebhookDeliveries {
    pub fn of(self, webhook: WebhookId) -> pb::ListWebhookDeliveriesRequest {
        let Self { state, limit, cursor } = self;
        pb::ListWebhookDeliveriesRequest {
            webhook_id: webhook.to_string(),
            state: state.map_or(pb::WebhookDeliveryState::Unspecified, Into::into).into(),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}
