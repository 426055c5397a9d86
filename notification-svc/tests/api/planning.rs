//! What the database keeps of plans, beside what the simulated month keeps: the same, whatever becomes of visits.
#[path = "../month/table.rs"]
#[expect(dead_code, reason = "here nothing is sent")]
mod table;

use crate::service::Ground;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use local::chance::Chance;
use notification_svc::domain::{Appointment, Plan, Quiet, Visit, VisitStatus, plan};
use notification_svc::store::Store;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use std::collections::BTreeMap;
use table::{Key, State, Table};
use tokio_postgres::Client;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What is pending, and when.
type Pending = BTreeMap<String, Timestamp>;

fn booked(chance: &mut Chance, now: Timestamp) -> Appointment {
    let starts_at = (now + HOUR * (30 + chance.below(2000))).to_zoned(TimeZone::UTC);
    let status = VisitStatus::Scheduled;
    let ends_at = &starts_at + HOUR;
    let (id, doctor_id) = (AppointmentId::random(), DoctorId::random());
    Appointment {
        patient_id: PatientId::random(),
        visit: Visit { id, doctor_id, version: 1, status, starts_at, ends_at },
        schedule_version: 1,
        offsets: Some(vec![1440, 600, 120]),
        patient_may: Vec::new(),
    }
}

/// Something becomes of it.
fn change(of: &mut Appointment, chance: &mut Chance) {
    of.visit.version += 1;
    match chance.below(4) {
        0 => {
            of.visit.starts_at = &of.visit.starts_at + HOUR * (1 + chance.below(50));
            of.schedule_version += 1;
            of.visit.status = VisitStatus::Scheduled;
        }
        1 => of.visit.status = VisitStatus::Cancelled,
        2 => of.visit.status = VisitStatus::Scheduled,
        _ => {}
    }
}

async fn pending(sql: &Client) -> Pending {
    let query = "SELECT concat_ws(' ', appointment_id, schedule_version, offset_minutes, recipient_id), next_attempt_at
                   FROM notification.reminder_notifications WHERE state = 'pending'";
    let rows = sql.query(query, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

struct Both {
    store: Store,
    table: Table,
}

impl Both {
    async fn write(&mut self, of: &Appointment, plan: &Plan) {
        self.store.plan(of, plan, false, None).await.unwrap();
        self.table.plan(of, plan);
    }
}

#[tokio::test]
async fn whatever_becomes_of_visits_the_table_is_that_of_the_simulated_month() {
    let ground = Ground::prepare().await;
    let (sql, mut chance, now) = (ground.sql().await, Chance::new(7), Ground::now());
    let mut both = Both { store: ground.store(), table: Table::default() };
    let awake = Quiet { hours: None, zone: TimeZone::UTC };
    for _ in 0..60 {
        let mut of = booked(&mut chance, now);
        let mut seen: Vec<(Appointment, Plan)> = Vec::new();
        for _ in 0..6 {
            // With what is due by then left out, as at some time later.
            let later = now + MINUTE * chance.below(3000);
            seen.push((of.clone(), plan(&of, &[], &awake, later)));
            change(&mut of, &mut chance);
        }
        // Written in the wrong order now and then, and twice.
        for step in 0..6 {
            let which = usize::try_from((step - chance.below(3)).max(0)).unwrap();
            let (of, plan) = &seen[which];
            both.write(of, plan).await;
        }
    }
    let pending_row = |(Key(visit, version, offset, patient), row): (&Key, &table::Row)| match row.state {
        State::Pending(due) => Some((format!("{visit} {version} {offset} {patient}"), due)),
        State::Superseded | State::Over => None,
    };
    let expected: Pending = both.table.rows.iter().filter_map(pending_row).collect();
    assert!(expected.len() > 50, "{}", expected.len());
    assert_eq!(pending(&sql).await, expected);
}

/// Of two who looked, the one who looked later is right, whoever writes first.
#[tokio::test]
async fn replicas_that_plan_for_one_visit_at_once_agree_on_the_latest() {
    let ground = Ground::prepare().await;
    let (sql, now, awake) = (ground.sql().await, Ground::now(), Quiet { hours: None, zone: TimeZone::UTC });
    let mut chance = Chance::new(9);
    for _ in 0..20 {
        let before = booked(&mut chance, now);
        let mut after = before.clone();
        after.visit.version = 2;
        after.visit.status = VisitStatus::Cancelled;
        let plans = [plan(&before, &[], &awake, now), plan(&after, &[], &awake, now)];
        let (one, other) = (ground.store(), ground.store());
        let written = tokio::join!(
            one.plan(&before, &plans[0], false, None),
            other.plan(&after, &plans[1], false, None)
        );
        assert!(written.1.unwrap());
        written.0.unwrap();
    }
    assert_eq!(pending(&sql).await, Pending::new());
}
