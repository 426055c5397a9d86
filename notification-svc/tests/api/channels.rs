//! Mail and SMS beside each other, in the database.
use crate::change;
use crate::neighbours::Visit;
use crate::service::Ground;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use notification_svc::domain::{
    self, About, Appointment, Category, Channel, Edit, Failure, Kind, Outcome, Plan, Quiet,
};
use notification_svc::domain::{Reminder, VisitStatus, plan};
use notification_svc::store::{Claim, Filter};
use platform::audit::Entry;
use proto::ids::{DoctorId, EventId};
use std::time::Duration;
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(30);

fn channels(claims: &[Claim]) -> Vec<Channel> {
    claims.iter().map(|claim| claim.notification.channel).collect()
}

/// As appointment-svc has it.
fn appointment(visit: Visit) -> Appointment {
    let starts_at = (Ground::now() + SignedDuration::from_hours(50)).to_zoned(TimeZone::UTC);
    let (doctor_id, ends_at, status) = (DoctorId::random(), starts_at.clone(), VisitStatus::Scheduled);
    Appointment {
        patient_id: visit.patient,
        visit: domain::Visit { id: visit.id, doctor_id, version: 1, status, starts_at, ends_at },
        schedule_version: 1,
        offsets: Some(vec![1440]),
        patient_may: Vec::new(),
    }
}

/// A reminder of it that is to be sent now.
fn due_reminder(of: &Appointment) -> Plan {
    let reminder = Reminder {
        appointment_id: of.visit.id,
        schedule_version: 1,
        offset: 1440,
        patient_id: of.patient_id,
        starts_at: of.visit.starts_at.timestamp(),
        due_at: Ground::now(),
    };
    Plan { reminders: vec![reminder], dropped: Vec::new() }
}

/// Each waits for what was before it by the same way, and neither for the other.
#[tokio::test]
async fn mail_and_sms_about_one_visit_do_not_wait_for_or_replace_each_other() {
    let ground = Ground::prepare().await;
    let (visit, store) = (ground.neighbours.visit(), ground.store());
    let by = |channel, kind, version| (change(kind, visit, version)[0], channel);
    let [mail, sms] = [Channel::Email, Channel::Sms];
    store.enqueue(EventId::random(), &[by(sms, Kind::Booked, 1)], None).await.unwrap();
    let booked = store.claim(sms, 10, LEASE).await.unwrap();
    assert_eq!(booked.len(), 1);
    let second = [by(sms, Kind::Rescheduled, 2), by(mail, Kind::Rescheduled, 2)];
    store.enqueue(EventId::random(), &second, None).await.unwrap();
    assert!(store.claim(sms, 10, LEASE).await.unwrap().is_empty(), "the SMS waits for the SMS before it");
    let moved = store.claim(mail, 10, LEASE).await.unwrap();
    assert_eq!(channels(&moved), [mail]);

    let third = [by(mail, Kind::Cancelled, 3)];
    store.enqueue(EventId::random(), &third, None).await.unwrap();
    assert!(store.claim(mail, 10, LEASE).await.unwrap().is_empty(), "the mail waits for the mail before it");
    assert_eq!(store.supersede().await.unwrap(), [], "a later mail replaces no SMS");
    let About::Visit { change, recipient } = second[0].0 else { panic!("about a visit") };
    assert!(!store.is_overtaken(&change, recipient, sms).await.unwrap());
    assert!(store.is_overtaken(&change, recipient, mail).await.unwrap());

    store.settle(&booked[0].notification, Outcome::Sent).await.unwrap();
    let moved = store.claim(sms, 10, LEASE).await.unwrap();
    assert_eq!(channels(&moved), [sms]);
    // However often it is written down.
    store.enqueue(EventId::random(), &second, None).await.unwrap();
    let filter = Filter { appointment_id: Some(visit.id), ..Filter::default() };
    assert_eq!(store.list(filter, None, 100).await.unwrap().len(), 4);
}

