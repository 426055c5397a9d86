//! What proves to receivers that a webhook is ours: signatures as Standard Webhooks 1.0 has them, by secrets that are shown
//! once and kept sealed.
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use platform::secrets::{NotSealed, RootSecret, Sealer};
use proto::ids::{WebhookDeliveryId, WebhookId};
use std::fmt;
use std::sync::Arc;

/// Bytes of a secret; the standard wants 24 to 64.
const LENGTH: usize = 32;

/// `whsec_<secret>`, 256 random bits.
pub struct Secret(Vec<u8>);

/// Seals secrets, each for its webhook alone.
#[derive(Clone)]
pub struct Secrets(Arc<Sealer>);

impl Secrets {
    pub fn new(root: &RootSecret) -> Self {
        Self(Arc::new(root.sealer("webhook-secrets")))
    }

    pub fn seal(&self, of: WebhookId, secret: &Secret) -> Vec<u8> {
        self.0.seal(of.0.as_bytes(), &secret.0)
    }

    pub fn open(&self, of: WebhookId, sealed: &[u8]) -> Result<Secret, NotSealed> {
        self.0.open(of.0.as_bytes(), sealed).map(Secret)
    }

    /// As this root secret seals it; none when it is so already.
    pub fn reseal(&self, of: WebhookId, sealed: &[u8]) -> Result<Option<Vec<u8>>, NotSealed> {
        self.0.reseal(of.0.as_bytes(), sealed)
    }
}

impl Secret {
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bytes = vec![0; LENGTH];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As it is shown, once.
    pub fn reveal(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The `webhook-signature` of `body`, posted at `seconds`: one signature for each of `secrets`.
pub fn signature(secrets: &[Secret], id: WebhookDeliveryId, seconds: i64, body: &str) -> String {
    let signatures = secrets.iter().map(|secret| secret.sign(&id.to_string(), seconds, body));
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;
    use uuid::Uuid;

    const BODY: &str = r#"{"specversion":"1.0","type":"appointment.cancelled.v1","note":"für Ünïcode"}"#;

    fn id() -> WebhookDeliveryId {
        WebhookDeliveryId(Uuid::from_u128(0x0198_c5a4_7c1e_7d3a_9d8e_2f1b_6a5c_4d3e))
    }

    #[test]
    fn a_signature_is_what_the_library_of_the_standard_makes() {
        let secret = Secret::generate().unwrap();
        let theirs = Webhook::new(&secret.reveal()).unwrap();
        let theirs = theirs.sign(&id().to_string(), 1_777_777_777, BODY.as_bytes()).unwrap();
        assert_eq!(signature(&[secret], id(), 1_777_777_777, BODY), theirs);
    }

    /// As `standardwebhooks` 1.1.0 of PyPI signs.
    #[test]
    fn while_a_secret_is_exchanged_both_sign() {
        let secrets = [7, 8].map(|byte| Secret(vec![byte; LENGTH]));
        assert_eq!(secrets[0].reveal(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        let both = "v1,jG2fkAgnYXC5hZ6lh2quRd6+cs5uViuO9u+tzlrFAgA= \
                    v1,5NfHgEpm38EJ5bN2Oz91oqr7kjd8POJIyX3qkyFe6SU=";
        assert_eq!(signature(&secrets, id(), 1_777_777_777, BODY), both);
    }

    #[test]
    fn a_sealed_secret_is_of_one_webhook_and_one_root() {
        let root = |text: &str| RootSecret::new(&text.to_owned().into()).unwrap();
        let secrets = Secrets::new(&root("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"));
        let (own, other) = (WebhookId::random(), WebhookId::random());
        let secret = Secret::generate().unwrap();
        let sealed = secrets.seal(own, &secret);
        assert!(!sealed.windows(8).any(|part| part == &secret.0[..8]));
        assert_eq!(secrets.open(own, &sealed).unwrap().reveal(), secret.reveal());
        assert!(secrets.open(other, &sealed).is_err());
        assert!(Secrets::new(&root("another3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf")).open(own, &sealed).is_err());
    }
}
