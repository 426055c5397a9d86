use jiff::Timestamp;
use notification_svc::domain::{Appointment, Outcome, Plan, Reminder};
use proto::ids::{AppointmentId, PatientId};
use std::collections::HashMap;

/// What there is one row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) AppointmentId, pub(crate) i64, pub(crate) i32, pub(crate) PatientId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending(Timestamp),
    Superseded,
    /// Sent, skipped or given up.
    Over,
}

pub(crate) struct Row {
    reminder: Reminder,
    pub(crate) state: State,
    attempts: u32,
}

/// What `store/reminders.rs` and `store/queue.rs` do by SQL.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: HashMap<Key, Row>,
    of_visit: HashMap<AppointmentId, Vec<Key>>,
    planned_up_to: HashMap<AppointmentId, i64>,
}

impl Key {
    pub(crate) fn of(reminder: &Reminder) -> Self {
        Self(reminder.appointment_id, reminder.schedule_version, reminder.offset, reminder.patient_id)
    }
}

impl Table {
    /// Writes a plan; what is due by that, and when.
    pub(crate) fn plan(&mut self, of: &Appointment, plan: &Plan) -> Vec<(Key, Timestamp)> {
        let known = self.planned_up_to.entry(of.visit.id).or_default();
        if *known > of.visit.version {
            return Vec::new();
        }
        *known = of.visit.version;
        let kept = of.is_to_come().then_some(of.schedule_version);
        let keys = self.of_visit.entry(of.visit.id).or_default();
        for key in keys.iter() {
            let row = self.rows.get_mut(key).unwrap();
            if matches!(row.state, State::Pending(_)) && kept != Some(key.1) {
                row.state = State::Superseded;
            }
        }
        let mut due = Vec::new();
        for reminder in &plan.reminders {
            let key = Key::of(reminder);
            let fresh = Row { reminder: *reminder, state: State::Pending(reminder.due_at), attempts: 0 };
            match self.rows.get(&key) {
                Some(row) if row.state != State::Superseded => continue,
                Some(_) => {}
                None => keys.push(key),
            }
            self.rows.insert(key, fresh);
            due.push((key, reminder.due_at));
        }
        due
    }

    /// The reminder whose next attempt is at `due`, and how often it was tried; none when it is another by now.
    pub(crate) fn is_due(&self, key: &Key, due: Timestamp) -> Option<(Reminder, u32)> {
        let row = self.rows.get(key)?;
        (row.state == State::Pending(due)).then_some((row.reminder, row.attempts))
    }

    /// Writes down what came of an attempt; when the next is.
    pub(crate) fn settle(&mut self, key: &Key, outcome: Outcome, now: Timestamp) -> Option<Timestamp> {
        let row = self.rows.get_mut(key).unwrap();
        let (state, next) = match outcome {
            Outcome::Retry { after, .. } => {
                row.attempts += 1;
                (State::Pending(now + after), Some(now + after))
            }
            Outcome::Postponed { until } => (State::Pending(until), Some(until)),
            Outcome::Superseded => (State::Superseded, None),
            Outcome::Sent | Outcome::Skipped | Outcome::BadNumber | Outcome::Late | Outcome::GivenUp(_) => {
                (State::Over, None)
            }
        };
        row.state = state;
        next
    }
}
