//! Visits that are near.
use crate::neighbours::Visit;
use crate::service::{FAILED, Ground, PATIENCE, SENT, SKIPPED, SUPERSEDED, Service};
use jiff::{SignedDuration, Timestamp};
use notification_svc::domain::{self, About, Channel, Plan, Reminder, VisitStatus};
use proto::appointment::{AppointmentStatus, AppointmentSummary};
use proto::doctor::ReminderOffsets;
use proto::notification::{ListNotificationsRequest, Notification, NotificationKind, NotificationState};
use proto::patient::ContactPreference;
use proto::time::to_wire;
use std::time::Duration;

const PENDING: NotificationState = NotificationState::Pending;
const DAY: i32 = 1440;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A row of the table: schedule version, offset, state and when it is due.
type Row = (i64, i32, String, Timestamp);

fn row(schedule_version: i64, offset: i32, state: &str, due_at: &str) -> Row {
    (schedule_version, offset, state.to_owned(), due_at.parse().unwrap())
}

impl Ground {
    /// A visit on Monday at nine in Berlin that is reminded of so long before.
    pub(crate) fn reminded(&self, minutes: &[i32]) -> Visit {
        let visit = self.neighbours.visit();
        let offsets = ReminderOffsets { minutes: minutes.to_vec() };
        self.neighbours.change_visit(visit, |summary| summary.reminder_offsets_minutes = Some(offsets));
        visit
    }
}

