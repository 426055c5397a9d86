//! A doctor with the hours: what changes as one, and what it offers to be booked.
use super::doctor::{Doctor, Edit, Profile};
use super::exceptions::{BadTimeOff, Override, TimeOff, TypedTimeOff, first_date};
use super::local;
use super::rules::{Absence, Rules};
use super::schedule::{Availability, AvailabilityEdit, BadWindow};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::ids::{AvailabilityId, DoctorId, TimeOffId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub doctor: Doctor,
    /// Ordered by day and time.
    pub hours: Vec<Availability>,
    /// Those that are not over, by date.
    pub overrides: Vec<Override>,
    /// What has not ended, by start.
    pub time_off: Vec<TimeOff>,
    /// Of [`Practice::rules`]; 0 before it was given one.
    pub rules_version: i64,
}

/// Most weekly hours of a doctor.
pub const MAX_HOURS: usize = 400;
/// Most overrides ahead.
pub const MAX_OVERRIDES: usize = 400;
/// Most time off ahead.
pub const MAX_TIME_OFF: usize = 200;

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the doctor was changed in the meantime")]
    VersionMismatch,
    #[error("the hours overlap others of the doctor")]
    Overlapping,
    #[error("the doctor has no such hours")]
    NoSuchAvailability,
    #[error("no other hours hold on that date")]
    NoSuchOverride,
    #[error("the doctor has no such time off")]
    NoSuchTimeOff,
    /// What there is too much of.
    #[error("a doctor has at most {1} {0}")]
    TooMany(&'static str, usize),
    #[error("the date is over")]
    DateOver,
    #[error(transparent)]
    BadWindow(#[from] BadWindow),
    #[error(transparent)]
    BadTimeOff(#[from] BadTimeOff),
}

impl Practice {
    pub fn opened(profile: Profile, now: Timestamp) -> Self {
        Self {
            doctor: Doctor::hired(profile, now),
            hours: Vec::new(),
            overrides: Vec::new(),
            time_off: Vec::new(),
            rules_version: 0,
        }
    }

    /// The names of what is another in `other`.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("availabilities", self.hours != other.hours),
            ("overrides", self.overrides != other.overrides),
            ("time_off", self.time_off != other.time_off),
        ];
        let mut found = self.doctor.profile.differences(&other.doctor.profile);
        found.extend(differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)));
        found
    }

    pub fn id(&self) -> DoctorId {
        self.doctor.id
    }

    pub fn zone(&self) -> TimeZone {
        local::zone(&self.doctor.profile.time_zone)
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
        self.check_overlap(&added)?;
        self.hours.push(added);
        check_number("weekly hours", self.hours.len(), MAX_HOURS)?;
        Ok(self.touch(now))
    }

    pub fn edit_hours(
        self,
        id: AvailabilityId,
        edit: &AvailabilityEdit,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let edited = self.availability(id)?.edited(edit)?;
        self.check_overlap(&edited)?;
        let mut later = self.clone();
        later.hours.retain(|kept| kept.id != id);
        later.hours.push(edited);
        Ok(self.become_later(later.sorted(), now))
    }

    pub fn remove_hours(mut self, id: AvailabilityId, now: Timestamp) -> Result<Self, Refusal> {
        self.availability(id)?;
        self.hours.retain(|kept| kept.id != id);
        Ok(self.touch(now))
    }

    pub fn availability(&self, id: AvailabilityId) -> Result<Availability, Refusal> {
        self.hours.iter().find(|hours| hours.id == id).cloned().ok_or(Refusal::NoSuchAvailability)
    }

    /// Puts `new` in the place of what held on its date.
    pub fn set_override(self, new: Override, now: Timestamp) -> Result<Self, Refusal> {
        if new.date < first_date(now) {
            return Err(Refusal::DateOver);
        }
        let mut later = self.clone();
        later.overrides.retain(|kept| kept.date != new.date);
        later.overrides.push(new);
        check_number("overrides ahead", later.overrides.len(), MAX_OVERRIDES)?;
        Ok(self.become_later(later.sorted(), now))
    }

    pub fn remove_override(mut self, date: Date, now: Timestamp) -> Result<Self, Refusal> {
        self.override_on(date)?;
        self.overrides.retain(|kept| kept.date != date);
        Ok(self.touch(now))
    }

    pub fn override_on(&self, date: Date) -> Result<Override, Refusal> {
        self.overrides.iter().find(|there| there.date == date).cloned().ok_or(Refusal::NoSuchOverride)
    }

    pub fn take_off(mut self, id: TimeOffId, typed: TypedTimeOff, now: Timestamp) -> Result<Self, Refusal> {
        self.time_off.push(TimeOff::new(id, typed, &self.zone(), now)?);
        check_number("times off ahead", self.time_off.len(), MAX_TIME_OFF)?;
        Ok(self.touch(now))
    }

    pub fn remove_time_off(mut self, id: TimeOffId, now: Timestamp) -> Result<Self, Refusal> {
        self.time_off_of(id)?;
        self.time_off.retain(|kept| kept.id != id);
        Ok(self.touch(now))
    }

    pub fn time_off_of(&self, id: TimeOffId) -> Result<TimeOff, Refusal> {
        self.time_off.iter().find(|off| off.id == id).cloned().ok_or(Refusal::NoSuchTimeOff)
    }

    /// What is offered now. A doctor who was deleted offers nothing.
    pub fn rules(&self) -> Rules {
        let is_active = self.doctor.is_live();
        let windows = self.hours.iter().filter(|_| is_active).flat_map(Availability::windows);
        let absence = |off: &TimeOff| Absence { starts_at: off.starts_at, ends_at: off.ends_at };
        let Profile { time_zone, slot_minutes, max_daily_visits, specialization, languages, .. } =
            &self.doctor.profile;
        Rules {
            doctor_id: self.id(),
            is_active,
            time_zone: time_zone.clone(),
            slot_minutes: *slot_minutes,
            windows: windows.collect(),
            overrides: self.overrides.iter().filter(|_| is_active).cloned().collect(),
            absences: self.time_off.iter().filter(|_| is_active).map(absence).collect(),
            max_daily_visits: *max_daily_visits,
            specialization: specialization.clone(),
            languages: languages.clone(),
        }
    }

    fn check_overlap(&self, new: &Availability) -> Result<(), Refusal> {
        let overlaps = |other: &Availability| other.id != new.id && other.window.overlaps(new.window);
        if self.hours.iter().any(overlaps) { Err(Refusal::Overlapping) } else { Ok(()) }
    }

    /// `later`, touched only if it is different: nothing was changed by setting what was set.
    fn become_later(self, later: Self, now: Timestamp) -> Self {
        if later == self { self } else { later.touch(now) }
    }

    fn touch(mut self, now: Timestamp) -> Self {
        self.doctor.version += 1;
        self.doctor.updated_at = now;
        self.sorted()
    }

    /// In the order of its lists.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.hours.sort_unstable_by_key(|hours| hours.window);
        self.overrides.sort_unstable_by_key(|there| there.date);
        self.time_off.sort_unstable_by_key(|off| (off.starts_at, off.id));
        self
    }
}

