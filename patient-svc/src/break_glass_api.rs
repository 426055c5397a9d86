//! The gRPC face of leave to read in an emergency.
use crate::break_glass::BreakGlass;
use crate::convert;
use crate::pages::AskedPage;
use pb::break_glass_service_server::BreakGlassService;
use platform::caller::User;
use platform::clock::Clock;
use proto::patient as pb;
use tonic::{Request, Response, Result};

pub struct BreakGlassApi {
    pub break_glass: BreakGlass,
    pub clock: Clock,
}

#[tonic::async_trait]
impl BreakGlassService for BreakGlassApi {
    async fn break_glass(
        &self,
        request: Request<pb::BreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlassGrant>> {
        let user = User::of(&request)?;
        let pb::BreakGlassRequest { patient_id, reason, includes_very_restricted } = request.into_inner();
        let patient = convert::patient_id("patient_id", &patient_id)?;
        let emergency = convert::emergency(reason, includes_very_restricted);
        let grant = self.break_glass.smash(user, patient, emergency).await?;
        Ok(Response::new(grant.into()))
    }

    async fn get_break_glass_grant(
        &self,
        request: Request<pb::GetBreakGlassGrantRequest>,
    ) -> Result<Response<pb::BreakGlassGrant>> {
        let user = User::of(&request)?;
        let id = convert::grant_id(&request.into_inner().id)?;
        let grant = self.break_glass.find(user, id).await?;
        Ok(Response::new(grant.into()))
    }

    async fn list_break_glass_grants(
        &self,
        request: Request<pb::ListBreakGlassGrantsRequest>,
    ) -> Result<Response<pb::ListBreakGlassGrantsResponse>> {
        let user = User::of(&request)?;
        let pb::ListBreakGlassGrantsRequest { page_size, page_token, include_reviewed } =
            request.into_inner();
        let page = AskedPage { size: page_size, token: page_token };
        let (grants, next_page_token) = self.break_glass.list(user, include_reviewed, page).await?;
        let grants = grants.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListBreakGlassGrantsResponse { grants, next_page_token }))
    }

    async fn review_break_glass_grant(
        &self,
        request: Request<pb::ReviewBreakGlassGrantRequest>,
    ) -> Result<Response<pb::BreakGlassGrant>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let id = convert::grant_id(&request.id)?;
        let verdict = convert::verdict(request.outcome(), request.note);
        let grant = self.break_glass.review(user, id, verdict, self.clock.now()).await?;
        Ok(Response::new(grant.into()))
    }
}
