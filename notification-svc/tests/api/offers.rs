//! Free times that are offered to patients who wait.
use crate::service::{Ground, Service};
use crate::{FAILED, SENT, SUPERSEDED};
use notification_svc::domain::{About, Channel, Kind};
use platform::caller::Role;
use platform::postgres;
use proto::appointment::{WaitlistOfferMode, WaitlistOfferState};
use proto::ids::EventId;
use proto::notification::{
    ListNotificationsRequest, Notification, NotificationKind, NotificationState, RecipientKind,
    ResendNotificationRequest,
};
use proto::time::to_wire;
use std::time::Duration;

#[tokio::test]
async fn an_offer_is_told_to_the_patient_and_to_nobody_else() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    service.publish_offer(offer).await;
    let message = service.until_offer_is(offer, SENT).await;
    assert_eq!(
        (message.kind(), message.recipient_kind()),
        (NotificationKind::Offered, RecipientKind::Patient)
    );
    assert_eq!(message.recipient_id, offer.patient.to_string());
    assert_eq!((message.appointment_id.as_str(), message.appointment_version), ("", 0));

    let mail = service.mail_of(&message).await;
    assert_eq!(mail.envelope_recipients, ["ada@example.com"]);
    assert_eq!(mail.subject, "A time has come free");
    for body in [&mail.text, &mail.html] {
        for told in [
            "Monday, 7 January 2030",
            "9:00 am to 9:30 am",
            "Europe/Berlin (CET, UTC+01:00)",
            "Dr. Grace Hopper",
            "6:30 pm on Sunday, 6 January 2030",
            "It is kept for you",
            "Accept or decline it in your account",
        ] {
            assert!(body.contains(told), "{told}");
        }
    }
    assert_eq!(service.ground.mail.messages().len(), 1);
}

#[tokio::test]
async fn however_often_an_offer_is_told_of_the_patient_gets_one_mail() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    let event = service.publish_offer(offer).await;
    service.publish_again(&event).await;
    service.publish_offer(offer).await;
    service.until_offer_is(offer, SENT).await;
    service.publish_again(&event).await;
    // Taken after the others, so what they did is done when this one is told.
    let later = service.ground.neighbours.offer();
    service.publish_offer(later).await;
    let told = [service.until_offer_is(offer, SENT).await, service.until_offer_is(later, SENT).await];
    for message in &told {
        assert_eq!(message.attempts, 1);
        service.mail_of(message).await;
    }
    assert_eq!(service.ground.mail.messages().len(), 2);
}

#[tokio::test]
async fn an_offer_that_can_no_longer_be_answered_is_not_told() {
    let service = Service::start().await;
    let mut closed = Vec::new();
    for state in [
        WaitlistOfferState::Accepted,
        WaitlistOfferState::Declined,
        WaitlistOfferState::Expired,
        WaitlistOfferState::Withdrawn,
        WaitlistOfferState::Lost,
    ] {
        let offer = service.ground.neighbours.offer();
        service.ground.neighbours.change_offer(offer, |offer| offer.set_state(state));
        closed.push(offer);
    }
    // Nobody has noticed yet.
    let run_out = service.ground.neighbours.offer();
    let yesterday = to_wire("2026-01-01T00:00:00Z".parse().unwrap());
    service.ground.neighbours.change_offer(run_out, |offer| offer.expire_time = Some(yesterday));
    closed.push(run_out);
    for offer in &closed {
        service.publish_offer(*offer).await;
    }
    for offer in closed {
        service.until_offer_is(offer, SUPERSEDED).await;
    }
    assert_eq!(service.ground.mail.messages().len(), 0);
}

#[tokio::test]
async fn an_offer_that_is_withdrawn_before_its_mail_could_leave_is_not_told() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    service.ground.mail.pause().await;
    service.publish_offer(offer).await;
    service.until_offer(offer, |message| message.last_error == "smtp_refused").await;
    service.ground.neighbours.change_offer(offer, |offer| offer.set_state(WaitlistOfferState::Withdrawn));
    service.ground.mail.resume().await.unwrap();
    let message = service.until_offer_is(offer, SUPERSEDED).await;
    assert!(message.attempts > 0 && message.send_time.is_none());
    assert_eq!(service.ground.mail.messages().len(), 0);
}

#[tokio::test]
async fn whoever_is_offered_a_time_with_others_is_told_so() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    service.ground.neighbours.change_offer(offer, |offer| offer.set_mode(WaitlistOfferMode::Broadcast));
    service.publish_offer(offer).await;
    let mail = service.mail_of(&service.until_offer_is(offer, SENT).await).await;
    assert_eq!(mail.subject, "A time has come free");
    for body in [&mail.text, &mail.html] {
        assert!(!body.contains("kept for you"), "{body}");
        let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Others were told of it, too, and the first who accepts has it"), "{body}");
    }
}

