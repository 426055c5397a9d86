//! What decides when a doctor can be booked, and what a change of it means for visits that are booked.
use super::doctor::{MaxDailyVisits, SlotMinutes};
use super::exceptions::Override;
use super::schedule::{Window, covers};
use jiff::Timestamp;
use proto::ids::DoctorId;
use proto::scalars::{Language, Specialization, TimeZoneName};

/// Everything about a doctor that decides when they can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub doctor_id: DoctorId,
    pub is_active: bool,
    pub time_zone: TimeZoneName,
    pub slot_minutes: SlotMinutes,
    /// Ordered by day and time.
    pub windows: Vec<Window>,
    /// By date.
    pub overrides: Vec<Override>,
    /// By start.
    pub absences: Vec<Absence>,
    pub max_daily_visits: MaxDailyVisits,
    pub specialization: Specialization,
    pub languages: Vec<Language>,
}

/// Time away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Absence {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// What a change of rules means for visits that are booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// The rules are as before.
    None,
    /// No visit can be outside that was inside.
    Wider,
    /// A visit may be outside now.
    Narrower,
}

impl Rules {
    /// What it means for booked visits when these rules become `new`. In doubt they are narrower: then the calendar is
    /// asked, which decides exactly.
    pub fn shift_to(&self, new: &Self) -> Shift {
        let Self {
            doctor_id: _,
            is_active,
            time_zone,
            // Visits keep their length, and stay where there are more of them than may be booked now.
            slot_minutes: _,
            max_daily_visits: _,
            specialization: _,
            languages: _,
            windows,
            overrides,
            absences,
        } = self;
        if self == new {
            return Shift::None;
        }
        let closes = *is_active && !new.is_active;
        // The same hours in another zone are other hours.
        let moves = *time_zone != new.time_zone;
        let is_narrower = closes
            || moves
            || !covers(&new.windows, windows)
            || !keeps(overrides, &new.overrides)
            || !is_present(absences, &new.absences);
        if is_narrower { Shift::Narrower } else { Shift::Wider }
    }
}

/// Whether every date has at least the hours of before, as far as overrides alone can tell.
fn keeps(before: &[Override], after: &[Override]) -> bool {
    let on = |overrides: &[Override], wanted: &Override| {
        overrides.iter().find(|there| there.date == wanted.date).cloned()
    };
    let still = before.iter().all(|old| match on(after, old) {
        Some(new) => new.covers(old),
        // The weekly hours hold again: they offer more than nothing, and maybe less than these.
        None => old.hours.is_empty(),
    });
    still && after.iter().all(|new| on(before, new).is_some())
}

