//! What the services keep in the database: their schemas, events and messages.
use super::database::none;
use super::{Finding, mind, well, wrong};
use crate::database::told;
use crate::places::checkout;
use crate::service::SCHEMAS;
use std::collections::BTreeSet;
use std::fs;
use tokio_postgres::Client;

/// Seconds after which an event that was not published, or a message that was not sent, is late.
const LATE: i64 = 60;

pub(super) async fn look(client: &Client) -> Vec<Finding> {
    let mut found = Vec::new();
    for schema in SCHEMAS {
        let exists = "SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL";
        let tables = ["schema_history", "dead_letters"].map(|table| format!("{schema}.{table}"));
        match client.query_one(exists, &[&tables[0], &tables[1]]).await {
            Ok(row) if row.get(0) => found.extend(of_schema(client, schema).await),
            Ok(_) => found.push(versions(schema, &known(schema), &BTreeSet::new())),
            Err(error) => {
                found.push(wrong(format!("{schema}: {}", told(&error)), "see the log of PostgreSQL"));
            }
        }
    }
    if client.query("SELECT FROM notification.messages LIMIT 0", &[]).await.is_ok() {
        found.extend(messages(client).await);
    }
    found
}

async fn of_schema(client: &Client, schema: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    match client.query(&format!("SELECT version FROM {schema}.schema_history"), &[]).await {
        Ok(rows) => {
            let applied = rows.iter().map(|row| row.get(0)).collect();
            found.push(versions(schema, &known(schema), &applied));
        }
        Err(error) => found.push(wrong(format!("{schema}: {}", told(&error)), "connect as an administrator")),
    }
    let outbox = format!(
        "SELECT format('%s events, the oldest for %s s', count(*),
                       extract(epoch FROM clock_timestamp() - min(occurred_at))::int)
           FROM {schema}.outbox WHERE published_at IS NULL
         HAVING min(occurred_at) < clock_timestamp() - interval '{LATE} seconds'"
    );
    let good = format!("{schema}-svc has told all that it decided");
    let what = format!("{schema}-svc has not told others yet");
    let publish = "see whether it runs and RabbitMQ takes messages: nothing is lost meanwhile";
    found.extend(none(client, &outbox, &good, &what, publish).await);
    let dead = format!(
        "SELECT format('%s in %s', count(*), queue) FROM {schema}.dead_letters WHERE state = 'dead'
          GROUP BY queue ORDER BY queue"
    );
    let (good, what) = (format!("{schema}-svc has no dead letter"), format!("dead letters of {schema}-svc"));
    let replay = format!(
        "see why in GET /api/admin/dead-letters/{schema}-svc, then replay or discard them: docs/events.md"
    );
    found.extend(none(client, &dead, &good, &what, &replay).await);
    found
}

/// The versions of the migrations of this checkout.
fn known(schema: &str) -> BTreeSet<i32> {
    let folder = checkout().join(format!("{schema}-svc/migrations"));
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let version = |name: &str| name.strip_prefix('V')?.split_once("__")?.0.parse().ok();
    names.filter_map(|name| version(name.to_str()?)).collect()
}

fn versions(schema: &str, known: &BTreeSet<i32>, applied: &BTreeSet<i32>) -> Finding {
    let list =
        |versions: BTreeSet<&i32>| versions.iter().map(|v| format!("V{v}")).collect::<Vec<_>>().join(", ");
    let (lacking, later) = (known.difference(applied).collect(), applied.difference(known).collect());
    match (list(lacking), list(later)) {
        (lacking, _) if !lacking.is_empty() => wrong(
            format!("the schema {schema} lacks {lacking}"),
            format!("`{schema}-svc migrate`; `cargo dev` does it when it starts"),
        ),
        (_, later) if !later.is_empty() => mind(
            format!("the schema {schema} has {later}, which this checkout does not know"),
            "it is of a later release",
        ),
        _ => well(format!("the schema {schema} is up to date")),
    }
}

async fn messages(client: &Client) -> Vec<Finding> {
    let late = format!(
        "SELECT format('%s messages, the oldest for %s s', count(*),
                       extract(epoch FROM clock_timestamp() - min(coalesce(next_attempt_at, leased_until)))::int)
           FROM notification.messages
          WHERE state IN ('pending', 'sending')
            AND coalesce(next_attempt_at, leased_until) < clock_timestamp() - interval '{LATE} seconds'
         HAVING count(*) > 0"
    );
    let see = "see the log of notification-svc, and whether the mail server takes mails";
    let mut found = none(client, &late, "no message is late", "unsent", see).await;
    let failed = "SELECT format('%s messages, the last error: %s', count(*), max(last_error))
                    FROM notification.messages WHERE state = 'failed' HAVING count(*) > 0";
    let again = "GET /api/notifications?status=failed, then POST …/resend";
    found.extend(none(client, failed, "no message has failed", "not sent", again).await);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Mind, Well, Wrong};

    #[test]
    fn a_schema_is_held_against_the_migrations_of_this_checkout() {
        let known = BTreeSet::from([1, 2, 4]);
        let judged = |applied: &[i32]| versions("doctor", &known, &applied.iter().copied().collect());
        assert_eq!(judged(&[1, 2, 4]).grade, Well);
        assert_eq!(judged(&[1, 2, 4, 5]).grade, Mind);
        let lacking = judged(&[1, 4, 5]);
        assert!(
            lacking.grade == Wrong && lacking.what.contains("V2") && !lacking.what.contains("V4"),
            "{lacking:?}"
        );
        assert!(super::known("doctor").contains(&1));
    }
}
