//! The service, running, and people who call it.
use crate::peers::{Calendar, Keys};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::HeaderValue;
use jsonwebtoken::EncodingKey;
use local::database::Database;
use local::service::Service;
use patient_svc::config::Config;
use patient_svc::sealing::Keyring;
use patient_svc::store::Store;
use platform::admin::Readiness;
use platform::caller::{Role, User};
use platform::client::Peer;
use platform::clock::Clock;
use platform::config::{Broker, Grpc, LogFormat, Postgres, Process, Reads};
use platform::outbox::Outbox;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::{self, Claims};
use platform::{fault, token::service_identity};
use prost_types::FieldMask;
use proto::auth::Jwk;
use proto::ids::{DoctorId, PatientId, SessionId, UserId};
use proto::patient as pb;
use proto::patient::audit_service_client::AuditServiceClient;
use proto::patient::break_glass_service_client::BreakGlassServiceClient;
use proto::patient::patient_service_client::PatientServiceClient;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tokio::net::TcpListener;
use tonic::{Code, Response, Status};

const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
const KEY_ID: &str = "key-of-this-test";
/// Where no broker is: nothing but the leaving of events needs one.
const NO_BROKER: &str = "amqp://127.0.0.1:1/%2f";

pub(crate) type Person = PatientServiceClient<Peer>;
pub(crate) type Auditor = AuditServiceClient<Peer>;
pub(crate) type Emergencies = BreakGlassServiceClient<Peer>;

pub(crate) struct Clinic {
    pub(crate) calendar: Calendar,
    pub(crate) accounts: Keys,
    database: Option<Database>,
    owner_url: String,
    pub(crate) config: Config,
    url: String,
    key: EncodingKey,
    shutdown: Shutdown,
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.shutdown.request();
        // On a thread of its own: deleting waits for connections that this one may be about to open.
        let database = self.database.take();
        std::thread::spawn(move || drop(database));
    }
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        Self::with_broker(NO_BROKER).await
    }

    pub(crate) async fn with_broker(rabbitmq_url: &str) -> Self {
        let shutdown = Shutdown::default();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let jwk = Jwk {
            kid: KEY_ID.to_owned(),
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        };
        let (calendar, accounts) = (Calendar::default(), Keys::new(jwk));
        let database = local::testing::database().await.unwrap();
        let config = Config {
            process: Process {
                listen: ([127, 0, 0, 1], 0).into(),
                admin_listen: None,
                mtls_ca_file: None,
                mtls_certificate_file: None,
                mtls_key_file: None,
                network_is_private: false,
                secret_key: SECRET.to_owned().into(),
                secret_key_accepted: None,
                otel_exporter_otlp_endpoint: None,
                log_level: "off".to_owned(),
                log_format: LogFormat::Text,
                shutdown_grace_seconds: 1,
            },
            grpc: Grpc { grpc_reflection: false, grpc_deadline_seconds: 5 },
            postgres: postgres_settings(&database),
            reads: Reads { database_read_url: None },
            broker: Broker { rabbitmq_url: SecretString::from(rabbitmq_url), rabbitmq_ca_file: None },
            auth_url: accounts.serve(&shutdown).await,
            appointment_url: calendar.serve(&shutdown).await,
            break_glass_minutes: 60,
            break_glass_review_days: 7,
        };
        patient_svc::migrate(config.clone()).await.unwrap();
        let listener = TcpListener::bind(config.process.listen).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        shutdown.spawn(patient_svc::serve(config.clone(), listener, Readiness::default(), shutdown.clone()));
        let key = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
        let owner_url = database.owner_url(Service::Patient);
        Self { calendar, accounts, database: Some(database), owner_url, config, url, key, shutdown }
    }

    /// The service is another replica from now on, with these settings.
    pub(crate) async fn goes_on_with(&mut self, config: Config) {
        let listener = TcpListener::bind(config.process.listen).await.unwrap();
        self.url = format!("http://{}", listener.local_addr().unwrap());
        let serving =
            patient_svc::serve(config.clone(), listener, Readiness::default(), self.shutdown.clone());
        self.shutdown.spawn(serving);
        self.config = config;
    }

    /// The service's own access to its database.
    pub(crate) fn store(&self) -> Store {
        let database = self.database.as_ref().unwrap();
        let settings = postgres_settings(database);
        let pool = platform::postgres::pool(&settings, "test").unwrap();
        Store::new(pool, Outbox::new("patient"), Keyring::new(&root()))
    }

    /// A connection that may do anything.
    pub(crate) async fn superuser(&self) -> tokio_postgres::Client {
        self.connect(&self.database.as_ref().unwrap().admin_url()).await
    }

    pub(crate) fn admin(&self) -> Person {
        self.person(Role::Admin)
    }

    pub(crate) fn staff(&self) -> Person {
        self.person(Role::Staff)
    }

    pub(crate) fn auditor(&self) -> Person {
        self.person(Role::Auditor)
    }

    pub(crate) fn doctor(&self, id: DoctorId) -> Person {
        self.person(Role::Doctor(id))
    }

    pub(crate) fn patient(&self, id: PatientId) -> Person {
        self.person(Role::Patient(id))
    }

    /// Somebody without a token.
    pub(crate) fn stranger(&self) -> Person {
        PatientServiceClient::new(Peer::new("patient-svc", &self.url, None).unwrap())
    }

    pub(crate) fn service(&self, name: &'static str) -> Person {
        let identity = service_identity(&root(), name, Clock::system()).unwrap();
        PatientServiceClient::new(Peer::new("patient-svc", &self.url, Some(identity)).unwrap())
    }

    /// What `user` does about emergencies: as that doctor, or with that role.
    pub(crate) fn emergencies(&self, user: UserId, role: Role) -> Emergencies {
        BreakGlassServiceClient::new(self.peer(user, role))
    }

    fn person(&self, role: Role) -> Person {
        PatientServiceClient::new(self.peer(UserId::random(), role))
    }

    fn peer(&self, user: UserId, role: Role) -> Peer {
        let user = User::new(user, SessionId::random(), role);
        let token = token::sign(&self.key, KEY_ID, &Claims::of(user, Clock::system().now(), 900)).unwrap();
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        Peer::new("patient-svc", &self.url, Some(Arc::new(move |_| header.clone()))).unwrap()
    }

    /// A patient whom staff has admitted.
    pub(crate) async fn admits(&self, patient: pb::Patient) -> pb::Patient {
        self.staff().create_patient(create(patient)).await.unwrap().into_inner()
    }

    /// A patient, and a doctor who treats them.
    pub(crate) async fn couple(&self) -> (PatientId, DoctorId) {
        let patient = id_of(&self.admits(ada()).await);
        let doctor = DoctorId::random();
        self.calendar.relates(doctor, patient);
        (patient, doctor)
    }

    /// A connection past the service, as the owner of its tables.
    pub(crate) async fn owner(&self) -> tokio_postgres::Client {
        self.connect(&self.owner_url).await
    }

    /// A connection past the service, with its own rights.
    pub(crate) async fn runtime(&self) -> tokio_postgres::Client {
        self.connect(self.config.postgres.database_url.expose_secret()).await
    }

    async fn connect(&self, url: &str) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        self.shutdown.spawn(connection);
        client
    }

    /// Somebody who asks about the log.
    pub(crate) fn log(&self, role: Role) -> Auditor {
        AuditServiceClient::new(self.peer(UserId::random(), role))
    }
}

