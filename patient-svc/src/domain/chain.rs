//! The chains of the audit log, walked: what was changed, taken away, put in or cut off since it was written.
use jiff::Timestamp;
use platform::audit::chain::{Checkpoint, Hash, Head, Link, SHARDS};
use platform::audit::hex;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What is wrong with the log, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Entries that are not there.
    Missing {
        shard: i16,
        first: i64,
        last: i64,
    },
    /// Entries that were written at the end of a chain and are not there any more.
    CutOff {
        shard: i16,
        first: i64,
        last: i64,
    },
    /// An entry is not as it was written.
    Changed {
        shard: i16,
        number: i64,
    },
    /// An entry does not follow the one before.
    Unlinked {
        shard: i16,
        number: i64,
    },
    /// An entry where no writer writes, or behind the end of its chain.
    Foreign {
        shard: i16,
        number: i64,
    },
    /// The end of a chain is not there, or not its end.
    Head {
        shard: i16,
        number: i64,
    },
    /// The entry is another than, or not there as, when the checkpoint was signed.
    Rewritten {
        shard: i16,
        number: i64,
        checkpoint: i64,
    },
    CheckpointMissing {
        first: i64,
        last: i64,
    },
    CheckpointChanged {
        number: i64,
    },
    /// The secret of before has signed it, after the checkpoint up to which somebody has vouched for that.
    CheckpointLate {
        number: i64,
        vouched: i64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { shard, first, last } if first == last => {
                write!(f, "shard {shard}, number {first}: missing")
            }
            Self::Missing { shard, first, last } => {
                write!(f, "shard {shard}, numbers {first} to {last}: missing")
            }
            Self::CutOff { shard, first, last } => {
                write!(f, "shard {shard}, numbers {first} to {last}: cut off at the end")
            }
            Self::Changed { shard, number } => write!(f, "shard {shard}, number {number}: changed"),
            Self::Unlinked { shard, number } => {
                write!(
                    f,
                    "shard {shard}, number {number}: does not follow the one before, or that was changed"
                )
            }
            Self::Foreign { shard, number } => write!(f, "shard {shard}, number {number}: was put in"),
            Self::Head { shard, number } => {
                write!(f, "shard {shard}, number {number}: the head is missing or not that of the chain")
            }
            Self::Rewritten { shard, number, checkpoint } => {
                write!(f, "shard {shard}, number {number}: not what checkpoint {checkpoint} was signed for")
            }
            Self::CheckpointMissing { first, last } if first == last => {
                write!(f, "checkpoint {first}: missing")
            }
            Self::CheckpointMissing { first, last } => write!(f, "checkpoints {first} to {last}: missing"),
            Self::CheckpointChanged { number } => {
                write!(f, "checkpoint {number}: changed, or signed by a secret that nobody here knows")
            }
            Self::CheckpointLate { number, vouched } => write!(
                f,
                "checkpoint {number}: signed by a secret of before, which counts up to checkpoint {vouched}. Whoever has \
                 it as SECRET_KEY is to be stopped; then `patient-svc reseal`, with it as SECRET_KEY_ACCEPTED"
            ),
        }
    }
}

/// Walks all chains, link by link, in order.
pub struct Walk {
    /// The latest checkpoint that is genuine.
    vouched: Option<Checkpoint>,
    /// The last links seen.
    ends: BTreeMap<i16, (i64, Vec<u8>)>,
    findings: Vec<Finding>,
    seen: u64,
}

impl Walk {
    pub fn new(vouched: Option<Checkpoint>) -> Self {
        Self { vouched, ends: BTreeMap::new(), findings: Vec::new(), seen: 0 }
    }

    pub fn link(&mut self, link: &Link) {
        self.seen += 1;
        let Link { shard, number, .. } = *link;
        if !usize::try_from(shard).is_ok_and(|shard| shard < SHARDS && number > 0) {
            self.findings.push(Finding::Foreign { shard, number });
            return;
        }
        let (before, previous) = self.ends.remove(&shard).unwrap_or_else(nothing);
        if number > before + 1 {
            self.findings.push(Finding::Missing { shard, first: before + 1, last: number - 1 });
        } else if link.previous != previous {
            self.findings.push(Finding::Unlinked { shard, number });
        }
        if link.hash != link.digest() {
            self.findings.push(Finding::Changed { shard, number });
        }
        self.ends.insert(shard, (number, link.hash.clone()));
    }

    /// What was found, now that every link was seen; `heads` are what the writers go on from.
    pub fn end(mut self, heads: &[(i16, Head)]) -> (u64, Vec<Finding>) {
        for (place, shard) in (0..SHARDS).zip(0..) {
            let (number, hash) = self.ends.remove(&shard).unwrap_or_else(nothing);
            let vouched = self.vouched.as_ref().and_then(|vouched| vouched.heads.get(place));
            let head = heads.iter().find(|(of, _)| *of == shard).map(|(_, head)| head);
            let written = head.map_or(0, |head| head.number).max(vouched.map_or(0, |head| head.number));
            if written > number {
                self.findings.push(Finding::CutOff { shard, first: number + 1, last: written });
            }
            match head {
                Some(head) if head.number == number && head.hash == hash => {}
                // The head tells the truth, and the end of the chain is not there.
                Some(head) if head.number == written && written > number => {}
                Some(head) => {
                    self.findings.push(Finding::Head { shard, number: head.number });
                    if head.number < number {
                        self.findings.push(Finding::Foreign { shard, number: head.number + 1 });
                    }
                }
                None => self.findings.push(Finding::Head { shard, number }),
            }
        }
        self.findings.sort();
        self.findings.dedup();
        (self.seen, self.findings)
    }
}

/// A checkpoint as it is told outside of the database: its number and its digest, for instance `17:5f…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub number: i64,
    digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the number and the digest of a checkpoint, as in the log: `17:5f…`")]
pub struct BadTold;

impl Told {
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self { number: checkpoint.number, digest: hex(&checkpoint.digest()) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.digest)
    }
}

impl FromStr for Told {
    type Err = BadTold;

    fn from_str(text: &str) -> Result<Self, BadTold> {
        let (number, digest) = text.split_once(':').ok_or(BadTold)?;
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        let number = number.parse().ok().filter(|number| *number > 0 && is_digest).ok_or(BadTold)?;
        Ok(Self { number, digest: digest.to_lowercase() })
    }
}

/// The end of a chain without links.
fn nothing() -> (i64, Vec<u8>) {
    (0, Hash::default().to_vec())
}

/// Whether a checkpoint is due: when something was written since `last`, and once a day in any case.
pub fn is_due(last: Option<&Checkpoint>, heads: &[Head], now: Timestamp) -> bool {
    const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
    last.is_none_or(|last| last.heads != heads || now.duration_since(last.at) >= DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_when_something_was_written_and_once_a_day() {
        let heads = |number| vec![Head { number, hash: vec![1; 32] }; SHARDS];
        let at = Timestamp::UNIX_EPOCH;
        let last = Checkpoint { number: 1, at, heads: heads(1) };
        let hours = |hours| at + jiff::SignedDuration::from_hours(hours);
        assert_eq!(Told::of(&last).to_string().parse(), Ok(Told::of(&last)));
        assert_eq!("1:5f".parse::<Told>(), Err(BadTold));
        assert!(is_due(None, &heads(0), at));
        assert!(is_due(Some(&last), &heads(2), hours(1)));
        assert!(!is_due(Some(&last), &heads(1), hours(23)));
        assert!(is_due(Some(&last), &heads(1), hours(24)));
    }
}
