//! Connections in the clear or by TLS, as connection strings say.
use crate::config;
use crate::tls::Trust;
use anyhow::anyhow;
use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use secrecy::{ExposeSecret as _, SecretString};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a connection string says. Why one cannot be read is not told: that would tell parts of it.
pub(super) fn parsed(url: &SecretString) -> anyhow::Result<Config> {
    let form = "postgres://user:password@host:port/database, with ?sslmode=require for TLS";
    url.expose_secret()
        .parse()
        .map_err(|_| anyhow!("a connection string of the database cannot be read; it is {form}"))
}

/// How a server is reached.
#[derive(Clone)]
pub(super) enum Link {
    Clear,
    /// The server shows a certificate for the host that it is called by.
    Tls(Trust),
}

impl Link {
    /// TLS where the connection string says `sslmode=require`. Other modes would go on in the clear where a server, or
    /// whoever is in between, says that it has no TLS.
    pub(super) fn of(config: &Config, settings: &config::Postgres) -> anyhow::Result<Self> {
        let needed = "with DATABASE_CA_FILE, connection strings of the database must say sslmode=require";
        let asks_for_tls = config.get_ssl_mode() == SslMode::Require;
        let trust = Trust::of(settings.database_ca_file.as_ref(), asks_for_tls, needed)?;
        Ok(trust.map_or(Self::Clear, Self::Tls))
    }

    pub(super) fn manager(self, config: Config) -> Manager {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        match self {
            Self::Clear => Manager::from_config(config, NoTls, how),
            Self::Tls(trust) => Manager::from_config(config, ByTls(trust), how),
        }
    }

    /// A connection that ends with its client.
    pub(super) async fn connect(&self, config: &Config) -> Result<Client, Error> {
        match self {
            Self::Clear => Ok(driven(config.connect(NoTls).await?)),
            Self::Tls(trust) => Ok(driven(config.connect(ByTls(trust.clone())).await?)),
        }
    }
}

fn driven<S, T>((client, connection): (Client, Connection<S, T>)) -> Client
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "ends with the client, before anything is served")]
    tokio::spawn(connection);
    client
}

/// Whom to believe is read anew for each connection.
#[derive(Clone)]
struct ByTls(Trust);

impl MakeTlsConnect<Socket> for ByTls {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, io::Error> {
        let config = self.0.client().map_err(io::Error::other)?;
        MakeTlsConnect::<Socket>::make_tls_connect(&mut MakeRustlsConnect::new(config), host)
            .map_err(io::Error::other)
    }
}
