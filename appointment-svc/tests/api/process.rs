//! The service as a process of its own, with what only a process has: an environment and telemetry.
use crate::clinic::{Clinic, PATIENCE};
use local::ports;
use local::probe::Probe;
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Killed when dropped.
pub(crate) struct Process {
    pub(crate) url: String,
    _child: Child,
}

impl Process {
    /// Another replica of the service of `clinic`, whose process believes to be in `zone`.
    pub(crate) async fn start(clinic: &Clinic, zone: &str) -> Self {
        let port = ports::free().unwrap();
        let address = ports::loopback(port).to_string();
        let child = Command::new(env!("CARGO_BIN_EXE_appointment-svc"))
            .args(clinic.arguments())
            .args(["--listen", &address, "--log-level", "off"])
            .env("TZ", zone)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let probe = Probe::Tcp { port };
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let serving = async {
            while !probe.is_ready().await {
                looks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, serving).await.expect("the process does not serve");
        Self { url: format!("http://{address}"), _child: child }
    }
}

/// Whether `appointment-svc verify` finds the database of `clinic` sound, and what it writes.
pub(crate) async fn verify(clinic: &Clinic) -> (bool, String) {
    command(clinic, "verify").await
}

/// Whether a command of the service succeeds on the database of `clinic`, and what it writes.
pub(crate) async fn command(clinic: &Clinic, name: &str) -> (bool, String) {
    // Where another process serves, as it does where this one is run.
    let serving = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = serving.local_addr().unwrap().to_string();
    let verified = Command::new(env!("CARGO_BIN_EXE_appointment-svc"))
        .args(clinic.arguments())
        .args(["--listen", &address, "--admin-listen", &address, "--log-level", "off", name])
        .output()
        .await
        .unwrap();
    (verified.status.success(), String::from_utf8(verified.stdout).unwrap())
}
