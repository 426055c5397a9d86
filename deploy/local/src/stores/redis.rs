//! A private Redis. Keeps nothing: what it holds can be made again.
use super::{Shown, home};
use crate::places::Places;
use crate::ports;
use crate::probe::Probe;
use crate::process::{Account, Launch};
use crate::programs::Program;
use crate::secrets::write_private;
use crate::server::Server;
use nix::sys::signal::Signal;
use std::ops::Deref;
use std::os::unix::fs::chown;
use std::path::PathBuf;

pub struct Redis {
    server: Server,
    port: u16,
    pub tls_port: u16,
    password: String,
    /// Of the certificate that it shows where it speaks TLS, PEM.
    pub authority: PathBuf,
}

impl Redis {
    pub async fn start(places: &Places, password: &str) -> anyhow::Result<Self> {
        let account = Account::of_server("redis")?;
        let home = home(places, "redis", account)?;
        let (port, tls_port) = (ports::free()?, ports::free()?);
        let shown = Shown::below(&home, "redis", account)?;
        // In a file, since everybody may read the arguments of a process.
        let settings = home.join("redis.conf");
        write_private(&settings, &format!("requirepass {password}\n"))?;
        if let Some(Account { uid, gid }) = account {
            chown(&settings, Some(uid), Some(gid))?;
        }
        let port_text = port.to_string();
        let fixed =
            ["--bind", "127.0.0.1", "--port", &port_text, "--save", "", "--appendonly", "no", "--dir"];
        let mut args = vec![settings.into()];
        args.extend(fixed.map(Into::into));
        args.push(home.into());
        let tls_port_text = tls_port.to_string();
        args.extend(["--tls-port", &tls_port_text, "--tls-auth-clients", "no"].map(Into::into));
        for (name, file) in [
            ("--tls-cert-file", shown.own.certificate),
            ("--tls-key-file", shown.own.key),
            ("--tls-ca-cert-file", shown.authority.clone()),
        ] {
            args.extend([name.into(), file.into()]);
        }
        let launch = Launch {
            name: "redis".to_owned(),
            program: Program::Redis.found()?.join("redis-server"),
            args,
            env: vec![("LANG".to_owned(), "C.UTF-8".to_owned())],
            unset: &[],
            account,
            log: places.log("redis"),
            pid_file: places.run().join("redis.pid"),
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGKILL,
        };
        let probe = Probe::Redis { port, password: password.to_owned() };
        let (server, password) = (Server::new(launch, probe), password.to_owned());
        let redis = Self { server, port, tls_port, password, authority: shown.authority };
        redis.server.start().await?;
        Ok(redis)
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.password, self.port)
    }

    /// [`Self::url`], encrypted.
    pub fn tls_url(&self) -> String {
        format!("rediss://:{}@127.0.0.1:{}/0", self.password, self.tls_port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Stopping, killing and the rest.
impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
