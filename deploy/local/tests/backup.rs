//! Backup and restore: that everything comes back, to whom it belonged, and that nothing is lost when it cannot.
use local::backup::{self, Note};
use local::commands;
use local::database::{Database, Session};
use local::places::Places;
use local::say::Say;
use local::secrets::Secrets;
use local::service::Service;
use local::stores::{Durability, Postgres};
use local::testing;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

const ENTRY: &str = r#"[{"role": "staff", "action": "read", "resource": "thing", "decision": "allowed",
    "resource_ids": [], "subjects": [], "fields": [], "break_glass": false}]"#;

/// Everything that somebody owns or was granted, and what rows they see.
const RIGHTS: &str = "
    SELECT format('schema %s %s %s', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
     UNION ALL
    SELECT format('relation %s %s %s %s %s', oid::regclass, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity)
      FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND relkind IN ('r', 'v', 'S')
     UNION ALL
    SELECT format('function %s %s %s', oid::regprocedure, proowner::regrole, proacl)
      FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema|public)'
     UNION ALL
    SELECT format('policy %s %s %s', polname, polrelid::regclass, pg_get_expr(polqual, polrelid)) FROM pg_policy
     UNION ALL
    SELECT format('default %s %s %s', defaclrole::regrole, defaclnamespace::regnamespace, defaclacl) FROM pg_default_acl
     UNION ALL
    SELECT format('database %s', array(SELECT acl::text FROM unnest(datacl) AS acl ORDER BY 1))
      FROM pg_database WHERE datname = current_database()
     ORDER BY 1";

async fn client(url: &str, tasks: &mut JoinSet<()>) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tasks.spawn(async move { drop(connection.await) });
    client
}

async fn admin(database: &Database) -> Session {
    database.session().await.expect("a connection")
}

async fn run(database: &Database, sql: &str) {
    admin(database).await.client.batch_execute(sql).await.expect(sql);
}

async fn number(database: &Database, sql: &str) -> i64 {
    admin(database).await.client.query_one(sql, &[]).await.expect(sql).get(0)
}

async fn rights(database: &Database) -> Vec<String> {
    let rows = admin(database).await.client.query(RIGHTS, &[]).await.expect("rights");
    rows.iter().map(|row| row.get(0)).collect()
}

fn places(name: &str) -> Places {
    let places = testing::stores().places.within(&format!("{name}-{}", uuid::Uuid::new_v4().simple()));
    places.prepare().expect("folders");
    places
}

/// A database as the services make it, with entries in its audit log.
async fn clinic() -> Database {
    let database = testing::database().await.expect("a database");
    for service in Service::GRPC {
        let owner = database.owner_url(service);
        let migrated = commands::run(service, "migrate", &owner, &testing::stores().secrets).await;
        assert!(matches!(migrated, Ok((true, _))), "{migrated:?}");
    }
    let mut tasks = JoinSet::new();
    let patients = client(&database.runtime_url(Service::Patient), &mut tasks).await;
    for _ in 0..5 {
        patients.batch_execute(&format!("SELECT audit.append('{ENTRY}')")).await.expect("an entry");
    }
    database
}

async fn take(database: &Database, file: &Path) -> anyhow::Result<Note> {
    let now = jiff::Timestamp::try_from(SystemTime::now())?;
    backup::take(database, &testing::stores().secrets, file, false, now, &Say::default()).await
}

async fn restore(database: &Database, secrets: &Secrets, file: &Path, replace: bool) -> Result<Note, String> {
    let restored = backup::restore(database, secrets, file, replace, &Say::default()).await;
    restored.map_err(|error| format!("{error:#}"))
}

/// A clinic with a table of one row, to be replaced; and a backup of another.
async fn two(name: &str) -> (Database, PathBuf) {
    let file = places(name).local.join("clinic.backup");
    take(&clinic().await, &file).await.expect("a backup");
    let here = testing::database().await.expect("a database");
    run(&here, "CREATE TABLE patient.kept (id int); INSERT INTO patient.kept VALUES (1)").await;
    (here, file)
}

