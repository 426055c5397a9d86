//! The gRPC face of webhooks: who, what, do, reply. Who may is said in the proto.
use crate::convert::webhooks::{EditWebhook, ListDeliveries, delivery_ids, new_webhook, webhook_id};
use crate::webhooks::Webhooks;
use pb::webhook_service_server::WebhookService;
use platform::clock::Clock;
use platform::page::PageTokens;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct WebhookApi {
    pub webhooks: Webhooks,
    pub tokens: PageTokens,
    pub clock: Clock,
}

#[tonic::async_trait]
impl WebhookService for WebhookApi {
    async fn create_webhook(
        &self,
        request: Request<pb::CreateWebhookRequest>,
    ) -> Result<Response<pb::NewWebhook>> {
        let new = new_webhook(request.into_inner(), self.webhooks.reach())?;
        let (webhook, secret) = self.webhooks.create(new).await?;
        Ok(Response::new(pb::NewWebhook { webhook: Some(webhook.into()), secret: secret.reveal() }))
    }

    async fn get_webhook(&self, request: Request<pb::GetWebhookRequest>) -> Result<Response<pb::Webhook>> {
        let id = webhook_id("id", &request.into_inner().id)?;
        Ok(Response::new(self.webhooks.find(id).await?.into()))
    }

    async fn list_webhooks(
        &self,
        _: Request<pb::ListWebhooksRequest>,
    ) -> Result<Response<pb::ListWebhooksResponse>> {
        let webhooks = self.webhooks.list().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListWebhooksResponse { webhooks }))
    }

    async fn update_webhook(
        &self,
        request: Request<pb::UpdateWebhookRequest>,
    ) -> Result<Response<pb::Webhook>> {
        let edit = EditWebhook::parse(request.into_inner(), self.webhooks.reach())?;
        let EditWebhook { id, edits, expected_version } = edit;
        Ok(Response::new(self.webhooks.update(id, expected_version, edits).await?.into()))
    }

    async fn delete_webhook(
        &self,
        request: Request<pb::DeleteWebhookRequest>,
    ) -> Result<Response<pb::Webhook>> {
        let pb::DeleteWebhookRequest { id, expected_version } = request.into_inner();
        let id = webhook_id("id", &id)?;
        Ok(Response::new(self.webhooks.delete(id, expected_version).await?.into()))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<pb::RotateWebhookSecretRequest>,
    ) -> Result<Response<pb::NewWebhook>> {
        let id = webhook_id("id", &request.into_inner().id)?;
        let (webhook, secret) = self.webhooks.rotate(id).await?;
        Ok(Response::new(pb::NewWebhook { webhook: Some(webhook.into()), secret: secret.reveal() }))
    }

    async fn test_webhook(
        &self,
        request: Request<pb::TestWebhookRequest>,
    ) -> Result<Response<pb::WebhookDelivery>> {
        let id = webhook_id("id", &request.into_inner().id)?;
        Ok(Response::new(self.webhooks.test(id, self.clock.now()).await?.into()))
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<pb::ListWebhookDeliveriesRequest>,
    ) -> Result<Response<pb::ListWebhookDeliveriesResponse>> {
        let list = ListDeliveries::parse(request.get_ref(), &self.tokens)?;
        let ListDeliveries { name, webhook_id, stage, before, size } = list;
        let found = self.webhooks.deliveries(webhook_id, stage, before, size + 1).await?;
        let (page, next_page_token) = self.tokens.cut(&name, found, size, |last| last.id);
        let deliveries = page.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListWebhookDeliveriesResponse { deliveries, next_page_token }))
    }

    async fn replay_webhook_delivery(
        &self,
        request: Request<pb::ReplayWebhookDeliveryRequest>,
    ) -> Result<Response<pb::WebhookDelivery>> {
        let (webhook, delivery) = delivery_ids(request.get_ref())?;
        Ok(Response::new(self.webhooks.replay(webhook, delivery).await?.into()))
    }
}
