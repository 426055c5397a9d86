//! Who there is and what happened. The same on every machine, but for the dates, which lie around today.
use super::doctors::{DOCTORS, Doctor};
use super::people::{FEMALE, FINDINGS, Finding, INSURERS, LAST_NAMES, MALE, REASONS, STREETS};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proto::ids::{AppointmentId, PatientId};
use proto::patient as pb;
use std::ops::RangeInclusive;
use uuid::Builder;

pub(super) struct Plan {
    pub(super) doctors: &'static [Doctor],
    pub(super) patients: Vec<Patient>,
    pub(super) past: Vec<(Visit, Outcome)>,
    pub(super) ahead: Vec<Visit>,
}

pub(super) struct Patient {
    pub(super) id: PatientId,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    gender: pb::Gender,
    date_of_birth: Date,
    /// Where their doctor is.
    time_zone: &'static str,
    language: &'static str,
    number: usize,
}

/// Doctor and patient by their place in the plan.
pub(super) struct Visit {
    /// Only kept for visits of the past.
    pub(super) id: AppointmentId,
    pub(super) doctor: usize,
    pub(super) patient: usize,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) notes: &'static str,
}

pub(super) enum Outcome {
    Completed { finding: Option<&'static Finding> },
    Cancelled,
    NoShow,
}

const PATIENTS: usize = 220;

impl Plan {
    pub(super) fn around(now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        // A day's distance: today is another day elsewhere.
        let past = visits(today, -56..=-2, 4).into_iter().enumerate().map(|(index, visit)| {
            let outcome = match Random(visit.start.as_second().cast_unsigned()).below(10) {
                0 => Outcome::Cancelled,
                1 => Outcome::NoShow,
                _ => Outcome::Completed {
                    finding: (index % 3 == 0).then(|| &FINDINGS[index % FINDINGS.len()]),
                },
            };
            (visit, outcome)
        });
        let past = past.collect();
        Self { doctors: &DOCTORS, patients: patients(), past, ahead: visits(today, 2..=21, 5) }
    }
}

/// First and last names repeat after 40 and 37 patients, so that no two have both in common.
pub(super) fn patients() -> Vec<Patient> {
    let patient = |number: usize| {
        let mut random = Random(number as u64);
        let female = number.is_multiple_of(2);
        let names = if female { &FEMALE } else { &MALE };
        let gender = if female { pb::Gender::Female } else { pb::Gender::Male };
        let doctor = &DOCTORS[number % DOCTORS.len()];
        let days = i64::try_from(random.below(31_000)).unwrap_or(0);
        let born = jiff::civil::date(1938, 1, 1).saturating_add(days.days());
        Patient {
            id: PatientId(identifier(1_736_150_400_000 + 60_000 * number as u64, &mut random)),
            first_name: names[number / 2 % names.len()],
            last_name: LAST_NAMES[number % LAST_NAMES.len()],
            gender,
            date_of_birth: born,
            time_zone: doctor.time_zone,
            language: doctor.languages[0],
            number,
        }
    };
    (0..PATIENTS).map(patient).collect()
}

impl Patient {
    pub(super) fn email(&self) -> String {
        format!("{}.{}@example.com", self.first_name, self.last_name).to_lowercase()
    }

