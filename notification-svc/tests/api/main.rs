//! The service alone, over gRPC and AMQP, on a real PostgreSQL, RabbitMQ and mail server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "../mail_server/mod.rs"]
mod mail_server;
#[path = "../receiver/mod.rs"]
mod receiver;
#[path = "../provider/mod.rs"]
mod provider;
mod neighbours;
mod service;
mod offers; // free times that are offered
mod accounts; // what owners of accounts are told
mod alarms; // doctors who break the glass
mod requests;
mod webhooks; // programs of others that are told
mod webhook_failures; // receivers that do not take what is posted
mod webhook_certificates; // receivers that prove who they are, and others
mod reminders; // visits that are near
mod planning; // what is kept of plans
mod backlog; // many messages that wait
mod preferences; // what patients want to be told of
mod sms; // what goes to phones
mod channels; // mail and SMS beside each other
mod dead_letters; // events that could not be taken
mod crashes; // processes that die
mod webhook_crashes; // processes that die while they tell others
mod links; // what can be done from messages
mod templates; // what messages say, in which language
mod calendars; // what mails bring to calendars
mod feeds; // calendars that programs subscribe to

use crate::mail_server::{MailServer, friendly};
use crate::neighbours::Visit;
use crate::service::{FAILED, Ground, SENT, SUPERSEDED, Service, states};
use notification_svc::domain::{
    About, Change, Channel, Failure, Kind, Outcome, Recipient, State, VisitStatus,
};
use platform::caller::Role;
use platform::fault::reason;
use proto::appointment::AppointmentStatus;
use proto::ids::{DoctorId, EventId, NotificationId, PatientId};
use proto::notification::{
    GetNotificationRequest, ListNotificationsRequest, Notification, NotificationKind, NotificationState,
    RecipientKind, ResendNotificationRequest,
};
use std::time::Duration;
use tonic::{Code, Response, Status};

fn refused<T>(answer: Result<Response<T>, Status>) -> Status {
    answer.err().expect("the request is refused")
}

fn change(kind: Kind, visit: Visit, version: i64) -> [About; 2] {
    let change = Change { kind, appointment_id: visit.id, version, status: VisitStatus::Scheduled };
    [Recipient::Patient(visit.patient), Recipient::Doctor(visit.doctor)]
        .map(|recipient| About::Visit { change, recipient })
}

/// As they go to everybody.
fn by_mail<const N: usize>(messages: [About; N]) -> [(About, Channel); N] {
    messages.map(|message| (message, Channel::Email))
}

fn all_failed_with(error: &str) -> impl Fn(&[Notification]) -> bool {
    move |messages| messages.len() == 2 && messages.iter().all(|message| message.last_error == error)
}

#[tokio::test]
async fn however_often_an_event_comes_each_recipient_gets_one_mail() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let event = service.publish("booked", visit, 1, "scheduled").await;
    service.publish_again(&event).await;
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_told(visit).await;
    service.publish_again(&event).await;
    // Taken after the others, so what they did is done when this one is told.
    let later = service.ground.neighbours.visit();
    service.publish("booked", later, 1, "scheduled").await;
    let mut mails = service.until_told(later).await;

    let messages = service.about(visit).await;
    assert_eq!(states(&messages), [SENT, SENT]);
    assert!(messages.iter().all(|message| message.attempts == 1 && message.send_time.is_some()));
    mails.extend(messages);
    for message in &mails {
        service.mail_of(message).await;
    }
    assert_eq!(service.ground.mail.messages().len(), 4);
}