/// Whether the doctor is away at no time but those of before.
fn is_present(before: &[Absence], after: &[Absence]) -> bool {
    let known =
        |new: &Absence| before.iter().any(|old| old.starts_at <= new.starts_at && new.ends_at <= old.ends_at);
    after.iter().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::doctor::Edit;
    use crate::domain::practice::tests::{noon, off, on, practice, text, unused};
    use crate::domain::practice::{Practice, Refusal};
    use crate::domain::schedule::AvailabilityEdit;
    use crate::domain::schedule::tests::{availability, window};
    use proto::ids::TimeOffId;

    fn shift(before: &Practice, after: &Practice) -> Shift {
        before.rules().shift_to(&after.rules())
    }

    #[test]
    fn adding_hours_widens_and_removing_them_narrows() {
        let small = practice(&[window(0, 9, 12)]);
        let added = availability(window(0, 12, 15));
        let large = small.clone().add_hours(added.clone(), noon()).unwrap();
        assert_eq!(shift(&small, &large), Shift::Wider);
        let again = large.clone().remove_hours(added.id, noon()).unwrap();
        assert_eq!(shift(&large, &again), Shift::Narrower);
        assert_eq!((again.hours, again.doctor.version), (small.hours, 3));
    }

    #[test]
    fn taking_hours_out_of_use_narrows_and_back_into_use_widens() {
        let open = practice(&[window(0, 9, 12)]);
        let id = open.hours[0].id;
        let used = |is_available| AvailabilityEdit {
            is_available: Some(is_available),
            ..AvailabilityEdit::default()
        };
        let closed = open.clone().edit_hours(id, &used(false), noon()).unwrap();
        assert_eq!(shift(&open, &closed), Shift::Narrower);
        let reopened = closed.clone().edit_hours(id, &used(true), noon()).unwrap();
        assert_eq!(shift(&closed, &reopened), Shift::Wider);
    }

    #[test]
    fn hours_out_of_use_do_not_matter_to_the_calendar() {
        let practice = practice(&[]);
        let unused = unused(window(0, 9, 12));
        let after = practice.clone().add_hours(unused, noon()).unwrap();
        assert_eq!(shift(&practice, &after), Shift::None);
    }

    #[test]
    fn longer_slots_exclude_no_visit_but_another_zone_may() {
        let berlin = practice(&[window(0, 9, 12)]);
        let edited = |edit| berlin.clone().edit(vec![edit], noon());
        let longer = edited(Edit::SlotMinutes(60.try_into().unwrap()));
        assert_eq!(shift(&berlin, &longer), Shift::Wider);
        assert_eq!(shift(&berlin, &edited(Edit::TimeZone(text("Europe/Lisbon")))), Shift::Narrower);
        assert_eq!(shift(&berlin, &edited(Edit::FirstName(text("Grace")))), Shift::None);
    }

    #[test]
    fn a_deleted_doctor_offers_nothing() {
        let open = practice(&[window(0, 9, 12)]);
        let closed = open.clone().close(noon());
        assert_eq!(shift(&open, &closed), Shift::Narrower);
        assert!(closed.rules().windows.is_empty() && !closed.rules().is_active);
    }

    #[test]
    fn fewer_visits_a_day_and_other_languages_exclude_nobody() {
        let open = practice(&[window(0, 9, 12)]);
        for edit in [
            Edit::MaxDailyVisits(1.try_into().unwrap()),
            Edit::Languages(vec![text("en")]),
            Edit::Specialization(text("Oncology")),
        ] {
            assert_eq!(shift(&open, &open.clone().edit(vec![edit], noon())), Shift::Wider);
        }
    }

    #[test]
    fn another_date_narrows_unless_it_was_closed_or_keeps_its_hours() {
        let open = practice(&[window(0, 9, 12)]);
        let set = |before: &Practice, hours: &[Window]| {
            before.clone().set_override(on("2030-01-07", hours), noon()).unwrap()
        };
        let (closed, short, long) =
            (set(&open, &[]), set(&open, &[window(0, 9, 12)]), set(&open, &[window(0, 8, 13)]));
        assert_eq!(shift(&open, &closed), Shift::Narrower);
        assert_eq!(shift(&open, &long), Shift::Narrower);
        assert_eq!(shift(&closed, &set(&closed, &[window(0, 9, 12)])), Shift::Wider);
        assert_eq!(shift(&short, &set(&short, &[window(0, 8, 13)])), Shift::Wider);
        assert_eq!(shift(&long, &set(&long, &[window(0, 9, 12)])), Shift::Narrower);
        let removed =
            |before: &Practice| before.clone().remove_override(closed.overrides[0].date, noon()).unwrap();
        assert_eq!(shift(&closed, &removed(&closed)), Shift::Wider);
        assert_eq!(shift(&short, &removed(&short)), Shift::Narrower);
        assert_eq!(set(&closed, &[]), closed);
    }

    #[test]
    fn time_off_narrows_and_coming_back_widens() {
        let open = practice(&[window(0, 9, 12)]);
        let away = open
            .clone()
            .take_off(TimeOffId::random(), off("2030-02-01T00:00:00Z", "2030-02-15T00:00:00Z"), noon())
            .unwrap();
        assert_eq!(shift(&open, &away), Shift::Narrower);
        let within = away
            .clone()
            .take_off(TimeOffId::random(), off("2030-02-03T00:00:00Z", "2030-02-04T00:00:00Z"), noon())
            .unwrap();
        assert_eq!(shift(&away, &within), Shift::Wider);
        let back = within.clone().remove_time_off(away.time_off[0].id, noon()).unwrap();
        assert_eq!((shift(&within, &back), back.time_off.len()), (Shift::Wider, 1));
        assert_eq!(back.remove_time_off(away.time_off[0].id, noon()), Err(Refusal::NoSuchTimeOff));
    }
}
