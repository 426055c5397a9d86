//! Where a checkout keeps what it makes.
//!
//! Everything is below `.local/` of the checkout, but for one case: servers that root starts run as users of
//! their own, who could not reach their data below a closed home folder, so it then lies in `/var/tmp`.
use anyhow::{Context, bail};
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The folders of one purpose: the system of `cargo dev`, or the tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Places {
    /// Secrets.
    pub local: PathBuf,
    /// What servers store, and the lock and pid files that go with it.
    pub data: PathBuf,
    /// One log per process.
    pub logs: PathBuf,
}

impl Places {
    /// Those of `cargo dev`.
    pub fn of_system() -> Self {
        Self::new(checkout().join(".local"), "")
    }

    /// Those of `cargo dev test`, which may run beside it.
    pub fn of_tests() -> Self {
        Self::new(checkout().join(".local/test"), "-test")
    }

    fn new(local: PathBuf, suffix: &str) -> Self {
        let data = if geteuid().is_root() {
            let checkout = checkout().to_string_lossy().into_owned();
            PathBuf::from(format!("/var/tmp/healthcare-{:016x}{suffix}", fnv1a(checkout.as_bytes())))
        } else {
            local.join("data")
        };
        Self { logs: local.join("logs"), local, data }
    }

    /// Folders inside these, for a test of its own.
    #[must_use]
    pub fn within(&self, name: &str) -> Self {
        Self { local: self.local.join(name), data: self.data.join(name), logs: self.logs.join(name) }
    }

    pub fn run(&self) -> PathBuf {
        self.data.join("run")
    }

    pub fn secrets(&self) -> PathBuf {
        self.local.join("secrets")
    }

    /// Names the database that holds a clinic already, so that no demo clinic is added to it.
    pub fn furnished(&self) -> PathBuf {
        self.data.join("furnished")
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// The folders of pid files: their own, and those of all places within.
    pub fn runs(&self) -> Vec<PathBuf> {
        let inner =
            fs::read_dir(&self.data).into_iter().flatten().flatten().map(|entry| entry.path().join("run"));
        inner.chain([self.run()]).filter(|folder| folder.is_dir()).collect()
    }

    /// Deletes everything but the lock.
    pub fn clear(&self) -> anyhow::Result<()> {
        for folder in [&self.local, &self.data] {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry?.path();
                if path == self.data || path == self.lock_file() {
                    continue;
                }
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                    .with_context(|| format!("cannot delete {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Makes the folders, and puts the logs of the last run aside as `*.log.old`.
    pub fn prepare(&self) -> anyhow::Result<()> {
        make(&self.local, 0o700)?;
        make(&self.data, 0o711)?;
        make(&self.run(), 0o700)?;
        make(&self.logs, 0o700)?;
        for entry in fs::read_dir(&self.logs)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                fs::rename(&path, path.with_extension("log.old"))?;
            }
        }
        Ok(())
    }

    fn lock_file(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// Whether somebody uses these places. Makes nothing.
    pub fn is_locked(&self) -> bool {
        let Ok(file) = File::open(self.lock_file()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Keeps others from using these places until the lock is dropped.
    pub fn lock(&self) -> anyhow::Result<Lock> {
        make(&self.data, 0o711)?;
        let path = self.lock_file();
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                bail!("already running in this checkout, as process {}; stop that one first", holder.trim());
            }
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock"),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Lock { _file: file })
    }
}

/// Held while the places are in use; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The folder of the workspace.
pub fn checkout() -> &'static Path {
    const LAUNCHER: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(LAUNCHER).ancestors().nth(2).unwrap_or(Path::new(LAUNCHER))
}

/// The folder of the programs that were built along with this one.
pub fn binaries() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program lies in no folder")?;
    // Tests and examples lie one folder deeper.
    let is_deeper = folder.ends_with("deps") || folder.ends_with("examples");
    let folder = if is_deeper { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
}

/// Makes a folder that only we can write to; refuses one that somebody else has made in its place.
fn make(folder: &Path, mode: u32) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(folder);
    made.with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
        bail!("{} is not a folder that only you can write to; remove it first", folder.display());
    }
    Ok(())
}

/// FNV-1a: short, and the same on every machine and Rust version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