#[tokio::test]
async fn a_mail_tells_its_reader_when_to_come() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.publish("booked", visit, 1, "scheduled").await;
    for message in service.until_told(visit).await {
        let mail = service.mail_of(&message).await;
        let (recipient, subject) = match message.recipient_kind() {
            RecipientKind::Patient => ("ada@example.com", "Your appointment is booked"),
            _ => ("grace@example.com", "New appointment"),
        };
        assert_eq!(mail.envelope_recipients, [recipient]);
        assert_eq!(mail.subject, subject);
        for body in [&mail.text, &mail.html] {
            assert!(
                body.contains("Monday, 7 January 2030") && body.contains("9:00 am to 9:30 am"),
                "{subject}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_is_told_and_what_happens_in_the_house_is_not() {
    let service = Service::start().await;
    let (asked, treated) = (service.ground.neighbours.visit(), service.ground.neighbours.visit());
    service.ground.neighbours.change(treated, 4, AppointmentStatus::InProgress);
    for (version, status) in [(2, "arrived"), (3, "checked_in"), (4, "in_progress"), (5, "entered_in_error")]
    {
        service.publish("status_changed", treated, version, status).await;
        service.publish("sub_status_set", treated, version, status).await;
    }
    service.ground.neighbours.change(asked, 1, AppointmentStatus::Requested);
    // Taken after the others, so what they did is done when this one is told.
    service.publish("booked", asked, 1, "requested").await;
    for message in service.until_told(asked).await {
        let subject = match message.recipient_kind() {
            RecipientKind::Patient => "We have received your request",
            _ => "New appointment request",
        };
        assert_eq!(service.mail_of(&message).await.subject, subject);
    }
    assert_eq!(service.about(treated).await.len(), 0);
    service.ground.neighbours.change(asked, 2, AppointmentStatus::Scheduled);
    service.publish("status_changed", asked, 2, "scheduled").await;
    service.until(asked, |messages| messages.len() == 4).await;
}

#[tokio::test]
async fn a_mail_server_that_was_away_gets_each_mail_once() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.mail.pause().await;
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, all_failed_with("smtp_refused")).await;
    service.ground.mail.resume().await.unwrap();
    for message in service.until_told(visit).await {
        assert!(message.attempts > 1);
        service.mail_of(&message).await;
    }
    assert_eq!(service.ground.mail.messages().len(), 2);
}

#[tokio::test]
async fn nobody_hears_of_a_booking_that_was_cancelled_before_its_mail_could_leave() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.mail.pause().await;
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, all_failed_with("smtp_refused")).await;
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Cancelled);
    service.publish("cancelled", visit, 2, "cancelled").await;
    service.until(visit, |messages| messages.len() == 4 && states(&messages[2..]) == [SUPERSEDED; 2]).await;
    service.ground.mail.resume().await.unwrap();
    let messages = service.until_told(visit).await;
    assert_eq!(states(&messages), [SENT, SENT, SUPERSEDED, SUPERSEDED]);
    assert!(messages[..2].iter().all(|message| message.kind() == NotificationKind::Cancelled));
    for message in &messages[..2] {
        assert!(service.mail_of(message).await.subject.ends_with("cancelled"));
    }
    assert_eq!(service.ground.mail.messages().len(), 2);
}

#[tokio::test]
async fn a_booking_is_not_told_once_the_visit_is_known_to_be_cancelled() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Cancelled);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, |messages| states(messages) == [SUPERSEDED; 2]).await;
    service.publish("cancelled", visit, 2, "cancelled").await;
    service.until_told(visit).await;
}

#[tokio::test]
async fn edited_notes_tell_nobody_and_silence_nothing() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Scheduled);
    service.publish("booked", visit, 1, "scheduled").await;
    service.publish("notes_edited", visit, 2, "scheduled").await;
    let messages = service.until_told(visit).await;
    assert_eq!(messages.len(), 2);
}

#[tokio::test]
async fn an_older_event_that_comes_late_is_not_told() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.neighbours.change(visit, 3, AppointmentStatus::Scheduled);
    service.publish("rescheduled", visit, 3, "scheduled").await;
    service.until_told(visit).await;
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, |messages| states(messages) == [SUPERSEDED, SUPERSEDED, SENT, SENT]).await;
}

#[tokio::test]
async fn a_neighbour_that_is_away_delays_only_those_who_need_it() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    service.publish("booked", visit, 1, "scheduled").await;
    service
        .until(visit, |messages| {
            let failed = messages.iter().any(|message| message.last_error == "patient_svc_unavailable");
            failed && messages.iter().any(|message| message.state() == SENT)
        })
        .await;
    service.ground.neighbours.now_know(|known| known.no_patients = false);
    service.until_told(visit).await;
}

