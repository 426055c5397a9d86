//! The links in messages: signed, so that only we make them. A link has all that it is for in it, so that nothing has to
//! be kept; the same purpose has the same link, however often a message is sent.
use crate::domain::{Appointment, Category, Channel, Purpose, VisitAction};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use platform::secrets::{NotSealed, RootSecret, Sealer};
use proto::ids::{AppointmentId, PatientId};
use std::sync::Arc;
use uuid::Uuid;

/// Bytes of the signature that are sent along.
const TAG: usize = 16;

const PURPOSE: &str = "links-in-messages";

const VISIT: u8 = 1;
const SUBSCRIPTION: u8 = 2;

#[derive(Clone)]
pub struct Links {
    key: hmac::Key,
    /// Of those who signed links before.
    former: Arc<[hmac::Key]>,
    public_url: Arc<str>,
}

/// Keeps the keys of links that were signed with another root secret, sealed: mails outlive secrets.
pub struct FormerKeys {
    accepted: Option<[u8; 32]>,
    sealer: Sealer,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerKey {
    /// Tells keys apart, and nothing of them.
    pub digest: Vec<u8>,
    pub sealed: Vec<u8>,
}

impl FormerKeys {
    pub fn new(root: &RootSecret) -> Self {
        Self { accepted: root.derive_accepted(PURPOSE), sealer: root.sealer("former-links") }
    }

    /// What to store of the key of the secret that is accepted.
    pub fn of_accepted(&self) -> Option<FormerKey> {
        let key = self.accepted.as_ref()?;
        let digest = digest(&SHA256, key).as_ref().to_vec();
        let sealed = self.sealer.seal(&digest, key);
        Some(FormerKey { digest, sealed })
    }

    /// As this root secret seals it; none when it is so already.
    pub fn reseal(&self, former: &FormerKey) -> Result<Option<Vec<u8>>, NotSealed> {
        self.sealer.reseal(&former.digest, &former.sealed)
    }

    fn open(&self, former: &FormerKey) -> Result<Vec<u8>, NotSealed> {
        self.sealer.open(&former.digest, &former.sealed)
    }
}

/// What a patient can do from a message: what is not allowed is not offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Where each leads, in the order in which they are offered.
    pub actions: Vec<(VisitAction, String)>,
    pub unsubscribe: Option<String>,
}

impl Links {
    /// Links lead to pages below `public_url`. Those that were signed with a key of `formers` stay good.
    pub fn new(root: &RootSecret, public_url: &str, formers: &[FormerKey]) -> Self {
        let keys = FormerKeys::new(root);
        let (kept, lost): (Vec<_>, Vec<_>) =
            formers.iter().map(|former| keys.open(former)).partition(Result::is_ok);
        if !lost.is_empty() {
            tracing::warn!(keys = lost.len(), "links of some mails are dead: their keys do not open");
        }
        let kept = kept.into_iter().flatten().chain(keys.accepted.map(Vec::from));
        Self {
            key: hmac::Key::new(HMAC_SHA256, &root.derive(PURPOSE)),
            former: kept.map(|key| hmac::Key::new(HMAC_SHA256, &key)).collect(),
            public_url: public_url.trim_end_matches('/').into(),
        }
    }

    /// Where people find the pages that links lead to.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// What the patient may do with `appointment` now.
    pub fn actions(&self, appointment: &Appointment) -> Vec<(VisitAction, String)> {
        let token = self.token(Purpose::Visit {
            appointment_id: appointment.visit.id,
            patient_id: appointment.patient_id,
        });
        let url = |action: VisitAction| format!("{}/visits/{token}/{}", self.public_url, action.name());
        appointment.patient_may.iter().map(|action| (*action, url(*action))).collect()
    }

    pub fn unsubscribe(&self, patient_id: PatientId, category: Category, channel: Channel) -> String {
        let token = self.token(Purpose::Subscription { patient_id, category, channel });
        format!("{}/unsubscribe/{token}", self.public_url)
    }

    fn token(&self, purpose: Purpose) -> String {
        let mut bytes = written(purpose);
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..TAG]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a link is for; none when it is not ours.
    pub fn open(&self, token: &str) -> Option<Purpose> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let is_by = |key: &hmac::Key| {
            let expected = hmac::sign(key, body);
            verify_slices_are_equal(&expected.as_ref()[..TAG], tag).is_ok()
        };
        if is_by(&self.key) || self.former.iter().any(is_by) { read(body) } else { None }
    }
}

