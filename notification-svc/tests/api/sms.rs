//! What goes to phones, beside mail and apart from it.
use crate::change;
use crate::neighbours::Visit;
use crate::provider::{Act, Provider, Sms, TOKEN};
use crate::service::{FAILED, Ground, SENT, SKIPPED, SUPERSEDED, Service, states};
use notification_svc::domain::{Category, Channel, Edit, Kind};
use platform::admin::Readiness;
use platform::audit::Entry;
use platform::shutdown::Shutdown;
use proto::appointment::AppointmentStatus;
use proto::ids::{EventId, NotificationId, PatientId};
use proto::notification::{
    Notification, NotificationChannel, NotificationKind, NotificationState, RecipientKind,
};
use proto::patient::ContactPreference;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;

const BY_SMS: NotificationChannel = NotificationChannel::Sms;

impl Ground {
    pub(crate) async fn with_provider(provider: &Provider) -> Self {
        let settings = [
            ("--sms-provider-url", provider.url()),
            ("--sms-provider-token", TOKEN.to_owned()),
            ("--sms-from", "Clinic".to_owned()),
        ];
        Self::prepare_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await
    }

    /// Whoever is told has this number, and wants this by SMS.
    pub(crate) async fn wants_texts(&self, patient: PatientId, phone: &str, wanted: &[Category]) {
        self.neighbours.now_know(|known| {
            phone.clone_into(&mut known.patients.get_mut(&patient.to_string()).unwrap().phone);
        });
        self.wishes(patient, &wanted.iter().map(|one| Edit::Sms(*one, true)).collect::<Vec<_>>()).await;
    }

    pub(crate) async fn wishes(&self, patient: PatientId, edits: &[Edit]) {
        let noted = |_| Entry::new("update", "message_preferences").of([patient.0]);
        self.store().change_preferences(patient, edits, None, true, noted).await.unwrap();
    }
}

impl Ground {
    /// A visit whose patient is to be told by SMS that it is booked.
    async fn write_text_down(&self) -> Visit {
        let visit = self.neighbours.visit();
        self.wants_texts(visit.patient, "+4930123456", &[Category::VisitChanges]).await;
        let text = (change(Kind::Booked, visit, 1)[0], Channel::Sms);
        self.store().enqueue(EventId::random(), &[text], None).await.unwrap();
        visit
    }
}

impl Service {
    async fn with_provider() -> (Self, Provider) {
        let provider = Provider::start().await;
        (Ground::with_provider(&provider).await.serve().await, provider)
    }

    /// A visit whose patient wants to be told of changes by SMS, too.
    async fn texted(&self) -> Visit {
        let visit = self.ground.neighbours.visit();
        self.ground.wants_texts(visit.patient, "+49 30 123456", &[Category::VisitChanges]).await;
        visit
    }

    /// The SMS about `visit`, once they are as `they_are`.
    async fn until_texts(
        &self,
        visit: Visit,
        they_are: impl Fn(&[Notification]) -> bool,
    ) -> Vec<Notification> {
        texts(self.until(visit, |messages| they_are(&texts(messages.to_vec()))).await)
    }
}

fn texts(mut messages: Vec<Notification>) -> Vec<Notification> {
    messages.retain(|message| message.channel() == BY_SMS);
    messages
}

