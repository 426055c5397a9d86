//! A doctor with the weekly hours: what changes as one, and what it offers to be booked.
use super::doctor::{Doctor, Edit, Profile, SlotMinutes};
use super::schedule::{Availability, AvailabilityEdit, BadWindow, Window, covers};
use jiff::Timestamp;
use proto::ids::{AvailabilityId, DoctorId};
use proto::scalars::TimeZoneName;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub doctor: Doctor,
    /// Ordered by day and time.
    pub hours: Vec<Availability>,
    /// Of [`Practice::rules`]; 0 before it was given one.
    pub rules_version: i64,
}

/// Everything that decides when a doctor can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub doctor_id: DoctorId,
    pub is_active: bool,
    pub time_zone: TimeZoneName,
    pub slot_minutes: SlotMinutes,
    /// Ordered by day and time.
    pub windows: Vec<Window>,
}

/// What a change of the rules means for visits that are booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// The rules are as before.
    None,
    /// No visit can be outside that was inside.
    Wider,
    /// A visit may be outside now.
    Narrower,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the doctor was changed in the meantime")]
    VersionMismatch,
    #[error("the hours overlap others of the doctor")]
    Overlapping,
    #[error("the doctor has no such hours")]
    NoSuchAvailability,
    #[error(transparent)]
    BadWindow(#[from] BadWindow),
}

impl Practice {
    pub fn opened(profile: Profile, now: Timestamp) -> Self {
        Self { doctor: Doctor::hired(profile, now), hours: Vec::new(), rules_version: 0 }
    }

    /// Itself, if it is of version `expected`; 0 means any.
    pub fn expect_version(self, expected: i64) -> Result<Self, Refusal> {
        if [0, self.doctor.version].contains(&expected) { Ok(self) } else { Err(Refusal::VersionMismatch) }
    }

    #[must_use]
    pub fn edit(self, edits: Vec<Edit>, now: Timestamp) -> Self {
        let mut edited = self.clone();
        for edit in edits {
            edited.doctor.profile.edit(edit);
        }
        self.become_later(edited, now)
    }

    #[must_use]
    pub fn close(mut self, now: Timestamp) -> Self {
        self.doctor.deleted_at = Some(now);
        self.touch(now)
    }

    pub fn add_hours(mut self, added: Availability, now: Timestamp) -> Result<Self, Refusal> {
        self.check_overlap(added)?;
        self.hours.push(added);
        Ok(self.touch(now))
    }

    pub fn edit_hours(
        self,
        id: AvailabilityId,
        edit: AvailabilityEdit,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let edited = self.availability(id)?.edited(edit)?;
        self.check_overlap(edited)?;
        let hours = self.hours.iter().map(|kept| if kept.id == id { edited } else { *kept }).collect();
        let later = Self { hours, ..self.clone() };
        Ok(self.become_later(later, now))
    }

    pub fn remove_hours(mut self, id: AvailabilityId, now: Timestamp) -> Result<Self, Refusal> {
        self.availability(id)?;
        self.hours.retain(|kept| kept.id != id);
        Ok(self.touch(now))
    }

    pub fn availability(&self, id: AvailabilityId) -> Result<Availability, Refusal> {
        self.hours.iter().find(|hours| hours.id == id).copied().ok_or(Refusal::NoSuchAvailability)
    }

    /// What is offered now. A doctor who was deleted offers nothing.
    pub fn rules(&self) -> Rules {
        let is_active = self.doctor.is_live();
        let offered = self.hours.iter().filter(|hours| is_active && hours.is_available);
        Rules {
            doctor_id: self.doctor.id,
            is_active,
            time_zone: self.doctor.profile.time_zone.clone(),
            slot_minutes: self.doctor.profile.slot_minutes,
            windows: offered.map(|hours| hours.window).collect(),
        }
    }

    fn check_overlap(&self, new: Availability) -> Result<(), Refusal> {
        let overlaps = |other: &Availability| other.id != new.id && other.window.overlaps(new.window);
        if self.hours.iter().any(overlaps) { Err(Refusal::Overlapping) } else { Ok(()) }
    }

    /// `later`, touched only if it is different: nothing was changed by setting what was set.
    fn become_later(self, later: Self, now: Timestamp) -> Self {
        if later == self { self } else { later.touch(now) }
    }

