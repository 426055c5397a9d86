//! Starts the service in this process, and talks to it.
use auth_svc::config::Config;
use clap::Parser as _;
use local::database::Database;
use local::service::Service as Name;
use platform::admin::Readiness;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::service_identity;
use proto::auth::account_service_client::AccountServiceClient;
use proto::auth::api_client_service_client::ApiClientServiceClient;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::proxy_service_client::ProxyServiceClient;
use proto::auth::second_factor_service_client::SecondFactorServiceClient;
use proto::auth::{self as pb, Role};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

pub(crate) const ADMIN: &str = "root@example.com";
const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Service {
    pub client: AuthServiceClient<Channel>,
    pub api_clients: ApiClientServiceClient<Channel>,
    pub accounts: AccountServiceClient<Channel>,
    pub proxies: ProxyServiceClient<Channel>,
    pub second_factor: SecondFactorServiceClient<Channel>,
    pub database: Arc<Database>,
    shutdown: Shutdown,
}

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

/// Settings for `database`, with an administrator, unless `more` says otherwise.
pub(crate) fn config(database: &Database, more: &[&str]) -> Config {
    let usual = [
        format!("--database-url={}", database.runtime_url(Name::Auth)),
        format!("--database-owner-url={}", database.owner_url(Name::Auth)),
        "--database-max-connections=8".to_owned(),
        // Nobody listens: events stay where they are, and records are asked about by few.
        "--rabbitmq-url=amqp://127.0.0.1:1".to_owned(),
        "--patient-url=http://127.0.0.1:1".to_owned(),
        format!("--secret-key={SECRET}"),
        format!("--bootstrap-admin-email={ADMIN}"),
        format!("--bootstrap-admin-password={PASSWORD}"),
    ];
    let name = |argument: &str| argument.split('=').next().map(str::to_owned);
    let kept =
        usual.iter().map(String::as_str).filter(|usual| more.iter().all(|more| name(more) != name(usual)));
    let arguments = ["auth-svc"].into_iter().chain(kept).chain(more.iter().copied());
    Arguments::try_parse_from(arguments).unwrap().config
}

/// A migrated database of one's own.
pub(crate) async fn database() -> Arc<Database> {
    let database = local::testing::database().await.unwrap();
    auth_svc::migrate(config(&database, &[])).await.unwrap();
    Arc::new(database)
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::replica(database().await, &[]).await
    }

    /// One more process on `database`.
    pub(crate) async fn replica(database: Arc<Database>, more: &[&str]) -> Self {
        let shutdown = Shutdown::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving =
            auth_svc::serve(config(&database, more), listener, Readiness::default(), shutdown.clone());
        shutdown.spawn(async { serving.await.unwrap() });
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let client = AuthServiceClient::new(channel.clone());
        let api_clients = ApiClientServiceClient::new(channel.clone());
        let accounts = AccountServiceClient::new(channel.clone());
        let proxies = ProxyServiceClient::new(channel.clone());
        let second_factor = SecondFactorServiceClient::new(channel);
        let service = Self { client, api_clients, accounts, proxies, second_factor, database, shutdown };
        // The first answer comes when it has started.
        service.keys().await;
        service
    }

    pub(crate) async fn logs_in(&self, username: &str, password: &str) -> Result<pb::TokenPair, Status> {
        let request = pb::LoginRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            ..Default::default()
        };
        Ok(self.client.clone().login(request).await?.into_inner())
    }

    /// The access token of the first administrator.
    pub(crate) async fn admin(&self) -> String {
        self.logs_in(ADMIN, PASSWORD).await.unwrap().access_token
    }

    /// Registers as `token` says; nobody in particular when it is empty.
    pub(crate) async fn registers(
        &self,
        token: &str,
        request: pb::RegisterRequest,
    ) -> Result<pb::User, Status> {
        Ok(self.client.clone().register(by(token, request)).await?.into_inner())
    }

    /// A new account, made by the administrator, and its tokens.
    pub(crate) async fn person(&self, role: Role) -> (pb::User, pb::TokenPair) {
        let doctor_id = if role == Role::Doctor { fresh_id() } else { String::new() };
        let request = pb::RegisterRequest { role: role.into(), doctor_id, ..someone() };
        let user = self.registers(&self.admin().await, request).await.unwrap();
        let tokens = self.logs_in(&user.email, PASSWORD).await.unwrap();
        (user, tokens)
    }

    pub(crate) async fn current_user(&self, token: &str) -> Result<pb::User, Status> {
        let request = by(token, pb::GetCurrentUserRequest {});
        Ok(self.client.clone().get_current_user(request).await?.into_inner())
    }

    pub(crate) async fn refreshes(&self, refresh_token: &str) -> Result<pb::TokenPair, Status> {
        let request = pb::RefreshTokenRequest { refresh_token: refresh_token.to_owned() };
        Ok(self.client.clone().refresh_token(request).await?.into_inner())
    }

    pub(crate) async fn logs_out(&self, refresh_token: &str) -> Result<(), Status> {
        let request = pb::LogoutRequest { refresh_token: refresh_token.to_owned() };
        self.client.clone().logout(request).await.map(drop)
    }

    /// Changes what `paths` name to what `user` has.
    pub(crate) async fn updates(
        &self,
        token: &str,
        user: pb::User,
        paths: &[&str],
    ) -> Result<pb::User, Status> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let update_mask = Some(prost_types::FieldMask { paths });
        let request = pb::UpdateUserRequest { user: Some(user), update_mask };
        Ok(self.client.clone().update_user(by(token, request)).await?.into_inner())
    }

    /// A connection past the service, as the owner of its tables.
    pub(crate) async fn owner(&self) -> tokio_postgres::Client {
        owner(&self.database).await
    }

    /// The published keys, by id.
    pub(crate) async fn keys(&self) -> Vec<(String, String)> {
        let jwks = self.client.clone().get_jwks(pb::GetJwksRequest {}).await.unwrap().into_inner();
        jwks.keys.into_iter().map(|key| (key.kid, key.x)).collect()
    }
}

/// A connection as the owner of the tables.
pub(crate) async fn owner(database: &Database) -> tokio_postgres::Client {
    let url = database.owner_url(Name::Auth);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    Shutdown::default().spawn(connection);
    client
}

/// Answers do not show what is in them, so `unwrap_err` cannot take them.
pub(crate) trait Refused {
    fn refused(self) -> Status;
}

impl<T> Refused for Result<T, Status> {
    fn refused(self) -> Status {
        self.err().expect("the call is refused")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

pub(crate) fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

/// What the service called `name` asks.
pub(crate) fn by_service<T>(name: &'static str, message: T) -> Request<T> {
    let root = RootSecret::new(&SECRET.to_owned().into()).unwrap();
    let identity = service_identity(&root, name, Clock::system()).unwrap();
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", identity(auth_svc::SERVICE).to_str().unwrap().parse().unwrap());
    request
}

/// A request to register somebody who does not exist yet.
pub(crate) fn someone() -> pb::RegisterRequest {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let email = format!("person{}@example.com", COUNT.fetch_add(1, Relaxed));
    pb::RegisterRequest { email, password: PASSWORD.to_owned(), ..pb::RegisterRequest::default() }
}

pub(crate) fn fresh_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub(crate) fn reason(status: &Status) -> String {
    platform::fault::reason(status).unwrap_or_default()
}

/// The fields that are wrong, in alphabetical order.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let mut fields: Vec<String> = violations.into_iter().map(|violation| violation.field).collect();
    fields.sort();
    fields
}
