//! The status machine: what may follow what, by whom, and when.
use super::appointment::Appointment;
use super::policy::PolicyViolation;
use super::status::Actor::{self, Admin, Doctor, Patient, Staff};
use super::status::Status::{
    self, Arrived, Cancelled, CheckedIn, Completed, Confirmed, EnteredInError, InProgress, NoShow, Requested,
    Scheduled,
};
use jiff::{SignedDuration, Timestamp};
use proto::cancellation::CancellationReason;

/// Patients are taken in from so long before the start, on the same date.
pub const CHECK_IN_OPENS: SignedDuration = SignedDuration::from_mins(60);
/// A no-show is corrected within this time.
pub const CORRECTION: SignedDuration = SignedDuration::from_hours(24);
/// The last change is taken back within this time.
pub const UNDO: SignedDuration = SignedDuration::from_mins(15);

/// One line of the machine: who may lead a visit from any of some statuses to another, and when.
struct Transition {
    from: &'static [Status],
    to: Status,
    who: &'static [Actor],
    when: When,
}

const TABLE: &[Transition] = &[
    line(&[Requested], Scheduled, &[Doctor, Staff, Admin], When::BeforeAnswerIsDue),
    line(&[Requested], Cancelled, &[Patient, Doctor, Staff, Admin], When::BeforeAnswerIsDue),
    line(&[Scheduled], Confirmed, &[Patient, Doctor, Staff, Admin], When::BeforeStart),
    line(&[Scheduled, Confirmed], Cancelled, &[Patient], When::WithNotice),
    line(&[Scheduled, Confirmed], Cancelled, &[Doctor, Staff, Admin], When::BeforeStart),
    line(&[Scheduled, Confirmed], Arrived, &[Doctor, Staff, Admin], When::FromCheckIn),
    line(&[Scheduled, Confirmed], Arrived, &[Patient], When::FromCheckInToEnd),
    line(&[Scheduled, Confirmed], CheckedIn, &[Doctor, Staff, Admin], When::FromCheckIn),
    line(&[Arrived], CheckedIn, &[Doctor, Staff, Admin], When::Always),
    // Left without being seen.
    line(&[Arrived], Cancelled, &[Staff], When::Always),
    line(&[Arrived, CheckedIn], InProgress, &[Doctor, Staff], When::Always),
    line(&[Arrived, CheckedIn, InProgress], Completed, &[Doctor, Staff], When::Always),
    // Where nobody checks patients in.
    line(&[Scheduled, Confirmed], Completed, &[Doctor, Staff], When::FromStart),
    line(&[Scheduled, Confirmed], NoShow, &[Doctor, Staff], When::AfterGrace),
    line(&[NoShow], Arrived, &[Staff], When::WithinCorrection),
    line(&[NoShow], Scheduled, &[Staff], When::WithinCorrection),
    line(&[Cancelled], Scheduled, &[Staff, Admin], When::BeforeStart),
    line(&ANY, EnteredInError, &[Admin], When::Always),
];

const ANY: [Status; 12] = Status::ALL;

const fn line(from: &'static [Status], to: Status, who: &'static [Actor], when: When) -> Transition {
    Transition { from, to, who, when }
}

/// When a change is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    BeforeAnswerIsDue,
    BeforeStart,
    /// Before the start, as far as the policy allows.
    WithNotice,
    FromCheckIn,
    FromCheckInToEnd,
    FromStart,
    AfterGrace,
    /// While the visit stands where it stands for a short time only.
    WithinCorrection,
}

/// When something is possible: from an instant on, before another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// After that it counts as late.
    pub late_after: Option<Timestamp>,
}

/// What else is to be known about a change that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    pub is_late: bool,
    /// Whether it needs a reason in words.
    pub needs_note: bool,
}

/// Why a visit cannot be changed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a visit that is {} cannot become {}", .from.name(), .to.name())]
    InvalidTransition {
        from: Status,
        to: Status,
        /// What the caller may make of it now.
        allowed: Vec<Status>,
    },
    #[error("not a change that you may make")]
    NotYours,
    #[error("too early: possible from {0}")]
    TooEarly(Timestamp),
    #[error("the visit has already started")]
    AlreadyStarted,
    #[error("too late: possible until {0}")]
    TooLate(Timestamp),
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    #[error("the last change cannot be taken back, or not any more")]
    NothingToUndo,
}

