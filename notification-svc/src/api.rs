//! The gRPC face: who, what, do, reply. No rules, no SQL.
pub mod templates; // what messages say

use crate::convert::{List, notification_id};
use crate::delivery::Delivery;
use pb::notification_service_server::NotificationService;
use platform::page::PageTokens;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct Api {
    delivery: Delivery,
    tokens: PageTokens,
}

impl Api {
    pub fn new(delivery: Delivery, tokens: PageTokens) -> Self {
        Self { delivery, tokens }
    }
}

#[tonic::async_trait]
impl NotificationService for Api {
    async fn list_notifications(
        &self,
        request: Request<pb::ListNotificationsRequest>,
    ) -> Result<Response<pb::ListNotificationsResponse>> {
        let List { name, filter, before, size } = List::parse(request.get_ref(), &self.tokens)?;
        let found = self.delivery.list(filter, before, size + 1).await?;
        let (page, next_page_token) = self.tokens.cut(&name, found, size, |last| last.id);
        let notifications = page.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListNotificationsResponse { notifications, next_page_token }))
    }

    async fn get_notification(
        &self,
        request: Request<pb::GetNotificationRequest>,
    ) -> Result<Response<pb::Notification>> {
        let id = notification_id(&request.into_inner().id)?;
        Ok(Response::new(self.delivery.find(id).await?.into()))
    }

    async fn resend_notification(
        &self,
        request: Request<pb::ResendNotificationRequest>,
    ) -> Result<Response<pb::Notification>> {
        let id = notification_id(&request.into_inner().id)?;
        Ok(Response::new(self.delivery.resend(id).await?.into()))
    }
}