    pub(super) fn to_wire(&self) -> pb::Patient {
        let Self { id, first_name, last_name, gender, date_of_birth, time_zone, language, number } = self;
        let street = STREETS[number % STREETS.len()];
        let mrn = pb::Identifier { system: "mrn".to_owned(), value: format!("MRN-{:05}", 10_000 + number) };
        pb::Patient {
            id: id.to_string(),
            first_name: (*first_name).to_owned(),
            last_name: (*last_name).to_owned(),
            date_of_birth: date_of_birth.to_string(),
            email: self.email(),
            phone: format!("+1 555 01{:02} {:03}", number % 100, number),
            address: format!("{} {street}", 1 + number % 90),
            insurance_provider: INSURERS[number % INSURERS.len()].to_owned(),
            insurance_id: format!("INS-{:07}", 4_200_000 + 37 * number),
            identifiers: vec![mrn],
            gender: (*gender).into(),
            language: (*language).to_owned(),
            time_zone: (*time_zone).to_owned(),
            contact_preference: pb::ContactPreference::Email.into(),
            ..Default::default()
        }
    }
}

/// Two visits to every doctor on every `nth` day. `days` are counted from today; what happens on each depends on
/// the date alone. Each patient sees one doctor, so that nobody is in two places at once.
fn visits(today: Date, days: RangeInclusive<i32>, nth: i32) -> Vec<Visit> {
    let mut visits = Vec::new();
    for (doctor, planned) in DOCTORS.iter().enumerate() {
        let panel: Vec<usize> = (doctor..PATIENTS).step_by(DOCTORS.len()).collect();
        let first = visits.len();
        for day in days.clone() {
            let date = today.saturating_add(i64::from(day).days());
            let number = date.duration_since(date_of_day_zero()).as_hours().unsigned_abs() / 24;
            if !(number + doctor as u64).is_multiple_of(nth.unsigned_abs().into()) {
                continue;
            }
            let starts = planned.starts(date);
            let mut random = Random(number << 16 ^ doctor as u64);
            for half in starts.chunks(starts.len().div_ceil(2).max(1)) {
                let start = half[random.below(half.len())];
                visits.push(Visit::new(doctor, panel[random.below(panel.len())], start));
            }
        }
        // Whoever logs in as the first patient finds something.
        if let Some(visit) = visits.get_mut(first) {
            visit.patient = panel[0];
        }
    }
    visits
}

fn date_of_day_zero() -> Date {
    jiff::civil::date(1970, 1, 1)
}

impl Visit {
    fn new(doctor: usize, patient: usize, start: Timestamp) -> Self {
        let second = start.as_second().cast_unsigned();
        let mut random = Random(second ^ (doctor as u64) << 48);
        Self {
            id: AppointmentId(identifier(second * 1000, &mut random)),
            doctor,
            patient,
            start,
            end: start.saturating_add(DOCTORS[doctor].slot()).unwrap_or(start),
            notes: REASONS[random.below(REASONS.len())],
        }
    }
}

/// A `UUIDv7` that is the same every time.
fn identifier(milliseconds: u64, random: &mut Random) -> uuid::Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next().to_be_bytes());
    Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid()
}

/// SplitMix64: numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn plan() -> Plan {
        Plan::around("2026-03-27T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_clinic_has_many_faces() {
        let Plan { doctors, patients, .. } = plan();
        let zones: HashSet<_> = doctors.iter().map(|doctor| doctor.time_zone).collect();
        let fields: HashSet<_> = doctors.iter().map(|doctor| doctor.specialization).collect();
        assert!(doctors.len() >= 12 && zones.len() >= 3 && fields.len() >= 6);
        assert!(patients.len() >= 200);
    }

    #[test]
    fn nobody_shares_a_mailbox_or_an_id() {
        let Plan { doctors, patients, past, .. } = plan();
        let emails = doctors.iter().map(Doctor::email).chain(patients.iter().map(Patient::email));
        let mut emails: Vec<String> = emails.chain(["staff@example.com".to_owned()]).collect();
        assert!(emails.iter().all(|email| email.is_ascii() && email.ends_with("@example.com")));
        let count = emails.len();
        emails.sort();
        emails.dedup();
        assert_eq!(emails.len(), count);
        assert_eq!(patients.iter().map(|patient| patient.id).collect::<HashSet<_>>().len(), patients.len());
        assert_eq!(past.iter().map(|(visit, _)| visit.id).collect::<HashSet<_>>().len(), past.len());
    }

    #[test]
    fn nobody_is_in_two_visits_at_once() {
        let Plan { past, ahead, .. } = plan();
        let all: Vec<&Visit> = past.iter().map(|(visit, _)| visit).chain(&ahead).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[..index] {
                let shared = one.doctor == other.doctor || one.patient == other.patient;
                assert!(!shared || one.end <= other.start || other.end <= one.start);
            }
        }
    }

    #[test]
    fn visits_lie_on_the_right_side_of_today() {
        let now: Timestamp = "2026-03-27T12:00:00Z".parse().unwrap();
        let Plan { past, ahead, .. } = Plan::around(now);
        assert!(past.len() > 100 && past.iter().all(|(visit, _)| visit.end < now));
        assert!(ahead.len() > 50 && ahead.iter().all(|visit| visit.start > now));
    }

    #[test]
    fn the_plan_is_the_same_every_time() {
        let ids = |plan: Plan| plan.past.into_iter().map(|(visit, _)| visit.id).collect::<Vec<_>>();
        assert_eq!(ids(plan()), ids(plan()));
        assert_eq!(plan().patients[0].id, patients()[0].id);
    }

    #[test]
    fn the_first_patient_has_a_past_and_a_future() {
        let Plan { past, ahead, .. } = plan();
        assert!(past.iter().any(|(visit, _)| visit.patient == 0));
        assert!(ahead.iter().any(|visit| visit.patient == 0));
    }
}
