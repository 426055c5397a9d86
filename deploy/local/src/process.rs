//! A child process that cannot outlive its parent.
//!
//! The kernel tells it when the thread that made it ends (`PR_SET_PDEATHSIG`, set by setpriv), so a thread of
//! its own makes each and waits for it. What slips through even so is found by its pid file.
use anyhow::Context;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, User, geteuid};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What to run, and how.
#[derive(Clone)]
pub struct Launch {
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(String, String)>,
    /// Variables of ours that it must not see.
    pub unset: &'static [&'static str],
    /// Whom to run as; ourselves when `None`.
    pub account: Option<Account>,
    /// Both its outputs are appended here.
    pub log: PathBuf,
    pub pid_file: PathBuf,
    /// Makes it stop in order.
    pub stop: Signal,
    /// Sent when its parent is gone.
    pub orphaned: Signal,
}

/// An unprivileged user of this machine.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// A child, running or not yet forgotten. Killed with all of its group when dropped.
pub struct Process {
    pid: Pid,
    /// True once the child was waited for and its id may be somebody else's.
    reaped: Arc<Mutex<bool>>,
    status: watch::Receiver<Option<ExitStatus>>,
}

/// What a pid file tells: enough to know that very process again, on the same boot of the machine.
#[derive(Serialize, Deserialize, PartialEq)]
struct Trace {
    pid: i32,
    started: u64,
    boot: String,
    stop: i32,
}

impl Account {
    /// Whom a server should run as: the user that its package made, when we are root and it must not be.
    pub fn of_server(name: &str) -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let user = match User::from_name(name)? {
            Some(user) => user,
            None => User::from_name("nobody")?.context("this machine has no user `nobody`")?,
        };
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }
}

/// A command that runs as `account`, and is sent `orphaned` when its parent is gone.
pub fn command(program: &Path, account: Option<Account>, orphaned: Signal) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig").arg(orphaned.as_str().trim_start_matches("SIG"));
    if let Some(Account { uid, gid }) = account {
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
    }
    // The folder we are in may be closed to `account`.
    command.arg("--").arg(program).current_dir("/").stdin(Stdio::null());
    command
}

impl Process {
    pub fn spawn(launch: &Launch) -> anyhow::Result<Self> {
        let log = File::options().append(true).create(true).open(&launch.log);
        let log = log.with_context(|| format!("cannot write {}", launch.log.display()))?;
        let mut command = command(&launch.program, launch.account, launch.orphaned);
        for name in launch.unset {
            command.env_remove(name);
        }
        command.args(&launch.args).envs(launch.env.iter().map(|(name, value)| (name, value)));
        // A group of its own: Ctrl-C in the terminal is for the launcher, which then stops things in order.
        command.process_group(0).stdout(log.try_clone()?).stderr(log);

        let (told, spawned) = mpsc::channel();
        let (exited, status) = watch::channel(None);
        let reaped = Arc::new(Mutex::new(false));
        let reaper = {
            let reaped = reaped.clone();
            move |child| reap(child, &reaped)
        };
        thread::Builder::new().name(launch.name.clone()).spawn(move || match command.spawn() {
            Ok(child) => {
                let _ = told.send(Ok(child.id()));
                exited.send_replace(Some(reaper(child)));
            }
            Err(error) => drop(told.send(Err(error))),
        })?;
        let pid = spawned.recv()?.with_context(|| format!("cannot run {}", launch.name))?;
        let process = Self { pid: Pid::from_raw(pid.cast_signed()), reaped, status };
        // Gone already when it cannot be traced.
        if let Some(trace) = Trace::of(process.pid.as_raw(), launch.stop) {
            fs::write(&launch.pid_file, serde_json::to_string(&trace)?)?;
        }
        Ok(process)
    }

    pub fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    pub fn is_running(&self) -> bool {
        self.status.borrow().is_none()
    }

    /// Sends `signal` to the process alone.
    pub fn signal(&self, signal: Signal) {
        self.unless_reaped(|pid| kill(pid, signal));
    }

    /// Sends `signal` to the process and all that it has started, whatever group they are in by now.
    pub fn signal_family(&self, signal: Signal) {
        self.unless_reaped(|pid| {
            for member in family(pid) {
                // Whoever has ended meanwhile needs no signal.
                let _ = kill(member, signal);
            }
            Ok(())
        });
    }

