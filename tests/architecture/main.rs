//! The architecture, in sentences that are checked.

mod scan; // Rust text taken apart
mod modules; // the order that modules are declared in, and what they use
mod crates; // the crates of the workspace, their manifests and their files
mod watched; // alerts and dashboards, and what is measured

use crates::{CRATES, Crate, File};
use scan::Token::{Sign, Text, Word};
use scan::production;
use std::collections::BTreeSet;

#[test]
fn a_module_imports_only_what_is_declared_above_it() {
    let mut broken = Vec::new();
    for krate in &CRATES {
        for root in krate.roots() {
            let up = modules::reaching_up(&modules::below(&root));
            broken.extend(up.into_iter().map(|up| format!("{}: {up}", krate.name)));
        }
    }
    assert_none(&broken);
}

#[test]
fn domains_know_no_io_no_clock_and_no_waiting() {
    let domains = CRATES.iter().filter(|krate| krate.is_service()).flat_map(Crate::files).filter(is_domain);
    assert_none(&domains.flat_map(|file| impurities(&file)).collect::<Vec<_>>());
}

fn is_domain(file: &File) -> bool {
    file.path.ends_with("/src/domain.rs") || file.path.contains("/src/domain/")
}

fn impurities(file: &File) -> Vec<String> {
    /// Each stands for its relatives as well: `tokio` for `tokio_postgres`.
    const LIBRARIES: [&str; 9] =
        ["axum", "bb8", "deadpool", "lapin", "lettre", "prost", "reqwest", "tokio", "tonic"];
    const WORDS: [&str; 4] = ["async", "await", "Clock", "SystemTime"];

    let tokens = production(&file.source);
    let mut found = Vec::new();
    for token in &tokens {
        if let Word(word) = token
            && (WORDS.contains(word) || LIBRARIES.contains(&word.split('_').next().unwrap_or_default()))
        {
            found.push(format!("{} uses {word}", file.path));
        }
    }
    if tokens.windows(3).any(|three| matches!(three, [Sign('.' | ':'), Word("now"), Sign('(')])) {
        found.push(format!("{} asks what time it is", file.path));
    }
    found
}

#[test]
fn sql_is_written_in_stores_only() {
    let files = CRATES.iter().filter(|krate| krate.name != "local").flat_map(Crate::files);
    let others = files.filter(|file| !may_have_sql(&file.path));
    assert_none(&others.filter(has_sql).map(|file| format!("{} has SQL", file.path)).collect::<Vec<_>>());
}

fn may_have_sql(path: &str) -> bool {
    // What every service shares: how to connect and migrate, the tables that events pass through, the audit log.
    const PLATFORM: [&str; 5] = ["postgres", "outbox", "inbox", "dead_letters", "audit"];
    path.ends_with("/src/store.rs")
        || path.contains("/src/store/")
        || PLATFORM.iter().any(|module| path == format!("platform/src/{module}.rs"))
}

fn has_sql(file: &File) -> bool {
    const STATEMENTS: [&str; 4] = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"];
    production(&file.source)
        .iter()
        .any(|token| matches!(token, Text(text) if STATEMENTS.iter().any(|start| text.contains(start))))
}

#[test]
fn events_are_those_of_the_document() {
    const PREFIXES: [&str; 4] = ["account.", "appointment.", "doctor.", "patient."];
    let document = include_str!("../../docs/asyncapi.json");
    let documented = document.lines().filter_map(|line| line.trim().strip_prefix("\"address\": \""));
    let documented: BTreeSet<String> =
        documented.map(|rest| rest.trim_end_matches(['"', ',']).to_owned()).collect();
    let files = CRATES.iter().filter(|krate| krate.is_service()).flat_map(Crate::files);
    let mut published = BTreeSet::new();
    for file in files.filter(|file| file.path.ends_with("/src/events.rs")) {
        for token in production(&file.source) {
            let Text(text) = token else { continue };
            let text = text.trim_matches('"');
            if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
                published.insert(text.to_owned());
            }
        }
    }
    assert_eq!(documented, published);
}

#[test]
fn crates_are_built_on_lower_ones_and_services_not_on_each_other() {
    let mut broken = Vec::new();
    for krate in &CRATES {
        for (section, name) in krate.dependencies() {
            let is_ours = CRATES.iter().any(|other| other.name == name);
            let is_harness = section == "dev-dependencies" && name == "local";
            if is_ours && !is_harness && !krate.on.contains(&name.as_str()) {
                broken.push(format!("{} depends on {name}", krate.name));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn the_platform_knows_no_word_of_the_clinic() {
    // Whoever calls has a role and is linked to a record: so says every access token.
    const ALLOWED: [&str; 2] = ["platform/src/caller.rs", "platform/src/token.rs"];

    let platform = CRATES.iter().filter(|krate| krate.name == "platform").flat_map(Crate::files);
    let (allowed, others): (Vec<_>, Vec<_>) =
        platform.partition(|file| ALLOWED.contains(&file.path.as_str()));
    assert_none(&others.iter().flat_map(clinic_words).collect::<Vec<_>>());
    assert!(allowed.iter().all(|file| !clinic_words(file).is_empty()), "an exception is no longer needed");
}

fn clinic_words(file: &File) -> Vec<String> {
    const CLINIC: [&str; 4] = ["patient", "doctor", "appointment", "notification"];
    let tokens = production(&file.source);
    let words = tokens.iter().filter_map(|token| match token {
        Word(word) | Text(word) => Some(word.to_lowercase()),
        Sign(_) => None,
    });
    words
        .filter(|word| CLINIC.iter().any(|clinic| word.contains(clinic)))
        .map(|word| format!("{} says {word}", file.path))
        .collect()
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let lengths = CRATES.iter().flat_map(Crate::files).map(|file| (file.source.lines().count(), file.path));
    let long = lengths.filter(|(lines, _)| *lines > 400);
    assert_none(&long.map(|(lines, path)| format!("{path} has {lines} lines")).collect::<Vec<_>>());
}

#[track_caller]
fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n  {}\n", broken.join("\n  "));
}