impl When {
    fn window(self, a: &Appointment) -> Window {
        let start = a.visit.start;
        let from = |at| Window { from: Some(at), ..Window::default() };
        let until = |at| Window { until: Some(at), ..Window::default() };
        match self {
            Self::Always => Window::default(),
            Self::BeforeAnswerIsDue => until(a.answer_due()),
            Self::BeforeStart | Self::WithNotice => until(start),
            Self::FromCheckIn => from(check_in_opens(a)),
            Self::FromCheckInToEnd => Window { until: Some(a.visit.end), ..from(check_in_opens(a)) },
            Self::FromStart => from(start),
            Self::AfterGrace => from(start + a.terms.policy.no_show_grace()),
            Self::WithinCorrection => until(a.status_since + CORRECTION),
        }
    }

    /// Whether it is late, if it is possible at all.
    fn check(self, a: &Appointment, now: Timestamp) -> Result<bool, Refusal> {
        match self.window(a) {
            Window { from: Some(from), .. } if now < from => Err(Refusal::TooEarly(from)),
            Window { until: Some(until), .. } if now >= until => match self {
                Self::BeforeStart | Self::WithNotice => Err(Refusal::AlreadyStarted),
                _ => Err(Refusal::TooLate(until)),
            },
            _ if self == Self::WithNotice => Ok(a.terms.policy.check_cancel(a.visit.start, now)?),
            _ => Ok(false),
        }
    }
}

/// Not on the evening before.
fn check_in_opens(a: &Appointment) -> Timestamp {
    let midnight = a.visit.start.to_zoned(a.zone.clone()).start_of_day();
    let opens = a.visit.start - CHECK_IN_OPENS;
    midnight.map_or(opens, |midnight| opens.max(midnight.timestamp()))
}

impl Appointment {
    /// Whether `actor` may make the visit `to` at `now`.
    pub fn check(&self, to: Status, actor: Actor, now: Timestamp) -> Result<Granted, Refusal> {
        let mut lines = self.lines().filter(|line| line.to == to).peekable();
        if lines.peek().is_none() {
            let allowed = self.possible(actor, now);
            return Err(Refusal::InvalidTransition { from: self.status, to, allowed });
        }
        let line = lines.find(|line| line.who.contains(&actor)).ok_or(Refusal::NotYours)?;
        let needs_note = to == EnteredInError || line.when == When::WithinCorrection;
        Ok(Granted { is_late: line.when.check(self, now)?, needs_note })
    }

    /// When `actor` may make the visit `to`, as far as that is a question of time; none when it never is.
    pub fn window(&self, to: Status, actor: Actor) -> Option<Window> {
        let line = self.lines().find(|line| line.to == to && line.who.contains(&actor))?;
        let window = line.when.window(self);
        if line.when == When::WithNotice { Some(self.with_notice(window)) } else { Some(window) }
    }

    fn with_notice(&self, window: Window) -> Window {
        let late = self.visit.start - self.terms.policy.cancel_notice();
        if self.terms.policy.check_cancel(self.visit.start, self.visit.start).is_ok() {
            Window { late_after: Some(late), ..window }
        } else {
            Window { until: Some(late), ..window }
        }
    }

    /// What `actor` may make of it at `now`.
    fn possible(&self, actor: Actor, now: Timestamp) -> Vec<Status> {
        let lines =
            self.lines().filter(|line| line.who.contains(&actor) && line.when.check(self, now).is_ok());
        lines.map(|line| line.to).collect()
    }

    /// What leads on from where it stands.
    fn lines(&self) -> impl Iterator<Item = &'static Transition> {
        let from = self.status;
        TABLE.iter().filter(move |line| line.from.contains(&from) && line.to != from)
    }

    /// Makes the visit `to`, which must have been granted.
    pub fn become_status(
        &mut self,
        to: Status,
        actor: Actor,
        is_late: bool,
        reason: Option<CancellationReason>,
    ) {
        let is_stood_behind = matches!(to, Confirmed | Arrived | CheckedIn) && actor != Doctor;
        self.is_vouched |= is_stood_behind;
        self.is_late_cancel = is_late;
        self.cancel_reason = reason;
        self.status = to;
    }

    /// Until when `actor` may take the last change back; none when it cannot be.
    pub fn undo_until(&self, actor: Actor) -> Option<Timestamp> {
        let may = self.is_undoable && matches!(actor, Staff | Admin);
        may.then(|| self.updated_at + UNDO)
    }

    /// Whether `actor` may take the last change back at `now`.
    pub fn check_undo(&self, actor: Actor, now: Timestamp) -> Result<(), Refusal> {
        if !matches!(actor, Staff | Admin) {
            return Err(Refusal::NotYours);
        }
        let is_in_time = self.undo_until(actor).is_some_and(|until| now < until);
        if is_in_time { Ok(()) } else { Err(Refusal::NothingToUndo) }
    }
}

#[cfg(test)]
mod tests;
