//! Access tokens verified (RFC 9068, RFC 8725): `EdDSA` only, keys from the issuer only, every claim checked.
//! Services vouch for themselves with short-lived tokens of the same form (`service`).
use crate::caller::{Caller, Role, User};
use crate::client::Peer;
use crate::clock::Clock;
use crate::secrets::RootSecret;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use proto::access::Scopes;
use proto::auth::{GetJwksRequest, auth_service_client::AuthServiceClient};
use proto::ids::SessionId;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

mod ended; // sessions that are over
mod service; // tokens of services

pub use service::service_identity;

/// Who issues tokens to people.
pub const ISSUER: &str = "healthcare-auth";
/// Whom tokens of people are for.
pub const AUDIENCE: &str = "healthcare-api";
/// The `typ` header of access tokens.
pub const TOKEN_TYPE: &str = "at+jwt";
/// Longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 4096;

const LEEWAY_SECONDS: u64 = 30;
/// An unknown key id makes the keys be asked for again, at most this often: random ids must not flood the issuer.
const REFETCH_PAUSE: Duration = Duration::from_secs(30);
const VERIFIED_TOKENS: u64 = 50_000;

/// What an access token says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The program that the token was given to (RFC 9068, section 2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who acts for the patient of `pid` (RFC 8693, section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// What the token allows, of what the role may do (RFC 8693, section 4.2); everything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: String,
}

/// Who really acts, by their account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub sub: String,
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

impl Claims {
    /// What is said of `user` in a token that is in force from `now` on, for `life` seconds.
    pub fn of(user: User, now: Timestamp, life: i64) -> Self {
        let now = now.as_second();
        let (pid, did) = match user.role {
            Role::Patient(id) => (Some(id.to_string()), None),
            Role::Doctor(id) => (None, Some(id.to_string())),
            Role::Admin | Role::Staff | Role::Auditor => (None, None),
        };
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.id.to_string(),
            sid: Some(user.session_id.to_string()),
            role: Some(user.role.name().to_owned()),
            pid,
            did,
            amr: None,
            client_id: None,
            act: user.acting.then(|| Actor { sub: user.id.to_string() }),
            scope: user.scopes.text(),
            iat: now,
            nbf: now,
            exp: now + life,
            jti: uuid::Uuid::now_v7().to_string(),
        }
    }
}

/// Verifies tokens; asks auth-svc for its keys and keeps them, so that it may be away.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    /// The name of this process: tokens of services are for one of them.
    name: &'static str,
    clock: Clock,
    issuer: Option<AuthServiceClient<Peer>>,
    keys: RwLock<Keys>,
    fetched_at: tokio::sync::Mutex<Option<Timestamp>>,
    service_keys: Vec<DecodingKey>,
    /// Whose tokens are void before they expire.
    ended: RwLock<Arc<HashSet<SessionId>>>,
    /// Signatures are checked once a token, not once a request.
    verified: moka::sync::Cache<String, Verified>,
}

/// The issuer's public keys.
#[derive(Default)]
struct Keys {
    known: HashMap<String, DecodingKey>,
    /// Ids of those that are in force no more: a replica that has not heard of it yet must not bring them back.
    dropped: HashSet<String>,
}

#[derive(Clone)]
struct Verified {
    caller: Caller,
    expires_at: i64,
    /// With which it was signed, if by the issuer: a key may be revoked while a token of it is looked at.
    key_id: Option<Arc<str>>,
}

impl Verifier {
    /// For the process of the name `name`. `auth` is how auth-svc is reached, with an identity; none in auth-svc
    /// itself, which calls [`Verifier::set_keys`].
    pub fn new(name: &'static str, root: &RootSecret, auth: Option<Peer>, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            name,
            clock,
            issuer: auth.map(AuthServiceClient::new),
            keys: RwLock::default(),
            fetched_at: tokio::sync::Mutex::default(),
            service_keys: service::verifying_keys(root),
            ended: RwLock::default(),
            verified: moka::sync::Cache::new(VERIFIED_TOKENS),
        }))
    }

    /// Replaces the issuer's public keys, each a key id and `x` (RFC 8037, base64url).
    pub fn set_keys<'a>(&self, keys: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let told: HashMap<String, DecodingKey> = decoded(keys).collect();
        let mut current = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut current.known, told);
        let Keys { known, dropped } = &mut *current;
        dropped.retain(|kid| !known.contains_key(kid));
        dropped.extend(before.into_keys().filter(|kid| !known.contains_key(kid)));
    }

    /// Takes keys that nobody has told of yet.
    fn add_keys<'a>(&self, keys: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let mut current = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        let Keys { known, dropped } = &mut *current;
        known.extend(decoded(keys).filter(|(kid, _)| !dropped.contains(kid)));
    }

    /// Who `token` says is asking, if it is genuine and in force.
    pub async fn verify(&self, token: &str) -> Result<Caller, Rejected> {
        let verified = self.judge(token).await;
        let outcome = match &verified {
            Ok(_) => "accepted",
            Err(Rejected::Invalid) => "invalid",
            Err(Rejected::Ended) => "ended",
            Err(Rejected::NoKeys) => "no_keys",
        };
        metrics::counter!("token_verifications_total", "outcome" => outcome).increment(1);
        verified
    }

    async fn judge(&self, token: &str) -> Result<Caller, Rejected> {
        if token.len() > MAX_BYTES {
            return Err(Rejected::Invalid);
        }
        let now = self.0.clock.now().as_second();
        if let Some(Verified { caller, expires_at, key_id }) = self.0.verified.get(token)
            && now <= expires_at
            && key_id.is_none_or(|id| self.keys().known.contains_key(&*id))
        {
            return self.still_in(caller);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(Rejected::Invalid);
        }
        let key_id = header.kid.ok_or(Rejected::Invalid)?;
        let is_service = key_id == service::KEY_ID;
        let of_issuer;
        let (keys, validation) = if is_service {
            (self.0.service_keys.as_slice(), validation(service::ISSUER, self.0.name))
        } else {
            of_issuer = [self.issuer_key(&key_id).await?];
            (of_issuer.as_slice(), validation(ISSUER, AUDIENCE))
        };
        let decoded =
            keys.iter().find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok());
        let claims = decoded.ok_or(Rejected::Invalid)?.claims;
        let expires_at = claims.exp + LEEWAY_SECONDS.cast_signed();
        let caller = if is_service { Caller::Service(claims.sub) } else { Caller::User(user(&claims)?) };
        let key_id = (!is_service).then(|| key_id.into());
        self.0.verified.insert(token.to_owned(), Verified { caller: caller.clone(), expires_at, key_id });
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
        self.add_keys(jwks.keys.iter().map(|key| (key.kid.as_str(), key.x.as_str())));
        self.known_key(key_id).ok_or(Rejected::Invalid)
    }

    fn known_key(&self, key_id: &str) -> Option<DecodingKey> {
        self.keys().known.get(key_id).cloned()
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that can be read.
fn decoded<'a>(
    keys: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (String, DecodingKey)> {
    let keys = keys.into_iter();
    keys.filter_map(|(kid, x)| Some((kid.to_owned(), DecodingKey::from_ed_components(x).ok()?)))
}

/// Everything that jsonwebtoken does not check unless told to.
fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
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
        scopes: claims.scope.as_deref().map_or(Scopes::ALL, Scopes::parse),
        acting: claims.act.is_some(),
    })
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
