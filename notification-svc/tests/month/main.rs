//! A month of 20,000 visits by a virtual clock: they move and are cancelled, patients change their minds, events come
//! late, twice and in any order, and services are away. What is planned and sent is decided by the code of the service;
//! the table alone is one of memory ([`table`]), which `tests/api/planning.rs` compares with the real one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod clinic; // visits and patients, and what becomes of them
mod table; // reminders as the database keeps them

use clinic::{Clinic, Person, Truth};
use jiff::{SignedDuration, Timestamp};
use local::chance::Chance;
use notification_svc::domain::{
    About, Appointment, Category, Channel, Failure, Moment, Notification, Outcome, Plan, Reminder, State,
    plan,
};
use proto::ids::NotificationId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use table::{Key, Table};

const VISITS: usize = 20_000;
const USUAL: [i32; 2] = [1440, 120];
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Longest time from a change until its reminders are written, while nothing is away.
const DELAY: i32 = 20;

/// What happens next.
enum Event {
    /// A visit or its patient changes.
    Change(usize),
    /// The service hears of a visit and looks at it.
    Hear(usize),
    /// It writes what it planned for what it saw.
    Write(Box<(Appointment, Plan)>),
    /// A reminder is tried that has this attempt due.
    Attempt(Key, Timestamp),
}

struct Month {
    chance: Chance,
    clinic: Clinic,
    table: Table,
    events: BTreeMap<u64, Event>,
    order: BinaryHeap<Reverse<(Timestamp, u64)>>,
    next: u64,
    sent: HashMap<Key, (Timestamp, Reminder)>,
    outcomes: BTreeMap<&'static str, u32>,
}

impl Month {
    fn at(&mut self, time: Timestamp, event: Event) {
        self.order.push(Reverse((time, self.next)));
        self.events.insert(self.next, event);
        self.next += 1;
    }

    fn run(&mut self) {
        while let Some(Reverse((now, number))) = self.order.pop() {
            match self.events.remove(&number).unwrap() {
                Event::Change(visit) => self.change(visit, now),
                Event::Hear(visit) => self.hear(visit, now),
                Event::Write(planned) => {
                    for (key, due) in self.table.plan(&planned.0, &planned.1) {
                        self.at(due.max(now), Event::Attempt(key, due));
                    }
                }
                Event::Attempt(key, due) => self.attempt(key, due, now),
            }
        }
    }

    fn change(&mut self, visit: usize, now: Timestamp) {
        if !self.clinic.change(visit, now, &mut self.chance) {
            return;
        }
        // Now and then somebody hears of it twice.
        for _ in 0..=self.chance.below(12) / 11 {
            let later = now + MINUTE * self.chance.below(DELAY / 2);
            self.at(later, Event::Hear(visit));
        }
    }

    fn hear(&mut self, visit: usize, now: Timestamp) {
        if let Some(end) = self.clinic.services.away(now) {
            return self.at(end, Event::Hear(visit));
        }
        let Truth { of, .. } = &self.clinic.visits[visit];
        let person = &self.clinic.people[&of.patient_id];
        let planned = Box::new((of.clone(), plan(of, &USUAL, &person.quiet(&of.visit), now)));
        let written = now + MINUTE * self.chance.below(DELAY / 2);
        self.at(written, Event::Write(planned));
    }

    fn attempt(&mut self, key: Key, due: Timestamp, now: Timestamp) {
        let Some((reminder, attempts)) = self.table.is_due(&key, due) else { return };
        if let Some(end) = self.clinic.sender.away(now) {
            return self.at(end, Event::Attempt(key, due));
        }
        let message = Notification {
            id: NotificationId::random(),
            about: About::Reminder(reminder),
            channel: Channel::Email,
            state: State::Sending { leased_until: now },
            attempts,
            last_error: None,
            created_at: now,
        };
        let outcome = self.send(&reminder, now).unwrap_or_else(|failure| message.after(failure, now));
        *self.outcomes.entry(outcome.name()).or_default() += 1;
        if outcome == Outcome::Sent {
            self.is_right(&reminder, now);
            assert!(self.sent.insert(key, (now, reminder)).is_none(), "nobody is reminded twice");
        }
        if let Some(again) = self.table.settle(&key, outcome, now) {
            self.at(again, Event::Attempt(key, again));
        }
    }

