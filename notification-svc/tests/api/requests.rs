use crate::service::{Service, states};
use crate::{SENT, SUPERSEDED};
use proto::appointment::AppointmentStatus;
use proto::notification::RecipientKind;

#[tokio::test]
async fn a_request_that_ran_out_is_told_as_such_and_no_longer_as_a_request() {
    let service = Service::start().await;
    let asked = service.ground.neighbours.visit();
    service.ground.neighbours.change(asked, 1, AppointmentStatus::Expired);
    service.publish("booked", asked, 1, "requested").await;
    service.until(asked, |messages| states(messages) == [SUPERSEDED; 2]).await;
    service.ground.neighbours.change(asked, 2, AppointmentStatus::Expired);
    service.publish_from(Some("requested"), "expired", asked, 2, "expired").await;
    let messages = service.until_told(asked).await;
    assert_eq!(states(&messages), [SENT, SENT, SUPERSEDED, SUPERSEDED]);
    for message in &messages[..2] {
        let subject = match message.recipient_kind() {
            RecipientKind::Patient => "We did not answer your request in time",
            _ => "Appointment request ran out",
        };
        assert_eq!(service.mail_of(message).await.subject, subject);
    }
    assert_eq!(service.ground.mail.messages().len(), 2);
}
