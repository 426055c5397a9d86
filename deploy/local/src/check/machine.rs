//! Tools, space, memory, ports.
use super::{Finding, Target, mind, well, wrong};
use crate::programs::{Program, version_of, version_of_rabbitmq};
use crate::{config, ports};
use nix::sys::statvfs::statvfs;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The oldest toolchain that builds this.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");
/// The oldest PostgreSQL that has what the schemas use.
const POSTGRES: &str = "15";

const MIB: u64 = 1024 * 1024;

pub(super) fn look(target: &Target) -> Vec<Finding> {
    let mut found = vec![toolchain(version_of(Path::new(&config::cargo())).as_deref())];
    found.extend(target.programs().map(|program| {
        let version = |name: &str| program.find().and_then(|folder| version_of(&folder.join(name)));
        let version = match program {
            Program::Postgres => version("postgres"),
            Program::Redis => version("redis-server"),
            Program::Wrk => version("wrk"),
            Program::RabbitMq => program.find().and_then(|_| version_of_rabbitmq().or(Some(String::new()))),
        };
        server(program, version.as_deref())
    }));
    found.extend(["setpriv", "epmd"].map(|name| {
        let is_there = config::search_path().iter().any(|folder| folder.join(name).is_file());
        tool(name, is_there)
    }));
    let folder = target.places.data.ancestors().find(|folder| folder.exists());
    if let Some(free) = folder.and_then(|folder| statvfs(folder).ok()) {
        found.push(space(free.blocks_available() * free.fragment_size() / MIB));
    }
    if let Some(available) = available_memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()) {
        found.push(memory(available));
    }
    if let Ok(file) = fs::metadata(target.places.secrets()) {
        found.push(secrets(file.mode()));
    }
    let holds = |running: &crate::running::Running| {
        running.processes.iter().any(|process| process.address.port() == target.port)
    };
    found.push(port(target.port, ports::is_free(target.port), target.running.as_ref().is_some_and(holds)));
    found
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

fn toolchain(version: Option<&str>) -> Finding {
    match version {
        Some(version) if numbers(version) >= numbers(RUST) => well(format!("Rust {version}")),
        Some(version) => {
            wrong(format!("Rust {version} is too old"), format!("`rustup update`, to {RUST} or newer"))
        }
        None => wrong("cargo does not tell its version", "install Rust by https://rustup.rs"),
    }
}

fn server(program: Program, version: Option<&str>) -> Finding {
    let name = program.name();
    match version {
        None => wrong(
            format!("{name} is not installed"),
            format!(
                "`cargo dev` installs it, or: apt-get install --no-install-recommends {}",
                program.package()
            ),
        ),
        Some(version) if program == Program::Postgres && numbers(version) < numbers(POSTGRES) => {
            wrong(format!("{name} {version} is too old"), format!("install {POSTGRES} or newer"))
        }
        Some(version) => well(format!("{name} {version}").trim_end().to_owned()),
    }
}

fn tool(name: &str, is_there: bool) -> Finding {
    let advice = "it is in the package util-linux (setpriv) or erlang-base (epmd)";
    if is_there { well(name) } else { wrong(format!("{name} is not installed"), advice) }
}

fn space(free_mib: u64) -> Finding {
    let what = format!("{free_mib} MiB of disk are free");
    match free_mib {
        ..1024 => {
            wrong(what, "free some: PostgreSQL and RabbitMQ stop when there is none; `cargo clean` helps")
        }
        1024..5120 => mind(what, "a build needs about 5 GiB"),
        _ => well(what),
    }
}

fn memory(available_mib: u64) -> Finding {
    let what = format!("{available_mib} MiB of memory are available");
    match available_mib {
        ..512 => wrong(what, "end other programs: the system needs about 1 GiB"),
        512..2048 => mind(what, "a build needs about 2 GiB"),
        _ => well(what),
    }
}

fn available_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn secrets(mode: u32) -> Finding {
    const OTHERS: u32 = 0o077;
    if mode & OTHERS == 0 {
        return well("only you can read the secrets of this checkout");
    }
    wrong("others can read the secrets of this checkout", "chmod 600 .local/secrets")
}

fn port(port: u16, is_free: bool, is_ours: bool) -> Finding {
    match (is_free, is_ours) {
        (_, true) => well(format!("port {port} is our gateway's")),
        (true, false) => well(format!("port {port} is free")),
        (false, false) => {
            wrong(format!("port {port} is taken by another program"), "choose another: cargo dev --port 8100")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Mind, Well, Wrong};

    #[test]
    fn what_is_too_old_or_not_there_is_wrong() {
        assert_eq!(toolchain(Some(RUST)).grade, Well);
        assert_eq!(toolchain(Some("1.100.0-nightly")).grade, Well);
        assert_eq!(toolchain(Some("1.94.1")).grade, Wrong);
        assert_eq!(toolchain(None).grade, Wrong);
        assert_eq!(server(Program::Postgres, Some("15.18")).grade, Well);
        assert_eq!(server(Program::Postgres, Some("9.6")).grade, Wrong);
        assert_eq!(server(Program::Redis, None).grade, Wrong);
        assert_eq!((tool("setpriv", true).grade, tool("setpriv", false).grade), (Well, Wrong));
    }

    #[test]
    fn what_is_scarce_is_told_before_it_is_wrong() {
        assert_eq!([10, 2000, 9000].map(|mib| space(mib).grade), [Wrong, Mind, Well]);
        assert_eq!([10, 1000, 9000].map(|mib| memory(mib).grade), [Wrong, Mind, Well]);
        assert_eq!(available_memory("MemTotal: 9 kB\nMemAvailable:   2097152 kB\n"), Some(2048));
    }

    #[test]
    fn a_port_is_wrong_when_it_is_somebody_elses() {
        assert_eq!(port(8000, false, false).grade, Wrong);
        assert_eq!([port(8000, true, false), port(8000, false, true)].map(|port| port.grade), [Well, Well]);
    }

    #[test]
    fn secrets_are_for_their_owner_only() {
        assert_eq!([0o100_600, 0o100_640, 0o100_604].map(|mode| secrets(mode).grade), [Well, Wrong, Wrong]);
    }
}