    /// As the service does it.
    fn send(&self, reminder: &Reminder, now: Timestamp) -> Result<Outcome, Failure> {
        let person = &self.clinic.people[&reminder.patient_id];
        if !person.preferences.want(Category::Reminders, Channel::Email) {
            return Ok(Outcome::Skipped);
        }
        if self.clinic.services.away(now).is_some() {
            return Err(Failure::AppointmentSvcUnavailable);
        }
        let of = self.clinic.of(reminder);
        if reminder.is_void_for(of) {
            return Ok(Outcome::Superseded);
        }
        match reminder.moment(&person.quiet(&of.visit), now) {
            Moment::Later(until) => return Ok(Outcome::Postponed { until }),
            Moment::TooLate => return Ok(Outcome::Late),
            Moment::Now => {}
        }
        match self.clinic.mail.away(now) {
            Some(_) => Err(Failure::SmtpRefused),
            None => Ok(Outcome::Sent),
        }
    }

    /// What must hold of every reminder that leaves, by what is true then.
    fn is_right(&self, reminder: &Reminder, now: Timestamp) {
        let of = self.clinic.of(reminder);
        let person = &self.clinic.people[&of.patient_id];
        let starts_at = of.visit.starts_at.timestamp();
        assert!(of.is_to_come() && of.schedule_version == reminder.schedule_version, "of what is not so");
        assert_eq!(reminder.starts_at, starts_at);
        assert!(now < starts_at, "after the start");
        assert!(person.preferences.want(Category::Reminders, Channel::Email), "to who wants none");
        let quiet = person.quiet(&of.visit);
        assert!(!quiet.is_at(now), "at night");
        let nominal = starts_at - MINUTE * reminder.offset;
        let from = quiet.over_by(reminder.due_at).max(nominal);
        assert!(now <= from + MINUTE * reminder.offset / 2, "late");
        assert!(now >= nominal - 17 * HOUR, "long before its time");
    }

    /// Of whoever did not change their mind, and while nothing was away, nobody was forgotten.
    fn nobody_was_forgotten(&self) -> usize {
        let mut expected = 0;
        for Truth { of, since, .. } in &self.clinic.visits {
            let person: &Person = &self.clinic.people[&of.patient_id];
            let is_wanted = person.preferences.want(Category::Reminders, Channel::Email);
            if !of.is_to_come() || !is_wanted || person.has_changed_their_mind {
                continue;
            }
            // At the latest it was planned then.
            let planned = *since + MINUTE * DELAY;
            if self.clinic.services.is_away_between(*since, planned) {
                continue;
            }
            let quiet = person.quiet(&of.visit);
            let at_once = plan(of, &USUAL, &quiet, *since).reminders;
            let at_last = plan(of, &USUAL, &quiet, planned).reminders;
            // Whatever it was planned at, it is due then.
            for reminder in at_last.into_iter().filter(|reminder| at_once.contains(reminder)) {
                let (from, until) = (reminder.due_at, reminder.last());
                let clinic = &self.clinic;
                let all = [&clinic.services, &clinic.sender, &clinic.mail];
                if all.into_iter().any(|one| one.is_away_between(from - 17 * HOUR, until)) {
                    continue;
                }
                let key = Key::of(&reminder);
                assert!(self.sent.contains_key(&key), "forgotten: {reminder:?}");
                expected += 1;
            }
        }
        expected
    }
}

#[test]
fn in_a_month_of_visits_nobody_is_reminded_wrongly_and_nobody_is_forgotten() {
    let mut chance = Chance::new(20_261_126);
    let clinic = Clinic::open(VISITS, &mut chance);
    let mut month = Month {
        clinic,
        table: Table::default(),
        events: BTreeMap::new(),
        order: BinaryHeap::new(),
        next: 0,
        sent: HashMap::new(),
        outcomes: BTreeMap::new(),
        chance,
    };
    for visit in 0..VISITS {
        let since = month.clinic.visits[visit].since;
        month.at(since, Event::Hear(visit));
        for _ in 0..month.chance.below(5) {
            let left =
                month.clinic.visits[visit].of.visit.starts_at.timestamp().duration_since(since).as_mins();
            let left = i32::try_from(left).unwrap();
            let change = since + MINUTE * month.chance.below(left.max(2));
            month.at(change, Event::Change(visit));
        }
    }
    month.run();
    let expected = month.nobody_was_forgotten();
    println!("{} sent, {expected} of them expected; {:?}", month.sent.len(), month.outcomes);
    assert!(month.sent.len() > VISITS / 2 && expected > VISITS / 4);
    for outcome in ["sent", "superseded", "skipped", "skipped_late", "postponed", "retry", "failed"] {
        assert!(month.outcomes.contains_key(outcome), "{outcome} did not come about: nothing is said of it");
    }
}
