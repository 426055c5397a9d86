//! Entries as links of a chain: each hash continues the one before. `audit.digest` of `deploy/postgres/audit.sql`
//! computes the same, from the same rows.
use crate::secrets::RootSecret;
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use jiff::Timestamp;
use uuid::Uuid;

/// How many chains there are.
pub const SHARDS: usize = 64;

/// A hash of SHA-256; of a chain without entries all zeros.
pub type Hash = [u8; 32];

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub shard: i16,
    pub number: i64,
    pub at: Timestamp,
    pub writer: String,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub client_address: Option<String>,
    pub actor_id: Option<Uuid>,
    pub role: String,
    pub session_id: Option<Uuid>,
    pub via: Option<String>,
    pub action: String,
    pub resource: String,
    pub resource_ids: Vec<Uuid>,
    pub subjects: Vec<Uuid>,
    pub decision: String,
    pub reason: Option<String>,
    pub break_glass: bool,
    pub fields: Vec<String>,
    pub criteria: Option<Vec<u8>>,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
}

impl Link {
    /// What its hash must be.
    pub fn digest(&self) -> Hash {
        let mut hash = Fields(Context::new(&SHA256));
        hash.bytes(Some(&self.previous));
        hash.text(Some(&self.shard.to_string()));
        hash.text(Some(&self.number.to_string()));
        hash.text(Some(&self.at.as_microsecond().to_string()));
        hash.text(Some(&self.writer));
        hash.text(self.request_id.as_deref());
        hash.text(self.trace_id.as_deref());
        hash.text(self.client_address.as_deref());
        hash.text(self.actor_id.map(|id| id.to_string()).as_deref());
        hash.text(Some(&self.role));
        hash.text(self.session_id.map(|id| id.to_string()).as_deref());
        hash.text(self.via.as_deref());
        hash.text(Some(&self.action));
        hash.text(Some(&self.resource));
        hash.list(self.resource_ids.iter().map(ToString::to_string));
        hash.list(self.subjects.iter().map(ToString::to_string));
        hash.text(Some(&self.decision));
        hash.text(self.reason.as_deref());
        hash.text(Some(&self.break_glass.to_string()));
        hash.list(self.fields.iter().cloned());
        hash.bytes(self.criteria.as_deref());
        hash.bytes(self.before.as_deref());
        hash.bytes(self.after.as_deref());
        hash.finish()
    }
}

/// Values with their length before them, so that no two rows read the same.
struct Fields(Context);

impl Fields {
    fn bytes(&mut self, value: Option<&[u8]>) {
        let length = value.map_or(u32::MAX, |value| u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.update(&length.to_be_bytes());
        self.0.update(value.unwrap_or_default());
    }

    fn text(&mut self, value: Option<&str>) {
        self.bytes(value.map(str::as_bytes));
    }

    fn list(&mut self, items: impl Iterator<Item = String>) {
        let mut content = Vec::new();
        for item in items {
            content.extend(u32::try_from(item.len()).unwrap_or(u32::MAX).to_be_bytes());
            content.extend(item.as_bytes());
        }
        self.bytes(Some(&content));
    }

    fn finish(self) -> Hash {
        let mut hash = Hash::default();
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// The last entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub number: i64,
    pub hash: Vec<u8>,
}

/// The ends of all chains at some time, in the order of the shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub number: i64,
    pub at: Timestamp,
    pub heads: Vec<Head>,
}

impl Checkpoint {
    /// How many entries there are up to here.
    pub fn entries(&self) -> i64 {
        self.heads.iter().map(|head| head.number).sum()
    }

