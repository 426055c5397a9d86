//! Whoever may do anything to the database cannot change the audit log unseen.
use crate::clinic::{Clinic, root};
use jiff::{SignedDuration, Timestamp};
use patient_svc::checkpoints;
use patient_svc::domain::chain::{Finding, Told};
use patient_svc::signers::Signers;
use patient_svc::store::{Signed, Store};
use patient_svc::verify;
use platform::audit::Entry;
use platform::audit::chain::{Checkpoint, Signer};
use tokio_postgres::Client;
use uuid::Uuid;

/// How many people the log is about, so how many chains there are at most.
const PEOPLE: u128 = 5;
const ENTRIES: usize = 100;

struct Log {
    _clinic: Clinic,
    store: Store,
    signers: Signers,
    superuser: Client,
}

impl Log {
    /// A log with a checkpoint, of which the superuser has a copy and which nothing protects.
    async fn unprotected() -> Self {
        let clinic = Clinic::open().await;
        let (store, signers) = (clinic.store(), Signers::new(&root()));
        for place in 0..ENTRIES {
            let subject = Uuid::from_u128(place as u128 * 7 % PEOPLE);
            let entry =
                Entry::new("update", "patient").ids([subject]).of([subject]).fields(["phone", "email"]);
            store.note(entry).await.unwrap();
        }
        checkpoints::sign(&store, &Signer::new(&root()), Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
        let superuser = clinic.superuser().await;
        superuser
            .batch_execute(
                "SET session_replication_role = replica;
                 ALTER TABLE audit.entries DISABLE TRIGGER ALL;
                 ALTER TABLE audit.heads DISABLE TRIGGER ALL;
                 ALTER TABLE audit.checkpoints DISABLE TRIGGER ALL;
                 CREATE TEMP TABLE entries_kept AS TABLE audit.entries;
                 CREATE TEMP TABLE heads_kept AS TABLE audit.heads;
                 CREATE TEMP TABLE checkpoints_kept AS TABLE audit.checkpoints;",
            )
            .await
            .unwrap();
        Self { _clinic: clinic, store, signers, superuser }
    }

    async fn restore(&self) {
        let restored = "
            TRUNCATE audit.entries, audit.heads, audit.checkpoints;
            INSERT INTO audit.entries TABLE entries_kept;
            INSERT INTO audit.heads TABLE heads_kept;
            INSERT INTO audit.checkpoints TABLE checkpoints_kept;";
        self.superuser.batch_execute(restored).await.unwrap();
    }

    async fn does(&self, sql: &str) {
        self.superuser.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    async fn findings(&self) -> Vec<Finding> {
        self.findings_with(None).await
    }

    async fn findings_with(&self, told: Option<&Told>) -> Vec<Finding> {
        verify::look(&self.store, &self.signers.known(&[]), told).await.unwrap().findings
    }

    async fn first_checkpoint(&self) -> Checkpoint {
        let mut connection = self.store.connection().await.unwrap();
        let tx = connection.look_at_log().await.unwrap();
        tx.checkpoints(0, 1).await.unwrap().remove(0).checkpoint
    }

    async fn signs(&self, at: Timestamp) -> Option<Checkpoint> {
        checkpoints::sign(&self.store, &Signer::new(&root()), at).await.unwrap()
    }

    /// The chain with the most entries, and how many those are.
    async fn longest(&self) -> (i16, i64) {
        let longest = "SELECT shard, number FROM audit.heads ORDER BY number DESC, shard LIMIT 1";
        let row = self.superuser.query_one(longest, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }
}

/// Changes an entry and writes the chain anew from there to its end, head and all.
fn rewrite(shard: i16, number: i64, last: i64) -> String {
    format!(
        "UPDATE audit.entries SET role = 'admin' WHERE shard = {shard} AND number = {number};
         DO $$ BEGIN FOR n IN {number}..{last} LOOP
             UPDATE audit.entries SET previous = coalesce(
                 (SELECT hash FROM audit.entries WHERE shard = {shard} AND number = n - 1), previous)
              WHERE shard = {shard} AND number = n;
             UPDATE audit.entries SET hash = audit.digest(entries) WHERE shard = {shard} AND number = n;
         END LOOP; END $$;
         UPDATE audit.heads SET hash = (SELECT hash FROM audit.entries
             WHERE shard = {shard} AND number = {last}) WHERE shard = {shard}"
    )
}

/// Gives the same numbers every time.
struct Dice(u64);

impl Dice {
    /// From `first` to `last`.
    fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        first + i64::try_from(self.0 >> 33).unwrap() % (last - first + 1)
    }
}

const COPIED: &str = "at, writer, request_id, trace_id, client_address, actor_id, role, session_id, via, action,
    resource, resource_ids, subjects, decision, reason, break_glass, fields, criteria, before, after, previous, hash";

/// Each column that says something, and another value for it.
const CHANGES: [&str; 20] = [
    "at = at + interval '1 microsecond'",
    "writer = 'auth_rw'",
    "request_id = 'another'",
    "trace_id = 'another'",
    "client_address = '192.0.2.1'",
    "actor_id = gen_random_uuid()",
    "role = 'admin'",
    "session_id = gen_random_uuid()",
    "via = 'gateway'",
    "action = 'read'",
    "resource = 'doctor'",
    "resource_ids = resource_ids || gen_random_uuid()",
    "subjects = ARRAY[]::uuid[]",
    "decision = 'denied'",
    "reason = ''",
    "break_glass = true",
    "fields = ARRAY['phoneemail']",
    "criteria = ''",
    "before = '\\x00'",
    "hash = sha256(hash)",
];

#[tokio::test]
async fn an_untouched_log_is_found_to_be_so() {
    let log = Log::unprotected().await;
    assert_eq!(log.findings().await, []);
    log.restore().await;
    let seen = verify::look(&log.store, &log.signers.known(&[]), None).await.unwrap();
    assert_eq!((usize::try_from(seen.entries).unwrap(), seen.checkpoints), (ENTRIES, 1));
}

#[tokio::test]
async fn every_column_of_an_entry_is_part_of_its_hash() {
    let log = Log::unprotected().await;
    let (shard, last) = log.longest().await;
    for (change, number) in CHANGES.iter().zip((2..last).cycle()) {
        log.does(&format!("UPDATE audit.entries SET {change} WHERE shard = {shard} AND number = {number}"))
            .await;
        let found = log.findings().await;
        assert!(found.contains(&Finding::Changed { shard, number }), "{change}: {found:?}");
        log.restore().await;
    }
}

#[tokio::test]
async fn fifty_edits_at_random_are_found_and_named() {
    let log = Log::unprotected().await;
    let (shard, last) = log.longest().await;
    let mut dice = Dice(7);
    for round in 0..50 {
        let number = dice.between(2, last - 1);
        let at = format!("shard = {shard} AND number = {number}");
        let (done, expected) = match round % 10 {
            // Changed, with a hash that fits.
            0 => (
                format!(
                    "UPDATE audit.entries SET role = 'admin' WHERE {at};
                     UPDATE audit.entries SET hash = audit.digest(entries) WHERE {at}"
                ),
                Finding::Unlinked { shard, number: number + 1 },
            ),
            1 => (format!("DELETE FROM audit.entries WHERE {at}"), Finding::Missing { shard, first: number, last: number }),
            2 => (
                format!("DELETE FROM audit.entries WHERE shard = {shard} AND number >= {number}"),
                Finding::CutOff { shard, first: number, last },
            ),
            // Two change places.
            3 => (
                format!(
                    "UPDATE audit.entries SET number = -1 WHERE {at};
                     UPDATE audit.entries SET number = {number} WHERE shard = {shard} AND number = {last};
                     UPDATE audit.entries SET number = {last} WHERE number = -1"
                ),
                Finding::Changed { shard, number },
            ),
            // One is put in, and all after it move on.
            4 => (
                format!(
                    "UPDATE audit.entries SET number = -number - 1 WHERE shard = {shard} AND number >= {number};
                     UPDATE audit.entries SET number = -number WHERE number < 0;
                     INSERT INTO audit.entries (shard, number, {COPIED})
                     SELECT shard, {number}, {COPIED} FROM audit.entries WHERE shard = {shard} AND number = 1"
                ),
                Finding::Changed { shard, number },
            ),
            // One is added behind the end, as a writer would.
            5 => (
                format!(
                    "INSERT INTO audit.entries (shard, number, {COPIED})
                     SELECT shard, number + 1, {COPIED} FROM audit.entries WHERE shard = {shard} AND number = {last};
                     UPDATE audit.entries SET previous = hash WHERE shard = {shard} AND number = {last} + 1;
                     UPDATE audit.entries SET hash = audit.digest(entries) WHERE shard = {shard} AND number = {last} + 1"
                ),
                Finding::Foreign { shard, number: last + 1 },
            ),
            6 => (
                format!("UPDATE audit.heads SET number = {number} WHERE shard = {shard}"),
                Finding::Head { shard, number },
            ),
            // Cut off with the head, which tells nothing then.
            7 => (
                format!(
                    "DELETE FROM audit.entries WHERE shard = {shard} AND number > {number};
                     UPDATE audit.heads SET number = {number},
                            hash = (SELECT hash FROM audit.entries WHERE {at}) WHERE shard = {shard}"
                ),
                Finding::CutOff { shard, first: number + 1, last },
            ),
            8 => (
                rewrite(shard, number, last),
                Finding::Rewritten { shard, number: last, checkpoint: 1 },
            ),
            _ => {
                let other = (shard + 1) % 64;
                (
                    format!(
                        "UPDATE audit.entries SET shard = {other}, number = number + 1000000 WHERE {at}"
                    ),
                    Finding::Missing { shard, first: number, last: number },
                )
            }
        };
        log.does(&done).await;
        let found = log.findings().await;
        assert!(found.contains(&expected), "round {round}: {found:?} lacks {expected:?}");
        log.restore().await;
        assert_eq!(log.findings().await, [], "restored after round {round}");
    }
}

#[tokio::test]
async fn a_log_that_is_emptied_shows_from_the_checkpoints() {
    let log = Log::unprotected().await;
    let (shard, last) = log.longest().await;
    let cut = Finding::CutOff { shard, first: 1, last };
    log.does("TRUNCATE audit.entries").await;
    assert!(log.findings().await.contains(&cut));
    // With new heads, as if nothing had ever been.
    log.does("UPDATE audit.heads SET number = 0, hash = decode(repeat('00', 32), 'hex')").await;
    assert!(log.findings().await.contains(&cut));
    log.does("TRUNCATE audit.heads").await;
    let found = log.findings().await;
    assert!(found.contains(&cut) && found.contains(&Finding::Head { shard, number: 0 }), "{found:?}");
}

#[tokio::test]
async fn checkpoints_that_are_changed_or_taken_away_are_named() {
    let log = Log::unprotected().await;
    let first = log.signs(Timestamp::UNIX_EPOCH).await;
    assert_eq!(first, None, "nothing was written since");
    log.does("ALTER TABLE audit.heads ENABLE TRIGGER ALL").await;
    for _ in 0..2 {
        log.store.note(Entry::new("read", "patient")).await.unwrap();
        log.signs(Timestamp::UNIX_EPOCH).await.unwrap();
    }
    assert_eq!(log.findings().await, []);
    log.does("UPDATE audit.checkpoints SET at = at + interval '1 second' WHERE number = 2").await;
    assert_eq!(log.findings().await, [Finding::CheckpointChanged { number: 2 }]);
    log.does("DELETE FROM audit.checkpoints WHERE number = 2").await;
    assert_eq!(log.findings().await, [Finding::CheckpointMissing { first: 2, last: 2 }]);
}

#[tokio::test]
async fn whoever_empties_everything_is_found_out_by_what_was_told_outside() {
    let log = Log::unprotected().await;
    let checkpoint = log.signs(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24)).await.unwrap();
    let told = Told::of(&checkpoint);
    assert_eq!(log.findings_with(Some(&told)).await, []);
    log.does(
        "TRUNCATE audit.entries, audit.checkpoints;
         UPDATE audit.heads SET number = 0, hash = decode(repeat('00', 32), 'hex')",
    )
    .await;
    assert_eq!(log.findings().await, [], "nothing is left that could tell");
    let missing = Finding::CheckpointMissing { first: 1, last: 2 };
    assert_eq!(log.findings_with(Some(&told)).await, [missing]);
    // The service goes on signing, under the same numbers.
    for _ in 0..2 {
        log.store.note(Entry::new("read", "patient")).await.unwrap();
        log.signs(Timestamp::UNIX_EPOCH).await.unwrap();
    }
    assert_eq!(log.findings_with(Some(&told)).await, [Finding::CheckpointChanged { number: 2 }]);
}

#[tokio::test]
async fn what_was_rewritten_is_not_signed_over_and_shows_when_it_was() {
    let log = Log::unprotected().await;
    let (shard, last) = log.longest().await;
    let told = Told::of(&log.first_checkpoint().await);
    log.does(&rewrite(shard, 2, last)).await;
    log.does("ALTER TABLE audit.heads ENABLE TRIGGER ALL").await;
    log.store.note(Entry::new("read", "patient")).await.unwrap();
    assert_eq!(log.signs(Timestamp::UNIX_EPOCH).await, None);
    let rewritten = [Finding::Rewritten { shard, number: last, checkpoint: 1 }];
    assert_eq!(log.findings().await, rewritten);
    // A process that does not look before it signs.
    let mut connection = log.store.connection().await.unwrap();
    let tx = connection.begin().await.unwrap();
    tx.become_reader().await.unwrap();
    let heads = tx.heads().await.unwrap().into_iter().map(|(_, head)| head).collect();
    tx.become_oneself().await.unwrap();
    let checkpoint = Checkpoint { number: 2, at: Timestamp::UNIX_EPOCH, heads };
    let signature = Signer::new(&root()).sign(&checkpoint);
    tx.insert_checkpoint(&Signed { checkpoint, signature }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(log.findings().await, rewritten);
    assert_eq!(log.findings_with(Some(&told)).await, rewritten);
}

#[tokio::test]
async fn what_is_wrong_is_written_line_by_line() {
    let log = Log::unprotected().await;
    let (shard, _) = log.longest().await;
    let mut out = Vec::new();
    verify::verify(&log.store, &log.signers, None, &mut out).await.unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "ok   100 entries and 1 checkpoints looked at, 0 wrong\n");
    log.does(&format!("DELETE FROM audit.entries WHERE shard = {shard} AND number = 3")).await;
    let mut out = Vec::new();
    assert!(verify::verify(&log.store, &log.signers, None, &mut out).await.is_err());
    let expected = format!(
        "FAIL shard {shard}, number 3: missing\nFAIL 99 entries and 1 checkpoints looked at, 1 wrong\n"
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
