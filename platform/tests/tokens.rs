//! Tokens that are not what we signed: every kind of forgery that is known, and made-up ones.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails the test")]

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::token::{AUDIENCE, ISSUER, MAX_BYTES, Rejected, Verifier};
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY_ID: &str = "2030-01";
const ID: &str = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e";

struct Issuer {
    key: Ed25519KeyPair,
    verifier: Verifier,
    now: i64,
}

impl Issuer {
    fn new() -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let clock = Clock::system();
        let now = clock.now().as_second();
        let verifier = Verifier::new("test-svc", &root, None, clock);
        let public = URL_SAFE_NO_PAD.encode(key.public_key());
        verifier.set_keys([(KEY_ID, public.as_str())]);
        Self { key, verifier, now }
    }

    fn header() -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": KEY_ID })
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": ID, "sid": ID, "role": "admin", "jti": ID,
            "iat": self.now, "nbf": self.now, "exp": self.now + 900,
        })
    }

    /// Signed with the issuer's own key, whatever it says.
    fn signed(&self, header: &str, claims: &str) -> String {
        let said = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = self.key.sign(said.as_bytes());
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn genuine(&self) -> String {
        self.signed(&Self::header().to_string(), &self.claims().to_string())
    }

    fn verify(&self, token: &str) -> Result<(), Rejected> {
        // It has all keys it will ever have, and asks nobody.
        self.verifier.verify(token).now_or_never().expect("it does not wait").map(drop)
    }
}

/// `value` with a member replaced, or removed by null.
fn with(mut value: Value, name: &str, member: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    match member {
        Value::Null => drop(members.remove(name)),
        member => drop(members.insert(name.to_owned(), member)),
    }
    value
}

#[test]
fn clocks_may_differ_a_little() {
    let issuer = Issuer::new();
    for (name, value) in [("exp", issuer.now - 20), ("nbf", issuer.now + 20)] {
        let claims = with(issuer.claims(), name, json!(value)).to_string();
        assert_eq!(issuer.verify(&issuer.signed(&Issuer::header().to_string(), &claims)), Ok(()), "{name}");
    }
}

#[test]
fn no_known_forgery_passes() {
    let issuer = Issuer::new();
    assert_eq!(issuer.verify(&issuer.genuine()), Ok(()));
    let (header, claims) = (Issuer::header(), issuer.claims());
    let now = issuer.now;
    let mut forged = Vec::new();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", json!("RS256")),
        ("alg", json!("")),
        ("alg", json!(null)),
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("typ", json!(null)),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("")),
        ("kid", json!("services")),
        ("kid", json!(null)),
        ("kid", json!(["2030-01"])),
    ] {
        forged.push(issuer.signed(&with(header.clone(), name, value).to_string(), &claims.to_string()));
    }
    for (name, value) in [
        ("iss", json!("healthcare-services")),
        ("iss", json!("evil")),
        ("iss", json!(null)),
        ("aud", json!("other")),
        ("aud", json!(null)),
        ("aud", json!([])),
        ("sub", json!("admin")),
        ("sub", json!(null)),
        ("sid", json!(null)),
        ("sid", json!("x")),
        ("role", json!("superuser")),
        ("role", json!("")),
        ("role", json!(null)),
        ("role", json!("patient")),
        ("role", json!("doctor")),
        ("exp", json!(now - 60)),
        ("exp", json!(null)),
        ("exp", json!("never")),
        ("exp", json!(-1)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(null)),
        ("jti", json!(7)),
    ] {
        forged.push(issuer.signed(&header.to_string(), &with(claims.clone(), name, value).to_string()));
    }
    // The key in the token itself, or elsewhere.
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    for (name, value) in [
        (
            "jwk",
            json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(stranger.public_key()) }),
        ),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
        ("x5u", json!("http://127.0.0.1:1/x5u")),
    ] {
        let said = [with(header.clone(), name, value), claims.clone()];
        let said = said.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        forged.push(format!("{said}.{}", URL_SAFE_NO_PAD.encode(stranger.sign(said.as_bytes()))));
    }
    // The public key as the secret of an HMAC.
    let said = [with(header.clone(), "alg", json!("HS256")), claims.clone()];
    let said = said.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let tag =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, issuer.key.public_key().as_ref()), said.as_bytes());
    forged.push(format!("{said}.{}", URL_SAFE_NO_PAD.encode(tag)));
    // Members twice, no signature, another token's, too long, something else.
    let twice = claims.to_string().replacen('{', "{\"role\":\"patient\",", 1);
    forged.push(issuer.signed(&header.to_string(), &twice));
    let genuine = issuer.genuine();
    let (said, signature) = genuine.rsplit_once('.').unwrap();
    let other = with(claims.clone(), "sub", json!("0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3f")).to_string();
    let other = issuer.signed(&header.to_string(), &other);
    forged.push(format!("{said}."));
    forged.push(said.to_owned());
    forged.push(format!("{}.{signature}", other.rsplit_once('.').unwrap().0));
    forged.push(
        issuer.signed(&header.to_string(), &with(claims, "jti", json!("x".repeat(MAX_BYTES))).to_string()),
    );
    forged.extend(["", ".", "..", "...", "a.b.c", "\u{1F600}"].map(str::to_owned));
    assert!(forged.len() >= 40, "{}", forged.len());
    for token in forged {
        assert!(issuer.verify(&token).is_err(), "{token}");
    }
}

proptest! {
    #[test]
    fn a_token_that_was_touched_is_refused(at in any::<prop::sample::Index>(), byte in any::<char>(), cut in any::<bool>()) {
        let issuer = Issuer::new();
        let genuine = issuer.genuine();
        let at = at.index(genuine.len());
        let rest = if cut { "" } else { &genuine[at + 1..] };
        let touched = format!("{}{byte}{rest}", &genuine[..at]);
        prop_assume!(touched != genuine);
        prop_assert!(issuer.verify(&touched).is_err());
    }

    #[test]
    fn whatever_is_signed_nothing_panics(header in ".{0,80}", claims in ".{0,200}", token in ".{0,300}") {
        let issuer = Issuer::new();
        prop_assert!(issuer.verify(&issuer.signed(&header, &claims)).is_err());
        prop_assert!(issuer.verify(&token).is_err());
    }
}
