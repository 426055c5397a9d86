//! What a patient may still do with a booked visit. The practice is not bound by it.
use super::status::Actor;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// As it was when the visit was booked. Notice is real time up to the start; exactly so long before is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Minutes before the start from which cancelling is late.
    pub cancel_notice: u32,
    /// Minutes before the start up to which a visit may be moved.
    pub reschedule_notice: u32,
    /// How often a patient may move one visit; without limit when none.
    pub max_reschedules: Option<u32>,
    pub late_cancel: LateCancel,
    /// Minutes after the start from which a visit can be a no-show.
    pub no_show_grace: u32,
}

/// What becomes of a wish to cancel that comes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateCancel {
    /// Granted and flagged: the time is worth more than a refusal.
    AllowFlag,
    Refuse,
    /// Refused, with the advice to call the reception.
    AskStaff,
}

/// A rule that a patient is bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// In minutes.
    CancelNotice,
    /// In minutes.
    RescheduleNotice,
    /// In changes of time.
    MaxReschedules,
}

/// What the policy of a visit does not allow its patient any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .rule.sentence(), if *.ask_staff { ": please call the reception" } else { "" })]
pub struct PolicyViolation {
    pub rule: Rule,
    pub limit: u32,
    /// In the unit of the limit.
    pub actual: i64,
    /// Whether the reception may grant it.
    pub ask_staff: bool,
}

impl Rule {
    pub fn name(self) -> &'static str {
        match self {
            Self::CancelNotice => "cancel_notice",
            Self::RescheduleNotice => "reschedule_notice",
            Self::MaxReschedules => "max_reschedules",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::CancelNotice => "it is too late to cancel the visit",
            Self::RescheduleNotice => "it is too late to move the visit",
            Self::MaxReschedules => "the visit was moved as often as it may be",
        }
    }
}

impl Policy {
    /// Whether a patient who cancels a visit that starts at `start` is late.
    pub fn check_cancel(&self, start: Timestamp, now: Timestamp) -> Result<bool, PolicyViolation> {
        let left = start.duration_since(now);
        let is_late = left < self.cancel_notice();
        let ask_staff = self.late_cancel == LateCancel::AskStaff;
        if !is_late || self.late_cancel == LateCancel::AllowFlag {
            return Ok(is_late);
        }
        let (rule, limit) = (Rule::CancelNotice, self.cancel_notice);
        Err(PolicyViolation { rule, limit, actual: left.as_mins(), ask_staff })
    }

    /// Whether `actor` may move a visit that starts at `start` and that its patient moved `moved` times.
    pub fn check_move(
        &self,
        actor: Actor,
        start: Timestamp,
        moved: i32,
        now: Timestamp,
    ) -> Result<(), PolicyViolation> {
        if !actor.is_patient() {
            return Ok(());
        }
        let left = start.duration_since(now);
        if left < self.reschedule_notice() {
            let (rule, limit) = (Rule::RescheduleNotice, self.reschedule_notice);
            return Err(PolicyViolation { rule, limit, actual: left.as_mins(), ask_staff: true });
        }
        match self.max_reschedules {
            Some(limit) if i64::from(moved) >= i64::from(limit) => Err(PolicyViolation {
                rule: Rule::MaxReschedules,
                limit,
                actual: moved.into(),
                ask_staff: true,
            }),
            _ => Ok(()),
        }
    }

    pub fn cancel_notice(&self) -> SignedDuration {
        SignedDuration::from_mins(self.cancel_notice.into())
    }

    pub fn reschedule_notice(&self) -> SignedDuration {
        SignedDuration::from_mins(self.reschedule_notice.into())
    }

    pub fn no_show_grace(&self) -> SignedDuration {
        SignedDuration::from_mins(self.no_show_grace.into())
    }
}

/// Of visits without a visit type.
impl Default for Policy {
    fn default() -> Self {
        Self {
            cancel_notice: 1440,
            reschedule_notice: 1440,
            max_reschedules: Some(3),
            late_cancel: LateCancel::AllowFlag,
            no_show_grace: 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    fn before(minutes: i64) -> Timestamp {
        noon() - SignedDuration::from_mins(minutes)
    }

    #[test]
    fn exactly_the_notice_is_in_time_and_a_second_less_is_late() {
        let policy = Policy { cancel_notice: 60, ..Policy::default() };
        assert_eq!(policy.check_cancel(noon(), before(60)), Ok(false));
        assert_eq!(policy.check_cancel(noon(), before(60) + SignedDuration::from_secs(1)), Ok(true));
        let strict = Policy { late_cancel: LateCancel::Refuse, ..policy };
        assert_eq!(strict.check_cancel(noon(), before(60)), Ok(false));
        let refusal = PolicyViolation { rule: Rule::CancelNotice, limit: 60, actual: 59, ask_staff: false };
        assert_eq!(strict.check_cancel(noon(), before(60) + SignedDuration::from_secs(1)), Err(refusal));
        let kind = Policy { late_cancel: LateCancel::AskStaff, ..policy };
        assert!(
            kind.check_cancel(noon(), before(1)).unwrap_err().to_string().ends_with("call the reception")
        );
    }

    #[test]
    fn a_patient_moves_a_visit_in_time_and_so_many_times() {
        let policy = Policy { reschedule_notice: 60, max_reschedules: Some(2), ..Policy::default() };
        let rule = |moved, now| policy.check_move(Actor::Patient, noon(), moved, now).map_err(|no| no.rule);
        assert_eq!(rule(1, before(60)), Ok(()));
        assert_eq!(rule(1, before(59)), Err(Rule::RescheduleNotice));
        assert_eq!(rule(2, before(60)), Err(Rule::MaxReschedules));
        let unlimited = Policy { max_reschedules: None, ..policy };
        assert_eq!(unlimited.check_move(Actor::Patient, noon(), 99, before(60)), Ok(()));
    }

    #[test]
    fn the_practice_is_not_bound() {
        for actor in [Actor::Doctor, Actor::Staff, Actor::Admin] {
            assert_eq!(Policy::default().check_move(actor, noon(), 99, noon()), Ok(()));
        }
    }
}
