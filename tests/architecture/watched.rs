//! Alerts, dashboards and runbooks against what the programs measure.
use crate::crates::{CRATES, Crate};
use crate::scan::Token::{Sign, Text, Word};
use crate::scan::production;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use tests::watched::queries;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("it can be read").file_name().into_string().expect("text"));
    names.filter_map(|name| name.strip_suffix(extension).map(str::to_owned)).collect()
}

#[test]
fn each_alert_has_its_page_and_each_page_its_alert() {
    let alerts = read("deploy/observability/alerts.yaml");
    let named = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, names("docs/runbooks", ".md"));
    for alert in named {
        assert!(alerts.contains(&format!("runbook: docs/runbooks/{alert}.md\n")), "{alert} names no page");
    }
}

#[test]
fn each_alert_is_tried() {
    let tests = read("deploy/observability/alerts.test.yaml");
    for alert in names("docs/runbooks", ".md") {
        let name = format!("alertname: {alert}\n");
        let mut tried = tests.split(&name).skip(1);
        assert!(
            tried.any(|after| after.trim_start().starts_with("exp_alerts:\n")),
            "{alert} is never seen to fire"
        );
    }
}

#[test]
fn kubernetes_has_the_same_alerts() {
    let alerts = read("deploy/observability/alerts.yaml");
    let copied = read("deploy/k8s/components/monitoring/alerts.yaml");
    let groups = |text: &str| text.split_once("groups:\n").expect("there are groups").1.to_owned();
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    let alerts: Vec<String> = groups(&alerts).lines().map(indented).collect();
    assert_eq!(alerts, groups(&copied).lines().collect::<Vec<_>>());
}

/// The names that production code gives to `macros`.
fn named(macros: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in CRATES.iter().flat_map(Crate::files) {
        for four in production(&file.source).windows(4) {
            if let [Word(word), Sign('!'), Sign('('), Text(name)] = four
                && macros.contains(word)
            {
                found.insert(name.trim_matches('"').to_owned());
            }
        }
    }
    found
}

/// The names that programs measure under.
fn measured() -> BTreeSet<String> {
    named(&["counter", "gauge", "histogram"])
}

#[test]
fn what_is_watched_is_measured() {
    const ENDINGS: [&str; 3] = ["_bucket", "_count", "_sum"];
    let (queries, recorded) = queries();
    let asked = queries.into_iter().flat_map(|query| query.selectors).map(|selector| selector.metric);
    // What Prometheus finds itself, and what every process of any program tells.
    let ours = asked.filter(|name| !recorded.contains(name) && name != "up" && !name.starts_with("process_"));
    let base =
        |name: String| ENDINGS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned();
    assert_eq!(ours.map(base).collect::<BTreeSet<_>>(), measured());
}

#[test]
fn what_is_measured_says_what_it_means() {
    assert_eq!(named(&["describe_counter", "describe_gauge", "describe_histogram"]), measured());
    let page = read("docs/observability.md");
    for name in measured() {
        assert!(page.contains(&format!("| `{name}` |")), "docs/observability.md has no row of {name}");
    }
}
