//! Accounts, sessions, and the keys that access tokens are signed with.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // settings
pub mod domain; // accounts and sessions, and what may become of them; pure
pub mod measurements; // what is counted, and what that says
pub mod passwords; // hashed a few at a time, and only good ones
pub mod keys; // signing keys, sealed, and which is in use when
pub mod totp; // codes from an authenticator
pub mod recovery; // codes that stand in for a lost one
pub mod challenge; // log-ins that wait for a code
pub mod credentials; // what programs prove themselves by
pub mod tokens; // access tokens signed, refresh tokens made
pub mod events; // what the others are told
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod keyring; // the signing keys, the same for all replicas
pub mod records; // what is asked of patient-svc
pub mod audited; // what the audit log is told
pub mod claims; // use cases by which patients get to their records
pub mod mailing; // tokens that are mailed
pub mod redeeming; // passwords that are set by who has such a token
pub mod resets; // use cases of those who forgot their password
pub mod verification; // use cases: prove an address
pub mod accounts; // use cases: register, read, change, also the password
pub mod applications; // use cases: register where addresses are proven first
pub mod invitations; // use cases: give colleagues accounts
pub mod second_factor; // use cases: turn it on and off, take a code
pub mod sessions; // use cases: begin, refresh, log out, see and end sessions
pub mod logins; // use cases: log in by password and code
pub mod proxies; // use cases: who acts for whom
pub mod api_clients; // use cases: programs that log in by themselves
pub mod operator; // use cases: the signing keys, for operators
pub mod resealing; // use case of operators: another root secret
pub mod ended; // what makes tokens void, told to whoever verifies them
pub mod bootstrap; // the first administrator
pub mod convert; // wire <-> domain
pub mod api; // the gRPC face
pub mod second_factor_api; // the one of the second factor
pub mod api_client_api; // the one of programs
pub mod proxy_api; // the one of who acts for whom
pub mod account_api; // the one of what owners prove by mail

use account_api::AccountApi;
use accounts::Accounts;
use anyhow::Context as _;
use api::Api;
use api_client_api::ApiClientApi;
use api_clients::ApiClients;
use applications::Applications;
use claims::Claims;
use config::{Command, Config};
use domain::Mint;
use ended::Ended;
use invitations::Invitations;
use keyring::{Keyring, Vault};
use logins::Logins;
use mailing::Mailing;
use passwords::{Passwords, Policy};
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::postgres;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use proto::auth::account_service_server::AccountServiceServer;
use proto::auth::api_client_service_server::ApiClientServiceServer;
use proto::auth::auth_service_server::AuthServiceServer;
use proto::auth::proxy_service_server::ProxyServiceServer;
use proto::auth::second_factor_service_server::SecondFactorServiceServer;
use proxies::Proxies;
use proxy_api::ProxyApi;
use records::Records;
use redeeming::Redeeming;
use resets::Resets;
use second_factor::SecondFactor;
use second_factor_api::SecondFactorApi;
use sessions::Sessions;
use std::sync::Arc;
use std::time::Duration;
use store::{SCHEMA, Store};
use tokio::net::TcpListener;
use verification::Verification;

/// The name of this service.
pub const SERVICE: &str = "auth-svc";

/// How often keys are read again and expired sessions forgotten.
const UPKEEP: Duration = Duration::from_secs(60);

/// How often it is looked which sessions have ended, and which keys there are.
const LOOK: Duration = Duration::from_secs(1);

/// Brings the schema up to date.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    refinery::embed_migrations!("migrations");
    postgres::migrate(&config.postgres, SCHEMA, &migrations::runner()).await
}

/// Does what else the binary does.
pub async fn command(config: Config, command: Command) -> anyhow::Result<()> {
    let root = RootSecret::of(&config.process)?;
    let store = Store::new(postgres::pool(&config.postgres, SERVICE)?, Outbox::new(SCHEMA));
    let mut out = std::io::stdout().lock();
    match command {
        Command::Keys(command) => {
            let vault = Vault::new(store, &root, config.key_ripening);
            operator::keys(&vault, command, Clock::system().now(), &mut out).await
        }
        Command::Reseal => resealing::reseal(&store, &root, &mut out).await,
    }
}

