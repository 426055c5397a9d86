//! Programs that log in by themselves.
use crate::api_clients::Credential;
use crate::credentials::ClientKey;
use crate::domain::{ApiClient, Granted};
use crate::error::Error;
use platform::violations::Violations;
use proto::auth as pb;
use proto::scalars::Label;
use proto::time::to_wire;

const GRANT: &str = "client_credentials";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Name, scopes and key of a program to be made.
pub fn new_api_client(
    request: pb::CreateApiClientRequest,
) -> Result<(Label, Granted, Option<String>), Violations> {
    let pb::CreateApiClientRequest { name, scopes, public_key } = request;
    let mut wrong = Violations::default();
    let name = wrong.field("name", name.try_into());
    let scopes = wrong.field("scopes", Granted::parse(scopes));
    let key = (!public_key.is_empty()).then_some(public_key);
    if let Some(key) = &key {
        wrong.field("public_key", ClientKey::parse(key));
    }
    match (name, scopes) {
        (Some(name), Some(scopes)) if wrong.is_empty() => Ok((name, scopes, key)),
        _ => Err(wrong),
    }
}

/// What a program proves itself by, in one of two ways (RFC 6749, section 2.3: not in both).
pub fn credential(request: pb::IssueTokenRequest) -> Result<Credential, Error> {
    let pb::IssueTokenRequest {
        grant_type,
        client_id,
        client_secret,
        client_assertion_type,
        client_assertion,
        scope: _,
    } = request;
    if grant_type != GRANT {
        return Err(if grant_type.is_empty() { Error::InvalidRequest } else { Error::UnsupportedGrantType });
    }
    match (client_secret.is_empty(), client_assertion.is_empty()) {
        (true, false) if client_assertion_type == ASSERTION => Ok(Credential::Assertion(client_assertion)),
        (false, true) if client_assertion_type.is_empty() => {
            let id = client_id.parse().map_err(|_| Error::InvalidClient)?;
            Ok(Credential::Secret { id, secret: client_secret })
        }
        (true, true) => Err(Error::InvalidClient),
        _ => Err(Error::InvalidRequest),
    }
}

pub fn api_client(client: ApiClient) -> pb::ApiClient {
    pb::ApiClient {
        id: client.id.to_string(),
        name: client.name.into(),
        scopes: client.scopes.iter().map(str::to_owned).collect(),
        has_key: client.public_key.is_some(),
        create_time: Some(to_wire(client.created_at)),
        disable_time: client.disabled_at.map(to_wire),
    }
}
