//! The gRPC face of the links in messages: what, do, reply. Who asks is whoever has the link.
use crate::convert::links::{look, page, wish};
use crate::linking::Linking;
use pb::link_service_server::LinkService;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct LinkApi(pub Linking);

#[tonic::async_trait]
impl LinkService for LinkApi {
    async fn open_link(&self, request: Request<pb::OpenLinkRequest>) -> Result<Response<pb::LinkPage>> {
        let request = request.into_inner();
        let (step, from, languages) = look(&request)?;
        Ok(Response::new(page(self.0.open(&request.token, step, from, languages).await?)))
    }

    async fn follow_link(&self, request: Request<pb::FollowLinkRequest>) -> Result<Response<pb::LinkPage>> {
        let request = request.into_inner();
        let (wish, languages) = wish(&request)?;
        Ok(Response::new(page(self.0.follow(&request.token, wish, languages).await?)))
    }
}
