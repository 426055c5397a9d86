//! The service, running on a database of its own, and people who use it.
use crate::peers::{Doctors, Keys, Patients, Peer};
use crate::wishes::{apply, declare, hours};
use appointment_svc::config::Config;
use clap::Parser;
use http::HeaderValue;
use local::database::Database;
use local::service::Service;
use local::testing;
use platform::admin::Readiness;
use platform::caller::{Role, User};
use platform::client;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::{Claims, service_identity};
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::visit_link_service_client::VisitLinkServiceClient;
use proto::appointment::waitlist_service_client::WaitlistServiceClient;
use proto::doctor::DoctorRules;
use proto::ids::{DoctorId, PatientId, SessionId, UserId};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

pub(crate) type Client = AppointmentServiceClient<client::Peer>;
pub(crate) type Waitlist = WaitlistServiceClient<client::Peer>;

/// Longest wait for something that is to happen; far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

pub(crate) struct Clinic {
    /// What doctor-svc knows.
    pub(crate) doctors: Doctors,
    /// What patient-svc knows.
    pub(crate) patients: Patients,
    pub(crate) doctor_svc: Peer<Doctors>,
    pub(crate) patient_svc: Peer<Patients>,
    pub(crate) database: Database,
    /// As the service's own role.
    pub(crate) sql: Sql,
    settings: BTreeMap<&'static str, String>,
    keys: Keys,
    url: String,
    shutdown: Shutdown,
    _auth_svc: Peer<Keys>,
}

