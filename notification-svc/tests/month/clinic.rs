use crate::chance::Chance;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use notification_svc::domain::{
    Appointment, Category, Edit, Preferences, Quiet, QuietHours, Reminder, Visit, VisitStatus,
};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use std::collections::HashMap;

/// In October and November clocks go back on both sides of the Atlantic, and forward in the south.
const BEGIN: &str = "2026-09-20T00:00:00Z";
const DAYS: i32 = 45;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const ZONES: [&str; 9] = [
    "Europe/Berlin",
    "Europe/Berlin",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Asia/Kathmandu",
];

pub(crate) struct Clinic {
    pub(crate) visits: Vec<Truth>,
    pub(crate) people: HashMap<PatientId, Person>,
    by_id: HashMap<AppointmentId, usize>,
    /// appointment-svc and patient-svc.
    pub(crate) services: Outages,
    /// The service itself.
    pub(crate) sender: Outages,
    pub(crate) mail: Outages,
}

/// A visit as it is.
pub(crate) struct Truth {
    pub(crate) of: Appointment,
    /// Since when it stands so, as far as reminders go.
    pub(crate) since: Timestamp,
}

pub(crate) struct Person {
    /// None when nobody knows where they are.
    zone: Option<TimeZone>,
    pub(crate) preferences: Preferences,
    pub(crate) has_changed_their_mind: bool,
}

/// When something is away.
pub(crate) struct Outages(Vec<(Timestamp, Timestamp)>);

impl Outages {
    fn by(chance: &mut Chance, number: usize, longest: i32) -> Self {
        let begin: Timestamp = BEGIN.parse().unwrap();
        let outage = |_| {
            let from = begin + MINUTE * chance.below(DAYS * 1440);
            (from, from + MINUTE * (1 + chance.below(longest)))
        };
        Self((0..number).map(outage).collect())
    }

    /// Until when it is away at `now`, if it is.
    pub(crate) fn away(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().filter(|(from, until)| *from <= now && now < *until).map(|(_, until)| *until).max()
    }

    pub(crate) fn is_away_between(&self, from: Timestamp, until: Timestamp) -> bool {
        self.0.iter().any(|(begin, end)| *begin <= until && from <= *end)
    }
}

impl Person {
    pub(crate) fn quiet(&self, visit: &Visit) -> Quiet {
        let usual: QuietHours = "21:00-08:00".parse().unwrap();
        let zone = self.zone.clone().unwrap_or_else(|| visit.starts_at.time_zone().clone());
        Quiet { hours: self.preferences.quiet_hours(Some(usual)), zone }
    }
}

impl Clinic {
    pub(crate) fn open(visits: usize, chance: &mut Chance) -> Self {
        let begin: Timestamp = BEGIN.parse().unwrap();
        let mut people = HashMap::new();
        let mut truths = Vec::new();
        for _ in 0..visits {
            let id = PatientId::random();
            let zone = TimeZone::get(chance.one_of::<&str>(&ZONES)).unwrap();
            let zone = (chance.below(3) > 0).then_some(zone);
            let mut preferences = Preferences::usual(id);
            if chance.below(3) == 0 {
                preferences = preferences.edited(&[wish(chance)]);
            }
            people.insert(id, Person { zone, preferences, has_changed_their_mind: false });
            let since = begin + MINUTE * chance.below(10 * 1440);
            let (starts_at, ends_at) = time(since, chance);
            let status = VisitStatus::Scheduled;
            let (visit_id, doctor_id) = (AppointmentId::random(), DoctorId::random());
            let visit = Visit { id: visit_id, doctor_id, version: 1, status, starts_at, ends_at };
            let offsets = match chance.below(4) {
                0 => Some(vec![16 + chance.below(20_000), 15]),
                1 => Some(vec![2880, 600, 60]),
                _ => None,
            };
            let of =
                Appointment { patient_id: id, visit, schedule_version: 1, offsets, patient_may: Vec::new() };
            truths.push(Truth { of, since });
        }
        let by_id = truths.iter().enumerate().map(|(index, truth)| (truth.of.visit.id, index)).collect();
        Self {
            visits: truths,
            people,
            by_id,
            services: Outages::by(chance, 6, 300),
            sender: Outages::by(chance, 4, 900),
            mail: Outages::by(chance, 6, 1500),
        }
    }

    pub(crate) fn of(&self, reminder: &Reminder) -> &Appointment {
        &self.visits[self.by_id[&reminder.appointment_id]].of
    }

    /// Something becomes of a visit; whether that is told.
    pub(crate) fn change(&mut self, visit: usize, now: Timestamp, chance: &mut Chance) -> bool {
        let Truth { of, since } = &mut self.visits[visit];
        if now >= of.visit.starts_at.timestamp() {
            return false;
        }
        let kind = chance.below(12);
        if kind == 11 {
            let person = self.people.get_mut(&of.patient_id).unwrap();
            person.preferences = person.preferences.edited(&[wish(chance)]);
            person.has_changed_their_mind = true;
            return false;
        }
        of.visit.version += 1;
        match (kind, of.visit.status) {
            (0..4, VisitStatus::Scheduled | VisitStatus::Confirmed) => {
                (of.visit.starts_at, of.visit.ends_at) = time(now, chance);
                (of.visit.status, of.schedule_version) = (VisitStatus::Scheduled, of.schedule_version + 1);
                *since = now;
            }
            (4..6, VisitStatus::Scheduled | VisitStatus::Confirmed) => {
                of.visit.status = VisitStatus::Cancelled;
                *since = now;
            }
            (0..8, VisitStatus::Cancelled) => {
                of.visit.status = VisitStatus::Scheduled;
                *since = now;
            }
            (6..9, VisitStatus::Scheduled) => of.visit.status = VisitStatus::Confirmed,
            // Notes, of which nobody is told.
            _ => return false,
        }
        true
    }
}

/// What a patient wants to be otherwise.
fn wish(chance: &mut Chance) -> Edit {
    match chance.below(4) {
        0 => Edit::Email(Category::Reminders, false),
        1 => Edit::Quiet(None),
        2 => Edit::Quiet(Some("12:00-15:00".parse().unwrap())),
        _ => Edit::Quiet(Some("19:30-11:00".parse().unwrap())),
    }
}

/// A time from `now` on, within 20 days, from seven to eight by the clock in Berlin.
fn time(now: Timestamp, chance: &mut Chance) -> (jiff::Zoned, jiff::Zoned) {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    loop {
        let at = now + MINUTE * (10 + chance.below(20 * 1440));
        let grid = Timestamp::from_second(at.as_second() / 300 * 300 + 300).unwrap().to_zoned(berlin.clone());
        if (7..20).contains(&grid.hour()) {
            return (grid.clone(), grid + 30 * MINUTE);
        }
    }
}
