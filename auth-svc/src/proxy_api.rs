//! The gRPC face of who acts for whom: who, what, do, reply.
use crate::accounts::Accounts;
use crate::convert::{grant, id_in, proxy};
use crate::domain::UserAgent;
use crate::proxies::Proxies;
use platform::caller::User;
use platform::clock::Clock;
use proto::auth as pb;
use proto::auth::proxy_service_server::ProxyService;
use tonic::{Request, Response, Result};

pub struct ProxyApi {
    pub accounts: Accounts,
    pub proxies: Proxies,
    pub clock: Clock,
}

impl ProxyApi {
    /// Who asks, at this moment: a token may outlive its session by seconds.
    async fn caller<T>(&self, request: &Request<T>) -> Result<User> {
        let caller = User::of(request)?;
        self.accounts.require_session(&caller).await?;
        Ok(caller)
    }
}

#[tonic::async_trait]
impl ProxyService for ProxyApi {
    async fn grant_proxy(&self, request: Request<pb::GrantProxyRequest>) -> Result<Response<pb::Proxy>> {
        let caller = self.caller(&request).await?;
        let granted = self.proxies.grant(&caller, grant(request.into_inner())?, self.clock.now()).await?;
        Ok(Response::new(proxy(granted)))
    }

    async fn list_proxies(
        &self,
        request: Request<pb::ListProxiesRequest>,
    ) -> Result<Response<pb::ListProxiesResponse>> {
        let caller = self.caller(&request).await?;
        let patient_id = id_in("patient_id", &request.into_inner().patient_id)?;
        let proxies = self.proxies.of_patient(&caller, patient_id, self.clock.now()).await?;
        let proxies = proxies.into_iter().map(proxy).collect();
        Ok(Response::new(pb::ListProxiesResponse { proxies }))
    }

    async fn revoke_proxy(
        &self,
        request: Request<pb::RevokeProxyRequest>,
    ) -> Result<Response<pb::RevokeProxyResponse>> {
        let caller = self.caller(&request).await?;
        let pb::RevokeProxyRequest { patient_id, id } = request.into_inner();
        let (patient_id, id) = (id_in("patient_id", &patient_id)?, id_in("id", &id)?);
        self.proxies.revoke(&caller, patient_id, id, self.clock.now()).await?;
        Ok(Response::new(pb::RevokeProxyResponse {}))
    }

    async fn list_acting_for(
        &self,
        request: Request<pb::ListActingForRequest>,
    ) -> Result<Response<pb::ListActingForResponse>> {
        let caller = self.caller(&request).await?;
        let proxies = self.proxies.of_caller(&caller, self.clock.now()).await?;
        let proxies = proxies.into_iter().map(proxy).collect();
        Ok(Response::new(pb::ListActingForResponse { proxies }))
    }

    async fn act_for(&self, request: Request<pb::ActForRequest>) -> Result<Response<pb::TokenPair>> {
        let caller = self.caller(&request).await?;
        let pb::ActForRequest { patient_id, user_agent } = request.into_inner();
        let patient_id = id_in("patient_id", &patient_id)?;
        let user_agent = UserAgent::parse(&user_agent);
        let pair = self.proxies.act_for(&caller, patient_id, user_agent, self.clock.now()).await?;
        Ok(Response::new(pair.into()))
    }
}