fn says(sms: &Sms) -> &str {
    sms.body["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_patient_who_asked_for_sms_gets_one_beside_the_mail() {
    let (service, provider) = Service::with_provider().await;
    let visit = service.texted().await;
    let event = service.publish("booked", visit, 1, "scheduled").await;
    service.publish_again(&event).await;
    service.publish("booked", visit, 1, "scheduled").await;
    let told = service.until(visit, |messages| states(messages) == [SENT; 3]).await;
    assert_eq!(service.ground.mail.messages().len(), 2);
    let [text] = &texts(told)[..] else { panic!("one SMS") };
    assert_eq!((text.recipient_kind(), text.kind()), (RecipientKind::Patient, NotificationKind::Booked));

    let sent = provider.until(1).await;
    let expected = serde_json::json!({
        "id": text.id,
        "to": "+4930123456",
        "text": "Clinic: your appointment is booked: 9:00 am on Monday, 7 January 2030, with Dr. Grace Hopper.",
        "from": "Clinic",
    });
    assert_eq!((&sent[0].key, &sent[0].body), (&text.id, &expected));
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn who_did_not_ask_gets_none_but_for_what_is_wanted_nobody_has_to_ask_twice() {
    let (service, provider) = Service::with_provider().await;
    let (silent, reminded) = (service.ground.neighbours.visit(), service.ground.neighbours.visit());
    service.ground.wants_texts(silent.patient, "+4930123456", &[]).await;
    service.ground.wants_texts(reminded.patient, "+4930123456", &[Category::Reminders]).await;
    for visit in [silent, reminded] {
        service.publish("booked", visit, 1, "scheduled").await;
        assert_eq!(service.until_told(visit).await.len(), 2);
        service.ground.neighbours.change(visit, 2, AppointmentStatus::Cancelled);
        service.publish("cancelled", visit, 2, "cancelled").await;
    }
    service.until(silent, |messages| states(messages) == [SENT; 4]).await;
    // That it will not take place is told to whoever wants anything so.
    service.until(reminded, |messages| states(messages) == [SENT; 5]).await;
    let sent = provider.until(1).await;
    assert!(says(&sent[0]).contains("will not take place"), "{}", says(&sent[0]));
}

#[tokio::test]
async fn what_needs_no_answer_is_not_told_by_sms() {
    let (service, provider) = Service::with_provider().await;
    let visit = service.texted().await;
    service.ground.neighbours.change(visit, 1, AppointmentStatus::Requested);
    service.publish("booked", visit, 1, "requested").await;
    service.until(visit, |messages| states(messages) == [SENT; 2]).await;
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Scheduled);
    service.publish("status_changed", visit, 2, "scheduled").await;
    service.until(visit, |messages| states(messages) == [SENT; 5]).await;
    service.ground.neighbours.change(visit, 3, AppointmentStatus::Completed);
    service.publish_from(Some("confirmed"), "status_changed", visit, 3, "completed").await;
    service.until(visit, |messages| states(messages) == [SENT; 7]).await;
    assert!(says(&provider.until(1).await[0]).contains("is booked"));
}

#[tokio::test]
async fn where_nobody_sends_sms_none_is_written_down_whatever_patients_want() {
    let service = Service::start().await;
    let visit = service.texted().await;
    service.publish("booked", visit, 1, "scheduled").await;
    assert_eq!(service.until_told(visit).await.len(), 2);
}

/// As while the settings are rolled out.
#[tokio::test]
async fn sms_that_were_written_down_wait_for_a_replica_that_can_send_them() {
    let provider = Provider::start().await;
    let mut ground = Ground::with_provider(&provider).await;
    let able = ground.config.clone();
    (ground.config.sms.sms_provider_url, ground.config.sms.sms_provider_token) = (None, None);
    let visit = ground.write_text_down().await;
    let service = ground.serve().await;
    let told = service.ground.neighbours.visit();
    service.publish("booked", told, 1, "scheduled").await;
    service.until_told(told).await;
    assert_eq!(states(&service.about(visit).await), [NotificationState::Pending]);

    let (listener, shutdown) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Shutdown::default());
    let serving = notification_svc::serve(able, listener, Readiness::default(), shutdown.clone());
    shutdown.spawn(async { serving.await.unwrap() });
    let sent = service.until(visit, |messages| states(messages) == [SENT]).await;
    assert_eq!(sent[0].attempts, 1);
    shutdown.request();
}

#[tokio::test]
async fn what_nobody_could_send_by_sms_for_a_day_is_dropped() {
    let ground = Ground::prepare().await;
    let (fresh, stale) = (ground.write_text_down().await, ground.write_text_down().await);
    let age = "UPDATE notification.notifications SET next_attempt_at = next_attempt_at - interval '25 hours'
                WHERE appointment_id = $1";
    assert_eq!(ground.sql().await.execute(age, &[&stale.id.0]).await.unwrap(), 1);
    let service = ground.serve().await;
    let dropped = service.until(stale, |messages| states(messages) == [SKIPPED]).await;
    assert_eq!((dropped[0].last_error.as_str(), dropped[0].attempts), ("late", 0));
    assert_eq!(states(&service.about(fresh).await), [NotificationState::Pending]);
}

