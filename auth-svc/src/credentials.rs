//! What programs prove themselves by: a secret, or an assertion that they have signed (RFC 7523, section 3).
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use platform::token::ISSUER;
use proto::ids::ApiClientId;
use serde::Deserialize;
use std::fmt;

/// Longest life of an assertion.
const MAX_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How far clocks may differ.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);
/// Longest `jti` that is kept, in bytes.
const MAX_JTI: usize = 128;

/// `cs_<secret>`, 256 random bits.
pub struct ClientSecret(String);

impl ClientSecret {
    pub fn generate() -> Result<Self, Unspecified> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret)?;
        Ok(Self(format!("cs_{}", BASE64_URL_SAFE_NO_PAD.encode(secret))))
    }

    /// What is stored instead of it.
    pub fn digest_of(text: &str) -> Vec<u8> {
        digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    pub fn digest(&self) -> Vec<u8> {
        Self::digest_of(&self.0)
    }
}

impl fmt::Display for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key that verifies assertions.
pub struct ClientKey {
    key: DecodingKey,
    algorithm: Algorithm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a public key as JWK, of the curve Ed25519 or P-256")]
pub struct NotAKey;

impl ClientKey {
    pub fn parse(jwk: &str) -> Result<Self, NotAKey> {
        let members: serde_json::Value = serde_json::from_str(jwk).map_err(|_| NotAKey)?;
        // The private part of a key is nobody's business.
        if members.get("d").is_some() {
            return Err(NotAKey);
        }
        let jwk: Jwk = serde_json::from_value(members).map_err(|_| NotAKey)?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            _ => return Err(NotAKey),
        };
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| NotAKey)?;
        Ok(Self { key, algorithm })
    }

    /// Whether `assertion` is `client`'s, for us, and in force; what it is called then, and until when it holds.
    pub fn verify(
        &self,
        assertion: &str,
        client: ApiClientId,
        now: Timestamp,
    ) -> Option<(String, Timestamp)> {
        let mut validation = Validation::new(self.algorithm);
        validation.set_issuer(&[client.to_string()]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = LEEWAY.as_secs().unsigned_abs();
        validation.validate_nbf = true;
        let claims = jsonwebtoken::decode::<Assertion>(assertion, &self.key, &validation).ok()?.claims;
        let (made, ends) =
            (Timestamp::from_second(claims.iat).ok()?, Timestamp::from_second(claims.exp).ok()?);
        let is_short =
            ends.duration_since(made) <= MAX_LIFE && made <= now + LEEWAY && ends <= now + MAX_LIFE + LEEWAY;
        let is_named = !claims.jti.is_empty() && claims.jti.len() <= MAX_JTI && !claims.jti.contains('\0');
        (claims.sub == client.to_string() && is_short && is_named).then_some((claims.jti, ends + LEEWAY * 4))
    }
}

/// The client that `assertion` says it is of, before that is verified.
pub fn claimed_client(assertion: &str) -> Option<ApiClientId> {
    let claims = jsonwebtoken::dangerous::insecure_decode::<Assertion>(assertion).ok()?.claims;
    claims.sub.parse().ok()
}

#[derive(Deserialize)]
struct Assertion {
    sub: String,
    jti: String,
    iat: i64,
    exp: i64,
}
