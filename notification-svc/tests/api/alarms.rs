//! Doctors who break the glass, and who is told.
use crate::SENT;
use crate::service::{Ground, PATIENCE, Service, eventually};
use notification_svc::domain::{About, Alarm, ContactId, Recipient};
use platform::outbox::Envelope;
use platform::postgres;
use proto::auth::AccountMessage;
use proto::ids::{BreakGlassGrantId, DoctorId, EventId, PatientId, UserId};
use proto::notification::{ListNotificationsRequest, Notification, NotificationKind, RecipientKind};
use serde_json::json;
use std::time::Duration;

#[derive(Clone, Copy)]
struct Grant {
    id: BreakGlassGrantId,
    patient: PatientId,
    doctor: DoctorId,
}

impl Grant {
    fn new() -> Self {
        Self { id: BreakGlassGrantId::random(), patient: PatientId::random(), doctor: DoctorId::random() }
    }
}

impl Ground {
    /// Somebody with an account, as auth-svc knows them.
    fn reviewer(&self, name: &str) -> UserId {
        let user = UserId::random();
        let message = AccountMessage {
            email: format!("{}@example.com", name.to_lowercase()),
            full_name: name.to_owned(),
            ..AccountMessage::default()
        };
        self.neighbours
            .now_know(|known| drop(known.accounts.insert((user.to_string(), String::new()), message)));
        user
    }

    fn reviewed_by(&self, users: &[UserId]) {
        self.neighbours.now_know(|known| known.reviewers = Some(users.to_vec()));
    }

    async fn with_contacts(addresses: &str) -> Self {
        Self::prepare_with(&[("--security-alert-email", addresses)]).await
    }
}

impl Service {
    async fn publish_broken(&self, grant: Grant, includes_very_restricted: bool) -> Envelope {
        let data = json!({
            "grant_id": grant.id,
            "patient_id": grant.patient,
            "doctor_id": grant.doctor,
            "includes_very_restricted": includes_very_restricted,
            "new": 1,
        });
        self.publish_event("patient.break_glass", grant.patient.0, data).await
    }

    async fn everything(&self) -> Vec<Notification> {
        self.list(ListNotificationsRequest::default()).await
    }

    /// All messages, once there are so many and all were sent.
    async fn until_sent(&self, count: usize) -> Vec<Notification> {
        let all_sent = |messages: &[Notification]| {
            messages.len() == count && messages.iter().all(|message| message.state() == SENT)
        };
        eventually(async || self.everything().await, all_sent).await
    }

    async fn is_taken(&self, event: &Envelope) -> bool {
        let pool = postgres::pool(&self.ground.config.postgres, "test").unwrap();
        let taken = "SELECT EXISTS (SELECT FROM notification.inbox WHERE event_id = $1)";
        let row = postgres::connection(&pool).await.unwrap().query_one(taken, &[&event.id.0]).await.unwrap();
        row.get(0)
    }