#[tokio::test]
async fn a_later_message_waits_while_an_earlier_one_is_being_sent() {
    let ground = Ground::prepare().await;
    let (visit, store) = (ground.neighbours.visit(), ground.store());
    let lease = Duration::from_secs(30);
    store.enqueue(EventId::random(), &by_mail(change(Kind::Booked, visit, 1)), None).await.unwrap();
    let booked = store.claim(Channel::Email, 10, lease).await.unwrap();
    store.enqueue(EventId::random(), &by_mail(change(Kind::Rescheduled, visit, 2)), None).await.unwrap();
    assert!(store.claim(Channel::Email, 10, lease).await.unwrap().is_empty());

    store.settle(&booked[0].notification, Outcome::Sent).await.unwrap();
    let moved = store.claim(Channel::Email, 10, lease).await.unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].notification.about.recipient(), booked[0].notification.about.recipient());
}

#[tokio::test]
async fn a_message_that_would_wait_for_hours_is_withdrawn_once_there_is_a_later_one() {
    let ground = Ground::prepare().await;
    let (visit, store) = (ground.neighbours.visit(), ground.store());
    store.enqueue(EventId::random(), &by_mail(change(Kind::Booked, visit, 1)), None).await.unwrap();
    let hours = Outcome::Retry { after: Duration::from_secs(7200), failure: Failure::SmtpRefused };
    for claim in store.claim(Channel::Email, 10, Duration::from_secs(30)).await.unwrap() {
        store.settle(&claim.notification, hours).await.unwrap();
    }
    store.enqueue(EventId::random(), &by_mail(change(Kind::Rescheduled, visit, 2)), None).await.unwrap();
    let service = ground.serve().await;
    service.until(visit, |messages| states(messages) == [SENT, SENT, SUPERSEDED, SUPERSEDED]).await;
}

#[tokio::test]
async fn what_a_dying_sender_left_half_sent_is_sent_by_another() {
    let ground = Ground::prepare().await;
    let visit = ground.neighbours.visit();
    let store = ground.store();
    let change = change(Kind::Booked, visit, 1);
    assert!(store.enqueue(EventId::random(), &by_mail(change), None).await.unwrap());
    let left = store.claim(Channel::Email, 10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(left.len(), 2);
    let service = ground.serve().await;
    for message in service.until_told(visit).await {
        assert_eq!(message.attempts, 2);
        service.mail_of(&message).await;
    }
}

#[tokio::test]
async fn a_lease_that_is_renewed_does_not_end_and_one_that_ended_is_not_renewed() {
    let ground = Ground::prepare().await;
    let (visit, store) = (ground.neighbours.visit(), ground.store());
    let (over, long) = (Duration::ZERO, Duration::from_secs(600));
    store.enqueue(EventId::random(), &by_mail(change(Kind::Booked, visit, 1)), None).await.unwrap();
    let claims = store.claim(Channel::Email, 10, over).await.unwrap();
    let (kept, lost) = (&claims[0].notification, &claims[1].notification);
    store.renew(kept, long).await.unwrap();
    assert_eq!(store.expire().await.unwrap(), 1);

    let again = store.claim(Channel::Email, 10, over).await.unwrap();
    assert_eq!(again.iter().map(|claim| claim.notification.id).collect::<Vec<_>>(), [lost.id]);
    store.renew(lost, long).await.unwrap();
    store.settle(lost, Outcome::GivenUp(Failure::SmtpRefused)).await.unwrap();
    assert_eq!(store.expire().await.unwrap(), 1, "the new lease is untouched");
    store.settle(kept, Outcome::Skipped).await.unwrap();
    assert_eq!(store.find(kept.id).await.unwrap().unwrap().state, State::Skipped);
}

/// More messages than there are places, held until a lease was renewed: longer than any other reply may take.
#[tokio::test]
async fn a_mail_server_that_thinks_for_long_gets_each_mail_once_and_meanwhile_those_of_others() {
    let mut ground = Ground::prepare().await;
    let server = MailServer::start(friendly).await;
    ground.config.smtp.smtp_port = server.port;
    ground.config.smtp.smtp_timeout_seconds = 5;
    server.hold();
    let service = ground.serve().await;
    let visits = [(); 6].map(|()| service.ground.neighbours.visit());
    for visit in visits {
        service.publish("booked", visit, 1, "scheduled").await;
    }
    let first = service.until(visits[0], |_| server.messages() == 2 * visits.len()).await;
    let lease = service.lease_of(&first[0], None).await;
    service.lease_of(&first[0], Some(lease)).await;
    server.release();
    for visit in visits {
        assert!(service.until_told(visit).await.iter().all(|message| message.attempts == 1));
    }
    assert_eq!((server.connections(), server.messages()), (12, 12));
}

#[tokio::test]
async fn a_failed_message_can_be_sent_again_and_no_other() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let summary = {
        let mut taken = None;
        service.ground.neighbours.now_know(|known| taken = known.visits.remove(&visit.id.to_string()));
        taken.unwrap()
    };
    service.publish("booked", visit, 1, "scheduled").await;
    let failed = service.until(visit, |messages| states(messages) == [FAILED; 2]).await;
    assert!(
        failed.iter().all(|message| message.last_error == "appointment_unknown" && message.attempts == 1)
    );

    service.ground.neighbours.now_know(|known| drop(known.visits.insert(summary.id.clone(), summary)));
    for message in &failed {
        let resend = service.ask(Role::Admin, ResendNotificationRequest { id: message.id.clone() });
        let due = service.client.clone().resend_notification(resend).await.unwrap().into_inner();
        assert_eq!((due.state(), due.attempts), (NotificationState::Pending, 0));
    }
    for message in service.until_told(visit).await {
        let resend = service.ask(Role::Admin, ResendNotificationRequest { id: message.id.clone() });
        let refused = refused(service.client.clone().resend_notification(resend).await);
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused).as_deref(), Some("NOT_FAILED"));
    }
}

