//! Alerts, dashboards and runbooks against what the programs measure.
use crate::crates::{CRATES, Crate};
use crate::scan::Token::{Sign, Text, Word};
use crate::scan::production;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

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

/// The names that programs measure under.
fn measured() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in CRATES.iter().flat_map(Crate::files) {
        for five in production(&file.source).windows(4) {
            if let [Word("counter" | "gauge" | "histogram"), Sign('!'), Sign('('), Text(name)] = five {
                found.insert(name.trim_matches('"').to_owned());
            }
        }
    }
    found
}

#[test]
fn what_is_watched_is_measured() {
    const ENDINGS: [&str; 3] = ["_bucket", "_count", "_sum"];
    let measured = measured();
    let boards = names("deploy/observability/grafana/dashboards", ".json");
    let boards =
        boards.iter().map(|name| read(&format!("deploy/observability/grafana/dashboards/{name}.json")));
    let text = boards.collect::<String>() + &read("deploy/observability/alerts.yaml");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes = [
        "http_server_",
        "rpc_server_",
        "outbox_",
        "inbox_",
        "dead_letters",
        "notifications_",
        "webhook_",
        "webhooks_",
        "template_overrides",
    ];
    let metrics = words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)));
    let base = |word: &str| ENDINGS.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned();
    let watched: BTreeSet<String> = metrics.map(base).collect();
    assert_eq!(watched, measured);
}
