//! Settings that every service has, as groups to flatten into its own `Config`. All come from the environment
//! or the command line; `--help` is their manual.
use clap::Command;
use clap::error::ErrorKind;
use secrecy::SecretString;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How this process runs.
#[derive(Clone, Debug, clap::Args)]
pub struct Process {
    /// Address to serve on.
    #[arg(long, env, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Private address for /livez, /readyz, /metrics and /log-level; not served when unset.
    #[arg(long, env)]
    pub admin_listen: Option<SocketAddr>,

    /// Certificate of the authority that services have theirs from, PEM. With the next two, services show each other
    /// certificates (mTLS), and are reached by `https://`.
    #[arg(long, env)]
    pub mtls_ca_file: Option<PathBuf>,

    /// Certificate of this service, PEM; it names `<service>` and `spiffe://healthcare/<service>`.
    #[arg(long, env)]
    pub mtls_certificate_file: Option<PathBuf>,

    /// Key of that certificate, PEM.
    #[arg(long, env)]
    pub mtls_key_file: Option<PathBuf>,

    /// Whether nobody else is on the network between the processes. Otherwise nothing is served in the clear on an
    /// address that others can reach.
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = false)]
    pub network_is_private: bool,

    /// Root secret from which all keys are derived: at least 32 random bytes, the same for every service.
    #[arg(long, env, hide_env_values = true)]
    pub secret_key: SecretString,

    /// Another root secret, from which nothing new is made, but what was made from it is accepted: while the root secret
    /// is exchanged. None when empty.
    #[arg(long, env, hide_env_values = true)]
    pub secret_key_accepted: Option<SecretString>,

    /// Collector that receives traces over OTLP/gRPC; traces are not exported when unset.
    #[arg(long, env)]
    pub otel_exporter_otlp_endpoint: Option<String>,

    /// Which log lines to write, as `level` or `target=level,…`; libraries tell nothing below `info`.
    #[arg(long, env, default_value = "info,tokio_postgres=warn,refinery_core=warn")]
    pub log_level: String,

    /// How log lines look.
    #[arg(long, env, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,

    /// Seconds that requests in flight may take to finish after a request to stop.
    #[arg(long, env, default_value_t = 10)]
    pub shutdown_grace_seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// What a gRPC server needs besides [`Process`].
#[derive(Clone, Debug, clap::Args)]
pub struct Grpc {
    /// Whether clients may ask for the protos (gRPC server reflection).
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = false)]
    pub grpc_reflection: bool,

    /// Seconds that a call may take when its caller sets no deadline, and at most.
    #[arg(long, env, default_value_t = 5)]
    pub grpc_deadline_seconds: u64,
}

/// Where the service's tables are.
#[derive(Clone, Debug, clap::Args)]
pub struct Postgres {
    /// Connection string of the role that reads and writes rows.
    #[arg(long, env, hide_env_values = true)]
    pub database_url: SecretString,

    /// Connection string of the role that owns the schema and migrates it; `DATABASE_URL` when unset.
    #[arg(long, env, hide_env_values = true)]
    pub database_owner_url: Option<SecretString>,

    /// Whether to migrate the schema before serving. Otherwise it serves once `<service> migrate` has done it, and needs no
    /// `DATABASE_OWNER_URL`.
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = true)]
    pub migrate: bool,

    /// PEM file of the authority that the database has its certificate from, read anew for each connection. With it, connection
    /// strings must say `sslmode=require`; without it, those that do believe the authorities that browsers know.
    #[arg(long, env)]
    pub database_ca_file: Option<PathBuf>,

    /// Most connections that this process opens.
    #[arg(long, env, default_value_t = 16)]
    pub database_max_connections: usize,
}

