//! What clients want, and the steps in which they get it.
use crate::rows::{Claim, Session};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Book,
    Hold,
    /// Book over others on purpose.
    Overbook,
    /// Keep a hold for longer.
    Renew,
    /// Make a hold a booking.
    Convert,
    Cancel,
    Reschedule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Wish {
    pub(crate) kind: Kind,
    pub(crate) patient: u8,
    /// A new one, or the one that is to change.
    pub(crate) visit: u8,
    /// Where it is to be.
    pub(crate) session: Session,
}

/// What a transaction does next; all that it reads and writes in one step is one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// Answers those who come too late, without a lock.
    Look,
    LockCalendar,
    LockPatient,
    LockVisit,
    /// Releases holds that have run out.
    Expire,
    Release,
    /// Keeps a hold for longer.
    Extend,
    /// Applies the rules that no constraint knows, and chooses a lane.
    Check,
    /// `INSERT … ON CONFLICT DO NOTHING`.
    Insert,
    Commit,
}

/// What a transaction has written and not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Write {
    Insert(Claim),
    Release(u8),
    /// Another end of the hold, or none.
    Keep(u8, Option<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tx {
    pub(crate) wish: Wish,
    pub(crate) step: Step,
    /// The visit whose row is locked before it is written.
    pub(crate) locked: Option<u8>,
    /// Whether that was a hold that had not run out.
    pub(crate) was_held: bool,
    /// When holds were expired.
    pub(crate) expired_at: Option<u8>,
    pub(crate) lane: u8,
    pub(crate) writes: Vec<Write>,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Book, Self::Hold, Self::Overbook, Self::Renew, Self::Convert, Self::Cancel, Self::Reschedule];

    /// The order of locks is calendar, patient, visit.
    pub(crate) fn steps(self) -> &'static [Step] {
        use Step::{
            Check, Commit, Expire, Extend, Insert, LockCalendar, LockPatient, LockVisit, Look, Release,
        };
        match self {
            Self::Book | Self::Hold => &[Look, LockCalendar, LockPatient, Expire, Check, Insert, Commit],
            Self::Overbook => &[LockCalendar, LockPatient, Expire, Check, Insert, Commit],
            Self::Renew => &[LockCalendar, LockPatient, LockVisit, Extend, Commit],
            Self::Convert => &[LockCalendar, LockPatient, LockVisit, Expire, Check, Insert, Commit],
            Self::Cancel => &[LockVisit, Release, Commit],
            Self::Reschedule => {
                &[LockCalendar, LockPatient, LockVisit, Expire, Release, Check, Insert, Commit]
            }
        }
    }
}

impl Tx {
    pub(crate) fn of(wish: Wish) -> Self {
        let step = wish.kind.steps()[0];
        Self { wish, step, locked: None, was_held: false, expired_at: None, lane: 0, writes: Vec::new() }
    }

    /// Whether the row of `visit` is locked, by reading or by writing.
    pub(crate) fn has_locked(&self, visit: u8) -> bool {
        let writes = |write: &Write| matches!(write, Write::Release(id) | Write::Keep(id, _) if *id == visit);
        self.locked == Some(visit) || self.writes.iter().any(writes)
    }

    /// What it is to insert.
    pub(crate) fn claim(&self, now: u8) -> Claim {
        let Wish { kind, patient, visit, session } = self.wish;
        let hold_until = (kind == Kind::Hold).then_some(now + 1);
        Claim { visit, patient, session, lane: self.lane, hold_until }
    }

    pub(crate) fn releases(&self, visit: u8) -> bool {
        self.writes.contains(&Write::Release(visit))
    }

    pub(crate) fn inserted(&self) -> impl Iterator<Item = &Claim> {
        self.writes
            .iter()
            .filter_map(|write| if let Write::Insert(claim) = write { Some(claim) } else { None })
    }
}