    async fn until_taken(&self, event: &Envelope) {
        let waiting = async {
            while !self.is_taken(event).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it is taken");
    }

    /// Who got a mail so far, in alphabetical order.
    fn told(&self) -> Vec<String> {
        let mails = self.ground.mail.messages();
        let mut told: Vec<_> = mails.into_iter().flat_map(|mail| mail.envelope_recipients).collect();
        told.sort();
        told
    }
}

#[tokio::test]
async fn however_often_it_is_told_of_each_reviewer_gets_one_mail_that_names_no_patient() {
    let service = Service::start().await;
    let [ada, grace] = ["Ada", "Grace"].map(|name| service.ground.reviewer(name));
    service.ground.reviewed_by(&[ada, grace]);
    let grant = Grant::new();
    let event = service.publish_broken(grant, true).await;
    service.publish_again(&event).await;
    service.publish_broken(grant, true).await;
    let messages = service.until_sent(2).await;
    service.publish_again(&event).await;
    // Taken after the others, so what they did is done when this one is told.
    service.publish_broken(Grant::new(), false).await;
    service.until_sent(4).await;

    let mut recipients = [ada, grace].map(|user| user.to_string());
    recipients.sort();
    let mut told = [0, 1].map(|at| messages[at].recipient_id.clone());
    told.sort();
    assert_eq!(told, recipients);
    for message in &messages {
        let expected = (NotificationKind::GlassBroken, RecipientKind::Account, 1);
        assert_eq!((message.kind(), message.recipient_kind(), message.attempts), expected);
        assert!(message.appointment_id.is_empty() && message.offer_id.is_empty());
        let mail = service.mail_of(message).await;
        assert_eq!(mail.subject, "A doctor broke the glass");
        let review = format!("POST https://clinic.example/api/break-glass/{}/review", grant.id);
        for body in [&mail.text, &mail.html] {
            let doctor = grant.doctor.to_string();
            for told in
                [&review, &doctor, "12:00 am UTC on Saturday, 1 December 2029", "also very restricted"]
            {
                assert!(body.contains(told), "{told}: {body}");
            }
            assert!(!body.contains(&grant.patient.to_string()), "{body}");
        }
    }
    let [ada, grace] = ["ada@example.com", "grace@example.com"];
    assert_eq!(service.told(), [ada, ada, grace, grace]);
}

#[tokio::test]
async fn the_addresses_of_the_settings_are_told_instead_each_once() {
    let ground =
        Ground::with_contacts("security@clinic.example,it@clinic.example,Security@clinic.example").await;
    let ada = ground.reviewer("Ada");
    ground.reviewed_by(&[ada]);
    let service = ground.serve().await;
    let event = service.publish_broken(Grant::new(), false).await;
    service.publish_again(&event).await;
    service.publish_broken(Grant::new(), false).await;
    let messages = service.until_sent(4).await;
    assert_eq!(
        service.told(),
        ["it@clinic.example", "it@clinic.example", "security@clinic.example", "security@clinic.example"]
    );
    for message in &messages {
        assert_eq!(message.recipient_kind(), RecipientKind::Contact);
        let mail = service.mail_of(message).await;
        assert!(mail.text.starts_with("Hello,") && mail.text.contains("none that are very restricted"));
    }
}

#[tokio::test]
async fn who_is_told_is_asked_until_auth_svc_says_so_and_an_alarm_for_nobody_holds_up_no_other() {
    let service = Service::start().await;
    service.ground.reviewed_by(&[]);
    let for_nobody = service.publish_broken(Grant::new(), false).await;
    service.until_taken(&for_nobody).await;

    service.ground.neighbours.now_know(|known| known.reviewers = None);
    let waits = service.publish_broken(Grant::new(), false).await;
    // Longer than it takes to ask a second time.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!service.is_taken(&waits).await);
    let ada = service.ground.reviewer("Ada");
    service.ground.reviewed_by(&[ada]);
    service.until_taken(&waits).await;
    service.until_sent(1).await;
    assert_eq!(service.told(), ["ada@example.com"]);
}

/// A replica with other settings gives it back.
#[tokio::test]
async fn a_contact_that_the_settings_do_not_have_is_tried_again() {
    let ground = Ground::with_contacts("security@clinic.example").await;
    let store = ground.store();
    let alarm = Alarm {
        grant_id: BreakGlassGrantId::random(),
        doctor_id: DoctorId::random(),
        at: "2029-12-01T00:00:00Z".parse().unwrap(),
        includes_very_restricted: false,
    };
    let unknown = ContactId(uuid::Uuid::from_u128(1));
    let message = About::Alarm { alarm, recipient: Recipient::Contact(unknown) };
    store.enqueue(EventId::random(), &crate::by_mail([message]), None).await.unwrap();
    let service = ground.serve().await;
    let tried = |messages: &[Notification]| {
        messages.iter().any(|message| message.last_error == "contact_unknown" && message.attempts > 1)
    };
    eventually(async || service.everything().await, tried).await;
    assert!(service.told().is_empty());
}
