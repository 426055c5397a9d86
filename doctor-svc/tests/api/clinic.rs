//! The service, running on a database and a Redis of its own, and people who use it.
use crate::peers::{Calendars, Keys, Peer};
use clap::Parser;
use doctor_svc::config::Config;
use http::HeaderValue;
use local::database::Database;
use local::service::Service;
use local::stores::Redis;
use local::testing;
use platform::admin::Readiness;
use platform::caller::{Role, User};
use platform::client;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::{Claims, service_identity};
use proto::doctor::doctor_service_client::DoctorServiceClient;
use proto::ids::{PatientId, SessionId, UserId};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

pub(crate) type Client = DoctorServiceClient<client::Peer>;

const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

pub(crate) struct Clinic {
    pub(crate) calendars: Calendars,
    pub(crate) appointment_svc: Peer<Calendars>,
    pub(crate) redis: Redis,
    /// As the service's own role.
    pub(crate) sql: tokio_postgres::Client,
    keys: Keys,
    url: String,
    shutdown: Shutdown,
    _auth_svc: Peer<Keys>,
    _database: Database,
    _tasks: JoinSet<()>,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        let (database, redis) = tokio::try_join!(testing::database(), testing::redis()).unwrap();
        let (keys, calendars) = (Keys::generate(), Calendars::empty());
        let auth_svc = Peer::start(keys.clone()).await;
        let appointment_svc = Peer::start(calendars.clone()).await;
        let config = Arguments::parse_from([
            "doctor-svc",
            "--secret-key",
            SECRET,
            "--database-url",
            &database.runtime_url(Service::Doctor),
            "--database-owner-url",
            &database.owner_url(Service::Doctor),
            "--redis-url",
            &redis.url(),
            // Nobody listens there: events stay in the outbox, where the tests look at them.
            "--rabbitmq-url",
            "amqp://127.0.0.1:1/%2f",
            "--auth-url",
            &auth_svc.url(),
            "--appointment-url",
            &appointment_svc.url(),
        ])
        .config;

        doctor_svc::migrate(config.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::default();
        let mut tasks = JoinSet::new();
        let serving = doctor_svc::serve(config, listener, Readiness::default(), shutdown.clone());
        tasks.spawn(async move { serving.await.unwrap() });
        let (sql, connection) =
            tokio_postgres::connect(&database.runtime_url(Service::Doctor), NoTls).await.unwrap();
        tasks.spawn(async move { drop(connection.await) });
        Self {
            calendars,
            appointment_svc,
            redis,
            sql,
            keys,
            url,
            shutdown,
            _auth_svc: auth_svc,
            _database: database,
            _tasks: tasks,
        }
    }

    pub(crate) fn admin(&self) -> Client {
        self.person(Role::Admin)
    }

    pub(crate) fn staff(&self) -> Client {
        self.person(Role::Staff)
    }

    pub(crate) fn auditor(&self) -> Client {
        self.person(Role::Auditor)
    }

    pub(crate) fn patient(&self) -> Client {
        self.person(Role::Patient(PatientId::random()))
    }

    pub(crate) fn doctor(&self, id: &str) -> Client {
        self.person(Role::Doctor(id.parse().unwrap()))
    }

    pub(crate) fn service(&self, name: &'static str) -> Client {
        let root = RootSecret::new(&SECRET.to_owned().into()).unwrap();
        self.client(Some(service_identity(&root, name, Clock::system()).unwrap()))
    }

    pub(crate) fn nobody(&self) -> Client {
        self.client(None)
    }

    fn person(&self, role: Role) -> Client {
        let user = User::new(UserId::random(), SessionId::random(), role);
        let token = self.keys.sign(&Claims::of(user, Clock::system().now(), 300));
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        self.client(Some(Arc::new(move |_| header.clone())))
    }

    fn client(&self, identity: Option<client::Identity>) -> Client {
        DoctorServiceClient::new(client::Peer::new("doctor-svc", &self.url, identity).unwrap())
    }

    /// Types and data of the events that were written, oldest first.
    pub(crate) async fn events(&self) -> Vec<(String, String)> {
        let rows = self.sql.query("SELECT event_type, data::text FROM doctor.outbox ORDER BY position", &[]);
        rows.await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// How many changes that narrow are on record as under way.
    pub(crate) async fn narrowings(&self) -> i64 {
        let count = "SELECT (SELECT count(*) FROM doctor.narrowings) + (SELECT count(*) FROM doctor.clinic_narrowings)";
        self.sql.query_one(count, &[]).await.unwrap().get(0)
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}
