//! Settings that every service has, as groups to flatten into its own `Config`. All come from the environment
//! or the command line; `--help` is their manual.
use secrecy::SecretString;
use std::net::SocketAddr;

/// How this process runs.
#[derive(Clone, Debug, clap::Args)]
pub struct Process {
    /// Address to serve on.
    #[arg(long, env, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Private address for /livez, /readyz and /metrics; not served when unset.
    #[arg(long, env)]
    pub admin_listen: Option<SocketAddr>,

    /// Root secret from which all keys are derived: at least 32 random bytes, the same for every service.
    #[arg(long, env, hide_env_values = true)]
    pub secret_key: SecretString,

    /// Collector that receives traces over OTLP/gRPC; traces are not exported when unset.
    #[arg(long, env)]
    pub otel_exporter_otlp_endpoint: Option<String>,

    /// Which log lines to write, as `level` or `target=level,…`.
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

    /// Most connections that this process opens.
    #[arg(long, env, default_value_t = 16)]
    pub database_max_connections: usize,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Redis {
    /// Connection string, for instance `redis://localhost:6379/0`.
    #[arg(long, env, hide_env_values = true)]
    pub redis_url: SecretString,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Broker {
    /// Connection string, for instance `amqp://user:password@localhost:5672/%2f`.
    #[arg(long, env, hide_env_values = true)]
    pub rabbitmq_url: SecretString,
}
