//! Who of those who wait is offered a time that came free.
use super::{Entry, Terms};
use crate::domain::claims::busy;
use crate::domain::clinic::Timing;
use crate::domain::diary::Diary;
use crate::domain::interval::Interval;
use crate::domain::slots::{Slot, Wish};
use jiff::{SignedDuration, Timestamp};
use proto::ids::{DoctorId, VisitTypeId};

/// One who waits, and what must be known to find them a time.
#[derive(Clone, Debug)]
pub struct Waiter {
    pub entry: Entry,
    /// Their visits, and what is kept for them.
    pub own: Vec<Interval>,
    /// The visit that they would have earlier begins then.
    pub before: Option<Timestamp>,
    /// How long that visit is, and what is kept free around it.
    pub timing: Option<Timing>,
    /// What the patient was offered of what is ahead, for this entry or another.
    pub made: Vec<Made>,
}

/// A time that a patient was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub visit_type: VisitTypeId,
    pub doctor: DoctorId,
    pub start: Timestamp,
    /// While it waits for an answer, until then.
    pub open_until: Option<Timestamp>,
}

impl Waiter {
    /// Until when they may answer another offer of such a visit, if there is one.
    pub fn is_asked_until(&self) -> Option<Timestamp> {
        let of_type = self.made.iter().filter(|made| made.visit_type == self.entry.visit_type_id);
        of_type.filter_map(|made| made.open_until).max()
    }

    /// The times of `diary` that `opening` made possible and that this one can be offered, earliest first. Nobody is
    /// offered a time twice.
    pub fn times(&self, diary: &mut Diary, wish: Wish, opening: Interval, terms: &Terms) -> Vec<Slot> {
        let doctor = diary.rules.doctor_id;
        if !self.entry.wishes.doctors.is_empty() && !self.entry.wishes.doctors.contains(&doctor) {
            return Vec::new();
        }
        diary.own.clone_from(&self.own);
        let timing = wish.timing;
        // With a limit for dates, one visit less makes all of its date possible.
        let opening = match diary.rules.extras.max_daily_visits {
            Some(_) => diary.schedule().whole_dates(opening),
            None => opening,
        };
        let reach = Interval {
            start: opening.start - timing.duration() - timing.after(),
            end: opening.end + timing.before() + SignedDuration::from_secs(1),
        };
        let slots = diary.situation(wish).free(reach);
        let suitable = slots.into_iter().filter(|slot| {
            let (start, zone) = (slot.visit.start, diary.schedule().zone(slot.location));
            busy(&timing, slot.visit).overlaps(opening)
                && self.before.is_none_or(|before| start < before)
                && !self.made.iter().any(|made| (made.doctor, made.start) == (doctor, start))
                && terms
                    .stand(diary.now, start, zone)
                    .is_some_and(|(told, _)| self.entry.wishes.admit(slot, zone, told))
        });
        suitable.collect()
    }
}