/// Serves on `listener` until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let root = RootSecret::of(&config.process)?;
    let pool = postgres::pool(&config.postgres, SERVICE)?;
    measurements::begin();
    postgres::watch(&pool, &shutdown);
    let outbox = Outbox::new(SCHEMA);
    outbox.relay(pool.clone(), Broker::new(&config.broker, SERVICE)?, &shutdown);
    let store = Store::new(pool.clone(), outbox);
    let verifier = Verifier::new(SERVICE, &root, None, clock.clone());
    let vault = Vault::new(store.clone(), &root, config.key_ripening);
    let keyring = Box::pin(Keyring::open(vault, verifier.clone(), clock.now())).await;
    let keyring = Arc::new(keyring.context("cannot prepare the signing keys")?);
    let passwords = Arc::new(Passwords::new()?);
    let policy = Policy { min_length: usize::from(config.password_min_length) };

    let mailing = Mailing::new(store.clone(), Mint::new(&root));
    let accounts = Accounts::new(store.clone(), passwords.clone(), mailing.clone());
    Box::pin(bootstrap::first_admin(&accounts, &policy, &config.bootstrap, clock.now())).await?;
    let ended = Ended::new(store.clone(), config.lifetimes.access_token_life, keyring.clone());
    let clients = ApiClients::new(store.clone(), keyring.clone(), config.lifetimes.access_token_life);
    let identity = service_identity(&root, SERVICE, clock.clone())?;
    let records = Records::new(Peer::new("patient-svc", &config.patient_url, Some(identity))?);
    let claims = Claims::new(store.clone(), records);
    let applications = Applications::new(store.clone(), passwords.clone(), mailing.clone());
    let invitations = Invitations::new(store.clone(), passwords.clone(), mailing.clone());
    let redeeming = Redeeming::new(store.clone(), passwords.clone());
    let verification = Verification::new(store.clone(), mailing.clone());
    let resets = Resets::new(store.clone(), mailing.clone());
    shutdown.spawn(resets.clone().work(clock.clone(), shutdown.clone()));
    let sessions =
        Sessions::new(store.clone(), keyring.clone(), config.lifetimes, config.require_second_factor);
    let second_factor = SecondFactor::new(store.clone(), passwords.clone(), &root, &config.totp_issuer);
    let logins =
        Logins::new(store.clone(), passwords, second_factor.clone(), sessions.clone(), mailing.clone());
    let proxies = Proxies::new(store, sessions.clone());
    let watched = (ended.clone(), keyring.clone(), proxies.clone());
    shutdown.spawn(look(watched, clock.clone(), shutdown.clone()));
    let kept = (keyring.clone(), sessions.clone(), logins.clone(), mailing.clone(), clients.clone());
    shutdown.spawn(upkeep(kept, clock.clone(), shutdown.clone()));

    let account_api = AccountApi {
        accounts: accounts.clone(),
        claims: claims.clone(),
        resets,
        invitations,
        redeeming,
        verification,
        mailing,
        policy,
        clock: clock.clone(),
    };
    let pages = PageTokens::new(&root);
    let clients = ApiClientApi { accounts: accounts.clone(), clients, clock: clock.clone() };
    let proxies = ProxyApi { accounts: accounts.clone(), proxies, clock: clock.clone() };
    let second_factor = SecondFactorApi {
        accounts: accounts.clone(),
        logins: logins.clone(),
        second_factor,
        clock: clock.clone(),
    };
    let registration = config.registration;
    let api = Api {
        accounts,
        applications,
        registration,
        claims,
        logins,
        sessions,
        ended,
        keyring,
        policy,
        pages,
        clock,
        shutdown: shutdown.clone(),
    };
    readiness.set(true);
    let stack = Stack {
        verifier,
        settings: config.grpc,
        audit: pool,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    let auth = AuthServiceServer::new(api).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let accounts = AccountServiceServer::new(account_api).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let second_factor =
        SecondFactorServiceServer::new(second_factor).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let proxies = ProxyServiceServer::new(proxies).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let clients = ApiClientServiceServer::new(clients).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let services = Services::of(auth).and(accounts).and(second_factor).and(proxies).and(clients);
    Box::pin(stack.serve(listener, services)).await
}

/// Ends who may act no more, and looks which sessions have ended and which keys there are, for those who watch.
async fn look((ended, keyring, proxies): (Ended, Arc<Keyring>, Proxies), clock: Clock, shutdown: Shutdown) {
    while shutdown.pause(LOOK).await {
        if let Err(error) = proxies.end_expired(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not end who may act no more");
        }
        if let Err(error) = keyring.catch_up(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not look which keys there are");
        }
        if let Err(error) = ended.look(clock.now()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not look which sessions have ended"
            );
        }
    }
}

/// Makes a key when it is time, and forgets sessions, log-ins and tokens that expired.
async fn upkeep(
    (keyring, sessions, logins, mailing, clients): (Arc<Keyring>, Sessions, Logins, Mailing, ApiClients),
    clock: Clock,
    shutdown: Shutdown,
) {
    while shutdown.pause(UPKEEP).await {
        if let Err(error) = keyring.refresh(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not refresh the signing keys");
        }
        if let Err(error) = sessions.forget_expired(clock.now(), &shutdown).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not forget expired sessions");
        }
        if let Err(error) = clients.forget_expired(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not forget expired assertions");
        }
        if let Err(error) = logins.forget_expired(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not forget expired log-ins");
        }
        if let Err(error) = mailing.forget_expired(clock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not forget expired tokens");
        }
    }
}
