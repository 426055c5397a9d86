//! The mesh that the tests of one binary share, or one of one's own to break.
use crate::people::Admin;
use crate::rest::{PATIENCE, Rest};
use crate::statements::connected;
use local::mail::Message;
use local::mesh::Options;
use local::service::Service;
use local::stores::Stores;
use local::testing::{Ground, own_stores};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

/// Until nobody sends requests to a gateway any more that is to go.
const DRAIN: Duration = Duration::from_millis(500);

/// Running processes with all that they stand on.
pub struct Mesh {
    pub processes: local::mesh::Mesh,
    pub ground: Ground,
    /// Servers that nobody else uses; none when they are those of all tests.
    pub stores: Option<Stores>,
}

impl Mesh {
    /// The mesh of this test binary: two replicas of everything, started by the first test that asks.
    pub async fn shared() -> Arc<Self> {
        static SHARED: OnceCell<Arc<Mesh>> = OnceCell::const_new();
        let start = async || {
            let change = |options: &mut Options| {
                options.replicas = 2;
                // Tests that run beside each other make every answer late; what is too much is tried in tests/chaos.
                let least = ("MIN_REQUESTS_IN_FLIGHT".to_owned(), "512".to_owned());
                options.env_of.push((Service::Gateway, least.0, least.1));
            };
            Arc::new(Self::start(change).await)
        };
        SHARED.get_or_init(start).await.clone()
    }

    /// A mesh of one's own, on the servers of all tests.
    pub async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let ground = Ground::fresh("mesh").await.expect("the ground");
        Self::on(ground, None, change).await
    }

    /// A mesh of one's own, on servers of its own, to be stopped and killed.
    pub async fn with_own_stores(change: impl FnOnce(&mut Options)) -> Self {
        let (stores, told) = own_stores().await.expect("own servers");
        let ground = Ground::on(&told, "mesh").await.expect("the ground");
        Self::on(ground, Some(stores), change).await
    }

    /// A mesh of one's own with nothing in the clear but mails, on the servers of all tests.
    pub async fn encrypted() -> Self {
        let ground = Ground::fresh("mesh").await.expect("the ground");
        let encrypted = ground.encrypted_options().expect("certificates");
        Self::on(ground, None, |options| {
            *options = Options { env_of: std::mem::take(&mut options.env_of), ..encrypted };
        })
        .await
    }

    /// A mesh on ground that was prepared for it, on these servers if they are its own.
    pub async fn on(ground: Ground, stores: Option<Stores>, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = ground.options();
        // Hundreds of people log in from one address.
        for limit in ["USER", "SEARCH", "HOLD", "ANONYMOUS", "LOGIN", "ACCOUNT", "REGISTER"] {
            options.env_of.push((
                Service::Gateway,
                format!("RATE_LIMIT_{limit}_PER_MINUTE"),
                "1000000".to_owned(),
            ));
        }
        change(&mut options);
        let processes = local::mesh::Mesh::start(options).await.expect("the mesh");
        Self { processes, ground, stores }
    }

    /// The database of this mesh, as who made it.
    pub async fn database(&self) -> Client {
        connected(&self.ground.database.admin_url()).await
    }

    /// Starts the replica of a service at `place` anew. Those who ask by `rest` are led to other gateways before one stops, as a
    /// load balancer leads them (`preStop`).
    pub async fn exchange(&self, service: Service, place: usize, rest: &Rest) {
        let gateways = self.processes.gateway_urls();
        if service == Service::Gateway {
            let mut others = gateways.clone();
            others.remove(place);
            rest.go_to(others);
            sleep(DRAIN).await;
        }
        let server = &self.processes.of(service)[place].server;
        server.stop().await;
        server.start().await.unwrap();
        rest.go_to(gateways);
    }

    /// Nobody in particular, over REST.
    pub fn anyone(&self) -> Rest {
        Rest::new(self.processes.gateway_urls())
    }

    /// The first administrator.
    pub async fn admin(&self) -> Admin {
        Admin::log_in(self).await
    }

    /// The first mail to `email` whose subject says `words`, whatever their case.
    pub async fn mail_to(&self, email: &str, words: &str) -> Message {
        let fits = |mail: &Message| is_for(mail, email) && mail.subject.to_lowercase().contains(words);
        let found = self.ground.mail.wait_for(PATIENCE, fits).await;
        found.unwrap_or_else(|| panic!("no mail to {email} about `{words}`"))
    }

    /// All mails to `email` so far.
    pub fn mails_to(&self, email: &str) -> Vec<Message> {
        self.ground.mail.messages().into_iter().filter(|mail| is_for(mail, email)).collect()
    }

    /// What the processes of a service have logged.
    pub fn logged(&self, service: Service) -> String {
        let logs = self.processes.logs(service).into_iter();
        logs.map(|log| std::fs::read_to_string(log).unwrap_or_default()).collect()
    }

    /// What the first process of a service has measured under `name`, with its labels as Prometheus reads them.
    pub async fn measured(&self, service: Service, name: &str) -> u64 {
        let admin = self.processes.of(service)[0].admin;
        let answer = reqwest::get(format!("http://{admin}/metrics")).await.expect("it tells of itself");
        let text = answer.text().await.expect("text");
        let found = text.lines().find_map(|told| told.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("{service} does not tell of {name}"))
    }

    /// Waits until a service has logged `words`, no longer than `patience`.
    pub async fn until_logged(&self, service: Service, words: &str, patience: Duration) {
        let logged = async {
            while !self.logged(service).contains(words) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(patience, logged).await.unwrap_or_else(|_| panic!("{service} has not logged: {words}"));
    }
}

fn is_for(message: &Message, email: &str) -> bool {
    message.envelope_recipients.iter().any(|recipient| recipient.contains(email))
}
