//! Access tokens verified (RFC 9068, RFC 8725): `EdDSA` only, keys from the issuer only, every claim checked.
//! Services vouch for themselves with short-lived tokens of the same form, signed with a key derived from
//! the root secret.
use crate::caller::{Caller, Role, User};
use crate::client::{Identity, Peer};
use crate::clock::Clock;
use crate::secrets::RootSecret;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use http::HeaderValue;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use proto::auth::{GetJwksRequest, auth_service_client::AuthServiceClient};
use proto::ids::SessionId;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

mod ended; // sessions that are over

/// Who issues tokens to people.
pub const ISSUER: &str = "healthcare-auth";
/// Whom tokens of people are for.
pub const AUDIENCE: &str = "healthcare-api";
/// The `typ` header of access tokens.
pub const TOKEN_TYPE: &str = "at+jwt";
/// Longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 4096;

const SERVICE_ISSUER: &str = "healthcare-services";
const SERVICE_KEY_ID: &str = "services";
const SERVICE_TOKEN_LIFE: Duration = Duration::from_secs(300);
const LEEWAY_SECONDS: u64 = 30;
/// An unknown key id makes the keys be asked for again, at most this often: random ids must not flood the issuer.
const REFETCH_PAUSE: Duration = Duration::from_secs(30);
const VERIFIED_TOKENS: u64 = 50_000;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The account, or the service's name.
    pub sub: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The patient record of a patient's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<String>,
    /// The doctor record of a doctor's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// How the person proved who they are (RFC 8176).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: String,
}

/// Why a token was not accepted; callers are told no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the access token is not valid")]
    Invalid,
    #[error("the session has ended")]
    Ended,
    #[error("the access token cannot be checked at the moment")]
    NoKeys,
}

impl From<User> for (Option<String>, Option<String>) {
    /// `pid` and `did`.
    fn from(user: User) -> Self {
        match user.role {
            Role::Patient(id) => (Some(id.to_string()), None),
            Role::Doctor(id) => (None, Some(id.to_string())),
            Role::Admin | Role::Staff | Role::Auditor => (None, None),
        }
    }
}

/// Verifies tokens; asks auth-svc for its keys and keeps them, so that it may be away.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    clock: Clock,
    issuer: Option<AuthServiceClient<Peer>>,
    keys: RwLock<HashMap<String, DecodingKey>>,
    fetched_at: tokio::sync::Mutex<Option<Timestamp>>,
    service_key: DecodingKey,
    /// With which auth-svc is asked what only services may know.
    identity: Identity,
    /// Whose tokens are void before they expire.
    ended: RwLock<Arc<HashSet<SessionId>>>,
    /// Signatures are checked once a token, not once a request.
    verified: moka::sync::Cache<String, (Caller, i64)>,
}

impl Verifier {
    /// `auth` is how auth-svc is reached; none in auth-svc itself, which calls [`Verifier::set_keys`].
    pub fn new(root: &RootSecret, auth: Option<Peer>, clock: Clock) -> Self {
        let service_key = DecodingKey::from_ed_der(service_key(root).public_key().as_ref());
        let identity = service_identity(root, "verifier", clock.clone()).expect("a key of ours signs");
        Self(Arc::new(Inner {
            clock,
            issuer: auth.map(AuthServiceClient::new),
            keys: RwLock::default(),
            fetched_at: tokio::sync::Mutex::default(),
            service_key,
            identity,
            ended: RwLock::default(),
            verified: moka::sync::Cache::new(VERIFIED_TOKENS),
        }))
    }

