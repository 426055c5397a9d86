//! The gRPC face of programs that log in by themselves: who, what, do, reply.
use crate::accounts::Accounts;
use crate::api_clients::ApiClients;
use crate::convert::{api_client, credential, id_in, new_api_client};
use crate::credentials::ClientSecret;
use platform::caller::User;
use platform::clock::Clock;
use proto::auth as pb;
use proto::auth::api_client_service_server::ApiClientService;
use tonic::{Request, Response, Result};

pub struct ApiClientApi {
    pub accounts: Accounts,
    pub clients: ApiClients,
    pub clock: Clock,
}

impl ApiClientApi {
    async fn admin<T>(&self, request: &Request<T>) -> Result<User> {
        let caller = User::of(request)?;
        self.accounts.require_admin(&caller).await?;
        Ok(caller)
    }
}

#[tonic::async_trait]
impl ApiClientService for ApiClientApi {
    async fn create_api_client(
        &self,
        request: Request<pb::CreateApiClientRequest>,
    ) -> Result<Response<pb::NewApiClient>> {
        let by = self.admin(&request).await?;
        let (name, scopes, key) = new_api_client(request.into_inner())?;
        let (client, secret) = self.clients.create(&by, name, scopes, key, self.clock.now()).await?;
        let secret = secret.map(|secret| secret.to_string()).unwrap_or_default();
        Ok(Response::new(pb::NewApiClient { client: Some(api_client(client)), secret }))
    }

    async fn list_api_clients(
        &self,
        request: Request<pb::ListApiClientsRequest>,
    ) -> Result<Response<pb::ListApiClientsResponse>> {
        self.admin(&request).await?;
        let clients = self.clients.list().await?.into_iter().map(api_client).collect();
        Ok(Response::new(pb::ListApiClientsResponse { clients }))
    }

    async fn get_api_client(
        &self,
        request: Request<pb::GetApiClientRequest>,
    ) -> Result<Response<pb::ApiClient>> {
        self.admin(&request).await?;
        let client = self.clients.find(id_in("id", &request.into_inner().id)?).await?;
        Ok(Response::new(api_client(client)))
    }

    async fn rotate_api_client_secret(
        &self,
        request: Request<pb::RotateApiClientSecretRequest>,
    ) -> Result<Response<pb::NewApiClient>> {
        let by = self.admin(&request).await?;
        let id = id_in("id", &request.into_inner().id)?;
        let (client, secret): (_, ClientSecret) = self.clients.rotate(&by, id, self.clock.now()).await?;
        let secret = secret.to_string();
        Ok(Response::new(pb::NewApiClient { client: Some(api_client(client)), secret }))
    }

    async fn disable_api_client(
        &self,
        request: Request<pb::DisableApiClientRequest>,
    ) -> Result<Response<pb::ApiClient>> {
        let by = self.admin(&request).await?;
        let id = id_in("id", &request.into_inner().id)?;
        let client = self.clients.disable(&by, id, self.clock.now()).await?;
        Ok(Response::new(api_client(client)))
    }

    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>> {
        let request = request.into_inner();
        let scope = request.scope.clone();
        let token = self.clients.issue(credential(request)?, &scope, self.clock.now()).await?;
        Ok(Response::new(pb::IssueTokenResponse {
            access_token: token.access.text,
            token_type: "Bearer".to_owned(),
            expires_in: token.access.expires_in,
            scope: token.scopes.text(),
        }))
    }
}