/// More SMS than have places, and those that have one are not slow yet.
#[tokio::test]
async fn a_provider_that_thinks_for_long_holds_up_no_mail() {
    const PLACES: usize = 10;
    let provider = Provider::start().await;
    let ground = Ground::with_provider(&provider).await;
    provider.will(&[Act::AnswerAfter(Duration::from_secs(12)); 2 * PLACES]);
    for _ in 0..2 * PLACES {
        ground.write_text_down().await;
    }
    let service = ground.serve().await;
    provider.until(PLACES).await;
    let visit = service.ground.neighbours.visit();
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_told(visit).await;
    assert_eq!(provider.asked(), PLACES, "the mail was sent before any SMS gave up its place");
}

#[tokio::test]
async fn a_number_that_leads_nowhere_is_skipped_with_the_reason_and_mail_goes_on() {
    let (service, provider) = Service::with_provider().await;
    for (phone, reason) in [("030 123456", "bad_number"), ("+49 (0)30 123456", "bad_number"), ("", "")] {
        let visit = service.ground.neighbours.visit();
        service.ground.wants_texts(visit.patient, phone, &[Category::VisitChanges]).await;
        service.publish("booked", visit, 1, "scheduled").await;
        let skipped = service.until_texts(visit, |texts| states(texts) == [SKIPPED]).await;
        assert_eq!((skipped[0].last_error.as_str(), skipped[0].attempts), (reason, 0), "{phone}");
        service.until(visit, |all| all.iter().filter(|one| one.state() == SENT).count() == 2).await;
    }
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn who_is_to_be_called_gets_the_sms_they_asked_for_and_who_wants_no_messages_gets_none() {
    let (service, provider) = Service::with_provider().await;
    for (preference, expected) in [(ContactPreference::Phone, SENT), (ContactPreference::None, SKIPPED)] {
        let visit = service.texted().await;
        service.ground.neighbours.now_know(|known| {
            let patient = known.patients.get_mut(&visit.patient.to_string()).unwrap();
            patient.set_contact_preference(preference);
        });
        service.publish("booked", visit, 1, "scheduled").await;
        service.until_texts(visit, |texts| states(texts) == [expected]).await;
        let is_skipped = |one: &&Notification| one.state() == SKIPPED && one.channel() != BY_SMS;
        service.until(visit, |all| all.iter().filter(is_skipped).count() == 1).await;
    }
    provider.until(1).await;
}

#[tokio::test]
async fn what_a_patient_says_meanwhile_counts() {
    let (service, provider) = Service::with_provider().await;
    let visit = service.texted().await;
    provider.will(&[Act::Refuse(503); 20]);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_texts(visit, |texts| texts.len() == 1 && texts[0].last_error == "sms_transient").await;
    service.ground.wishes(visit.patient, &[Edit::Sms(Category::VisitChanges, false)]).await;
    provider.recovers();
    service.until_texts(visit, |texts| states(texts) == [SKIPPED]).await;
    assert!(provider.sent().is_empty());
}

#[tokio::test]
async fn however_a_provider_fails_each_message_goes_to_its_phone_once() {
    let (service, provider) = Service::with_provider().await;
    for (act, error) in [
        (Act::Refuse(500), "sms_transient"),
        (Act::Refuse(429), "sms_transient"),
        (Act::Refuse(409), "sms_transient"),
        (Act::Refuse(401), "sms_denied"),
        (Act::Refuse(404), "sms_denied"),
        (Act::Cut, "sms_interrupted"),
        // Longer than it is waited for.
        (Act::AnswerAfter(Duration::from_secs(17)), "sms_unanswered"),
    ] {
        let (visit, before) = (service.texted().await, provider.sent().len());
        provider.will(&[act]);
        service.publish("booked", visit, 1, "scheduled").await;
        let told = service.until_texts(visit, |texts| states(texts) == [SENT]).await;
        assert_eq!((told[0].attempts, told[0].last_error.as_str()), (2, error));
        let sent = provider.sent();
        assert_eq!((sent.len(), &sent[before].key), (before + 1, &told[0].id), "{error}");
    }
}

#[tokio::test]
async fn what_a_provider_refuses_for_good_is_not_tried_again_and_a_provider_that_is_away_is() {
    let (service, provider) = Service::with_provider().await;
    let visit = service.texted().await;
    provider.will(&[Act::Refuse(422)]);
    service.publish("booked", visit, 1, "scheduled").await;
    let failed = service.until_texts(visit, |texts| states(texts) == [FAILED]).await;
    assert_eq!((failed[0].attempts, failed[0].last_error.as_str()), (1, "sms_refused"));
    assert_eq!(provider.asked(), 1);

    let ground = Ground::with_provider(&provider).await;
    drop(provider);
    let service = ground.serve().await;
    let visit = service.texted().await;
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_texts(visit, |texts| texts.len() == 1 && texts[0].last_error == "sms_unreachable").await;
}

#[tokio::test]
async fn an_sms_that_waits_holds_up_no_mail_and_gives_way_to_the_next() {
    let (service, provider) = Service::with_provider().await;
    let visit = service.texted().await;
    provider.will(&[Act::Refuse(503); 100]);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_texts(visit, |texts| texts.len() == 1 && texts[0].attempts > 1).await;
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Scheduled);
    service.publish("rescheduled", visit, 2, "scheduled").await;
    let mails = |all: &[Notification]| {
        let mails = all.iter().filter(|one| one.channel() != BY_SMS);
        mails.filter(|one| one.state() == SENT).count()
    };
    service.until(visit, |all| mails(all) == 4).await;
    provider.recovers();
    service.until_texts(visit, |texts| states(texts) == [SENT, SUPERSEDED]).await;
    let sent = provider.until(1).await;
    assert!(says(&sent[0]).contains("has been moved"), "{}", says(&sent[0]));
}