    /// Replaces the issuer's public keys, each a key id and `x` (RFC 8037, base64url).
    pub fn set_keys<'a>(&self, keys: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let decoded = keys
            .into_iter()
            .filter_map(|(kid, x)| DecodingKey::from_ed_components(x).ok().map(|key| (kid.to_owned(), key)));
        let decoded: HashMap<String, DecodingKey> = decoded.collect();
        let mut current = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        let dropped = current.keys().any(|kid| !decoded.contains_key(kid));
        *current = decoded;
        if dropped {
            self.0.verified.invalidate_all();
        }
    }

    /// Who `token` says is asking, if it is genuine and in force.
    pub async fn verify(&self, token: &str) -> Result<Caller, Rejected> {
        if token.len() > MAX_BYTES {
            return Err(Rejected::Invalid);
        }
        let now = self.0.clock.now().as_second();
        if let Some((caller, expires_at)) = self.0.verified.get(token)
            && now <= expires_at
        {
            return self.still_in(caller);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(Rejected::Invalid);
        }
        let key_id = header.kid.ok_or(Rejected::Invalid)?;
        let (key, issuer) = if key_id == SERVICE_KEY_ID {
            (self.0.service_key.clone(), SERVICE_ISSUER)
        } else {
            (self.issuer_key(&key_id).await?, ISSUER)
        };
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation(issuer))
            .map_err(|_| Rejected::Invalid)?;
        let claims = claims.claims;
        let expires_at = claims.exp + LEEWAY_SECONDS.cast_signed();
        let caller =
            if issuer == SERVICE_ISSUER { Caller::Service(claims.sub) } else { Caller::User(user(&claims)?) };
        self.0.verified.insert(token.to_owned(), (caller.clone(), expires_at));
        self.still_in(caller)
    }

    async fn issuer_key(&self, key_id: &str) -> Result<DecodingKey, Rejected> {
        if let Some(key) = self.known_key(key_id) {
            return Ok(key);
        }
        let Some(issuer) = &self.0.issuer else { return Err(Rejected::Invalid) };
        // One asks, the others wait for its answer.
        let mut fetched_at = self.0.fetched_at.lock().await;
        if let Some(key) = self.known_key(key_id) {
            return Ok(key);
        }
        let now = self.0.clock.now();
        let pause = jiff::SignedDuration::try_from(REFETCH_PAUSE).unwrap_or_default();
        if fetched_at.is_some_and(|at| now.duration_since(at) < pause) {
            return Err(Rejected::Invalid);
        }
        let jwks =
            issuer.clone().get_jwks(GetJwksRequest {}).await.map_err(|_| Rejected::NoKeys)?.into_inner();
        *fetched_at = Some(now);
        self.set_keys(jwks.keys.iter().map(|key| (key.kid.as_str(), key.x.as_str())));
        self.known_key(key_id).ok_or(Rejected::Invalid)
    }

    fn known_key(&self, key_id: &str) -> Option<DecodingKey> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).get(key_id).cloned()
    }
}

/// Everything that jsonwebtoken does not check unless told to.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation
}

fn user(claims: &Claims) -> Result<User, Rejected> {
    let id = |text: &Option<String>| text.clone().ok_or(Rejected::Invalid);
    let role = match claims.role.as_deref() {
        Some("admin") => Role::Admin,
        Some("staff") => Role::Staff,
        Some("auditor") => Role::Auditor,
        Some("doctor") => Role::Doctor(id(&claims.did)?.parse().map_err(|_| Rejected::Invalid)?),
        Some("patient") => Role::Patient(id(&claims.pid)?.parse().map_err(|_| Rejected::Invalid)?),
        _ => return Err(Rejected::Invalid),
    };
    Ok(User {
        id: claims.sub.parse().map_err(|_| Rejected::Invalid)?,
        session_id: id(&claims.sid)?.parse().map_err(|_| Rejected::Invalid)?,
        role,
    })
}

fn service_key(root: &RootSecret) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&root.derive("service-token")).expect("a seed has 32 bytes")
}

/// The identity with which `service` calls others: a token that is made anew before it expires.
pub fn service_identity(root: &RootSecret, service: &'static str, clock: Clock) -> anyhow::Result<Identity> {
    let key = EncodingKey::from_ed_der(service_key(root).to_pkcs8()?.as_ref());
    let current: Mutex<Option<(HeaderValue, i64)>> = Mutex::default();
    let life = i64::try_from(SERVICE_TOKEN_LIFE.as_secs())?;
    // Fails at start rather than in the middle of a request.
    sign_service_token(&key, service, clock.now().as_second(), life)?;
    Ok(Arc::new(move || {
        let now = clock.now().as_second();
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((header, expires_at)) = &*current
            && now < expires_at - life / 2
        {
            return header.clone();
        }
        let token = sign_service_token(&key, service, now, life).expect("the key has signed before");
        let header = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is ASCII");
        *current = Some((header.clone(), now + life));
        header
    }))
}

fn sign_service_token(
    key: &EncodingKey,
    service: &str,
    now: i64,
    life: i64,
) -> jsonwebtoken::errors::Result<String> {
    let claims = Claims {
        iss: SERVICE_ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: service.to_owned(),
        sid: None,
        role: None,
        pid: None,
        did: None,
        amr: None,
        iat: now,
        nbf: now,
        exp: now + life,
        jti: uuid::Uuid::now_v7().to_string(),
    };
    sign(key, SERVICE_KEY_ID, &claims)
}

/// Signs `claims` as an access token.
pub fn sign(key: &EncodingKey, key_id: &str, claims: &Claims) -> jsonwebtoken::errors::Result<String> {
    let header = Header {
        typ: Some(TOKEN_TYPE.to_owned()),
        kid: Some(key_id.to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, claims, key)
}
