//! Programs as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::auth as pb;
use proto::scalars::Label;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A program that may log in by itself.
#[derive(Serialize, ToSchema)]
pub struct ApiClient {
    /// Its `client_id`.
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "Acme Health")]
    pub name: String,
    /// What it may do, at most.
    #[schema(example = json!(["appointments.read", "patients.read"]))]
    pub scopes: Vec<String>,
    /// Whether it proves itself by assertions, not by a secret.
    pub has_key: bool,
    pub created_at: Instant,
    pub disabled_at: Option<Instant>,
}

impl Resource for ApiClient {
    fn location(&self) -> String {
        format!("/api/api-clients/{}", self.id)
    }
}

impl TryFrom<pb::ApiClient> for ApiClient {
    type Error = Garbled;

    fn try_from(client: pb::ApiClient) -> Result<Self, Garbled> {
        let pb::ApiClient { id, name, scopes, has_key, create_time, disable_time } = client;
        Ok(Self {
            id,
            name,
            scopes,
            has_key,
            created_at: Instant::utc("create_time", create_time)?,
            disabled_at: Instant::maybe_utc("disable_time", disable_time)?,
        })
    }
}

/// A program that was just added.
#[derive(Serialize, ToSchema)]
pub struct NewApiClient {
    #[serde(flatten)]
    pub client: ApiClient,
    /// Shown once; null for a program with a key.
    #[schema(example = "cs_c2VjcmV0")]
    pub secret: Option<String>,
}

impl Resource for NewApiClient {
    fn location(&self) -> String {
        self.client.location()
    }
}

impl TryFrom<pb::NewApiClient> for NewApiClient {
    type Error = Garbled;

    fn try_from(new: pb::NewApiClient) -> Result<Self, Garbled> {
        let client = new.client.ok_or(Garbled("client"))?.try_into()?;
        Ok(Self { client, secret: given(new.secret) })
    }
}

/// Another secret, shown once.
#[derive(Serialize, ToSchema)]
pub struct ApiClientSecret {
    #[schema(example = "cs_c2VjcmV0")]
    pub secret: String,
}

/// A program to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiClient {
    pub name: Label,
    /// Some of what staff may do.
    #[schema(min_items = 1, max_items = 64, example = json!(["appointments.read", "patients.read"]))]
    pub scopes: Vec<String>,
    /// A public key, Ed25519 or P-256 (JWK, RFC 7517), that verifies its assertions; a secret is made when absent.
    #[schema(value_type = Option<Object>)]
    pub public_key: Option<serde_json::Map<String, serde_json::Value>>,
}

impl From<CreateApiClient> for pb::CreateApiClientRequest {
    fn from(CreateApiClient { name, scopes, public_key }: CreateApiClient) -> Self {
        let public_key = public_key.map(|key| serde_json::Value::Object(key).to_string());
        Self { name: name.into(), scopes, public_key: public_key.unwrap_or_default() }
    }
}

/// How a program asks for a token (RFC 6749, section 4.4; RFC 7523, section 2.2).
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    #[schema(required, nullable = false, example = "client_credentials")]
    pub grant_type: Option<String>,
    #[schema(nullable = false, example = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e")]
    pub client_id: Option<String>,
    #[schema(nullable = false, format = Password, example = "cs_c2VjcmV0")]
    pub client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[schema(nullable = false)]
    pub client_assertion_type: Option<String>,
    #[schema(nullable = false)]
    pub client_assertion: Option<String>,
    /// Some of the program's scopes, separated by spaces; all of them when absent.
    #[schema(nullable = false, example = "patients.read")]
    pub scope: Option<String>,
}

impl TokenRequest {
    /// With the id and secret of the header, if there are any.
    pub fn of(self, basic: Option<(String, String)>) -> pb::IssueTokenRequest {
        let (id, secret) = match basic {
            Some((id, secret)) => (Some(id), Some(secret)),
            None => (self.client_id, self.client_secret),
        };
        pb::IssueTokenRequest {
            grant_type: self.grant_type.unwrap_or_default(),
            client_id: id.unwrap_or_default(),
            client_secret: secret.unwrap_or_default(),
            client_assertion_type: self.client_assertion_type.unwrap_or_default(),
            client_assertion: self.client_assertion.unwrap_or_default(),
            scope: self.scope.unwrap_or_default(),
        }
    }
}

/// A token of a program.
#[derive(Serialize, ToSchema)]
pub struct ClientToken {
    /// A JWT for the `Authorization: Bearer` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds until it expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: i32,
    /// What it is for.
    #[schema(example = "patients.read")]
    pub scope: String,
}

impl From<pb::IssueTokenResponse> for ClientToken {
    fn from(token: pb::IssueTokenResponse) -> Self {
        let pb::IssueTokenResponse { access_token, token_type, expires_in, scope } = token;
        Self { access_token, token_type, expires_in, scope }
    }
}
