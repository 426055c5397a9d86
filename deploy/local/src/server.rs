//! A process that can be stopped and started again in its place.
use crate::probe::Probe;
use crate::process::{Launch, Process};
use anyhow::bail;
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

pub struct Server {
    launch: Launch,
    probe: Probe,
    process: Mutex<Option<Process>>,
    /// Settings that it has from its next start on, in place of those of the launch.
    changed: Mutex<Vec<(String, String)>>,
}

/// How long a server may take to answer: the slowest here, on a machine that builds at the same time.
const START: Duration = Duration::from_secs(90);
/// How long a server may take to stop in order.
const STOP: Duration = Duration::from_secs(20);

impl Server {
    /// A server that is not running yet.
    pub fn new(launch: Launch, probe: Probe) -> Self {
        Self { launch, probe, process: Mutex::default(), changed: Mutex::default() }
    }

    pub fn name(&self) -> &str {
        &self.launch.name
    }

    pub fn log(&self) -> &Path {
        &self.launch.log
    }

    /// The id of its process while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().filter(|process| process.is_running()).map(Process::pid)
    }

    /// Has it start with another setting from now on.
    pub fn set(&self, name: &str, value: &str) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it and waits until it answers. Does nothing when it runs already.
    pub async fn start(&self) -> anyhow::Result<()> {
        if self.pid().is_some() {
            return Ok(());
        }
        let process = Process::spawn(&Launch { env: self.settings(), ..self.launch.clone() })?;
        let exited = process.exited();
        *self.process() = Some(process);
        let answers = async {
            while !self.probe.is_ready().await {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let began = tokio::select! {
            began = timeout(START, answers) => began,
            status = exited => {
                let how = status.map_or("for an unknown reason".to_owned(), |status| format!("with {status}"));
                bail!("{} stopped {how} before it was ready:\n{}", self.name(), self.last_words());
            }
        };
        if began.is_err() {
            self.kill().await;
            bail!("{} was not ready after {} s:\n{}", self.name(), START.as_secs(), self.last_words());
        }
        Ok(())
    }

    /// Stops it in order; at once if it does not comply.
    pub async fn stop(&self) {
        let Some(process) = self.take() else { return };
        process.signal(self.launch.stop);
        // A stopped process cannot hear the signal.
        process.signal(Signal::SIGCONT);
        if timeout(STOP, process.exited()).await.is_err() {
            process.kill();
            process.exited().await;
        }
    }

    /// Ends it like a power cut.
    pub async fn kill(&self) {
        let Some(process) = self.take() else { return };
        process.kill();
        process.exited().await;
    }

    /// Sends any signal, for instance to pause it.
    pub fn signal(&self, signal: Signal) {
        if let Some(process) = &*self.process() {
            process.signal(signal);
        }
    }

    /// Stops it and all that it has started where they stand: connections stay open, and nobody answers.
    pub fn freeze(&self) {
        if let Some(process) = &*self.process() {
            process.signal_family(Signal::SIGSTOP);
        }
    }

    /// Lets what [`Self::freeze`] has stopped go on.
    pub fn thaw(&self) {
        if let Some(process) = &*self.process() {
            process.signal_family(Signal::SIGCONT);
        }
    }

    /// Waits until it ends without having been asked to.
    pub async fn died(&self) -> Option<ExitStatus> {
        let exited = self.process().as_ref().map(Process::exited);
        match exited {
            Some(exited) => exited.await,
            None => std::future::pending().await,
        }
    }

    /// What its program says to `arguments`, run once beside it with its settings but for `other` ones.
    pub async fn run(&self, arguments: &[&str], other: &[(&str, &str)]) -> anyhow::Result<Output> {
        let mut command = Command::new(&self.launch.program);
        for name in self.launch.unset {
            command.env_remove(name);
        }
        command.args(arguments).envs(self.settings()).envs(other.iter().copied());
        Ok(command.stdin(Stdio::null()).kill_on_drop(true).output().await?)
    }

    /// Of one name the last counts.
    fn settings(&self) -> Vec<(String, String)> {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        self.launch.env.iter().chain(changed.iter()).cloned().collect()
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        let log = fs::read(&self.launch.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(15)..].iter().map(|line| format!("    {line}"));
        let shown = last.collect::<Vec<_>>().join("\n");
        format!("{shown}\n    (from {})", self.launch.log.display())
    }

    fn take(&self) -> Option<Process> {
        let process = self.process().take();
        let _ = fs::remove_file(&self.launch.pid_file);
        process
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