#[tokio::test]
async fn pages_go_from_new_to_old_and_miss_nothing() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    for version in 1..=3 {
        service.ground.neighbours.change(visit, version, AppointmentStatus::Scheduled);
        service.publish("rescheduled", visit, version, "scheduled").await;
    }
    let all = service.until(visit, |messages| messages.len() == 6).await;
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let list = ListNotificationsRequest { page_size: 4, page_token, ..Default::default() };
        let list = service.ask(Role::Staff, list);
        let page = service.client.clone().list_notifications(list).await.unwrap().into_inner();
        seen.extend(page.notifications.into_iter().map(|message| message.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all.into_iter().map(|message| message.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_staff_and_admins_see_messages() {
    let service = Service::start().await;
    let mut client = service.client.clone();
    for role in [Role::Patient(PatientId::random()), Role::Doctor(DoctorId::random()), Role::Auditor] {
        let id = NotificationId::random().to_string();
        let refused = [
            client.list_notifications(service.ask(role, ListNotificationsRequest::default())).await.err(),
            client.get_notification(service.ask(role, GetNotificationRequest { id: id.clone() })).await.err(),
            client.resend_notification(service.ask(role, ResendNotificationRequest { id })).await.err(),
        ];
        assert_eq!(refused.map(|status| status.unwrap().code()), [Code::PermissionDenied; 3]);
    }
    let nobody = refused(client.list_notifications(ListNotificationsRequest::default()).await);
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let unknown = GetNotificationRequest { id: NotificationId::random().to_string() };
    let unknown = refused(client.get_notification(service.ask(Role::Staff, unknown)).await);
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(reason(&unknown).as_deref(), Some("NOTIFICATION_NOT_FOUND"));
}

#[tokio::test]
async fn a_request_is_told_everything_that_is_wrong_with_it() {
    let service = Service::start().await;
    let list = ListNotificationsRequest {
        appointment_id: "x".to_owned(),
        state: 99,
        page_size: -1,
        page_token: "x".to_owned(),
    };
    let refused = refused(service.client.clone().list_notifications(service.ask(Role::Staff, list)).await);
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let fields = details.bad_request().unwrap().field_violations.iter().map(|wrong| wrong.field.as_str());
    assert_eq!(fields.collect::<Vec<_>>(), ["state", "appointment_id", "page_size", "page_token"]);
}