async fn is_as_it_was(here: &Database) {
    assert_eq!(number(here, "SELECT count(*) FROM patient.kept").await, 1);
    let others = format!("SELECT count(*) FROM pg_database WHERE datname LIKE '{}%'", here.name());
    assert_eq!(number(here, &others).await, 1, "a database was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_people_work_comes_back_on_another_server_with_everybodys_rights() {
    let here = clinic().await;
    let places = places("backup");
    let file = places.local.join("clinic.backup");
    let mut tasks = JoinSet::new();
    let patients = client(&here.runtime_url(Service::Patient), &mut tasks).await;
    let working = async {
        loop {
            patients.batch_execute(&format!("SELECT audit.append('{ENTRY}')")).await.unwrap();
        }
    };
    let note = tokio::select! {
        note = take(&here, &file) => note.unwrap(),
        () = working => unreachable!("nobody stops working"),
    };
    assert!(note.rows["audit.entries"] >= 5, "{note:?}");
    assert_eq!(note.schemas.len(), 5, "{note:?}");
    for file in [&file, &Note::place(&file)] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let secrets = &testing::stores().secrets;
    let server = Postgres::start(&places, &secrets.store_password, Durability::Lost).await.unwrap();
    let there = Database::existing(&server.admin_url(), secrets.roles.clone()).unwrap().beside("healthcare");
    assert_eq!(restore(&there, secrets, &file, false).await.unwrap(), note);
    let entries = "SELECT count(*) FROM audit.entries";
    assert_eq!(number(&there, entries).await, note.rows["audit.entries"]);
    let rights_there = rights(&there).await;
    assert!(rights_there.len() > 100, "{rights_there:?}");
    assert_eq!(rights_there, rights(&here).await);
    for service in Service::GRPC {
        let runtime = client(&there.runtime_url(service), &mut tasks).await;
        runtime.batch_execute(&format!("SELECT audit.append('{ENTRY}')")).await.unwrap();
        assert!(runtime.batch_execute("SELECT FROM audit.entries").await.is_err());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_damaged_or_sealed_by_another_key_is_refused_and_what_was_there_stays() {
    let (here, file) = two("backup-damaged").await;
    let secrets = &testing::stores().secrets;
    assert!(restore(&here, secrets, &file, false).await.unwrap_err().contains("--replace"));
    is_as_it_was(&here).await;
    let other = Secrets { secret_key: Secrets::random().unwrap().secret_key, ..secrets.clone() };
    assert!(restore(&here, &other, &file, true).await.unwrap_err().contains("another SECRET_KEY"));
    is_as_it_was(&here).await;

    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() - 1], &flipped, &[]] {
        fs::write(&file, damaged).unwrap();
        assert!(restore(&here, secrets, &file, true).await.unwrap_err().contains("is damaged"));
        is_as_it_was(&here).await;
    }
    fs::write(&file, whole).unwrap();
    let note = Note::place(&file);
    fs::rename(&note, note.with_extension("away")).unwrap();
    assert!(restore(&here, secrets, &file, true).await.unwrap_err().contains("cannot read the note"));
    is_as_it_was(&here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_what_is_there_only_once_nobody_works_with_it() {
    let (here, file) = two("backup-replaces").await;
    let secrets = &testing::stores().secrets;
    let somebody = here.session().await.unwrap();
    assert!(restore(&here, secrets, &file, true).await.unwrap_err().contains("somebody works with"));
    is_as_it_was(&here).await;
    drop(somebody);
    restore(&here, secrets, &file, true).await.unwrap();
    assert_eq!(number(&here, "SELECT count(*) FROM audit.entries").await, 5);
    assert_eq!(number(&here, "SELECT count(to_regclass('patient.kept'))").await, 0);
    let others = format!("SELECT count(*) FROM pg_database WHERE datname LIKE '{}%'", here.name());
    assert_eq!(number(&here, &others).await, 1, "the old one was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_audit_log_was_changed_does_not_take_the_place_of_what_is_there() {
    let changed = clinic().await;
    let change = "ALTER TABLE audit.entries DISABLE TRIGGER ALL; UPDATE audit.entries SET action = 'change';
                  ALTER TABLE audit.entries ENABLE TRIGGER ALL";
    run(&changed, change).await;
    let file = places("backup-changed").local.join("clinic.backup");
    take(&changed, &file).await.unwrap();
    let here = testing::database().await.unwrap();
    run(&here, "CREATE TABLE patient.kept (id int); INSERT INTO patient.kept VALUES (1)").await;
    let refused = restore(&here, &testing::stores().secrets, &file, true).await.unwrap_err();
    assert!(refused.contains("audit-verify failed"), "{refused}");
    is_as_it_was(&here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_under_way_when_the_backup_was_taken_are_told_again() {
    let here = clinic().await;
    let told = "INSERT INTO patient.outbox (event_id, aggregate_id, event_type, data, published_at)
                SELECT gen_random_uuid(), gen_random_uuid(), 'patient.changed', '{}', now() - ago * interval '1 minute'
                  FROM unnest(ARRAY[1, 59, 61, 600]) AS ago";
    run(&here, told).await;
    let file = places("backup-events").local.join("clinic.backup");
    take(&here, &file).await.unwrap();
    restore(&here, &testing::stores().secrets, &file, true).await.unwrap();
    assert_eq!(number(&here, "SELECT count(*) FROM patient.outbox WHERE published_at IS NULL").await, 2);
    assert_eq!(number(&here, "SELECT count(*) FROM patient.outbox WHERE published_at IS NOT NULL").await, 2);
}

#[tokio::test]
async fn no_backup_is_overwritten_unless_asked_to() {
    let database = testing::database().await.unwrap();
    let file = places("backup-overwritten").local.join("clinic.backup");
    let first = take(&database, &file).await.unwrap();
    let refused = take(&database, &file).await.unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    run(&database, "CREATE TABLE patient.more (id int)").await;
    let secrets = &testing::stores().secrets;
    let now = jiff::Timestamp::UNIX_EPOCH;
    let second = backup::take(&database, secrets, &file, true, now, &Say::default()).await.unwrap();
    assert_eq!(second.rows.len(), first.rows.len() + 1);
    let left = fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(
        left,
        2 + usize::from(file.parent().unwrap().join("logs").exists()),
        "a draft was left behind"
    );
}
