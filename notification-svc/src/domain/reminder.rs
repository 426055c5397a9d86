//! Reminders: when they are due, and until when they are of use.
use super::link::VisitAction;
use super::quiet::Quiet;
use super::visit::{Visit, VisitStatus};
use jiff::{SignedDuration, Timestamp};
use proto::ids::{AppointmentId, PatientId};

/// That a patient is reminded of a visit, once for each offset of each time that it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    pub appointment_id: AppointmentId,
    /// Of the visit when this was planned.
    pub schedule_version: i64,
    /// How long before the visit, in minutes.
    pub offset: i32,
    pub patient_id: PatientId,
    /// When the visit begins, by that version.
    pub starts_at: Timestamp,
    /// When the patient is to be reminded: `offset` before the visit, but for quiet hours.
    pub due_at: Timestamp,
}

/// Why there is no time for a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoTime {
    /// The visit is nearer than that.
    Past,
    /// Between then and the visit it is quiet.
    Quiet,
}

/// What is to be done with a reminder now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Now,
    /// It is quiet until then.
    Later(Timestamp),
    /// It would be of no use any more.
    TooLate,
}

/// A reminder that would come in the night comes this long before it begins.
const EVENING: SignedDuration = SignedDuration::from_mins(30);

/// When to remind of a visit at `starts_at`, `offset` minutes before: in quiet hours not, but in the evening before, or
/// else when they are over.
fn due(starts_at: Timestamp, offset: i32, quiet: &Quiet, now: Timestamp) -> Result<Timestamp, NoTime> {
    let nominal = starts_at - minutes(offset);
    if nominal <= now {
        return Err(NoTime::Past);
    }
    if !quiet.is_at(nominal) {
        return Ok(nominal);
    }
    let evening = quiet.began(nominal) - EVENING;
    if now < evening && !quiet.is_at(evening) {
        return Ok(evening);
    }
    let morning = quiet.over_by(nominal);
    if morning < starts_at { Ok(morning) } else { Err(NoTime::Quiet) }
}

/// A visit, with what decides when its patient is reminded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub patient_id: PatientId,
    pub visit: Visit,
    /// Grows when it takes place at another time, with another doctor or elsewhere.
    pub schedule_version: i64,
    /// How long before, in minutes; as usual when none.
    pub offsets: Option<Vec<i32>>,
    /// What its patient may do with it now, in the order of [`VisitAction::ALL`].
    pub patient_may: Vec<VisitAction>,
}

/// When a patient is reminded of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub reminders: Vec<Reminder>,
    /// For which offsets there is no time but a quiet one.
    pub dropped: Vec<i32>,
}

/// One reminder for each offset that there is time for. Those that come at one time are one.
pub fn plan(of: &Appointment, usual: &[i32], quiet: &Quiet, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    if !of.is_to_come() {
        return plan;
    }
    let starts_at = of.visit.starts_at.timestamp();
    for &offset in of.offsets.as_deref().unwrap_or(usual) {
        let due_at = match due(starts_at, offset, quiet, now) {
            Ok(due_at) => due_at,
            Err(NoTime::Past) => continue,
            Err(NoTime::Quiet) => {
                plan.dropped.push(offset);
                continue;
            }
        };
        if plan.reminders.iter().all(|other| other.due_at != due_at) {
            plan.reminders.push(Reminder {
                appointment_id: of.visit.id,
                schedule_version: of.schedule_version,
                offset,
                patient_id: of.patient_id,
                starts_at,
                due_at,
            });
        }
    }
    plan
}

impl Appointment {
    /// Whether patient and practice expect it.
    pub fn is_to_come(&self) -> bool {
        matches!(self.visit.status, VisitStatus::Scheduled | VisitStatus::Confirmed)
    }
}

impl Reminder {
    /// Whether the visit is not the one any more that was to be reminded of.
    pub fn is_void_for(&self, appointment: &Appointment) -> bool {
        !appointment.is_to_come() || appointment.schedule_version != self.schedule_version
    }

    /// What to do at `now`, as the patient wants it by now.
    pub fn moment(&self, quiet: &Quiet, now: Timestamp) -> Moment {
        // That they want quiet then may be new.
        let last = self.last_after(quiet.over_by(self.due_at));
        let at = quiet.over_by(now);
        if at > last || at >= self.starts_at {
            Moment::TooLate
        } else if at == now {
            Moment::Now
        } else {
            Moment::Later(at)
        }
    }

    /// Until when it is of use: late by half the offset at most, and never once the visit has begun.
    pub fn last(&self) -> Timestamp {
        self.last_after(self.due_at)
    }

    fn last_after(&self, due_at: Timestamp) -> Timestamp {
        let nominal = self.starts_at - minutes(self.offset);
        (due_at.max(nominal) + minutes(self.offset) / 2).min(self.starts_at)
    }
}

fn minutes(minutes: i32) -> SignedDuration {
    SignedDuration::from_mins(minutes.into())
}

#[cfg(test)]
mod tests;