#[tokio::test]
async fn an_offer_is_told_in_the_zone_of_the_place() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    service.ground.neighbours.change_offer(offer, |offer| "Asia/Kathmandu".clone_into(&mut offer.time_zone));
    service.publish_offer(offer).await;
    let mail = service.mail_of(&service.until_offer_is(offer, SENT).await).await;
    for told in ["1:45 pm to 2:15 pm", "Asia/Kathmandu (UTC+05:45)", "11:15 pm on Sunday, 6 January 2030"] {
        assert!(mail.text.contains(told) && mail.html.contains(told), "{told}: {}", mail.text);
    }
}

#[tokio::test]
async fn what_a_dying_sender_left_of_an_offer_is_sent_by_another() {
    let ground = Ground::prepare().await;
    let (offer, store) = (ground.neighbours.offer(), ground.store());
    let message = About::Offer { id: offer.id, patient_id: offer.patient };
    assert!(store.enqueue(EventId::random(), &crate::by_mail([message]), None).await.unwrap());
    let left = store.claim(Channel::Email, 10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(left.iter().map(|claim| claim.notification.about).collect::<Vec<_>>(), [message]);
    assert!(store.claim(Channel::Email, 10, Duration::from_secs(1)).await.unwrap().is_empty());
    let service = ground.serve().await;
    let message = service.until_offer_is(offer, SENT).await;
    assert_eq!(message.attempts, 2);
    service.mail_of(&message).await;
}

#[tokio::test]
async fn a_message_about_an_offer_that_failed_can_be_sent_again() {
    let service = Service::start().await;
    let offer = service.ground.neighbours.offer();
    let mut taken = None;
    service.ground.neighbours.now_know(|known| taken = known.offers.remove(&offer.id.to_string()));
    service.publish_offer(offer).await;
    let failed = service.until_offer_is(offer, FAILED).await;
    assert_eq!((failed.last_error.as_str(), failed.attempts), ("offer_unknown", 1));

    let known_again = taken.unwrap();
    service
        .ground
        .neighbours
        .now_know(|known| drop(known.offers.insert(known_again.id.clone(), known_again)));
    let resend = service.ask(Role::Staff, ResendNotificationRequest { id: failed.id });
    let due = service.client.clone().resend_notification(resend).await.unwrap().into_inner();
    assert_eq!((due.state(), due.offer_id), (NotificationState::Pending, offer.id.to_string()));
    service.until_offer_is(offer, SENT).await;
}

#[tokio::test]
async fn messages_about_visits_and_offers_are_in_one_list() {
    let service = Service::start().await;
    let (visit, offer) = (service.ground.neighbours.visit(), service.ground.neighbours.offer());
    service.publish("booked", visit, 1, "scheduled").await;
    let booked = service.until_told(visit).await;
    service.publish_offer(offer).await;
    let offered = service.until_offer_is(offer, SENT).await;
    assert!(booked.iter().all(|message| message.offer_id.is_empty()));

    let expected = ids(&[&[offered], &booked[..]].concat());
    assert_eq!(ids(&service.list(ListNotificationsRequest::default()).await), expected);
    assert_eq!(ids(&service.about(visit).await), expected[1..]);
    for (state, expected) in [(SENT, &expected[..]), (FAILED, &[])] {
        let list = ListNotificationsRequest { state: state.into(), ..Default::default() };
        assert_eq!(ids(&service.list(list).await), expected);
    }
}

fn ids(messages: &[Notification]) -> Vec<String> {
    messages.iter().map(|message| message.id.clone()).collect()
}

/// It could not read them: one would spoil its lists, and the batch that it takes to send.
#[tokio::test]
async fn a_replica_of_the_release_before_sees_messages_about_visits_only() {
    let ground = Ground::prepare().await;
    let (visit, offer, store) = (ground.neighbours.visit(), ground.neighbours.offer(), ground.store());
    let offered = About::Offer { id: offer.id, patient_id: offer.patient };
    store.enqueue(EventId::random(), &crate::by_mail([offered]), None).await.unwrap();
    store
        .enqueue(EventId::random(), &crate::by_mail(crate::change(Kind::Booked, visit, 1)), None)
        .await
        .unwrap();
    let client =
        postgres::connection(&postgres::pool(&ground.config.postgres, "test").unwrap()).await.unwrap();
    let due =
        "UPDATE notification.notifications SET attempts = attempts WHERE state = 'pending' RETURNING kind";
    let kinds = client.query(due, &[]).await.unwrap();
    assert_eq!(kinds.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), ["booked", "booked"]);
}
