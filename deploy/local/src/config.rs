//! All that is read from the environment.
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Names the file in which `cargo dev test` tells the tests where their servers are.
pub const TEST_STORES: &str = "HEALTHCARE_TEST_STORES";

pub fn test_stores() -> Option<PathBuf> {
    env::var_os(TEST_STORES).map(PathBuf::from)
}

/// Names how many rounds of a tournament of all that may die at once the chaos suite plays: nine are all pairs.
pub const CHAOS_ROUNDS: &str = "HEALTHCARE_CHAOS_ROUNDS";

pub fn chaos_rounds() -> usize {
    env::var_os(CHAOS_ROUNDS).and_then(|rounds| rounds.to_str()?.parse().ok()).unwrap_or(1)
}

/// Names how long people work in the test that nothing grows.
pub const SOAK_SECONDS: &str = "HEALTHCARE_SOAK_SECONDS";

pub fn soak_seconds() -> u64 {
    env::var_os(SOAK_SECONDS).and_then(|seconds| seconds.to_str()?.parse().ok()).unwrap_or(15)
}

/// Names the folder of the programs that the rolling restart begins with, those of an earlier release.
pub const OLD_PROGRAMS: &str = "HEALTHCARE_OLD_PROGRAMS";

pub fn old_programs() -> Option<PathBuf> {
    env::var_os(OLD_PROGRAMS).map(PathBuf::from)
}

/// The cargo that runs us.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Variables by which cargo tells a program about its package. A cargo that we run must not see them: build
/// scripts that watch them would run again.
pub fn package_variables() -> Vec<OsString> {
    let ours = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(ours)).collect()
}

/// Folders to look for programs in.
pub fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(usual).collect()
}

/// Whether the person asked for output without colour (<https://no-color.org>).
pub fn no_colour() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