    /// What is signed: all that it says.
    pub fn digest(&self) -> Hash {
        let mut hash = Fields(Context::new(&SHA256));
        hash.text(Some(&self.number.to_string()));
        hash.text(Some(&self.at.as_microsecond().to_string()));
        for head in &self.heads {
            hash.text(Some(&head.number.to_string()));
            hash.bytes(Some(&head.hash));
        }
        hash.finish()
    }
}

const PURPOSE: &str = "audit-checkpoint";

/// Signs checkpoints with a key derived from the root secret, which the database does not have.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    pub fn new(root: &RootSecret) -> Self {
        Self(pair(root.derive(PURPOSE)))
    }

    pub fn sign(&self, checkpoint: &Checkpoint) -> Vec<u8> {
        self.0.sign(&signed(&checkpoint.digest())).as_ref().to_vec()
    }
}

/// Tells what one [`Signer`] has signed, and signs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerKey(pub Vec<u8>);

impl SignerKey {
    /// Of who signs with this root secret, then of who signs with the one that it accepts.
    pub fn all(root: &RootSecret) -> impl Iterator<Item = Self> {
        root.derive_all(PURPOSE).map(|seed| Self(pair(seed).public_key().as_ref().to_vec()))
    }

    /// Whether `signature` is the signer's of a checkpoint with this `digest`.
    pub fn has_signed(&self, digest: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(&signed(digest), signature).is_ok()
    }
}

fn pair(seed: [u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed has 32 bytes")
}

/// A signature of a checkpoint is one of nothing else.
fn signed(digest: &[u8]) -> Vec<u8> {
    [b"audit-checkpoint\0".as_slice(), digest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link {
            shard: 7,
            number: 1,
            at: Timestamp::UNIX_EPOCH,
            writer: "w".to_owned(),
            request_id: Some("r".to_owned()),
            trace_id: None,
            client_address: None,
            actor_id: None,
            role: "staff".to_owned(),
            session_id: None,
            via: None,
            action: "read".to_owned(),
            resource: "thing".to_owned(),
            resource_ids: vec![Uuid::nil()],
            subjects: Vec::new(),
            decision: "allowed".to_owned(),
            reason: None,
            break_glass: false,
            fields: vec!["ab".to_owned(), "c".to_owned()],
            criteria: None,
            before: None,
            after: None,
            previous: vec![0; 32],
            hash: Vec::new(),
        }
    }

    #[test]
    fn no_two_rows_read_the_same() {
        let changed: [fn(&mut Link); 8] = [
            |_| {},
            |link| link.fields = vec!["a".to_owned(), "bc".to_owned()],
            |link| link.fields = vec!["abc".to_owned()],
            |link| (link.request_id, link.trace_id) = (None, Some("r".to_owned())),
            |link| link.request_id = Some(String::new()),
            |link| link.request_id = None,
            |link| (link.resource_ids, link.subjects) = (Vec::new(), vec![Uuid::nil()]),
            |link| link.break_glass = true,
        ];
        let mut digests = changed.map(|change| {
            let mut link = link();
            change(&mut link);
            link.digest()
        });
        digests.sort_unstable();
        assert!(digests.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_signature_is_of_one_checkpoint_and_one_key() {
        let root = |secret: &str| RootSecret::new(&secret.to_owned().into()).unwrap();
        let key = |root: &RootSecret| SignerKey::all(root).next().unwrap();
        let own = root("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        let heads = vec![Head { number: 3, hash: vec![1; 32] }; SHARDS];
        let checkpoint = Checkpoint { number: 1, at: Timestamp::UNIX_EPOCH, heads };
        assert_eq!(checkpoint.entries(), 192);
        let signature = Signer::new(&own).sign(&checkpoint);
        assert!(key(&own).has_signed(&checkpoint.digest(), &signature));
        let mut other = checkpoint.clone();
        other.heads[5].number = 2;
        assert!(!key(&own).has_signed(&other.digest(), &signature));
        let another = root("another3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf");
        assert!(!key(&another).has_signed(&checkpoint.digest(), &signature));
        let other = "another3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf".to_owned().into();
        let keys: Vec<SignerKey> = SignerKey::all(&own.clone().accepting(&other).unwrap()).collect();
        assert_eq!(keys, [key(&own), key(&another)]);
    }
}
