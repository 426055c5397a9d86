//! What callers ask of the waitlist, already parsed.
use super::{Entry, Priority, Window, Wishes};
use crate::domain::clinic::VisitType;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long is waited when nobody says.
const USUAL_WAIT: SignedDuration = SignedDuration::from_hours(24 * 90);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24 * 366);

/// An entry that is wanted.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub patient_id: PatientId,
    pub visit_type_id: VisitTypeId,
    pub wishes: Wishes,
    pub priority: Priority,
    /// The visit that the patient would have earlier.
    pub appointment_id: Option<AppointmentId>,
    /// The usual time when none.
    pub expires_at: Option<Timestamp>,
}

/// What is changed of an entry; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct EntryEdit {
    pub doctors: Option<Vec<DoctorId>>,
    pub locations: Option<Vec<LocationId>>,
    /// Some(None) clears it.
    pub earliest: Option<Option<Date>>,
    /// Some(None) clears it.
    pub latest: Option<Option<Date>>,
    pub windows: Option<Vec<Window>>,
    pub notice: Option<SignedDuration>,
    pub priority: Option<Priority>,
    /// Some(None) makes it the usual one.
    pub expires_at: Option<Option<Timestamp>>,
    pub expected_version: Option<i64>,
}

impl EntryEdit {
    /// Makes the changes at `now`. The usual end goes along with the last date that would do.
    pub fn apply(&self, entry: &mut Entry, now: Timestamp) -> Result<(), Violations> {
        let Self { doctors, locations, earliest, latest, windows, notice, .. } = self;
        let before = entry.wishes.clone();
        let was_usual = before
            .usual_end(entry.created_at)
            .is_ok_and(|usual| entry.expires_at.duration_since(usual).abs() < SignedDuration::from_mins(1));
        entry.wishes = Wishes {
            doctors: doctors.clone().unwrap_or(before.doctors),
            locations: locations.clone().unwrap_or(before.locations),
            earliest: earliest.unwrap_or(before.earliest),
            latest: latest.unwrap_or(before.latest),
            windows: windows.clone().unwrap_or(before.windows),
            notice: notice.unwrap_or(before.notice),
        };
        entry.priority = self.priority.unwrap_or(entry.priority);
        if entry.wishes.earliest.zip(entry.wishes.latest).is_some_and(|(first, last)| last < first) {
            return Err(if latest.is_some() {
                Violations::of("entry.latest_date", "must not be before `earliest_date`")
            } else {
                Violations::of("entry.earliest_date", "must not be after `latest_date`")
            });
        }
        match self.expires_at {
            Some(at) => entry.expires_at = entry.wishes.end(now, at)?,
            None if latest.is_some() && was_usual => entry.expires_at = entry.wishes.end(now, None)?,
            None => {}
        }
        Ok(())
    }
}

impl Wishes {
    /// Whether something could come of it until `end`.
    pub fn check(&self, visit_type: Option<&VisitType>, end: Timestamp) -> Result<(), Violations> {
        let mut wrong = Violations::default();
        if self.earliest.is_some_and(|earliest| TimeZone::UTC.to_datetime(end).date() < earliest) {
            wrong.add("entry.earliest_date", "is after the end of the wait");
        }
        if let Some(visit_type) = visit_type {
            let length = visit_type.timing.duration();
            let is_short =
                |window: &Window| SignedDuration::from_secs((window.end - window.start).into()) < length;
            if !self.windows.is_empty() && self.windows.iter().all(is_short) {
                wrong.add("entry.windows", format!("must hold {} minutes", length.as_mins()));
            }
            let is_offered = |doctor: &DoctorId| visit_type.is_offered_by(*doctor);
            if !self.doctors.is_empty() && !self.doctors.iter().any(is_offered) {
                wrong.add("entry.doctor_ids", "none of them offers visits of this type");
            }
        }
        wrong.into_result(())
    }

    /// Until when is waited from `now` on: as long as `asked`, within a year, or as usual.
    pub fn end(&self, now: Timestamp, asked: Option<Timestamp>) -> Result<Timestamp, Violations> {
        match asked {
            Some(at) if at <= now => Err(Violations::of("entry.expire_time", "must be in the future")),
            Some(at) if at > now + LONGEST_WAIT => {
                Err(Violations::of("entry.expire_time", "must be within a year"))
            }
            Some(at) => Ok(at),
            None => self.usual_end(now),
        }
    }

    /// When the last date that would do is over everywhere on earth, or some months after `now`.
    fn usual_end(&self, now: Timestamp) -> Result<Timestamp, Violations> {
        let Some(latest) = self.latest else { return Ok(now + USUAL_WAIT) };
        let longest = now + LONGEST_WAIT;
        let midnight = TimeZone::UTC.to_timestamp(latest.to_datetime(Time::midnight()));
        // Nobody waits until the end of time.
        let end = midnight.ok().and_then(|midnight| midnight.checked_add(2 * DAY).ok()).unwrap_or(longest);
        if end <= now {
            return Err(Violations::of("entry.latest_date", "must not be in the past"));
        }
        Ok(end.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::EntryState;
    use super::*;
    use proto::ids::WaitlistEntryId;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(latest: &str) -> Entry {
        let now = at("2030-01-01T09:00:00Z");
        let wishes = Wishes { latest: latest.parse().ok(), ..Wishes::default() };
        Entry {
            id: WaitlistEntryId::random(),
            patient_id: PatientId::random(),
            visit_type_id: VisitTypeId::random(),
            expires_at: wishes.end(now, None).unwrap(),
            wishes,
            priority: Priority::Routine,
            appointment_id: None,
            state: EntryState::Waiting,
            unanswered: 0,
            fulfilled_by: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn who_waits_longer_waits_until_then() {
        let now = at("2030-01-05T09:00:00Z");
        let later = EntryEdit { latest: Some("2030-03-01".parse().ok()), ..EntryEdit::default() };
        let mut waiting = entry("2030-01-10");
        assert_eq!(waiting.expires_at, at("2030-01-12T00:00:00Z"));
        later.apply(&mut waiting, now).unwrap();
        assert_eq!(waiting.expires_at, at("2030-03-03T00:00:00Z"));
        let mut asked = Entry { expires_at: at("2030-01-08T00:00:00Z"), ..entry("2030-01-10") };
        later.apply(&mut asked, now).unwrap();
        assert_eq!(asked.expires_at, at("2030-01-08T00:00:00Z"), "as long as was asked for");
        let usual = EntryEdit { expires_at: Some(None), ..EntryEdit::default() };
        usual.apply(&mut asked, now).unwrap();
        assert_eq!(asked.expires_at, at("2030-03-03T00:00:00Z"));
        let ever = EntryEdit { latest: Some(None), ..EntryEdit::default() };
        ever.apply(&mut asked, now).unwrap();
        assert_eq!(asked.expires_at, now + USUAL_WAIT);
    }

    #[test]
    fn nobody_waits_for_what_is_over_or_for_years() {
        let now = at("2030-01-05T09:00:00Z");
        let wishes = |latest: &str| Wishes { latest: latest.parse().ok(), ..Wishes::default() };
        assert!(wishes("2030-01-02").end(now, None).is_err());
        assert_eq!(wishes("9999-12-31").end(now, None).ok(), Some(now + LONGEST_WAIT));
        assert!(wishes("").end(now, Some(now)).is_err());
        assert!(wishes("").end(now, Some(now + LONGEST_WAIT + DAY)).is_err());
    }
}
