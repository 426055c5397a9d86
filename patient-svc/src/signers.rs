//! Who may have signed checkpoints of the audit log. Signatures stay as they were made; so once the root secret is
//! exchanged, whoever signs vouches for the one before, up to the last checkpoint that it has signed.
use platform::audit::chain::SignerKey;
use platform::secrets::{NotSealed, RootSecret, Sealer};

/// Whom this root secret makes a signer, and whom the one that it accepts.
pub struct Signers {
    own: SignerKey,
    accepted: Option<SignerKey>,
    sealer: Sealer,
}

/// A signer of before, as it is stored. Only who has the root secret can vouch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    pub key: SignerKey,
    /// Up to which checkpoint, sealed.
    pub vouched: Vec<u8>,
}

/// Whose signatures count, each up to a checkpoint.
pub struct Known(Vec<(SignerKey, i64)>);

impl Signers {
    pub fn new(root: &RootSecret) -> Self {
        let mut keys = SignerKey::all(root);
        let own = keys.next().expect("there is always the own");
        let accepted = keys.next();
        Self { own, accepted, sealer: root.sealer("former-signers") }
    }

    /// Whose signatures count, also of those `formers` for whom somebody has vouched.
    pub fn known(&self, formers: &[Former]) -> Known {
        let current = [Some(&self.own), self.accepted.as_ref()].into_iter().flatten();
        let current = current.map(|key| (key.clone(), i64::MAX));
        Known(current.chain(self.vouched(formers)).collect())
    }

    /// [`Self::known`] without the one that is accepted.
    pub fn known_without_accepted(&self, formers: &[Former]) -> Known {
        Known([(self.own.clone(), i64::MAX)].into_iter().chain(self.vouched(formers)).collect())
    }

    /// The one that is accepted, vouched for up to the checkpoint `last`, if it has signed that one.
    pub fn vouch(&self, last: i64, digest: &[u8], signature: &[u8]) -> Option<Former> {
        let key = self.accepted.clone().filter(|key| key.has_signed(digest, signature))?;
        let vouched = self.sealer.seal(&key.0, &last.to_be_bytes());
        Some(Former { key, vouched })
    }

    /// As this root secret vouches for a signer; none when it does already.
    pub fn reseal(&self, former: &Former) -> Result<Option<Vec<u8>>, NotSealed> {
        self.sealer.reseal(&former.key.0, &former.vouched)
    }

    fn vouched(&self, formers: &[Former]) -> impl Iterator<Item = (SignerKey, i64)> {
        formers.iter().filter_map(|Former { key, vouched }| {
            let last = self.sealer.open(&key.0, vouched).ok()?.try_into().ok()?;
            Some((key.clone(), i64::from_be_bytes(last)))
        })
    }
}

impl Known {
    /// Whether one of them has signed the checkpoint of this `number`.
    pub fn have_signed(&self, number: i64, digest: &[u8], signature: &[u8]) -> bool {
        self.0.iter().any(|(key, last)| number <= *last && key.has_signed(digest, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use platform::audit::chain::{Checkpoint, Signer};

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

    fn root(secret: &str) -> RootSecret {
        RootSecret::new(&secret.to_owned().into()).unwrap()
    }

    fn signed(root: &RootSecret, number: i64) -> (Checkpoint, Vec<u8>) {
        let checkpoint = Checkpoint { number, at: Timestamp::UNIX_EPOCH, heads: Vec::new() };
        let signature = Signer::new(root).sign(&checkpoint);
        (checkpoint, signature)
    }

    #[test]
    fn a_signer_of_before_counts_up_to_the_checkpoint_that_it_is_vouched_for() {
        let between = Signers::new(&root(NEW).accepting(&OLD.to_owned().into()).unwrap());
        let (last, signature) = signed(&root(OLD), 7);
        let former = between.vouch(7, &last.digest(), &signature).unwrap();
        let after = Signers::new(&root(NEW));
        let counts = |known: &Known, number| {
            let (checkpoint, signature) = signed(&root(OLD), number);
            known.have_signed(number, &checkpoint.digest(), &signature)
        };
        let known = after.known(std::slice::from_ref(&former));
        assert!(counts(&known, 1) && counts(&known, 7) && !counts(&known, 8));
        assert!(!counts(&after.known(&[]), 7));
        assert!(counts(&between.known(&[]), 8) && !counts(&between.known_without_accepted(&[]), 8));

        // Nobody else vouches, and for nobody else.
        let stranger = Signers::new(&root("Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"));
        assert!(!counts(&stranger.known(std::slice::from_ref(&former)), 7));
        let (own, signature) = signed(&root(NEW), 9);
        assert_eq!(between.vouch(9, &own.digest(), &signature), None);
        let key = SignerKey::all(&root("Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!")).next().unwrap();
        assert_eq!(after.vouched(&[Former { key, ..former }]).count(), 0);
    }
}