/// It may have the time of before.
#[tokio::test]
async fn a_change_waits_for_a_reminder_that_is_being_sent_the_same_way_only() {
    let ground = Ground::prepare().await;
    let (visit, store) = (ground.neighbours.visit(), ground.store());
    ground.wants_texts(visit.patient, "+4930123456", &[Category::Reminders]).await;
    let of = appointment(visit);
    let due = due_reminder(&of);
    assert!(store.plan(&of, &due, true, None).await.unwrap());
    let reminders = store.claim(Channel::Sms, 10, LEASE).await.unwrap();
    let [sms] = &reminders[..] else { panic!("one by SMS") };
    let mail = store.claim(Channel::Email, 10, LEASE).await.unwrap().remove(0);
    store.settle(&mail.notification, Outcome::Sent).await.unwrap();

    let moved = [Channel::Email, Channel::Sms].map(|by| (change(Kind::Rescheduled, visit, 2)[0], by));
    store.enqueue(EventId::random(), &moved, None).await.unwrap();
    assert_eq!(channels(&store.claim(Channel::Email, 10, LEASE).await.unwrap()), [Channel::Email]);
    assert!(store.claim(Channel::Sms, 10, LEASE).await.unwrap().is_empty());
    store.settle(&sms.notification, Outcome::Sent).await.unwrap();
    assert_eq!(channels(&store.claim(Channel::Sms, 10, LEASE).await.unwrap()), [Channel::Sms]);
}

/// Whoever comes first.
#[tokio::test]
async fn who_asks_for_sms_while_a_visit_is_planned_is_reminded_by_sms() {
    let ground = Ground::prepare().await;
    let sql = ground.sql().await;
    let awake = Quiet { hours: None, zone: TimeZone::UTC };
    for _ in 0..30 {
        let visit = ground.neighbours.visit();
        let (of, patient_id) = (appointment(visit), visit.patient);
        let planned = plan(&of, &[], &awake, Ground::now());
        let store = ground.store();
        let wishes = [Edit::Sms(Category::Reminders, true)];
        let (written, ()) =
            tokio::join!(store.plan(&of, &planned, true, None), ground.wishes(patient_id, &wishes));
        assert!(written.unwrap());
        let texts = "SELECT count(*) FROM notification.reminder_notifications
                      WHERE recipient_id = $1 AND channel = 'sms' AND state = 'pending'";
        assert_eq!(sql.query_one(texts, &[&patient_id.0]).await.unwrap().get::<_, i64>(0), 1);
    }
}

/// Before there was a provider, it was only written down.
#[tokio::test]
async fn who_asked_for_sms_before_there_was_a_provider_asks_again_and_is_reminded_by_sms() {
    let ground = Ground::prepare().await;
    let (visit, store, sql) = (ground.neighbours.visit(), ground.store(), ground.sql().await);
    let wish = [Edit::Sms(Category::Reminders, true)];
    let noted = |_| Entry::new("update", "message_preferences").of([visit.patient.0]);
    store.change_preferences(visit.patient, &wish, None, false, noted).await.unwrap();
    let (of, awake) = (appointment(visit), Quiet { hours: None, zone: TimeZone::UTC });
    assert!(store.plan(&of, &plan(&of, &[], &awake, Ground::now()), false, None).await.unwrap());
    for _ in 0..2 {
        ground.wishes(visit.patient, &wish).await;
        let texts = "SELECT count(*) FROM notification.reminder_notifications
                      WHERE recipient_id = $1 AND channel = 'sms' AND state = 'pending'";
        assert_eq!(sql.query_one(texts, &[&visit.patient.0]).await.unwrap().get::<_, i64>(0), 1);
    }
}

#[tokio::test]
async fn a_reminder_that_waits_for_the_morning_goes_by_sms_to_whoever_asks_for_that_meanwhile() {
    let ground = Ground::prepare().await;
    let (visit, tried, store) = (ground.neighbours.visit(), ground.neighbours.visit(), ground.store());
    let until = Ground::now() + SignedDuration::from_hours(5);
    let postponed = Outcome::Postponed { until };
    let failed = Outcome::Retry { after: Duration::from_secs(600), failure: Failure::SmtpRefused };
    for (visit, outcome) in [(visit, postponed), (tried, failed)] {
        let of = appointment(visit);
        let due = due_reminder(&of);
        assert!(store.plan(&of, &due, true, None).await.unwrap());
        let claims = store.claim(Channel::Email, 10, LEASE).await.unwrap();
        assert_eq!(claims.len(), 1);
        store.settle(&claims[0].notification, outcome).await.unwrap();
        ground.wishes(visit.patient, &[Edit::Sms(Category::Reminders, true)]).await;
    }
    let texts =
        "SELECT appointment_id, next_attempt_at, due_at < now() FROM notification.reminder_notifications
                  WHERE channel = 'sms'";
    let rows = ground.sql().await.query(texts, &[]).await.unwrap();
    let rows: Vec<(Uuid, Timestamp, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(rows, [(visit.id.0, until, true)], "and what was tried by mail before is told by mail only");
}