#[tokio::test]
async fn reminders_go_by_sms_to_whoever_wants_that_by_then_also_of_visits_that_were_booked_before() {
    let (service, provider) = Service::with_provider().await;
    let (early, late) = (service.ground.reminded(&[1440, 120]), service.ground.reminded(&[1440]));
    service.ground.wants_texts(early.patient, "+4930123456", &[Category::Reminders]).await;
    for visit in [early, late] {
        service.publish("booked", visit, 1, "scheduled").await;
    }
    service.until_texts(early, |texts| texts.len() == 2).await;
    service.until(late, |messages| messages.len() == 3).await;
    service.ground.wants_texts(late.patient, "+4930123456", &[Category::Reminders]).await;
    let planned = service.until_texts(late, |texts| texts.len() == 1).await;
    assert_eq!((planned[0].kind(), planned[0].offset_minutes), (NotificationKind::Reminder, 1440));
    service.ground.wishes(late.patient, &[Edit::Sms(Category::Offers, true)]).await;
    assert_eq!(texts(service.about(late).await).len(), 1);

    service.wants_quiet(late, None).await;
    service.make_due(late, 1440).await;
    service.until_texts(late, |texts| states(texts) == [SENT]).await;
    let sent = provider.until(1).await;
    assert!(
        says(&sent[0]).starts_with("Clinic: a reminder of your appointment: 9:00 am on"),
        "{}",
        says(&sent[0])
    );
    // Of what was cancelled nobody is reminded, in no way.
    service.ground.neighbours.change(early, 2, AppointmentStatus::Cancelled);
    service.publish("cancelled", early, 2, "cancelled").await;
    let is_void = |all: &[Notification]| {
        let reminders = all.iter().filter(|one| one.kind() == NotificationKind::Reminder);
        reminders.filter(|one| one.state() == SUPERSEDED).count() == 4
    };
    service.until(early, is_void).await;
}

#[tokio::test]
async fn a_time_that_is_offered_is_told_by_sms_with_the_time_to_answer() {
    let (service, provider) = Service::with_provider().await;
    let offer = service.ground.neighbours.offer();
    service.ground.wants_texts(offer.patient, "+4930123456", &[Category::Offers]).await;
    service.publish_offer(offer).await;
    let text = says(&provider.until(1).await[0]).to_owned();
    assert!(text.starts_with("Clinic: a time has come free: 9:00 am on Monday, 7 January 2030"), "{text}");
    assert!(text.ends_with("until 6:30 pm on Sunday, 6 January 2030."), "{text}");
}

/// Goes with its folder.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn without_a_provider_a_file_has_each_sms() {
    let folder = Folder(std::env::temp_dir().join(NotificationId::random().to_string()));
    std::fs::create_dir(&folder.0).unwrap();
    let path = folder.0.join("sms.jsonl");
    let service = Ground::prepare_with(&[("--sms-file", path.to_str().unwrap())]).await.serve().await;
    for _ in 0..3 {
        let visit = service.texted().await;
        service.publish("booked", visit, 1, "scheduled").await;
        let text = service.until_texts(visit, |texts| states(texts) == [SENT]).await.remove(0);
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written.lines().filter(|line| line.contains(&text.id)).count(), 1, "{written}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
}