pub(crate) fn root() -> RootSecret {
    RootSecret::new(&SECRET.to_owned().into()).unwrap()
}

fn postgres_settings(database: &Database) -> Postgres {
    Postgres {
        database_url: database.runtime_url(Service::Patient).into(),
        database_owner_url: Some(database.owner_url(Service::Patient).into()),
        database_ca_file: None,
        database_max_connections: 8,
        migrate: true,
    }
}

pub(crate) fn ada() -> pb::Patient {
    pb::Patient {
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        date_of_birth: "1985-12-10".to_owned(),
        email: "ada@example.com".to_owned(),
        phone: "+49 (30) 123-456".to_owned(),
        insurance_id: "AX-123-6789".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn named(first_name: &str, last_name: &str) -> pb::Patient {
    let (first_name, last_name) = (first_name.to_owned(), last_name.to_owned());
    pb::Patient { first_name, last_name, date_of_birth: "1985-12-10".to_owned(), ..Default::default() }
}

pub(crate) fn identified(system: &str, value: &str) -> pb::Patient {
    let identifier = pb::Identifier { system: system.to_owned(), value: value.to_owned() };
    pb::Patient { identifiers: vec![identifier], ..ada() }
}

/// A request to create `patient`, whoever is like them.
pub(crate) fn create(patient: pb::Patient) -> pb::CreatePatientRequest {
    pb::CreatePatientRequest { patient: Some(patient), confirm_new: true }
}

pub(crate) fn get(id: PatientId) -> pb::GetPatientRequest {
    pb::GetPatientRequest { id: id.to_string() }
}

pub(crate) fn delete(id: PatientId) -> pb::DeletePatientRequest {
    pb::DeletePatientRequest { id: id.to_string(), expected_version: 0 }
}

/// A request to give `patient` what `fields` have in it.
pub(crate) fn update(patient: pb::Patient, fields: &[&str]) -> pb::UpdatePatientRequest {
    pb::UpdatePatientRequest { patient: Some(patient), update_mask: Some(mask(fields)), expected_version: 0 }
}

pub(crate) fn mask(fields: &[&str]) -> FieldMask {
    FieldMask { paths: fields.iter().map(ToString::to_string).collect() }
}

pub(crate) fn id_of(patient: &pb::Patient) -> PatientId {
    patient.id.parse().unwrap()
}

/// The refusal, which must have this code and reason.
#[track_caller]
pub(crate) fn refused<T>(answer: Result<Response<T>, Status>, code: Code, reason: &str) -> Status {
    let status = answer.err().expect("should be refused");
    assert_eq!((status.code(), fault::reason(&status).as_deref()), (code, Some(reason)), "{status:?}");
    status
}

/// The fields that were complained about.
#[track_caller]
pub(crate) fn invalid<T>(answer: Result<Response<T>, Status>) -> Vec<String> {
    use tonic_types::StatusExt as _;
    let status = answer.err().expect("should be invalid");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let fields = &details.bad_request().expect("names the fields").field_violations;
    fields.iter().map(|violation| violation.field.clone()).collect()
}
