//! A private RabbitMQ, with a port mapper (epmd) of its own.
use super::{Shown, home};
use crate::places::Places;
use crate::ports;
use crate::probe::Probe;
use crate::process::{Account, Launch, command};
use crate::programs::Program;
use crate::secrets::write_private;
use crate::server::Server;
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

pub struct RabbitMq {
    server: Server,
    epmd: Server,
    broker: Broker,
}

/// How to reach a running RabbitMQ, as a client and as its administrator.
#[derive(Clone, Serialize, Deserialize)]
pub struct Broker {
    pub port: u16,
    tls_port: u16,
    /// Of the certificate that it shows where it speaks TLS, PEM.
    pub authority: PathBuf,
    password: String,
    program: PathBuf,
    env: Vec<(String, String)>,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
    messages: u64,
    consumers: u64,
}

#[derive(Deserialize)]
struct Link {
    vhost: String,
    ssl: bool,
}

const USER: &str = "healthcare";

impl RabbitMq {
    pub async fn start(places: &Places, password: &str) -> anyhow::Result<Self> {
        let account = Account::of_server("rabbitmq")?;
        let home = home(places, "rabbitmq", account)?;
        let programs = Program::RabbitMq.found()?;
        let (port, distribution, mapper) = (ports::free()?, ports::free()?, ports::free()?);
        let tls_port = ports::free()?;
        let shown = Shown::below(&home, "rabbitmq", account)?;
        configure(&home, [port, tls_port], &shown, password, account)?;
        let env = environment(&home, port, distribution, mapper);

        let launch = |name: &str, program: PathBuf| Launch {
            name: name.to_owned(),
            program,
            args: Vec::new(),
            env: env.clone(),
            unset: &[],
            account,
            log: places.log(name),
            pid_file: places.run().join(format!("{name}.pid")),
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGTERM,
        };
        // Otherwise the server starts one itself, which outlives it.
        let epmd = Server::new(launch("epmd", "epmd".into()), Probe::Tcp { port: mapper });
        let server =
            Server::new(launch("rabbitmq", programs.join("rabbitmq-server")), Probe::RabbitMq { port });
        let broker = Broker {
            port,
            tls_port,
            authority: shown.authority,
            password: password.to_owned(),
            program: programs.join("rabbitmqctl"),
            env,
            account,
        };
        let rabbitmq = Self { server, epmd, broker };
        rabbitmq.start_again().await?;
        Ok(rabbitmq)
    }

    /// Starts it where it was, with what it had stored.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.epmd.start().await?;
        self.server.start().await
    }

    pub async fn stop(&self) {
        self.server.stop().await;
        self.epmd.stop().await;
    }

    pub fn broker(&self) -> &Broker {
        &self.broker
    }
}

/// Killing and the rest.
impl Deref for RabbitMq {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Broker {
    /// Of the virtual host `/`.
    pub fn url(&self) -> String {
        self.url_of("%2f")
    }

    /// [`Self::url`], encrypted.
    pub fn tls_url(&self) -> String {
        self.tls_url_of("%2f")
    }

    /// Of a virtual host, encrypted.
    pub fn tls_url_of(&self, vhost: &str) -> String {
        format!("amqps://{USER}:{}@127.0.0.1:{}/{vhost}", self.password, self.tls_port)
    }

    fn url_of(&self, vhost: &str) -> String {
        format!("amqp://{USER}:{}@127.0.0.1:{}/{vhost}", self.password, self.port)
    }

    /// Makes a virtual host, which shares nothing with the others, and answers its connection string.
    pub async fn add_vhost(&self, name: &str) -> anyhow::Result<String> {
        let grant = serde_json::json!({
            "vhosts": [{ "name": name }],
            "permissions": [{ "user": USER, "vhost": name, "configure": ".*", "write": ".*", "read": ".*" }],
        });
        self.control("rabbitmqctl", &["import_definitions"], &grant.to_string()).await?;
        Ok(self.url_of(name))
    }

    /// The queues of a virtual host: name, messages, consumers.
    pub async fn queues(&self, vhost: &str) -> anyhow::Result<Vec<(String, u64, u64)>> {
        let words = ["--formatter", "json", "list_queues", "-p", vhost, "name", "messages", "consumers"];
        let listed = self.control("rabbitmqctl", &words, "").await?;
        let queues: Vec<Queue> = serde_json::from_str(&listed)?;
        Ok(queues.into_iter().map(|queue| (queue.name, queue.messages, queue.consumers)).collect())
    }

