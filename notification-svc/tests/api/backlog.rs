//! Many messages that wait, beside many that were sent.
use crate::service::{Ground, PATIENCE};
use notification_svc::domain::Channel;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// As after an outage of the mail server.
const FILL: &str = "
    INSERT INTO notification.notifications
           (id, appointment_id, appointment_version, kind, visit_status, recipient_kind, recipient_id, state,
            next_attempt_at, sent_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 1, 'booked', 'scheduled', 'patient', gen_random_uuid(),
           CASE WHEN number % 2 = 0 THEN 'pending' ELSE 'sent' END,
           CASE WHEN number % 2 = 0 THEN clock_timestamp() END, CASE WHEN number % 2 > 0 THEN clock_timestamp() END
      FROM generate_series(1, 40000) AS number;
    ANALYZE notification.notifications";

/// As many as are taken at once.
const TAKEN: i64 = 10;
/// Each is looked up once to be taken, once to be locked, once to be changed, and so is what it is about.
const READ: i64 = 20 * TAKEN;

#[tokio::test]
async fn whoever_takes_what_is_due_reads_no_more_than_that() {
    const READ_SO_FAR: &str = "
        SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
          FROM pg_stat_user_tables WHERE schemaname = 'notification'";
    let ground = Ground::prepare().await;
    let sql = ground.sql().await;
    sql.batch_execute(FILL).await.unwrap();
    let read = async || sql.query_one(READ_SO_FAR, &[]).await.unwrap().get::<_, i64>(0);
    sql.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
    let before = read().await;

    let store = ground.store();
    let taken = store.claim(Channel::Email, TAKEN, Duration::from_secs(30)).await.unwrap();
    assert_eq!(i64::try_from(taken.len()).unwrap(), TAKEN);
    // What a connection has read is told when it ends.
    drop(store);
    let told = async {
        while read().await < before + TAKEN {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, told).await.expect("it is told");
    let rows = read().await - before;
    assert!(rows <= READ, "{rows} rows for {TAKEN} messages");
}