    /// Ends the process and its group at once.
    pub fn kill(&self) {
        self.unless_reaped(|pid| killpg(pid, Signal::SIGKILL));
    }

    /// Waits until it has ended.
    pub fn exited(&self) -> impl Future<Output = Option<ExitStatus>> + Send + 'static {
        let mut status = self.status.clone();
        async move { status.wait_for(Option::is_some).await.ok().and_then(|status| *status) }
    }

    /// It fails only when the process has ended and nobody waited for it yet.
    fn unless_reaped(&self, act: impl FnOnce(Pid) -> nix::Result<()>) {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if !*reaped {
            let _ = act(self.pid);
        }
    }
}

/// A process and its descendants.
fn family(of: Pid) -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            parents.iter().filter(|(_, of)| *of == parent.as_raw()).map(|(pid, _)| Pid::from_raw(*pid)),
        );
        next += 1;
    }
    found
}

impl Drop for Process {
    fn drop(&mut self) {
        // What is frozen does not notice that its parent is gone.
        self.signal_family(Signal::SIGKILL);
        self.kill();
    }
}

/// Waits for the child in two steps, so that its id is not given away while somebody signals it.
fn reap(mut child: Child, reaped: &Mutex<bool>) -> ExitStatus {
    let pid = Pid::from_raw(child.id().cast_signed());
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(nix::Error::EINTR) {}
    let mut reaped = reaped.lock().unwrap_or_else(PoisonError::into_inner);
    *reaped = true;
    child.wait().unwrap_or_default()
}

impl Trace {
    /// `None` when there is no such process, or only what is left of one that ended.
    fn of(pid: i32, stop: Signal) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; what follows it are plain fields (proc(5)).
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        let started = fields.nth(18)?.parse().ok()?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Self { pid, started, boot, stop: stop as i32 })
    }

    fn is_running(&self) -> bool {
        self.signal().and_then(|stop| Self::of(self.pid, stop)).is_some_and(|found| found == *self)
    }

    fn signal(&self) -> Option<Signal> {
        Signal::try_from(self.stop).ok()
    }
}

/// What has become of the process that a pid file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Gone,
    /// By a signal, until it is told to go on.
    Stopped,
    Runs,
    /// As a program that was built anew since.
    RunsReplaced,
}

impl State {
    pub fn of(pid_file: &Path) -> Self {
        let trace =
            fs::read_to_string(pid_file).ok().and_then(|text| serde_json::from_str::<Trace>(&text).ok());
        let Some(trace) = trace.filter(Trace::is_running) else { return Self::Gone };
        let stat = fs::read_to_string(format!("/proc/{}/stat", trace.pid)).unwrap_or_default();
        let is_stopped = stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('T'));
        let program = fs::read_link(format!("/proc/{}/exe", trace.pid)).unwrap_or_default();
        match program.to_string_lossy().ends_with(" (deleted)") {
            _ if is_stopped => Self::Stopped,
            true => Self::RunsReplaced,
            false => Self::Runs,
        }
    }
}

/// Ends every process that the pid files in `folder` lead to, and answers their names.
pub fn stop_leftovers(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut running = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    for entry in entries {
        let path = entry?.path();
        let trace = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Trace>(&text).ok());
        if let Some(trace) = trace.filter(Trace::is_running) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            running.push((name, trace));
        }
        fs::remove_file(&path)?;
    }
    for trace in running.iter().map(|(_, trace)| trace) {
        let _ = kill(Pid::from_raw(trace.pid), trace.signal().unwrap_or(Signal::SIGTERM));
    }
    let patience = Instant::now() + Duration::from_secs(15);
    while running.iter().any(|(_, trace)| trace.is_running()) && Instant::now() < patience {
        thread::sleep(Duration::from_millis(50));
    }
    for trace in running.iter().map(|(_, trace)| trace).filter(|trace| trace.is_running()) {
        let _ = killpg(Pid::from_raw(trace.pid), Signal::SIGKILL);
    }
    Ok(running.into_iter().map(|(name, _)| name).collect())
}