impl Service {
    async fn rows(&self, visit: Visit) -> Vec<Row> {
        let query = "SELECT schedule_version, offset_minutes, state, due_at
                       FROM notification.reminder_notifications
                      WHERE appointment_id = $1 ORDER BY schedule_version, offset_minutes DESC";
        let rows = self.ground.sql().await.query(query, &[&visit.id.0]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    }

    async fn until_planned(&self, visit: Visit, expected: &[Row]) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let rows = self.rows(visit).await;
            if rows == expected {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{rows:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until what was published before is done: events are taken in order.
    async fn until_all_is_planned(&self) {
        let other = self.ground.reminded(&[DAY]);
        self.publish("booked", other, 1, "scheduled").await;
        self.until_planned(other, &[row(1, DAY, "pending", "2030-01-06T08:00:00Z")]).await;
    }

    /// The visit has changed, and that is told.
    async fn now_is(
        &self,
        visit: Visit,
        what: &str,
        status: AppointmentStatus,
        change: impl FnOnce(&mut AppointmentSummary),
    ) {
        let mut version = 0;
        self.ground.neighbours.change_visit(visit, |summary| {
            summary.version += 1;
            version = summary.version;
            summary.set_status(status);
            change(summary);
        });
        let status = status.as_str_name().trim_start_matches("APPOINTMENT_STATUS_").to_lowercase();
        self.publish(what, visit, version, &status).await;
    }

    /// The reminder has its time now.
    pub(crate) async fn make_due(&self, visit: Visit, offset: i32) {
        let now = "UPDATE notification.reminder_notifications SET next_attempt_at = clock_timestamp()
                    WHERE appointment_id = $1 AND offset_minutes = $2 AND state = 'pending'";
        let changed = self.ground.sql().await.execute(now, &[&visit.id.0, &offset]).await.unwrap();
        assert_ne!(changed, 0);
    }

    async fn until_reminder_is(&self, visit: Visit, it_is: impl Fn(&Notification) -> bool) -> Notification {
        let is_reminder = |message: &Notification| message.kind() == NotificationKind::Reminder;
        let messages = self
            .until(visit, |messages| messages.iter().any(|message| is_reminder(message) && it_is(message)))
            .await;
        messages.into_iter().find(|message| is_reminder(message) && it_is(message)).unwrap()
    }
}

#[tokio::test]
async fn reminders_follow_a_visit_to_each_of_its_times_and_are_void_without_it() {
    use AppointmentStatus::{Cancelled, Confirmed, Scheduled};
    let service = Service::start().await;
    let visit = service.ground.reminded(&[DAY, 120]);
    let booked = service.publish("booked", visit, 1, "scheduled").await;
    let first = |state: &str| {
        // Two hours before nine it is quiet.
        [row(1, DAY, state, "2030-01-06T08:00:00Z"), row(1, 120, state, "2030-01-06T19:30:00Z")]
    };
    service.until_planned(visit, &first("pending")).await;

    service
        .now_is(visit, "rescheduled", Scheduled, |summary| {
            summary.schedule_version = 2;
            summary.start_time = Some(to_wire("2030-01-07T11:00:00Z".parse().unwrap()));
        })
        .await;
    let second = |state: &str| {
        [row(2, DAY, state, "2030-01-06T11:00:00Z"), row(2, 120, state, "2030-01-07T09:00:00Z")]
    };
    let moved = |state: &str| [first("superseded"), second(state)].concat();
    service.until_planned(visit, &moved("pending")).await;

    // What does not concern the time, and what was heard before, changes nothing.
    service.now_is(visit, "status_changed", Confirmed, |_| {}).await;
    service.now_is(visit, "notes_edited", Confirmed, |_| {}).await;
    service.publish_again(&booked).await;
    service.until_all_is_planned().await;
    assert_eq!(service.rows(visit).await, moved("pending"));

    service.now_is(visit, "cancelled", Cancelled, |_| {}).await;
    service.until_planned(visit, &moved("superseded")).await;
    service.publish("rescheduled", visit, 2, "scheduled").await;
    service.until_all_is_planned().await;
    assert_eq!(service.rows(visit).await, moved("superseded"), "an old event says nothing new");

    // Reinstated, it is reminded of as before.
    service.now_is(visit, "status_changed", Scheduled, |_| {}).await;
    service.until_planned(visit, &moved("pending")).await;
    // The move is taken back.
    service
        .now_is(visit, "undone", Scheduled, |summary| {
            summary.schedule_version = 3;
            summary.start_time = Some(to_wire("2030-01-07T08:00:00Z".parse().unwrap()));
        })
        .await;
    let third =
        [row(3, DAY, "pending", "2030-01-06T08:00:00Z"), row(3, 120, "pending", "2030-01-06T19:30:00Z")];
    service.until_planned(visit, &[&moved("superseded")[..], &third].concat()).await;
}

#[tokio::test]
async fn requests_are_reminded_of_once_they_are_accepted_and_no_visit_of_which_nobody_is_to_be() {
    let service = Service::start().await;
    let (asked, never) = (service.ground.reminded(&[DAY]), service.ground.reminded(&[]));
    service.ground.neighbours.change(asked, 1, AppointmentStatus::Requested);
    service.publish("booked", asked, 1, "requested").await;
    service.publish("booked", never, 1, "scheduled").await;
    service.until_all_is_planned().await;
    assert_eq!([service.rows(asked).await, service.rows(never).await], [vec![], vec![]]);
    service.now_is(asked, "status_changed", AppointmentStatus::Scheduled, |_| {}).await;
    service.until_planned(asked, &[row(1, DAY, "pending", "2030-01-06T08:00:00Z")]).await;
}

#[tokio::test]
async fn unless_the_visit_says_otherwise_it_is_reminded_of_as_the_settings_say_by_the_clock_of_the_patient() {
    let settings = [("--reminder-offsets-minutes", "60,2880"), ("--quiet-hours", "22:00-09:30")];
    let service = Ground::prepare_with(&settings).await.serve().await;
    let visit = service.ground.reminded(&[]);
    service.ground.neighbours.change_visit(visit, |summary| summary.reminder_offsets_minutes = None);
    service.ground.neighbours.now_know(|known| {
        let patient = known.patients.get_mut(&visit.patient.to_string()).unwrap();
        "America/New_York".clone_into(&mut patient.time_zone);
    });
    service.publish("booked", visit, 1, "scheduled").await;
    // Three in the morning in New York, two days before; and two, an hour before.
    let expected =
        [row(1, 2880, "pending", "2030-01-05T02:30:00Z"), row(1, 60, "pending", "2030-01-07T02:30:00Z")];
    service.until_planned(visit, &expected).await;
}

#[tokio::test]
async fn while_nobody_knows_the_patient_reminders_wait_and_changes_are_told() {
    let service = Service::start().await;
    let visit = service.ground.reminded(&[DAY]);
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, |messages| messages.iter().any(|message| message.state() == SENT)).await;
    assert_eq!(service.rows(visit).await, []);
    service.ground.neighbours.now_know(|known| known.no_patients = false);
    service.until_planned(visit, &[row(1, DAY, "pending", "2030-01-06T08:00:00Z")]).await;
}

#[tokio::test]
async fn a_reminder_is_sent_once_when_it_is_due_and_listed_with_the_others() {
    let service = Ground::prepare_with(&[("--quiet-hours", "none")]).await.serve().await;
    let visit = service.ground.reminded(&[DAY, 120]);
    let booked = service.publish("booked", visit, 1, "scheduled").await;
    let told = service.until(visit, |messages| messages.len() == 4).await;
    assert_eq!(told.iter().filter(|message| message.kind() == NotificationKind::Reminder).count(), 2);
    service.make_due(visit, DAY).await;
    let reminder = service.until_reminder_is(visit, |message| message.state() == SENT).await;
    assert_eq!((reminder.offset_minutes, reminder.appointment_version, reminder.attempts), (DAY, 0, 1));
    assert_eq!(reminder.due_time, Some(to_wire("2030-01-06T08:00:00Z".parse().unwrap())));
    assert_eq!(reminder.recipient_id, visit.patient.to_string());
    let mail = service.mail_of(&reminder).await;
    assert_eq!(mail.envelope_recipients, ["ada@example.com"]);
    assert_eq!(mail.subject, "A reminder of your appointment");
    assert!(mail.text.contains("Monday, 7 January 2030") && mail.html.contains("9:00 am to 9:30 am"));

    // Whatever is said of the visit again, this was told, and the other is not due.
    service.publish_again(&booked).await;
    service.now_is(visit, "cancelled", AppointmentStatus::Cancelled, |_| {}).await;
    service.now_is(visit, "status_changed", AppointmentStatus::Scheduled, |_| {}).await;
    let (sent, pending) =
        (row(1, DAY, "sent", "2030-01-06T08:00:00Z"), row(1, 120, "pending", "2030-01-07T06:00:00Z"));
    service.until_planned(visit, &[sent, pending]).await;
    let list = ListNotificationsRequest { state: PENDING.into(), ..Default::default() };
    let waiting = service.list(list).await;
    let waiting: Vec<i32> = waiting.iter().map(|message| message.offset_minutes).filter(|o| *o > 0).collect();
    assert_eq!(waiting, [120]);
    let reminders = |mail: &local::mail::Message| mail.subject.starts_with("A reminder");
    assert_eq!(service.ground.mail.messages().iter().filter(|mail| reminders(mail)).count(), 1);
}

#[tokio::test]
async fn a_reminder_of_what_is_not_so_any_more_is_not_sent_although_nobody_has_said_so_yet() {
    let service = Ground::prepare_with(&[("--quiet-hours", "none")]).await.serve().await;
    let changes: [fn(&mut AppointmentSummary); 3] = [
        |summary| summary.set_status(AppointmentStatus::Cancelled),
        |summary| summary.set_status(AppointmentStatus::Arrived),
        |summary| summary.schedule_version = 2,
    ];
    for change in changes {
        let visit = service.ground.reminded(&[DAY]);
        service.publish("booked", visit, 1, "scheduled").await;
        service.until_reminder_is(visit, |message| message.state() == PENDING).await;
        service.ground.neighbours.change_visit(visit, change);
        service.make_due(visit, DAY).await;
        service.until_reminder_is(visit, |message| message.state() == SUPERSEDED).await;
    }
    for preference in [ContactPreference::None, ContactPreference::Phone] {
        let visit = service.ground.reminded(&[DAY]);
        service.publish("booked", visit, 1, "scheduled").await;
        service.until_reminder_is(visit, |message| message.state() == PENDING).await;
        service.ground.neighbours.now_know(|known| {
            let patient = known.patients.get_mut(&visit.patient.to_string()).unwrap();
            patient.set_contact_preference(preference);
        });
        service.make_due(visit, DAY).await;
        let skipped = service.until_reminder_is(visit, |message| message.state() == SKIPPED).await;
        assert_eq!(skipped.last_error, "");
    }
}

/// A reminder of a visit of now, which nobody would plan any more.
fn planned(
    visit: Visit,
    offset: i32,
    starts_at: Timestamp,
    due_at: Timestamp,
) -> (domain::Appointment, Plan) {
    let starts = starts_at.to_zoned(jiff::tz::TimeZone::UTC);
    let of = domain::Appointment {
        patient_id: visit.patient,
        visit: domain::Visit {
            id: visit.id,
            doctor_id: visit.doctor,
            version: 1,
            status: VisitStatus::Scheduled,
            ends_at: &starts + 30 * MINUTE,
            starts_at: starts,
        },
        schedule_version: 1,
        offsets: None,
        patient_may: Vec::new(),
    };
    let (appointment_id, patient_id) = (visit.id, visit.patient);
    let reminder = Reminder { appointment_id, schedule_version: 1, offset, patient_id, starts_at, due_at };
    (of, Plan { reminders: vec![reminder], dropped: Vec::new() })
}

#[tokio::test]
async fn a_reminder_that_would_come_too_late_is_left_out_and_says_so() {
    let service = Ground::prepare_with(&[("--quiet-hours", "none")]).await.serve().await;
    let (visit, store, now) = (service.ground.reminded(&[]), service.ground.store(), Ground::now());
    // A day before, and it is in an hour.
    let (of, plan) = planned(visit, DAY, now + 60 * MINUTE, now - 1380 * MINUTE);
    assert!(store.plan(&of, &plan, false, None).await.unwrap());
    let late = service.until_reminder_is(visit, |message| message.state() == SKIPPED).await;
    assert_eq!((late.last_error.as_str(), late.attempts), ("late", 0));
    assert_eq!(service.ground.mail.messages().len(), 0);
}

#[tokio::test]
async fn a_reminder_waits_while_the_patient_wants_quiet_and_is_not_tried_until_it_is_of_no_use() {
    let service = Ground::prepare_with(&[("--quiet-hours", "none")]).await.serve().await;
    let now = Ground::now();
    let visit = service.ground.reminded(&[DAY]);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_reminder_is(visit, |message| message.state() == PENDING).await;
    let hour = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    let [from, until] =
        [now - 60 * MINUTE, now + 60 * MINUTE].map(|at| hour(at).strftime("%H:%M").to_string());
    service.wants_quiet(visit, Some([&from, &until])).await;
    service.make_due(visit, DAY).await;
    let waits = service.until_reminder_is(visit, |message| {
        let next = message.next_attempt_time.map(|next| next.seconds);
        message.state() == PENDING
            && next > Some(now.as_second() + 3000)
            && next < Some(now.as_second() + 3700)
    });
    assert_eq!(waits.await.attempts, 0);

    // The mail server is away, and after some seconds more it would be too late.
    service.wants_quiet(visit, None).await;
    service.ground.mail.pause().await;
    let (soon, store) = (service.ground.reminded(&[]), service.ground.store());
    let starts_at = now + SignedDuration::from_secs(8 * 60);
    let (of, plan) = planned(soon, 15, starts_at, starts_at - 15 * MINUTE);
    assert!(store.plan(&of, &plan, false, None).await.unwrap());
    let failed = service.until_reminder_is(soon, |message| message.state() == FAILED).await;
    assert_eq!(failed.last_error, "smtp_refused");
    assert!((1..=4).contains(&failed.attempts), "{}", failed.attempts);
}

#[tokio::test]
async fn what_a_dying_sender_left_of_a_reminder_is_sent_by_another() {
    let ground = Ground::prepare_with(&[("--quiet-hours", "none")]).await;
    let (visit, store) = (ground.reminded(&[DAY]), ground.store());
    let now = Ground::now();
    let (of, plan) = planned(visit, DAY, now + 1439 * MINUTE, now - MINUTE);
    assert!(store.plan(&of, &plan, false, None).await.unwrap());
    let left = store.claim(Channel::Email, 10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(left[0].notification.about, About::Reminder(plan.reminders[0]));
    let service = ground.serve().await;
    let sent = service.until_reminder_is(visit, |message| message.state() == SENT).await;
    assert_eq!(sent.attempts, 2);
    service.mail_of(&sent).await;
}

/// Those that are not due yet are not even looked at.
#[tokio::test]
async fn a_hundred_thousand_reminders_of_later_hold_up_nobody() {
    let ground = Ground::prepare().await;
    let (sql, store) = (ground.sql().await, ground.store());
    let many = "INSERT INTO notification.reminder_notifications
                       (id, kind, recipient_kind, recipient_id, state, next_attempt_at, appointment_id,
                        schedule_version, offset_minutes, visit_starts_at, due_at)
                SELECT gen_random_uuid(), 'reminder', 'patient', gen_random_uuid(), 'pending', due, gen_random_uuid(),
                       1, 60, due + interval '1 hour', due
                  FROM generate_series(1, 100000) n, LATERAL (SELECT clock_timestamp() + n * interval '1 minute') d (due)";
    sql.batch_execute(many).await.unwrap();
    let looked_at = async || {
        let read = "SELECT coalesce(idx_tup_read, 0), coalesce(idx_scan, 0) FROM pg_stat_user_indexes
                     WHERE indexrelname = 'reminder_notifications_pending'";
        let row = sql.query_one(read, &[]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    for _ in 0..20 {
        assert!(store.claim(Channel::Email, 10, Duration::from_secs(30)).await.unwrap().is_empty());
    }
    // What was looked at is told with some delay.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while looked_at().await.1 < 10 {
        assert!(tokio::time::Instant::now() < deadline, "the index is not used");
        tokio::time::sleep(Duration::from_millis(200)).await;
        store.claim(Channel::Email, 10, Duration::from_secs(30)).await.unwrap();
    }
    let (rows, scans) = looked_at().await;
    assert!(rows < 100, "{rows} rows in {scans} scans");
}
