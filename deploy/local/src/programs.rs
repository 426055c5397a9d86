//! Finding the servers' programs on this machine.
use crate::config;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of others that the system or its measurements need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Postgres,
    Redis,
    RabbitMq,
    /// Asks HTTP servers as often as it goes.
    Wrk,
}

impl Program {
    /// The servers.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Redis, Self::RabbitMq];

    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::RabbitMq => "RabbitMQ",
            Self::Wrk => "wrk",
        }
    }

    /// The Debian package that has it.
    pub fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Redis => "redis-server",
            Self::RabbitMq => "rabbitmq-server",
            Self::Wrk => "wrk",
        }
    }

    /// The folder that holds its programs; `None` when it is not installed.
    pub fn find(self) -> Option<PathBuf> {
        let (program, folders) = match self {
            Self::Postgres => ("initdb", versions("/usr/lib/postgresql", "", "bin")),
            Self::Redis => ("redis-server", Vec::new()),
            Self::Wrk => ("wrk", Vec::new()),
            // The program of that name on the search path changes its user, so it comes last.
            Self::RabbitMq => {
                let private = PathBuf::from("/usr/lib/rabbitmq/bin");
                let versioned = versions("/usr/lib/rabbitmq/lib", "rabbitmq_server-", "sbin");
                ("rabbitmq-server", std::iter::once(private).chain(versioned).collect())
            }
        };
        folders.into_iter().chain(config::search_path()).find(|folder| folder.join(program).is_file())
    }

    /// The folder of a program, or what to do to get one.
    pub fn found(self) -> anyhow::Result<PathBuf> {
        self.find().with_context(|| format!("{} is not installed; `cargo dev` installs it", self.name()))
    }
}

/// The programs of PostgreSQL in the major version that a cluster was made by.
pub fn postgres_of_version(major: &str) -> Option<PathBuf> {
    let versioned = PathBuf::from("/usr/lib/postgresql").join(major).join("bin");
    let fits = |folder: &PathBuf| {
        let version = version_of(&folder.join("postgres"));
        version.is_some_and(|version| version.split('.').next() == Some(major))
    };
    std::iter::once(versioned).chain(Program::Postgres.find()).find(fits)
}

/// The version that a program tells when asked, for instance `15.18`.
pub fn version_of(program: &Path) -> Option<String> {
    let answer = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let words = text.split_whitespace().map(|word| word.trim_start_matches("v="));
    words.into_iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

/// The version of RabbitMQ, which takes seconds to tell it itself, by the name of its folder.
pub fn version_of_rabbitmq() -> Option<String> {
    let newest = versions("/usr/lib/rabbitmq/lib", "rabbitmq_server-", "").into_iter().next()?;
    let name = newest.file_name()?.to_str()?;
    name.strip_prefix("rabbitmq_server-").map(str::to_owned)
}

/// The folders `<parent>/<prefix><version>/<inner>`, newest version first.
fn versions(parent: &str, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.to_owned();
            let numbers = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((numbers, if inner.is_empty() { entry.path() } else { entry.path().join(inner) }))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}
