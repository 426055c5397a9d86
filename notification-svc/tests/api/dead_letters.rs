use crate::neighbours::Visit;
use crate::service::{PATIENCE, Service};
use notification_svc::consumer::QUEUE;
use platform::caller::Role;
use platform::fault::reason;
use platform::outbox::Envelope;
use proto::events::{
    DeadLetter, DeadLetterState, DiscardDeadLetterRequest, GetDeadLetterRequest, ListDeadLettersRequest,
    ReplayDeadLetterRequest,
};
use proto::ids::EventId;
use std::time::Duration;
use tonic::Code;

impl Service {
    async fn dead(&self, state: DeadLetterState) -> Vec<DeadLetter> {
        let list = ListDeadLettersRequest { state: state.into(), ..Default::default() };
        let list = self.ask(Role::Admin, list);
        self.dead_letters.clone().list_dead_letters(list).await.unwrap().into_inner().dead_letters
    }

    /// Waits until there is one dead letter that `is_meant`.
    async fn until_dead(&self, is_meant: impl Fn(&DeadLetter) -> bool) -> DeadLetter {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let waiting = async {
            loop {
                look.tick().await;
                if let Some(letter) = self.dead(DeadLetterState::Dead).await.into_iter().find(&is_meant) {
                    return letter;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it dies")
    }

    async fn replay(&self, letter: &DeadLetter) -> Result<DeadLetter, tonic::Status> {
        let replay = self.ask(Role::Admin, ReplayDeadLetterRequest { id: letter.id.clone() });
        self.dead_letters.clone().replay_dead_letter(replay).await.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn an_event_that_makes_no_sense_is_kept_with_its_reason_and_dies_again_when_it_is_replayed() {
    let service = Service::start().await;
    let (visit, fine) = (service.ground.neighbours.visit(), service.ground.neighbours.visit());
    let event = service.publish("booked", visit, 1, "lost").await;
    service.publish("booked", fine, 1, "scheduled").await;
    // It holds up nobody.
    service.until_told(fine).await;

    let letter = service.until_dead(|letter| letter.message_id == event.id.to_string()).await;
    assert_eq!((letter.queue.as_str(), letter.reason.as_str(), letter.deaths), (QUEUE, "rejected", 1));
    assert_eq!(letter.event_type, "healthcare.appointment.booked.v1");
    let body: Envelope = serde_json::from_str(&letter.body).unwrap();
    assert_eq!((body.id, body.data), (event.id, event.data));
    let get = service.ask(Role::Admin, GetDeadLetterRequest { id: letter.id.clone() });
    let got = service.dead_letters.clone().get_dead_letter(get).await.unwrap().into_inner();
    assert!(got == letter);

    let replayed = service.replay(&letter).await.unwrap();
    assert!(replayed.state() == DeadLetterState::Replayed && replayed.settle_time.is_some());
    let again = service.until_dead(|letter| letter.deaths == 2).await;
    assert_eq!(again.id, letter.id);
}

#[tokio::test]
async fn an_event_that_is_replayed_has_its_effect_once() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let event = service.publish("booked", visit, 1, "scheduled").await;
    service.until_told(visit).await;
    let another = service.ground.neighbours.visit();
    let lost = Envelope { id: EventId::random(), ..of_visit(event.clone(), another) };
    let dead = format!("{QUEUE}.dead");
    service.put_into(&dead, &event).await;
    service.put_into(&dead, &lost).await;
    // Delivered again, it is the same.
    service.put_into(&dead, &lost).await;
    for id in [event.id, lost.id] {
        let letter = service.until_dead(|letter| letter.message_id == id.to_string()).await;
        assert_eq!(letter.deaths, 1);
        service.replay(&letter).await.unwrap();
        service.replay(&letter).await.unwrap();
    }
    service.until_told(another).await;
    assert_eq!(service.about(visit).await.len(), 2);
    assert_eq!(service.about(another).await.len(), 2);
    assert_eq!(service.dead(DeadLetterState::Replayed).await.len(), 2);
}

fn of_visit(event: Envelope, visit: Visit) -> Envelope {
    let mut data = event.data;
    data["appointment_id"] = visit.id.to_string().into();
    data["patient_id"] = visit.patient.to_string().into();
    data["doctor_id"] = visit.doctor.to_string().into();
    Envelope { subject: visit.id.0, data, ..event }
}

#[tokio::test]
async fn what_was_discarded_is_not_replayed_and_there_is_nothing_under_other_ids() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.publish("booked", visit, 1, "lost").await;
    let letter = service.until_dead(|_| true).await;
    for _ in 0..2 {
        let discard = service.ask(Role::Admin, DiscardDeadLetterRequest { id: letter.id.clone() });
        let discarded = service.dead_letters.clone().discard_dead_letter(discard).await.unwrap().into_inner();
        assert_eq!(discarded.state(), DeadLetterState::Discarded);
    }
    let refused = service.replay(&letter).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::FailedPrecondition, Some("NOT_DEAD")));
    assert_eq!(service.dead(DeadLetterState::Dead).await.len(), 0);

    let unknown = DeadLetter { id: EventId::random().to_string(), ..letter.clone() };
    let unknown = service.replay(&unknown).await.err().unwrap();
    assert_eq!(reason(&unknown).as_deref(), Some("DEAD_LETTER_NOT_FOUND"));
    let wrong = service.replay(&DeadLetter { id: "1".to_owned(), ..letter }).await.err().unwrap();
    assert_eq!(wrong.code(), Code::InvalidArgument);
}
