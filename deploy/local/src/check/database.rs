//! The server of the database: its version and settings, and whether somebody is in the way.
use super::{Finding, mind, well, wrong};
use crate::database::told;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::Client;

const INVALID_INDEXES: &str = "
    SELECT format('%s on %s', indexrelid::regclass, indrelid::regclass) FROM pg_index WHERE NOT indisvalid ORDER BY 1";

const LONG_TRANSACTIONS: &str = "
    SELECT format('process %s of %s is %s, for %s s', pid, usename, state,
                  extract(epoch FROM clock_timestamp() - xact_start)::int)
      FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
       AND xact_start < clock_timestamp() - interval '1 minute'
     ORDER BY xact_start";

const LOCK_WAITS: &str = "
    SELECT format('process %s of %s waits for %s', pid, usename, array_to_string(pg_blocking_pids(pid), ', '))
      FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND query_start < clock_timestamp() - interval '2 seconds'
     ORDER BY 1";

/// Tables with policies that nothing enforces, and roles that no policy binds.
const OPEN: &str = "
    SELECT format('%s is not protected by row-level security', oid::regclass) FROM pg_class
     WHERE oid IN (SELECT polrelid FROM pg_policy) AND NOT (relrowsecurity AND relforcerowsecurity)
     UNION ALL
    SELECT format('%s is not bound by row-level security', rolname) FROM pg_roles
     WHERE rolname ~ '^(auth|patient|doctor|appointment|notification)_(owner|rw)$' AND (rolsuper OR rolbypassrls)";

const SETTINGS: &str = "
    SELECT current_setting('server_version'), current_setting('server_version_num')::int,
           current_setting('max_connections')::int8,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
           current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
               AND current_setting('synchronous_commit') <> 'off',
           extract(epoch FROM clock_timestamp())::float8";

/// Lets nothing be changed on this connection, and nothing take long.
pub(super) async fn only_look(client: &Client) -> anyhow::Result<()> {
    let limits = "SET default_transaction_read_only = on; SET statement_timeout = '10s'";
    client.batch_execute(limits).await.map_err(|error| anyhow::anyhow!("{}", told(&error)))
}

pub(super) async fn look(client: &Client) -> Vec<Finding> {
    let mut found = Vec::new();
    match client.query_one(SETTINGS, &[]).await {
        Ok(row) => {
            found.push(version(row.get(0), row.get(1)));
            found.push(connections(row.get(2), row.get(3)));
            found.push(durability(row.get(4)));
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            found.push(clock(now - row.get::<_, f64>(5)));
        }
        Err(error) => found.push(wrong(told(&error), "the role of DATABASE_URL must be an administrator")),
    }
    let reindex = "REINDEX INDEX CONCURRENTLY, or DROP it and migrate again";
    found.extend(none(client, INVALID_INDEXES, "no index is invalid", "invalid index", reindex).await);
    let end = "see who it is; SELECT pg_terminate_backend(…) ends it";
    found.extend(none(client, LONG_TRANSACTIONS, "no transaction is old", "old transaction", end).await);
    found.extend(none(client, LOCK_WAITS, "nobody waits for a lock", "lock", end).await);
    let protect = "run the migrations, deploy/postgres/roles.sql and audit.sql again, and see who changed it";
    found.extend(
        none(client, OPEN, "row-level security is on for all it is meant for", "open", protect).await,
    );
    found
}

/// One finding for each row of `query`, or that there is none.
pub(super) async fn none(client: &Client, query: &str, good: &str, what: &str, advice: &str) -> Vec<Finding> {
    match client.query(query, &[]).await {
        Ok(rows) if rows.is_empty() => vec![well(good)],
        Ok(rows) => {
            rows.iter().map(|row| wrong(format!("{what}: {}", row.get::<_, String>(0)), advice)).collect()
        }
        Err(error) => vec![wrong(format!("{what}: not looked at: {}", told(&error)), advice)],
    }
}

fn version(version: &str, number: i32) -> Finding {
    if number >= 150_000 {
        return well(format!("PostgreSQL {version}"));
    }
    wrong(format!("PostgreSQL {version} is too old"), "upgrade it to 15 or newer")
}

fn connections(most: i64, used: i64) -> Finding {
    let what = format!("{used} of {most} connections are in use");
    if used * 10 < most * 8 {
        return well(what);
    }
    wrong(what, "lower DATABASE_MAX_CONNECTIONS, run fewer replicas, or raise max_connections")
}

fn durability(is_kept: bool) -> Finding {
    if is_kept {
        return well("what is committed survives a power cut");
    }
    wrong("what is committed may be lost", "set fsync, full_page_writes and synchronous_commit on")
}

/// `ahead` is how many seconds this machine is.
fn clock(ahead: f64) -> Finding {
    let what = format!("this machine's clock and the database's are {:.1} s apart", ahead.abs());
    match ahead.abs() {
        ..1.0 => well(what),
        1.0..5.0 => mind(what, "synchronise both by NTP"),
        _ => wrong(what, "synchronise both by NTP: tokens and what is past depend on it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Mind, Well, Wrong};

    #[test]
    fn settings_are_judged_by_what_the_services_need() {
        assert_eq!([version("15.18", 150_018).grade, version("14.2", 140_002).grade], [Well, Wrong]);
        assert_eq!([connections(300, 96).grade, connections(100, 80).grade], [Well, Wrong]);
        assert_eq!([durability(true).grade, durability(false).grade], [Well, Wrong]);
        assert_eq!(
            [0.2, -0.2, 2.0, -2.0, 60.0].map(|ahead| clock(ahead).grade),
            [Well, Well, Mind, Mind, Wrong]
        );
    }
}
