//! What alerts and dashboards ask of Prometheus: queries, taken apart as far as tests need it.
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Words of the language that stand where labels and metrics do.
const KEYWORDS: [&str; 14] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "offset",
    "bool",
    "inf",
    "nan",
    "atan2",
];
/// Behind these, labels are listed in parentheses.
const LISTING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The numbers of one metric that a query asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    pub metric: String,
    /// Label, operator and value.
    pub matchers: Vec<(String, String, String)>,
}

/// A query, and where it stands.
pub struct Query {
    pub place: String,
    pub text: String,
    pub selectors: Vec<Selector>,
    /// The labels that it groups by.
    pub grouped: BTreeSet<String>,
}

/// Every query of every dashboard and alert, rules that record among them; and the names that these record.
pub fn queries() -> (Vec<Query>, BTreeSet<String>) {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/observability"));
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("grafana/dashboards")).expect("there are dashboards") {
        let path = entry.expect("it can be read").path();
        let board: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).expect("it is JSON");
        for panel in board["panels"].as_array().expect("it has panels") {
            let place = format!("{}: {}", board["title"], panel["title"]);
            for target in panel["targets"].as_array().expect("a panel asks") {
                found.push(Query::read(&place, target["expr"].as_str().expect("it asks in words")));
            }
        }
    }
    let alerts = fs::read_to_string(root.join("alerts.yaml")).expect("there are alerts");
    let mut place = "";
    let mut recorded = BTreeSet::new();
    let mut lines = alerts.lines().peekable();
    while let Some(line) = lines.next() {
        let entry = line.trim().trim_start_matches("- ");
        if let Some(name) = entry.strip_prefix("alert: ").or_else(|| entry.strip_prefix("record: ")) {
            place = name;
            if entry.starts_with("record") {
                recorded.insert(name.to_owned());
            }
        } else if entry == "expr: |" {
            let depth = line.len() - line.trim_start().len();
            let mut text = String::new();
            while let Some(more) = lines.next_if(|next| next.len() - next.trim_start().len() > depth) {
                text += more;
            }
            found.push(Query::read(place, &text));
        } else if let Some(text) = entry.strip_prefix("expr: ") {
            found.push(Query::read(place, text));
        }
    }
    (found, recorded)
}

impl Query {
    fn read(place: &str, text: &str) -> Self {
        let mut query = Self {
            place: place.to_owned(),
            text: text.to_owned(),
            selectors: Vec::new(),
            grouped: BTreeSet::new(),
        };
        let mut rest = text;
        let mut lists_labels = false;
        while let Some(next) = rest.chars().next() {
            if next == '"' {
                rest = behind_text(rest).1;
            } else if next == '[' {
                // A range, which may have a variable of Grafana in it.
                rest = rest.split_once(']').expect("a range ends").1;
            } else if next.is_ascii_digit() {
                // A number or a duration.
                rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
            } else if next.is_ascii_alphabetic() || next == '_' {
                let (word, after) = word(rest);
                let behind = after.trim_start();
                rest = after;
                if LISTING.contains(&word) {
                    lists_labels = true;
                } else if lists_labels {
                    query.grouped.insert(word.to_owned());
                } else if !KEYWORDS.contains(&word)
                    && !behind.starts_with('(')
                    && !is_aggregation(word, behind)
                {
                    let (matchers, after) = matchers(behind);
                    query.selectors.push(Selector { metric: word.to_owned(), matchers });
                    rest = after;
                }
            } else {
                lists_labels &= next != ')';
                rest = &rest[next.len_utf8()..];
            }
        }
        query
    }
}

/// `sum by (x) (…)`: what is summed stands behind what it is grouped by.
fn is_aggregation(word: &str, behind: &str) -> bool {
    matches!(word, "sum" | "max" | "min" | "avg" | "count" | "topk")
        && LISTING.iter().any(|by| behind.starts_with(by))
}

fn word(rest: &str) -> (&str, &str) {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    rest.split_at(end.unwrap_or(rest.len()))
}

fn behind_text(rest: &str) -> (&str, &str) {
    rest[1..].split_once('"').expect("text ends")
}

/// `{label="value",…}`, if that is what comes.
fn matchers(rest: &str) -> (Vec<(String, String, String)>, &str) {
    let mut found = Vec::new();
    let Some(mut rest) = rest.strip_prefix('{') else { return (found, rest) };
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return (found, after);
        }
        let (label, after) = word(rest);
        let (operator, after) = after.split_at(after.find('"').expect("a label has a value"));
        let (value, after) = behind_text(after);
        found.push((label.to_owned(), operator.trim().to_owned(), value.to_owned()));
        rest = after;
    }
}

/// Numbers of one metric as a process tells them, by the text format of Prometheus.
#[derive(Debug, Default)]
pub struct Exposed {
    /// Metric, label and value.
    pub labels: BTreeSet<(String, String, String)>,
    /// With `_bucket`, `_sum` and `_count` behind where that is so.
    pub samples: BTreeSet<String>,
    pub helped: BTreeSet<String>,
    /// Name and kind of each metric.
    pub typed: BTreeSet<(String, String)>,
}

impl Exposed {
    pub fn add(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').expect("help says something");
                assert!(!words.trim().is_empty(), "{name} does not say what it means");
                self.helped.insert(name.to_owned());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a metric is of a kind");
                self.typed.insert((name.to_owned(), kind.to_owned()));
            } else if !line.is_empty() {
                let (name, rest) = word(line);
                self.samples.insert(name.to_owned());
                for (label, _, value) in matchers(rest).0 {
                    self.labels.insert((name.to_owned(), label, value));
                }
            }
        }
    }

    pub fn has_label(&self, metric: &str, label: &str) -> bool {
        self.labels.iter().any(|(of, name, _)| of == metric && name == label)
    }

    pub fn has_value(&self, metric: &str, label: &str, value: &str) -> bool {
        self.labels.contains(&(metric.to_owned(), label.to_owned(), value.to_owned()))
    }
}

#[test]
fn a_query_is_taken_apart() {
    let text = r#"topk(3, sum by (le, job) (rate(a_total{x="1",y=~"p|q"}[5m]))) > 0 and max(b:c) offset 1h / 2e3 unless up"#;
    let query = Query::read("here", text);
    let named: Vec<_> = query.selectors.iter().map(|selector| selector.metric.as_str()).collect();
    assert_eq!(named, ["a_total", "b:c", "up"]);
    let triple = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(query.selectors[0].matchers, [triple("x", "=", "1"), triple("y", "=~", "p|q")]);
    assert_eq!(query.grouped.iter().map(String::as_str).collect::<Vec<_>>(), ["job", "le"]);
}
