//! Who may have signed checkpoints of the audit log. Signatures stay as they were made; so once the root secret is
//! exchanged, whoever signs vouches for the one before: for the last checkpoint that it has signed, exactly as that is, and
//! for those up to it. What the secret of before could still sign is nothing then.
use crate::domain::chain::Told;
use platform::audit::chain::{Checkpoint, SignerKey};
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
    /// The last checkpoint that counts, sealed.
    pub vouched: Vec<u8>,
}

/// Whose signatures count.
pub struct Known {
    own: SignerKey,
    accepted: Option<SignerKey>,
    /// Each up to a checkpoint, which must be there.
    formers: Vec<(SignerKey, Told)>,
}

/// Whose signature a checkpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// That of who signs now, or of somebody who is vouched for.
    Known,
    /// That of the one that is accepted, whom nobody needs to vouch for as long as it is.
    Accepted,
    /// That of somebody who was vouched for up to the checkpoint of this number, and no further.
    Late(i64),
    /// That of nobody whose signatures count.
    Nobody,
}

impl Signers {
    pub fn new(root: &RootSecret) -> Self {
        let mut keys = SignerKey::all(root);
        let own = keys.next().expect("there is always the own");
        let accepted = keys.next();
        Self { own, accepted, sealer: root.sealer("former-signers") }
    }

    /// Whose signatures count, also of those `formers` for whom somebody has vouched. Once somebody has vouched for the one
    /// that is accepted, it is one of them: nothing more is signed by it.
    pub fn known(&self, formers: &[Former]) -> Known {
        let mut known = self.known_before_vouching(formers);
        known.accepted.take_if(|accepted| known.formers.iter().any(|(key, _)| key == accepted));
        known
    }

    /// [`Self::known`], with whatever the one that is accepted has signed by now.
    pub fn known_before_vouching(&self, formers: &[Former]) -> Known {
        Known {
            own: self.own.clone(),
            accepted: self.accepted.clone(),
            formers: self.vouched(formers).collect(),
        }
    }

    /// Up to where somebody has vouched for the one that is accepted.
    pub fn vouched_for_accepted(&self, formers: &[Former]) -> Option<Told> {
        let mut vouched = self.vouched(formers);
        vouched.find_map(|(key, last)| (Some(key) == self.accepted).then_some(last))
    }

    /// The one that is accepted, vouched for up to the checkpoint `last`.
    pub fn vouch(&self, last: &Told) -> Option<Former> {
        let key = self.accepted.clone()?;
        let vouched = self.sealer.seal(&key.0, last.to_string().as_bytes());
        Some(Former { key, vouched })
    }

    /// As this root secret vouches for a signer; none when it does already.
    pub fn reseal(&self, former: &Former) -> Result<Option<Vec<u8>>, NotSealed> {
        self.sealer.reseal(&former.key.0, &former.vouched)
    }

    fn vouched(&self, formers: &[Former]) -> impl Iterator<Item = (SignerKey, Told)> {
        formers.iter().filter_map(|Former { key, vouched }| {
            let last = self.sealer.open(&key.0, vouched).ok()?;
            Some((key.clone(), str::from_utf8(&last).ok()?.parse().ok()?))
        })
    }
}

impl Known {
    /// Whose `signature` of `checkpoint` it is. Whether that is as [`Known::told`] is another question.
    pub fn signed(&self, checkpoint: &Checkpoint, signature: &[u8]) -> By {
        let digest = checkpoint.digest();
        let has_signed = |key: &SignerKey| key.has_signed(&digest, signature);
        if has_signed(&self.own) {
            return By::Known;
        }
        let former = self.formers.iter().find(|(key, _)| has_signed(key)).map(|(_, last)| last.number);
        match former {
            Some(last) if checkpoint.number <= last => By::Known,
            _ if self.accepted.as_ref().is_some_and(has_signed) => By::Accepted,
            Some(last) => By::Late(last),
            None => By::Nobody,
        }
    }

    /// The checkpoints that were vouched for: they must be there.
    pub fn told(&self) -> impl Iterator<Item = &Told> {
        self.formers.iter().map(|(_, last)| last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use platform::audit::chain::Signer;

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

    fn root(secret: &str) -> RootSecret {
        RootSecret::new(&secret.to_owned().into()).unwrap()
    }

    /// That of this number, and the signature by `root`.
    fn signed(root: &RootSecret, number: i64) -> (Checkpoint, Vec<u8>) {
        let checkpoint = Checkpoint { number, at: Timestamp::UNIX_EPOCH, heads: Vec::new() };
        let signature = Signer::new(root).sign(&checkpoint);
        (checkpoint, signature)
    }

    #[test]
    fn a_signer_of_before_counts_up_to_the_checkpoint_that_it_is_vouched_for() {
        let between = Signers::new(&root(NEW).accepting(&OLD.to_owned().into()).unwrap());
        let last = Told::of(&signed(&root(OLD), 7).0);
        let former = between.vouch(&last).unwrap();
        let formers = std::slice::from_ref(&former);
        let after = Signers::new(&root(NEW));
        let by = |known: &Known, number| {
            let (checkpoint, signature) = signed(&root(OLD), number);
            known.signed(&checkpoint, &signature)
        };
        let known = after.known(formers);
        assert_eq!([1, 7, 8].map(|number| by(&known, number)), [By::Known, By::Known, By::Late(7)]);
        assert_eq!(known.told().collect::<Vec<_>>(), [&last]);
        assert_eq!(by(&after.known(&[]), 7), By::Nobody);
        assert_eq!(by(&between.known(&[]), 8), By::Accepted);
        assert_eq!(by(&between.known(formers), 8), By::Late(7), "it signs nothing more");
        assert_eq!(by(&between.known_before_vouching(formers), 8), By::Accepted);
        assert_eq!(
            (between.vouched_for_accepted(formers), between.vouched_for_accepted(&[])),
            (Some(last), None)
        );

        // Nobody else vouches, and for nobody else.
        let stranger = Signers::new(&root("Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"));
        assert_eq!(by(&stranger.known(formers), 7), By::Nobody);
        let key = SignerKey::all(&root("Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!")).next().unwrap();
        assert_eq!(after.vouched(&[Former { key, ..former }]).count(), 0);
        assert_eq!(after.vouch(&Told::of(&signed(&root(NEW), 9).0)), None, "it accepts nobody");
    }
}
