//! Webhooks between the wire and the domain.
use crate::domain::webhook::{
    Disabled, Edits, Reach, Stage, Subscriptions, Target, Webhook, WebhookDelivery,
};
use crate::webhooks::NewWebhook;
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use proto::ids::{WebhookDeliveryId, WebhookId};
use proto::notification as pb;
use proto::scalars::Description;
use proto::time::to_wire;

/// Which page of which deliveries.
pub struct ListDeliveries {
    /// Ties page tokens to the filter that they were made for.
    pub name: String,
    pub webhook_id: WebhookId,
    pub stage: Option<Stage>,
    pub before: Option<WebhookDeliveryId>,
    pub size: i64,
}

/// What is to be changed of which webhook.
pub struct EditWebhook {
    pub id: WebhookId,
    pub edits: Edits,
    pub expected_version: i64,
}

pub fn webhook_id(field: &str, text: &str) -> Result<WebhookId, Violations> {
    text.parse().map_err(|error| Violations::of(field, error))
}

pub fn new_webhook(request: pb::CreateWebhookRequest, reach: Reach) -> Result<NewWebhook, Violations> {
    let wish = request.webhook.ok_or_else(|| Violations::of("webhook", "is required"))?;
    let mut wrong = Violations::default();
    let url = wrong.field("webhook.url", Target::parse(&wish.url, reach));
    let description = wrong.optional::<Description, _>("webhook.description", wish.description);
    let events = wrong.field("webhook.events", Subscriptions::parse(&wish.events));
    match (url, events) {
        (Some(url), Some(events)) => wrong.into_result(NewWebhook { url, description, events }),
        _ => Err(wrong),
    }
}

impl EditWebhook {
    pub fn parse(request: pb::UpdateWebhookRequest, reach: Reach) -> Result<Self, Violations> {
        let pb::UpdateWebhookRequest { webhook, update_mask, expected_version } = request;
        let wish = webhook.unwrap_or_default();
        let (mut wrong, mut edits) = (Violations::default(), Edits::default());
        let id = wrong.field("webhook.id", wish.id.parse());
        for path in update_mask.iter().flat_map(|mask| &mask.paths) {
            match path.as_str() {
                "url" => edits.url = wrong.field("webhook.url", Target::parse(&wish.url, reach)),
                "description" => {
                    let text = wish.description.clone();
                    edits.description = Some(wrong.optional("webhook.description", text));
                }
                "events" => edits.events = wrong.field("webhook.events", Subscriptions::parse(&wish.events)),
                "enabled" => edits.enabled = Some(wish.enabled),
                _ => wrong.add("update_mask", "names a field that cannot be changed"),
            }
        }
        match id {
            Some(id) => wrong.into_result(Self { id, edits, expected_version }),
            None => Err(wrong),
        }
    }
}

impl ListDeliveries {
    pub fn parse(
        request: &pb::ListWebhookDeliveriesRequest,
        tokens: &PageTokens,
    ) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let name = format!("webhook-deliveries/{}/{}", request.webhook_id, request.state);
        let webhook_id = wrong.field("webhook_id", request.webhook_id.parse());
        let stage = wrong.field("state", stage(request.state));
        let size = wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE));
        let before = wrong.field("page_token", tokens.open(&name, &request.page_token));
        match (webhook_id, stage, size, before) {
            (Some(webhook_id), Some(stage), Some(size), Some(before)) => {
                wrong.into_result(Self { name, webhook_id, stage, before, size })
            }
            _ => Err(wrong),
        }
    }
}

/// None for any.
fn stage(state: i32) -> Result<Option<Stage>, &'static str> {
    use pb::WebhookDeliveryState as Wire;
    Ok(match Wire::try_from(state).map_err(|_| "is not a state of deliveries")? {
        Wire::Unspecified => None,
        Wire::Pending => Some(Stage::Pending),
        Wire::Sending => Some(Stage::Sending),
        Wire::Delivered => Some(Stage::Delivered),
        Wire::Failed => Some(Stage::Failed),
        Wire::Cancelled => Some(Stage::Cancelled),
    })
}

/// Of `/…/{webhook_id}/deliveries/{delivery_id}`.
pub fn delivery_ids(
    request: &pb::ReplayWebhookDeliveryRequest,
) -> Result<(WebhookId, WebhookDeliveryId), Violations> {
    let mut wrong = Violations::default();
    let webhook = wrong.field("webhook_id", request.webhook_id.parse());
    let delivery = wrong.field("delivery_id", request.delivery_id.parse());
    webhook.zip(delivery).ok_or(wrong)
}

impl From<Webhook> for pb::Webhook {
    fn from(webhook: Webhook) -> Self {
        let Webhook {
            id,
            url,
            description,
            events,
            disabled,
            failing_since,
            previous_expires_at,
            version,
            created_at,
            updated_at,
        } = webhook;
        Self {
            id: id.to_string(),
            url,
            description: description.map(Into::into).unwrap_or_default(),
            events: events.patterns().to_vec(),
            enabled: disabled.is_none(),
            disabled_reason: wire_reason(disabled).into(),
            failing_since_time: failing_since.map(to_wire),
            previous_secret_expire_time: previous_expires_at.map(to_wire),
            version,
            create_time: Some(to_wire(created_at)),
            update_time: Some(to_wire(updated_at)),
        }
    }
}

fn wire_reason(disabled: Option<Disabled>) -> pb::WebhookDisabledReason {
    match disabled {
        None => pb::WebhookDisabledReason::Unspecified,
        Some(Disabled::Admin) => pb::WebhookDisabledReason::Admin,
        Some(Disabled::Gone) => pb::WebhookDisabledReason::Gone,
        Some(Disabled::Failing) => pb::WebhookDisabledReason::Failing,
    }
}

impl From<WebhookDelivery> for pb::WebhookDelivery {
    fn from(delivery: WebhookDelivery) -> Self {
        let WebhookDelivery {
            id,
            webhook_id,
            event_id,
            event_type,
            subject,
            occurred_at,
            stage,
            attempts,
            next_attempt_at,
            last_status,
            last_error,
            settled_at,
            created_at,
        } = delivery;
        let state = match stage {
            Stage::Pending => pb::WebhookDeliveryState::Pending,
            Stage::Sending => pb::WebhookDeliveryState::Sending,
            Stage::Delivered => pb::WebhookDeliveryState::Delivered,
            Stage::Failed => pb::WebhookDeliveryState::Failed,
            Stage::Cancelled => pb::WebhookDeliveryState::Cancelled,
        };
        Self {
            id: id.to_string(),
            webhook_id: webhook_id.to_string(),
            event_id: event_id.to_string(),
            event_type,
            subject: subject.to_string(),
            event_time: Some(to_wire(occurred_at)),
            state: state.into(),
            attempts: attempts.cast_signed(),
            next_attempt_time: next_attempt_at.map(to_wire),
            last_status: last_status.map(i32::from).unwrap_or_default(),
            last_error: last_error.unwrap_or_default(),
            settle_time: settled_at.map(to_wire),
            create_time: Some(to_wire(created_at)),
        }
    }
}
