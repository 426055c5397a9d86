//! What a PostgreSQL of one's own was asked, by its log: statements as they were sent, transactions as they were made.
use crate::rest::PATIENCE;
use local::stores::{Durability, Postgres};
use local::testing::{SharedStores, stores};
use std::collections::BTreeMap;
use std::fs;
use tokio_postgres::{Client, NoTls};

/// A PostgreSQL that writes down all that it is asked.
pub struct Listener {
    pub postgres: Postgres,
    /// All stores, this one in its place.
    pub stores: SharedStores,
    /// Who may change its settings.
    client: Client,
}

/// What one connection asked as one: a transaction from its beginning to its end, or one statement outside of any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    pub role: String,
    pub statements: Vec<String>,
}

/// Entries of the log begin with it, so that no statement looks like one.
const BEGINNING: &str = "entry-of-the-log";

impl Listener {
    pub async fn start(name: &str) -> Self {
        let shared = stores();
        let places = shared.places.within(&format!("{name}-{}", uuid::Uuid::new_v4().simple()));
        places.prepare().unwrap();
        let started = Postgres::start(&places, &shared.secrets.store_password, Durability::Lost);
        let postgres = started.await.unwrap();
        let stores = SharedStores { postgres: postgres.admin_url(), ..shared.clone() };
        let client = connected(&stores.postgres).await;
        let listener = Self { postgres, stores, client };
        listener.set("log_line_prefix", &format!("{BEGINNING} %p %u ")).await;
        listener
    }

    /// Writes statements down from now on, on every connection.
    pub async fn listen(&self) {
        self.set("log_statement", "all").await;
    }

    /// Has every connection from now on load `library`, whose settings can be changed then.
    pub async fn load(&self, library: &str) {
        self.client.batch_execute(&format!("LOAD '{library}'")).await.unwrap();
        self.set("session_preload_libraries", library).await;
    }

    /// Changes a setting of the server.
    pub async fn set(&self, name: &str, value: &str) {
        set(&self.client, name, value).await;
    }

    /// How much was written so far.
    pub fn now(&self) -> usize {
        usize::try_from(fs::metadata(self.postgres.log()).unwrap().len()).unwrap()
    }

    /// What was written since then: for each entry the process, the role, and what is said.
    pub fn since(&self, then: usize) -> Vec<(String, String, String)> {
        let log = fs::read(self.postgres.log()).unwrap();
        entries(&String::from_utf8_lossy(&log[then..]))
    }
}

/// Asks the database at `url`.
pub async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the client")]
    tokio::spawn(connection);
    client
}

/// Changes a setting of a server, for all who are connected, too.
pub async fn set(superuser: &Client, name: &str, value: &str) {
    superuser.batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await.unwrap();
    superuser.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // Whoever is connected reads it before their next statement, once the server has told them.
    let shown = format!("SELECT current_setting('{name}') = '{value}'");
    let is_set = async {
        while !superuser.query_one(&shown, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_set).await.unwrap();
}

fn entries(log: &str) -> Vec<(String, String, String)> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for line in log.lines() {
        if let Some(entry) = line.strip_prefix(BEGINNING) {
            let mut parts = entry.trim_start().splitn(3, ' ').map(str::to_owned);
            let mut part = || parts.next().unwrap_or_default();
            found.push((part(), part(), part()));
        } else if let Some((.., said)) = found.last_mut() {
            said.push('\n');
            said.push_str(line);
        }
    }
    found
}

/// What was asked, as one connection asked it as one; what had not ended is left out.
pub fn units(entries: Vec<(String, String, String)>) -> Vec<Unit> {
    let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for (process, role, said) in entries {
        let Some(statement) = asked(&said) else { continue };
        let begins = ["BEGIN", "START TRANSACTION"].iter().any(|word| statement.starts_with(word));
        let ends = ["COMMIT", "ROLLBACK"].contains(&statement.as_str());
        if begins {
            open.insert(process, vec![statement]);
        } else if let Some(statements) = open.get_mut(&process) {
            statements.push(statement);
            if ends {
                found.push(Unit { role, statements: open.remove(&process).unwrap_or_default() });
            }
        } else if !ends {
            found.push(Unit { role, statements: vec![statement] });
        }
    }
    found
}

/// The statement of an entry that is about one, with single spaces.
fn asked(said: &str) -> Option<String> {
    let said = said.strip_prefix("LOG:")?.trim_start();
    let text = match said.strip_prefix("statement: ") {
        Some(text) => text,
        None => said.strip_prefix("execute ")?.split_once(": ")?.1,
    };
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn transactions_are_told_apart_by_their_connections() {
    let log = "entry-of-the-log 1 a_rw LOG:  statement: BEGIN\n\
               entry-of-the-log 2 b_rw LOG:  execute s1: SELECT 1,\n\t2\n\
               entry-of-the-log 1 a_rw LOG:  execute <unnamed>: SELECT 3\n\
               entry-of-the-log 2 b_rw LOG:  duration: 1 ms\n\
               entry-of-the-log 3 c_rw LOG:  statement: BEGIN\n\
               entry-of-the-log 1 a_rw LOG:  statement: COMMIT\n";
    let unit = |role: &str, statements: &[&str]| Unit {
        role: role.to_owned(),
        statements: statements.iter().map(|&text| text.to_owned()).collect(),
    };
    let expected = [unit("b_rw", &["SELECT 1, 2"]), unit("a_rw", &["BEGIN", "SELECT 3", "COMMIT"])];
    assert_eq!(units(entries(log)), expected);
}
