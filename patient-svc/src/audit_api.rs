//! The gRPC face of the audit log: who, what, do, reply. No rules, no SQL.
use crate::auditing::Auditing;
use crate::convert;
use crate::pages::AskedPage;
use pb::audit_service_server::AuditService;
use platform::caller::User;
use proto::patient as pb;
use tonic::{Request, Response, Result};

pub struct AuditApi {
    pub auditing: Auditing,
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let filter = convert::filter(&request);
        let page = AskedPage { size: request.page_size, token: request.page_token };
        let (links, next_page_token) = self.auditing.entries(user, filter, page).await?;
        let entries = links.into_iter().map(convert::entry).collect();
        Ok(Response::new(pb::ListAuditEntriesResponse { entries, next_page_token }))
    }

    async fn list_patient_accesses(
        &self,
        request: Request<pb::ListPatientAccessesRequest>,
    ) -> Result<Response<pb::ListPatientAccessesResponse>> {
        let user = User::of(&request)?;
        let pb::ListPatientAccessesRequest { patient_id, page_size, page_token } = request.into_inner();
        let patient = convert::patient_id("patient_id", &patient_id)?;
        let page = AskedPage { size: page_size, token: page_token };
        let (links, next_page_token) = self.auditing.accesses(user, patient, page).await?;
        let accesses = links.into_iter().map(convert::access).collect();
        Ok(Response::new(pb::ListPatientAccessesResponse { accesses, next_page_token }))
    }
}