    /// Of each connection to a virtual host, whether it is encrypted.
    pub async fn links(&self, vhost: &str) -> anyhow::Result<Vec<bool>> {
        let words = ["--formatter", "json", "list_connections", "vhost", "ssl"];
        let links: Vec<Link> = serde_json::from_str(&self.control("rabbitmqctl", &words, "").await?)?;
        Ok(links.into_iter().filter(|link| link.vhost == vhost).map(|link| link.ssl).collect())
    }

    /// Fails when an alarm keeps publishers from publishing.
    pub async fn look_for_alarms(&self) -> anyhow::Result<()> {
        self.control("rabbitmq-diagnostics", &["check_local_alarms"], "").await.map(drop)
    }

    /// Has it take no messages, as when its memory is full, and tell nobody of those that are sent.
    pub async fn be_full(&self) -> anyhow::Result<()> {
        self.control("rabbitmqctl", &["set_vm_memory_high_watermark", "0"], "").await.map(drop)
    }

    /// After [`Self::be_full`].
    pub async fn have_room(&self) -> anyhow::Result<()> {
        self.control("rabbitmqctl", &["set_vm_memory_high_watermark", "0.6"], "").await.map(drop)
    }

    /// Runs `rabbitmqctl` or another of its kind, which takes about two seconds.
    async fn control(&self, program: &str, words: &[&str], input: &str) -> anyhow::Result<String> {
        let mut control = command(&self.program.with_file_name(program), self.account, Signal::SIGKILL);
        control.arg("--quiet").args(words).envs(self.env.iter().map(|(name, value)| (name, value)));
        control.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = tokio::process::Command::from(control).kill_on_drop(true).spawn();
        let mut child = child.context("cannot run rabbitmqctl")?;
        let mut stdin = child.stdin.take().context("rabbitmqctl takes no input")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        let outcome = child.wait_with_output().await?;
        if !outcome.status.success() {
            let said =
                [&outcome.stdout, &outcome.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
            bail!("{program} {} failed:\n{}", words.join(" "), said.concat());
        }
        Ok(String::from_utf8_lossy(&outcome.stdout).into_owned())
    }
}

fn configure(
    home: &Path,
    [port, tls_port]: [u16; 2],
    shown: &Shown,
    password: &str,
    account: Option<Account>,
) -> anyhow::Result<()> {
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\n\
         listeners.ssl.1 = 127.0.0.1:{tls_port}\n\
         ssl_options.certfile = {}\n\
         ssl_options.keyfile = {}\n\
         ssl_options.verify = verify_none\n\
         default_user = {USER}\n\
         default_pass = {password}\n\
         log.console = true\n\
         log.file = false\n",
        shown.own.certificate.display(),
        shown.own.key.display()
    );
    for (name, text) in [("rabbitmq.conf", settings.as_str()), ("enabled_plugins", "[].\n")] {
        let file = home.join(name);
        write_private(&file, text)?;
        if let Some(Account { uid, gid }) = account {
            chown(&file, Some(uid), Some(gid))?;
        }
    }
    Ok(())
}

fn environment(home: &Path, port: u16, distribution: u16, mapper: u16) -> Vec<(String, String)> {
    let inside = |name: &str| home.join(name).to_string_lossy().into_owned();
    [
        ("HOME", home.to_string_lossy().into_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("RABBITMQ_NODENAME", "healthcare@localhost".to_owned()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", distribution.to_string()),
        ("RABBITMQ_MNESIA_BASE", inside("mnesia")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("enabled_plugins")),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", inside("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", inside("rabbitmq-env.conf")),
        ("RABBITMQ_GENERATED_CONFIG_DIR", inside("generated")),
        ("RABBITMQ_SCHEMA_DIR", inside("schema")),
        ("RABBITMQ_PID_FILE", inside("pid")),
        ("RABBITMQ_LOG", "info,-color".to_owned()),
        // The script becomes the server instead of watching over it.
        ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
        // Idle schedulers sleep instead of spinning.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none".to_owned()),
        ("ERL_EPMD_PORT", mapper.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