fn written(purpose: Purpose) -> Vec<u8> {
    match purpose {
        Purpose::Visit { appointment_id, patient_id } => {
            [&[VISIT][..], appointment_id.0.as_bytes(), patient_id.0.as_bytes()].concat()
        }
        Purpose::Subscription { patient_id, category, channel } => {
            let chosen = format!("{} {}", category.name(), channel.name());
            [&[SUBSCRIPTION][..], patient_id.0.as_bytes(), chosen.as_bytes()].concat()
        }
    }
}

fn read(body: &[u8]) -> Option<Purpose> {
    let (kind, rest) = body.split_first()?;
    let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
    match *kind {
        VISIT => {
            let (appointment, patient) = rest.split_at_checked(16)?;
            Some(Purpose::Visit {
                appointment_id: AppointmentId(id(appointment)?),
                patient_id: PatientId(id(patient)?),
            })
        }
        SUBSCRIPTION => {
            let (patient, chosen) = rest.split_at_checked(16)?;
            let (category, channel) = str::from_utf8(chosen).ok()?.split_once(' ')?;
            Some(Purpose::Subscription {
                patient_id: PatientId(id(patient)?),
                category: Category::named(category)?,
                channel: Channel::named(channel)?,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Another-secret-0123456789-abcdefgh";

    fn root(secret: &str) -> RootSecret {
        RootSecret::new(&secret.to_owned().into()).unwrap()
    }

    fn links(root: &RootSecret, formers: &[FormerKey]) -> Links {
        Links::new(root, "https://clinic.example/", formers)
    }

    fn ours() -> Links {
        links(&root(OLD), &[])
    }

    fn visit() -> Purpose {
        Purpose::Visit { appointment_id: AppointmentId::random(), patient_id: PatientId::random() }
    }

    #[test]
    fn a_link_says_what_it_is_for() {
        let (links, purpose) = (ours(), visit());
        let token = links.token(purpose);
        assert_eq!(links.token(purpose), token, "the same whenever it is made");
        assert_eq!(links.open(&token), Some(purpose));
        for category in Category::ALL {
            let purpose =
                Purpose::Subscription { patient_id: PatientId::random(), category, channel: Channel::Email };
            assert_eq!(links.open(&links.token(purpose)), Some(purpose));
        }
    }

    #[test]
    fn nobody_else_makes_links_and_none_is_changed() {
        let links = ours();
        let token = links.token(visit());
        assert_eq!(self::links(&root(NEW), &[]).open(&token), None);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert_eq!(links.open(&BASE64_URL_SAFE_NO_PAD.encode(&changed)), None, "{index}");
            assert_eq!(links.open(&BASE64_URL_SAFE_NO_PAD.encode(&bytes[..index])), None, "{index}");
        }
    }

    #[test]
    fn links_of_before_are_good_as_long_as_their_key_is_kept() {
        let both = root(NEW).accepting(&OLD.to_owned().into()).unwrap();
        let (purpose, after) = (visit(), root(NEW));
        let token = ours().token(purpose);
        assert_eq!(links(&both, &[]).open(&token), Some(purpose));
        let kept = FormerKeys::new(&both).of_accepted().unwrap();
        assert_eq!(links(&after, std::slice::from_ref(&kept)).open(&token), Some(purpose));
        assert_eq!(links(&after, &[]).open(&token), None);
        assert_ne!(links(&both, &[]).token(purpose), token, "nothing new is signed so");

        // Also after the next exchange.
        let third = root("Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        assert_eq!(links(&third, std::slice::from_ref(&kept)).open(&token), None);
        let next = FormerKeys::new(&third.clone().accepting(&NEW.to_owned().into()).unwrap());
        let sealed = next.reseal(&kept).unwrap().unwrap();
        assert_eq!(links(&third, &[FormerKey { sealed, ..kept }]).open(&token), Some(purpose));
    }

    proptest! {
        #[test]
        fn nothing_that_somebody_makes_up_opens(token in "\\PC{0,120}") {
            prop_assert_eq!(ours().open(&token), None);
        }

        /// Also what was signed, should another release have other purposes.
        #[test]
        fn what_is_read_was_written_so(kind in 0..4_u8, rest in proptest::collection::vec(any::<u8>(), 0..60)) {
            let body = [&[kind][..], &rest].concat();
            if let Some(purpose) = read(&body) {
                prop_assert_eq!(written(purpose), body);
            }
        }
    }
}