fn check_number(what: &'static str, number: usize, most: usize) -> Result<(), Refusal> {
    if number <= most { Ok(()) } else { Err(Refusal::TooMany(what, most)) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::doctor::SlotMinutes;
    use crate::domain::exceptions::Override;
    use crate::domain::hours::tests::time;
    use crate::domain::local::Typed;
    use crate::domain::schedule::Window;
    use crate::domain::schedule::tests::{availability, window};

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
            max_daily_visits: 0.try_into().unwrap(),
        };
        let hours = windows.iter().copied().map(availability).collect();
        Practice { hours, ..Practice::opened(profile, noon()) }
    }

    pub(crate) fn unused(window: Window) -> Availability {
        Availability { is_available: false, ..availability(window) }
    }

    pub(crate) fn on(date: &str, hours: &[Window]) -> Override {
        Override::new(date.parse().unwrap(), hours.iter().map(|window| window.at).collect()).unwrap()
    }

    pub(crate) fn off(start: &str, end: &str) -> TypedTimeOff {
        let instant = |at: &str| Typed::Instant(at.parse().unwrap());
        TypedTimeOff { start: instant(start), end: instant(end), reason: None }
    }

    #[test]
    fn hours_never_overlap_not_even_those_out_of_use() {
        let practice = practice(&[window(0, 9, 12)]);
        let added = unused(window(0, 11, 13));
        assert_eq!(practice.clone().add_hours(added, noon()), Err(Refusal::Overlapping));
        let later = practice.clone().add_hours(unused(window(0, 12, 13)), noon()).unwrap();
        let edit = AvailabilityEdit { end: Some(time(13)), ..AvailabilityEdit::default() };
        assert_eq!(later.edit_hours(practice.hours[0].id, &edit, noon()), Err(Refusal::Overlapping));
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

    #[test]
    fn a_date_that_is_over_has_no_other_hours() {
        let open = practice(&[]);
        let over = open.clone().set_override(on("2030-01-04", &[]), noon());
        assert_eq!(over, Err(Refusal::DateOver));
        assert_eq!(open.remove_override("2030-01-07".parse().unwrap(), noon()), Err(Refusal::NoSuchOverride));
    }

    #[test]
    fn there_is_a_most_of_everything() {
        let mut full = practice(&[]);
        for number in 0..MAX_TIME_OFF {
            let start = noon() + jiff::SignedDuration::from_hours(i64::try_from(number).unwrap());
            let typed = TypedTimeOff {
                start: Typed::Instant(start),
                end: Typed::Instant(start + jiff::SignedDuration::from_hours(1)),
                reason: None,
            };
            full = full.take_off(TimeOffId::random(), typed, noon()).unwrap();
        }
        let more =
            full.take_off(TimeOffId::random(), off("2030-02-01T00:00:00Z", "2030-02-15T00:00:00Z"), noon());
        assert_eq!(more, Err(Refusal::TooMany("times off ahead", MAX_TIME_OFF)));
    }
}