/// Where a service reads what may be a few seconds old.
#[derive(Clone, Debug, clap::Args)]
pub struct Reads {
    /// Connection string of the role that reads and writes rows, on a replica of the database. What may be a few seconds old
    /// is read there; from `DATABASE_URL` when unset, and while the replica is away or behind.
    #[arg(long, env, hide_env_values = true)]
    pub database_read_url: Option<SecretString>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Redis {
    /// Connection string, for instance `redis://localhost:6379/0`, or `rediss://…` for TLS.
    #[arg(long, env, hide_env_values = true)]
    pub redis_url: SecretString,

    /// PEM file of the authority that Redis has its certificate from, read anew for each connection; those that browsers know
    /// when unset.
    #[arg(long, env)]
    pub redis_ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Broker {
    /// Connection string, for instance `amqp://user:password@localhost:5672/%2f`, or `amqps://…` for TLS.
    #[arg(long, env, hide_env_values = true)]
    pub rabbitmq_url: SecretString,

    /// PEM file of the authority that RabbitMQ has its certificate from, read anew for each connection; those that browsers know
    /// when unset.
    #[arg(long, env)]
    pub rabbitmq_ca_file: Option<PathBuf>,
}

/// Lets every secret, which is what `--help` must not show the value of, come from a file whose path is in the variable
/// of that name with `_FILE` behind. Exits when a file cannot be read, or when the secret is given as well.
pub fn secrets_in_files(command: Command) -> Command {
    with_files(command, |name| std::env::var_os(name)).unwrap_or_else(|error| error.exit())
}

fn with_files(
    mut command: Command,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Command, clap::Error> {
    let secrets = command.get_arguments().filter(|argument| argument.is_hide_env_values_set());
    let secrets = secrets
        .filter_map(|argument| Some((argument.get_id().clone(), argument.get_env()?.to_str()?.to_owned())));
    for (id, name) in secrets.collect::<Vec<_>>() {
        let Some(path) = variable(&format!("{name}_FILE")).map(PathBuf::from) else { continue };
        if variable(&name).is_some() {
            return Err(
                command.error(ErrorKind::ArgumentConflict, format!("{name} and {name}_FILE are both set"))
            );
        }
        let secret = std::fs::read_to_string(&path).map_err(|error| {
            command.error(ErrorKind::Io, format!("{name}_FILE: cannot read {}: {error}", path.display()))
        })?;
        // Editors end a file with a line end, which no secret has.
        let secret = secret.trim_end_matches(['\r', '\n']).to_owned();
        command = command
            .mut_arg(id, |argument| argument.required(false).default_value(secret).hide_default_value(true));
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};
    use secrecy::ExposeSecret as _;

    fn read(variables: &[(&str, &str)]) -> Result<Postgres, clap::Error> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let command = with_files(Postgres::augment_args(Command::new("x")), variable)?;
        Postgres::from_arg_matches(&command.try_get_matches_from(["x"])?)
    }

    #[test]
    fn a_secret_is_read_from_its_file_and_not_shown() {
        let path = std::env::temp_dir().join(format!("secret-{}", uuid::Uuid::now_v7()));
        std::fs::write(&path, "postgres://it's a secret\n").unwrap();
        let path = path.to_str().unwrap();
        let settings = read(&[("DATABASE_URL_FILE", path)]).unwrap();
        assert_eq!(settings.database_url.expose_secret(), "postgres://it's a secret");
        let variable = |name: &str| (name == "DATABASE_URL_FILE").then(|| OsString::from(path));
        let mut command = with_files(Postgres::augment_args(Command::new("x")), variable).unwrap();
        assert!(!command.render_long_help().to_string().contains("it's a secret"));
        let both = read(&[("DATABASE_URL_FILE", path), ("DATABASE_URL", "x")]).unwrap_err();
        assert!(both.to_string().contains("DATABASE_URL_FILE are both set"), "{both}");
        std::fs::remove_file(path).unwrap();
        let gone = read(&[("DATABASE_URL_FILE", path)]).unwrap_err();
        assert!(gone.to_string().contains("DATABASE_URL_FILE: cannot read"), "{gone}");
    }
}