    fn touch(mut self, now: Timestamp) -> Self {
        self.hours.sort_unstable_by_key(|hours| hours.window);
        self.doctor.version += 1;
        self.doctor.updated_at = now;
        self
    }
}

impl Rules {
    /// What it means for booked visits when these rules become `new`.
    pub fn shift_to(&self, new: &Self) -> Shift {
        let Self { doctor_id: _, is_active, time_zone, slot_minutes: _, windows } = self;
        if self == new {
            return Shift::None;
        }
        let closes = *is_active && !new.is_active;
        // The same hours in another zone are other hours. Visits keep their length whatever `slot_minutes` is.
        let moves = *time_zone != new.time_zone;
        if closes || moves || !covers(&new.windows, windows) { Shift::Narrower } else { Shift::Wider }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::schedule::tests::window;

    pub(crate) fn text<T: TryFrom<String, Error: std::fmt::Debug>>(text: &str) -> T {
        text.to_owned().try_into().unwrap()
    }

    pub(crate) fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    pub(crate) fn practice(windows: &[Window]) -> Practice {
        let profile = Profile {
            first_name: text("Ada"),
            last_name: text("Lovelace"),
            email: text("ada@example.com"),
            phone: None,
            specialization: text("Cardiology"),
            time_zone: text("Europe/Berlin"),
            languages: Vec::new(),
            bio: None,
            slot_minutes: SlotMinutes::default(),
        };
        let hours = windows.iter().map(|window| Availability::new(*window, true)).collect();
        Practice { hours, ..Practice::opened(profile, noon()) }
    }

    fn shift(before: &Practice, after: &Practice) -> Shift {
        before.rules().shift_to(&after.rules())
    }

    #[test]
    fn adding_hours_widens_and_removing_them_narrows() {
        let small = practice(&[window(0, 9, 12)]);
        let added = Availability::new(window(0, 12, 15), true);
        let large = small.clone().add_hours(added, noon()).unwrap();
        assert_eq!(shift(&small, &large), Shift::Wider);
        let again = large.clone().remove_hours(added.id, noon()).unwrap();
        assert_eq!(shift(&large, &again), Shift::Narrower);
        assert_eq!((again.hours, again.doctor.version), (small.hours, 3));
    }

    #[test]
    fn hours_never_overlap_not_even_those_out_of_use() {
        let practice = practice(&[window(0, 9, 12)]);
        let added = Availability::new(window(0, 11, 13), false);
        assert_eq!(practice.clone().add_hours(added, noon()), Err(Refusal::Overlapping));
        let later = practice.clone().add_hours(Availability::new(window(0, 12, 13), false), noon()).unwrap();
        let edit = AvailabilityEdit { end: Some(window(0, 9, 13).end()), ..AvailabilityEdit::default() };
        assert_eq!(later.edit_hours(practice.hours[0].id, edit, noon()), Err(Refusal::Overlapping));
    }

    #[test]
    fn taking_hours_out_of_use_narrows_and_back_into_use_widens() {
        let open = practice(&[window(0, 9, 12)]);
        let id = open.hours[0].id;
        let used = |is_available| AvailabilityEdit {
            is_available: Some(is_available),
            ..AvailabilityEdit::default()
        };
        let closed = open.clone().edit_hours(id, used(false), noon()).unwrap();
        assert_eq!(shift(&open, &closed), Shift::Narrower);
        let reopened = closed.clone().edit_hours(id, used(true), noon()).unwrap();
        assert_eq!(shift(&closed, &reopened), Shift::Wider);
    }

    #[test]
    fn hours_out_of_use_do_not_matter_to_the_calendar() {
        let practice = practice(&[]);
        let unused = Availability::new(window(0, 9, 12), false);
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
    fn setting_what_is_set_changes_nothing() {
        let practice = practice(&[window(0, 9, 12)]);
        let same = practice.clone().edit(vec![Edit::FirstName(text("Ada"))], noon());
        assert_eq!(same, practice);
    }

    #[test]
    fn an_expected_version_must_be_the_current_one() {
        let practice = practice(&[]);
        assert!(practice.clone().expect_version(0).is_ok());
        assert!(practice.clone().expect_version(1).is_ok());
        assert_eq!(practice.expect_version(2), Err(Refusal::VersionMismatch));
    }
}
