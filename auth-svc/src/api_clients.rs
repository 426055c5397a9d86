//! Use cases on programs that log in by themselves: made, seen, given another secret, disabled, and given tokens.
use crate::credentials::{ClientKey, ClientSecret, claimed_client};
use crate::domain::{ApiClient, Granted};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::store::{Connection, Store};
use crate::tokens::{AccessToken, client_token};
use jiff::{SignedDuration, Timestamp};
use platform::audit::Entry;
use platform::caller;
use proto::ids::ApiClientId;
use proto::scalars::Label;
use std::sync::Arc;

/// How long a secret goes on beside the next.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// How a program proves itself.
pub enum Credential {
    Secret { id: ApiClientId, secret: String },
    Assertion(String),
}

/// A token of a program, and what it is for.
pub struct ClientToken {
    pub access: AccessToken,
    pub scopes: Granted,
}

#[derive(Clone)]
pub struct ApiClients {
    store: Store,
    keyring: Arc<Keyring>,
    token_life: SignedDuration,
}

impl ApiClients {
    pub fn new(store: Store, keyring: Arc<Keyring>, token_life: SignedDuration) -> Self {
        Self { store, keyring, token_life }
    }

    /// With a secret unless it has a key.
    pub async fn create(
        &self,
        by: &caller::User,
        name: Label,
        scopes: Granted,
        public_key: Option<String>,
        now: Timestamp,
    ) -> Result<(ApiClient, Option<ClientSecret>), Error> {
        let id = ApiClientId::random();
        let secret = public_key.is_none().then(ClientSecret::generate).transpose()?;
        let client = ApiClient { id, name, scopes, public_key, created_at: now, disabled_at: None };
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.insert_api_client(&client, by.id).await?;
        if let Some(secret) = &secret {
            tx.add_api_client_secret(id, &secret.digest(), now, now).await?;
        }
        tx.note(on_client("create", id));
        tx.commit().await?;
        tracing::info!(client.id = %id, by.id = %by.id, "made an API client");
        Ok((client, secret))
    }

    pub async fn find(&self, id: ApiClientId) -> Result<ApiClient, Error> {
        self.store.connection().await?.find_api_client(id).await?.ok_or(Error::ApiClientNotFound)
    }

    /// Newest first.
    pub async fn list(&self) -> Result<Vec<ApiClient>, Error> {
        Ok(self.store.connection().await?.list_api_clients().await?)
    }

    pub async fn rotate(
        &self,
        by: &caller::User,
        id: ApiClientId,
        now: Timestamp,
    ) -> Result<(ApiClient, ClientSecret), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let client = tx.find_and_lock_api_client(id).await?.ok_or(Error::ApiClientNotFound)?;
        if client.public_key.is_some() {
            return Err(Error::NoSecret);
        }
        let secret = ClientSecret::generate()?;
        tx.add_api_client_secret(id, &secret.digest(), now + OVERLAP, now).await?;
        tx.note(on_client("update", id).fields(["secret"]));
        tx.commit().await?;
        tracing::info!(client.id = %id, by.id = %by.id, "gave an API client another secret");
        Ok((client, secret))
    }

    pub async fn disable(
        &self,
        by: &caller::User,
        id: ApiClientId,
        now: Timestamp,
    ) -> Result<ApiClient, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let client = tx.find_and_lock_api_client(id).await?.ok_or(Error::ApiClientNotFound)?;
        tx.disable_api_client(id, now).await?;
        tx.note(on_client("update", id).fields(["disabled_at"]));
        tx.commit().await?;
        tracing::info!(client.id = %id, by.id = %by.id, "disabled an API client");
        Ok(ApiClient { disabled_at: client.disabled_at.or(Some(now)), ..client })
    }

    /// `asked` are scopes separated by spaces; all of the program's when it is empty.
    pub async fn issue(
        &self,
        credential: Credential,
        asked: &str,
        now: Timestamp,
    ) -> Result<ClientToken, Error> {
        let id = match &credential {
            Credential::Secret { id, .. } => *id,
            Credential::Assertion(assertion) => claimed_client(assertion).ok_or(Error::InvalidClient)?,
        };
        let connection = self.store.connection().await?;
        let client = connection.find_api_client(id).await?.filter(|client| client.disabled_at.is_none());
        let client = client.ok_or(Error::InvalidClient)?;
        if !proves(&connection, &client, &credential, now).await? {
            connection.note(on_client("log_in", id).denied("INVALID_CLIENT")).await?;
            return Err(Error::InvalidClient);
        }
        let scopes = client.scopes.limited_to(asked).ok_or(Error::InvalidScope)?;
        let keys = self.keyring.current();
        let access = client_token(keys.signing(now), id, &scopes, self.token_life, now)?;
        connection.note(on_client("log_in", id)).await?;
        tracing::info!(client.id = %id, "gave an API client a token");
        Ok(ClientToken { access, scopes })
    }

    /// Forgets assertions that have expired.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), Error> {
        Ok(self.store.connection().await?.forget_assertions(now).await?)
    }
}

fn on_client(action: &'static str, id: ApiClientId) -> Entry {
    Entry::new(action, "api_client").ids([id.0])
}

async fn proves(
    connection: &Connection,
    client: &ApiClient,
    credential: &Credential,
    now: Timestamp,
) -> Result<bool, Error> {
    match (credential, &client.public_key) {
        (Credential::Secret { secret, .. }, None) => {
            let digest = ClientSecret::digest_of(secret);
            Ok(connection.api_client_has_secret(client.id, &digest, now).await?)
        }
        (Credential::Assertion(assertion), Some(key)) => {
            let key = ClientKey::parse(key).map_err(|_| Error::InvalidClient)?;
            match key.verify(assertion, client.id, now) {
                Some((jti, ends)) => Ok(connection.use_assertion(client.id, &jti, ends).await?),
                None => Ok(false),
            }
        }
        _ => Ok(false),
    }
}
