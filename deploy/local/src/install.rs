//! Getting missing servers with apt-get, without letting the system start them.
use crate::programs::Program;
use crate::say::Say;
use anyhow::{Context, bail};
use nix::unistd::geteuid;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Makes sure that all of `needed` are there.
pub async fn ensure(needed: &[Program], say: &Say) -> anyhow::Result<()> {
    let missing: Vec<Program> = needed.iter().copied().filter(|program| program.find().is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|program| program.name()).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().map(|program| program.package()).collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    let Some(right) = Right::find() else {
        bail!("{names}: not installed, and nothing here may install it. Please run, as root:\n    {by_hand}");
    };
    say.line(format_args!("Not installed: {names}. To be installed by: {}{by_hand}", right.prefix()));
    say.line("Only private instances are used; the system is kept from starting its own.");
    if say.ask("Install now?") == Some(false) {
        bail!("{names}: needed. To install by hand:\n    {}{by_hand}", right.prefix());
    }
    let quiet = Quiet::impose(right).await?;
    // Lists that are too old or not there at all; a failure shows again when installing.
    let _ = right.run(&["apt-get", "update"]).await;
    let install = ["apt-get", "install", "-y", "--no-install-recommends"];
    let installed = right.run(&[&install[..], &packages[..]].concat()).await;
    quiet.lift().await?;
    if !installed?.success() {
        bail!(
            "apt-get could not install {names}. Please run, and see what it says:\n    {}{by_hand}",
            right.prefix()
        );
    }
    if let Some(program) = missing.iter().find(|program| program.find().is_none()) {
        bail!("{} is still not found after the package {} was installed", program.name(), program.package());
    }
    say.done(format_args!("{names} installed"));
    if Path::new("/run/systemd/system").exists() {
        let units = packages.join(" ");
        say.line(format_args!(
            "  They will start at the next boot, unless: {}systemctl disable {units}",
            right.prefix()
        ));
    }
    Ok(())
}

/// How we may act as root.
#[derive(Clone, Copy)]
enum Right {
    Root,
    Sudo,
}

impl Right {
    /// `None` where we may not, or where there is no apt-get.
    fn find() -> Option<Self> {
        if !Path::new("/usr/bin/apt-get").exists() {
            return None;
        }
        if geteuid().is_root() {
            return Some(Self::Root);
        }
        // -n: never asks for a password.
        let sudo =
            Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        sudo.is_ok_and(|status| status.success()).then_some(Self::Sudo)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Sudo => "sudo ",
        }
    }

    async fn run(self, words: &[&str]) -> anyhow::Result<ExitStatus> {
        let status = tokio::process::Command::from(self.command(words)).status().await;
        status.with_context(|| format!("cannot run {}", words[0]))
    }

    fn command(self, words: &[&str]) -> Command {
        let mut command = match self {
            Self::Root => Command::new("env"),
            Self::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "env"]);
                sudo
            }
        };
        command.arg("DEBIAN_FRONTEND=noninteractive").args(words).stdin(Stdio::null());
        command
    }
}

/// While this exists, packages do not start their services (Debian policy, invoke-rc.d).
struct Quiet {
    right: Right,
    imposed: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Quiet {
    /// Leaves a policy alone that is there already: it is the administrator's, or the container's.
    async fn impose(right: Right) -> anyhow::Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { right, imposed: false });
        }
        let draft = std::env::temp_dir().join(format!("policy-rc.d-{}", uuid::Uuid::new_v4()));
        fs::write(&draft, "#!/bin/sh\nexit 101\n")?;
        let written = right.run(&["install", "-m", "755", &draft.to_string_lossy(), POLICY]).await;
        fs::remove_file(&draft)?;
        if !written?.success() {
            bail!("cannot keep packages from starting their services: writing {POLICY} failed");
        }
        Ok(Self { right, imposed: true })
    }

    async fn lift(mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.imposed) && !self.right.run(&["rm", "-f", POLICY]).await?.success() {
            bail!("please remove {POLICY}: it keeps packages from starting their services");
        }
        Ok(())
    }
}

/// When interrupted.
impl Drop for Quiet {
    fn drop(&mut self) {
        if self.imposed {
            let _ = self.right.command(&["rm", "-f", POLICY]).status();
        }
    }
}
