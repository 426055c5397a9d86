//! Many messages that wait, as after an outage of the mail server, beside many that were sent.
use crate::service::{Ground, PATIENCE};
use notification_svc::domain::Channel;
use notification_svc::store::Store;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const MESSAGES: &str = "
    INSERT INTO notification.notifications
           (id, appointment_id, appointment_version, kind, visit_status, recipient_kind, recipient_id, state,
            next_attempt_at, sent_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 1, 'booked', 'scheduled', 'patient', gen_random_uuid(),
           CASE WHEN number % 2 = 0 THEN 'pending' ELSE 'sent' END,
           CASE WHEN number % 2 = 0 THEN clock_timestamp() END, CASE WHEN number % 2 > 0 THEN clock_timestamp() END
      FROM generate_series(1, 40000) AS number;
    ANALYZE notification.notifications";

const POSTS: &str = "
    INSERT INTO notification.webhook_endpoints (id, url, events, secret)
    VALUES (gen_random_uuid(), 'http://127.0.0.1:1/', '{doctor.deleted}', '');
    INSERT INTO notification.webhook_deliveries
           (id, endpoint_id, event_id, event_type, subject, occurred_at, body, state, next_attempt_at, settled_at)
    SELECT gen_random_uuid(), webhook.id, gen_random_uuid(), 'doctor.deleted', gen_random_uuid(), clock_timestamp(), '{}',
           CASE WHEN number % 2 = 0 THEN 'pending' ELSE 'delivered' END,
           CASE WHEN number % 2 = 0 THEN clock_timestamp() END, CASE WHEN number % 2 > 0 THEN clock_timestamp() END
      FROM generate_series(1, 40000) AS number, notification.webhook_endpoints webhook;
    ANALYZE notification.webhook_deliveries";

/// As many as are taken at once.
const TAKEN: i64 = 10;
const LEASE: Duration = Duration::from_secs(30);
/// Each is looked up once to be taken, once to be locked, once to be changed, and so is what it is about.
const MOST: i64 = 20 * TAKEN;

#[tokio::test]
async fn whoever_takes_messages_that_are_due_reads_no_more_than_those() {
    let read = read(MESSAGES, async |store| store.claim(Channel::Email, TAKEN, LEASE).await.unwrap().len());
    assert!((TAKEN..=MOST).contains(&read.await), "{TAKEN} messages");
}

#[tokio::test]
async fn whoever_takes_posts_that_are_due_reads_no_more_than_those() {
    let read = read(POSTS, async |store| store.claim_webhooks(TAKEN, TAKEN, LEASE).await.unwrap().len());
    assert!((TAKEN..=MOST).contains(&read.await), "{TAKEN} posts");
}

/// How many rows are read by whoever takes [`TAKEN`] of what `fill` made.
async fn read(fill: &str, take: impl AsyncFn(&Store) -> usize) -> i64 {
    const SO_FAR: &str = "
        SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
          FROM pg_stat_user_tables WHERE schemaname = 'notification'";
    let ground = Ground::prepare().await;
    let sql = ground.sql().await;
    sql.batch_execute(fill).await.unwrap();
    let so_far = async || sql.query_one(SO_FAR, &[]).await.unwrap().get::<_, i64>(0);
    sql.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
    let before = so_far().await;
    let store = ground.store();
    assert_eq!(i64::try_from(take(&store).await).unwrap(), TAKEN);
    // What a connection has read is told when it ends.
    drop(store);
    let told = async {
        while so_far().await < before + TAKEN {
            sleep(Duration::from_millis(50)).await;
        }
        so_far().await - before
    };
    timeout(PATIENCE, told).await.expect("it is told")
}
