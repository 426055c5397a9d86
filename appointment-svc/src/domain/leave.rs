//! Booking against a rule on purpose, which only the practice does, and never without a reason.
use proto::scalars::Reason;

/// What does not count for one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lift {
    /// That the time is taken, as far as the visit type allows, and the daily limit.
    Overbook,
    /// Hours, grid and daily limit.
    Override,
}

#[derive(Clone, Debug)]
pub struct Leave {
    pub lift: Lift,
    pub reason: Reason,
}

impl Lift {
    /// As in the history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Overbook => "overbook",
            Self::Override => "override",
        }
    }
}
