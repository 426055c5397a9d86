//! The audit log: that it only grows, and that nobody who serves can do more than add to it.
use local::database::Database;
use local::service::Service;
use local::testing;
use platform::audit::{self, Entry};
use platform::config;
use platform::postgres;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const TABLES: [&str; 3] = ["audit.entries", "audit.heads", "audit.checkpoints"];

const ONE: &str = r#"[{"role": "staff", "action": "read", "resource": "thing", "decision": "allowed",
    "resource_ids": [], "subjects": [], "fields": [], "break_glass": false}]"#;

async fn client(url: &str, tasks: &mut JoinSet<()>) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tasks.spawn(async move { drop(connection.await) });
    client
}

/// As the superuser.
async fn count(admin: &Client, what: &str) -> i64 {
    admin.query_one(&format!("SELECT count(*) FROM {what}"), &[]).await.expect("a count").get(0)
}

#[track_caller]
fn refusal(outcome: Result<(), tokio_postgres::Error>, done: &str) -> String {
    let error = outcome.err().unwrap_or_else(|| panic!("{done} was not refused"));
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

#[tokio::test]
async fn a_service_adds_entries_and_can_do_nothing_else() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    for service in Service::GRPC {
        for url in [database.runtime_url(service), database.owner_url(service)] {
            let role = client(&url, &mut tasks).await;
            for table in TABLES {
                for forbidden in [
                    format!("SELECT FROM {table}"),
                    format!("INSERT INTO {table} SELECT"),
                    format!("UPDATE {table} SET number = 1"),
                    format!("DELETE FROM {table}"),
                    format!("TRUNCATE {table}"),
                    format!("DROP TABLE {table}"),
                ] {
                    let said = refusal(role.batch_execute(&forbidden).await, &forbidden);
                    assert!(said.contains("permission denied") || said.contains("must be owner"), "{said}");
                }
            }
            let said = role.batch_execute("SET ROLE audit_owner").await;
            assert!(refusal(said, "becoming the owner").contains("permission denied"));
        }
        let runtime = client(&database.runtime_url(service), &mut tasks).await;
        runtime.batch_execute(&format!("SELECT audit.append('{ONE}')")).await.unwrap();
    }
    let admin = client(&database.admin_url(), &mut tasks).await;
    let writers = admin.query("SELECT writer FROM audit.entries ORDER BY at", &[]).await.unwrap();
    let writers: Vec<String> = writers.iter().map(|row| row.get(0)).collect();
    assert_eq!(writers, ["auth_rw", "patient_rw", "doctor_rw", "appointment_rw", "notification_rw"]);
}

#[tokio::test]
async fn a_checkpoint_is_the_next_and_whole() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    let signing = client(&database.runtime_url(Service::Patient), &mut tasks).await;
    let of = |number: i64, chains: i32, bytes: i32| {
        format!(
            "SELECT audit.checkpoint({number}, now(), array_fill(0::bigint, ARRAY[{chains}]),
                 array_fill('\\x00'::bytea, ARRAY[{chains}]), convert_to(repeat('s', {bytes}), 'UTF8'))"
        )
    };
    for other in
        [of(2, 64, 64), of(0, 64, 64), of(i64::MAX, 64, 64), of(1, 63, 64), of(1, 64, 63), of(1, 0, 64)]
    {
        let said = refusal(signing.batch_execute(&other).await, &other);
        assert_eq!(said, "not the next checkpoint", "{other}");
    }
    for number in [1, 2] {
        signing.batch_execute(&of(number, 64, 64)).await.unwrap();
    }
    let again = of(2, 64, 64);
    assert_eq!(refusal(signing.batch_execute(&again).await, &again), "not the next checkpoint");
}

#[tokio::test]
async fn no_role_that_logs_in_has_a_right_that_this_file_forgot() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    let admin = client(&database.admin_url(), &mut tasks).await;
    let granted = "
        SELECT rolname || ' ' || right_ || ' ' || relname
          FROM pg_roles CROSS JOIN pg_class
         CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_
         WHERE rolcanlogin AND NOT rolsuper AND relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'v', 'm', 'S')
           AND has_table_privilege(pg_roles.oid, pg_class.oid, right_)
         UNION ALL
        SELECT rolname || ' EXECUTE ' || proname
          FROM pg_roles CROSS JOIN pg_proc
         WHERE rolcanlogin AND NOT rolsuper AND pronamespace = 'audit'::regnamespace
           AND has_function_privilege(pg_roles.oid, pg_proc.oid, 'EXECUTE')
         ORDER BY 1";
    let rows = admin.query(granted, &[]).await.unwrap();
    let granted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected = [
        "appointment_rw EXECUTE append",
        "auth_rw EXECUTE append",
        "doctor_rw EXECUTE append",
        "notification_rw EXECUTE append",
        "patient_rw EXECUTE append",
        "patient_rw EXECUTE checkpoint",
    ];
    assert_eq!(granted, expected);
    let members = "
        SELECT member::regrole::text || ' ' || roleid::regrole::text FROM pg_auth_members
         WHERE roleid::regrole::text LIKE 'audit%' OR member::regrole::text LIKE 'audit%'";
    let rows = admin.query(members, &[]).await.unwrap();
    let members: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(members, ["patient_rw audit_ro"]);
}

