//! Processes that die wherever they wait for something while they tell others.
use crate::crashes::{PLACES, dying};
use crate::receiver::Receiver;
use crate::service::Ground;
use crate::webhook_failures::registered_before;
use crate::webhooks::id;
use notification_svc::channel::webhook::Courier;
use notification_svc::domain::webhook::{Event, Reach, Stage, WebhookDelivery};
use notification_svc::signing::Secrets;
use notification_svc::webhooks::Webhooks;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use proto::ids::{EventId, WebhookId};
use uuid::Uuid;

impl Ground {
    /// What a process has that was just started.
    fn webhooks(&self) -> Webhooks {
        let root = RootSecret::new(&self.config.process.secret_key).unwrap();
        let courier = Courier::new(Reach::Anywhere);
        Webhooks::new(self.store(), courier, Secrets::new(&root), &self.config.public_url)
    }
}

/// Posts what is due; whether the sender died of it.
async fn post_all(webhooks: &Webhooks, waits: usize) -> bool {
    let mut died = false;
    for claim in webhooks.claim(10).await.unwrap() {
        died |= dying(webhooks.attempt(claim, Clock::system().now()), waits).await.is_none();
    }
    died
}

/// How often it came in.
fn posts_of(receiver: &Receiver, delivery: &WebhookDelivery) -> usize {
    let id = delivery.id.to_string();
    receiver.posts().iter().filter(|post| post.header("webhook-id") == id).count()
}

#[tokio::test]
async fn whoever_dies_anywhere_tells_a_webhook_of_each_event_under_one_id_until_it_has_arrived() {
    let ground = Ground::open().await;
    let receiver = Receiver::start().await;
    let new = registered_before(&ground, &receiver.url()).await;
    let webhook: WebhookId = id(&new).parse().unwrap();
    for waits in 0..PLACES {
        let event = Event {
            id: EventId::random(),
            event_type: "doctor.updated".to_owned(),
            subject: Uuid::nil(),
            version: 1,
            time: Clock::system().now(),
        };
        let mut died = dying(ground.webhooks().announce(&event), waits).await.is_none();
        for _ in 0..2 {
            ground.webhooks().announce(&event).await.unwrap();
        }
        died |= post_all(&ground.webhooks(), waits).await;
        let latest = async || ground.webhooks().deliveries(webhook, None, None, 1000).await.unwrap();
        let left = latest().await.remove(0);
        let came = posts_of(&receiver, &left);

        // The lease of who died ends.
        ground
            .alter(
                "UPDATE notification.webhook_deliveries SET leased_until = clock_timestamp() WHERE state = 'sending'",
            )
            .await;
        ground.webhooks().tidy().await.unwrap();
        assert!(!post_all(&ground.webhooks(), PLACES).await);
        let all = latest().await;
        assert_eq!(all.len(), waits + 1, "after {waits} waits");
        assert!(all.iter().all(|delivery| delivery.stage == Stage::Delivered), "{:?}", all[0]);
        let may_be = if came == 1 && left.stage != Stage::Delivered { 2 } else { 1 };
        assert_eq!(posts_of(&receiver, &left), may_be, "{left:?} after {waits} waits");
        if !died {
            assert!(waits > 5, "{waits} places only");
            return;
        }
    }
    panic!("there is no end of places to die at");
}