/// A connection to the database, past the service; closed when dropped.
pub(crate) struct Sql {
    client: tokio_postgres::Client,
    _connection: JoinSet<()>,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        Self::with([]).await
    }

    /// With some settings that are not the usual ones.
    pub(crate) async fn with<const N: usize>(unusual: [(&'static str, &str); N]) -> Self {
        let database = testing::database().await.unwrap();
        let (keys, doctors, patients) = (Keys::generate(), Doctors::empty(), Patients::empty());
        let auth_svc = Peer::start(keys.clone()).await;
        let doctor_svc = Peer::start(doctors.clone()).await;
        let patient_svc = Peer::start(patients.clone()).await;
        let mut settings = BTreeMap::from([
            ("--secret-key", SECRET.to_owned()),
            ("--database-url", database.runtime_url(Service::Appointment)),
            ("--database-owner-url", database.owner_url(Service::Appointment)),
            // Nobody listens there: events stay in the outbox, where the tests look at them.
            ("--rabbitmq-url", "amqp://127.0.0.1:1/%2f".to_owned()),
            ("--auth-url", auth_svc.url()),
            ("--doctor-url", doctor_svc.url()),
            ("--patient-url", patient_svc.url()),
            // Tests run at night, too.
            ("--waitlist-quiet-hours", "none".to_owned()),
        ]);
        settings.extend(unusual.map(|(name, value)| (name, value.to_owned())));

        let config = config(&settings);
        appointment_svc::migrate(config.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::default();
        let serving = appointment_svc::serve(config, listener, Readiness::default(), shutdown.clone());
        shutdown.spawn(async move { serving.await.unwrap() });
        let sql = Sql::connect(&database.runtime_url(Service::Appointment)).await;
        Self {
            doctors,
            patients,
            doctor_svc,
            patient_svc,
            database,
            sql,
            settings,
            keys,
            url,
            shutdown,
            _auth_svc: auth_svc,
        }
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.settings)
    }

    /// The settings as words of a command line.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().flat_map(|(name, value)| [*name, value])
    }

    /// Waits until everything that was begun is done. Nobody is answered afterwards.
    pub(crate) async fn close(&self) {
        assert!(self.shutdown.complete(PATIENCE).await, "something never ends");
    }

    /// Another connection as the service's own role.
    pub(crate) async fn another_sql(&self) -> Sql {
        Sql::connect(&self.database.runtime_url(Service::Appointment)).await
    }

    pub(crate) async fn owner_sql(&self) -> Sql {
        Sql::connect(&self.database.owner_url(Service::Appointment)).await
    }

    /// As a superuser.
    pub(crate) async fn admin_sql(&self) -> Sql {
        Sql::connect(&self.database.admin_url()).await
    }

    /// A doctor of whom doctor-svc has told.
    pub(crate) async fn hire(&self, rules: DoctorRules) -> DoctorId {
        let doctor = rules.doctor_id.parse().unwrap();
        apply(&mut self.service("doctor-svc"), rules, false).await.unwrap();
        doctor
    }

    /// A doctor who works from 9 to 17 every day, in UTC.
    pub(crate) async fn doctor(&self) -> DoctorId {
        self.hire(hours("UTC", "09:00", "17:00")).await
    }

    /// A patient of whom patient-svc has told.
    pub(crate) async fn patient(&self) -> PatientId {
        let patient = PatientId::random();
        declare(&mut self.service("patient-svc"), patient, 1, true).await.unwrap();
        patient
    }

    pub(crate) fn staff(&self) -> Client {
        self.by(Role::Staff)
    }

    /// Somebody, with a connection of their own.
    pub(crate) fn by(&self, role: Role) -> Client {
        self.user(someone(role))
    }

    pub(crate) fn user(&self, user: User) -> Client {
        self.user_at(&self.url, user)
    }

    /// A user of the service at `url`.
    pub(crate) fn user_at(&self, url: &str, user: User) -> Client {
        client(url, Some(self.identity(user)))
    }

    /// Somebody who sees to the waitlist.
    pub(crate) fn waitlist(&self, role: Role) -> Waitlist {
        self.waitlist_of(self.identity(someone(role)))
    }

    /// What notification-svc asks for those who have a link.
    pub(crate) fn links(&self) -> VisitLinkServiceClient<client::Peer> {
        let identity = identity_of_service("notification-svc");
        VisitLinkServiceClient::new(client::Peer::new("appointment-svc", &self.url, Some(identity)).unwrap())
    }

    pub(crate) fn waitlist_of_service(&self, name: &'static str) -> Waitlist {
        self.waitlist_of(identity_of_service(name))
    }

    fn waitlist_of(&self, identity: client::Identity) -> Waitlist {
        Waitlist::new(client::Peer::new("appointment-svc", &self.url, Some(identity)).unwrap())
    }

    fn identity(&self, user: User) -> client::Identity {
        let token = self.keys.sign(&Claims::of(user, Clock::system().now(), 900));
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        Arc::new(move |_| header.clone())
    }

    pub(crate) fn service(&self, name: &'static str) -> Client {
        client(&self.url, Some(identity_of_service(name)))
    }

    pub(crate) fn nobody(&self) -> Client {
        client(&self.url, None)
    }

    /// Deadlocks that the database has found so far.
    pub(crate) async fn deadlocks(&self) -> i64 {
        let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        self.sql.query_one(count, &[]).await.unwrap().get(0)
    }

    /// Waits until `number` sessions wait for a lock in the database.
    pub(crate) async fn until_waiting(&self, number: i64) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.until(waiting, number).await;
    }

    /// Waits until `query` answers `expected`.
    pub(crate) async fn until(&self, query: &str, expected: i64) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let looking = async {
            while self.sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0) != expected {
                looks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("still waiting: {query}"));
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

impl Sql {
    async fn connect(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move { drop(connection.await) });
        Self { client, _connection: task }
    }
}

impl Deref for Sql {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl DerefMut for Sql {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.client
    }
}

fn identity_of_service(name: &'static str) -> client::Identity {
    let root = RootSecret::new(&SECRET.to_owned().into()).unwrap();
    service_identity(&root, name, Clock::system()).unwrap()
}

/// A user who has not been here before.
pub(crate) fn someone(role: Role) -> User {
    User::new(UserId::random(), SessionId::random(), role)
}

fn config(settings: &BTreeMap<&'static str, String>) -> Config {
    let words = settings.iter().flat_map(|(name, value)| [*name, value]);
    Arguments::parse_from(["appointment-svc"].into_iter().chain(words)).config
}

fn client(url: &str, identity: Option<client::Identity>) -> Client {
    AppointmentServiceClient::new(client::Peer::new("appointment-svc", url, identity).unwrap())
}