#[tokio::test]
async fn not_even_the_owner_changes_what_was_logged() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    let admin = client(&database.admin_url(), &mut tasks).await;
    admin.batch_execute(&format!("SELECT audit.append('{ONE}')")).await.unwrap();
    for before in ["SET ROLE audit_owner", "RESET ROLE", "SET session_replication_role = replica"] {
        admin.batch_execute(before).await.unwrap();
        for table in TABLES {
            for change in ["UPDATE * SET number = number", "DELETE FROM *", "TRUNCATE *"] {
                let change = change.replace('*', table);
                let said = refusal(admin.batch_execute(&change).await, &change);
                assert_eq!(said, "the audit log only grows", "{before}; {change}");
            }
        }
    }
    assert_eq!(count(&admin, "audit.entries").await, 1);
}

#[tokio::test]
async fn making_the_log_twice_changes_nothing() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    let admin = client(&database.admin_url(), &mut tasks).await;
    admin.batch_execute(&format!("SELECT audit.append('{ONE}')")).await.unwrap();
    let stores = testing::stores();
    Database::named(&stores.postgres, database.name(), stores.secrets.roles.clone()).await.unwrap();
    assert_eq!(count(&admin, "audit.heads").await, 64);
    assert_eq!(count(&admin, "audit.heads JOIN audit.entries USING (shard, number, hash)").await, 1);
}

fn pool(database: &Database) -> deadpool_postgres::Pool {
    let settings = config::Postgres {
        database_url: database.runtime_url(Service::Patient).into(),
        database_owner_url: None,
        database_ca_file: None,
        database_max_connections: 16,
        migrate: true,
    };
    postgres::pool(&settings, "test").expect("a pool")
}

#[tokio::test]
async fn what_is_rolled_back_was_not_done() {
    let database = testing::database().await.unwrap();
    let mut tasks = JoinSet::new();
    let mut connection = postgres::connection(&pool(&database)).await.unwrap();
    let tx = connection.transaction().await.unwrap();
    audit::append(&tx, &[Entry::new("read", "thing")]).await.unwrap();
    tx.rollback().await.unwrap();
    let admin = client(&database.admin_url(), &mut tasks).await;
    assert_eq!(count(&admin, "audit.entries").await, 0);
    assert_eq!(count(&admin, "audit.heads WHERE number > 0").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_wait_for_each_other_in_one_order() {
    const WRITERS: usize = 32;
    const ROUNDS: usize = 10;
    let database = testing::database().await.unwrap();
    let pool = pool(&database);
    let people: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (pool, people) = (pool.clone(), people.clone());
        writers.spawn(async move {
            for round in 0..ROUNDS {
                let mut connection = postgres::connection(&pool).await.unwrap();
                let tx = connection.transaction().await.unwrap();
                // The same few people in every order, and somebody whom nobody else writes about.
                let at = |place: usize| people[(writer * place + round) % people.len()];
                let about = [at(1), at(3), at(5), Uuid::now_v7()];
                let entries = about.map(|id| Entry::new("read", "thing").ids([id]).of([id]));
                audit::append(&tx, &entries).await.unwrap();
                platform::postgres::commit(tx).await.unwrap();
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    let mut tasks = JoinSet::new();
    let admin = client(&database.admin_url(), &mut tasks).await;
    let written = i64::try_from(WRITERS * ROUNDS * 4).unwrap();
    assert_eq!(count(&admin, "audit.entries").await, written);
    let linked = "audit.entries AS link JOIN audit.entries AS next
        ON next.shard = link.shard AND next.number = link.number + 1 AND next.previous = link.hash";
    let chains: i64 = count(&admin, "audit.heads WHERE number > 0").await;
    assert_eq!(count(&admin, linked).await, written - chains);
}
