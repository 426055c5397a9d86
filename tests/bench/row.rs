//! What is told of each path.
use crate::load::Answers;
use crate::statements::Statement;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::pace::percentile;

/// What a ratio must be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// How one path did.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) path: &'static str,
    pub(crate) against: &'static str,
    /// One of every time it was measured.
    pub(crate) ratios: Vec<f64>,
    pub(crate) goal: Goal,
    /// Ours, as measured last.
    pub(crate) per_second: Option<f64>,
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
    /// At half the rate, in an open loop, from when each was due.
    pub(crate) p50_at_half: Option<Duration>,
    pub(crate) p99_at_half: Option<Duration>,
    pub(crate) refused_at_half: usize,
    #[serde(flatten)]
    pub(crate) spent: Spent,
}

/// What one request took, as measured last.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Spent {
    /// Processor time of each process.
    pub(crate) cpu: BTreeMap<String, Duration>,
    pub(crate) statements: Vec<Statement>,
}

impl Row {
    pub(crate) fn new(path: &'static str, against: &'static str, goal: Goal) -> Self {
        let (ratios, spent) = (Vec::new(), Spent::default());
        Self {
            path,
            against,
            ratios,
            goal,
            per_second: None,
            p50: None,
            p99: None,
            p50_at_half: None,
            p99_at_half: None,
            refused_at_half: 0,
            spent,
        }
    }

    /// Has these be told as how ours did.
    pub(crate) fn of(&mut self, answers: Answers, spent: Spent) {
        self.per_second = Some(answers.per_second());
        self.p50 = Some(answers.p50());
        self.p99 = Some(answers.p99());
        self.spent = spent;
    }

    /// Has these be told as how ours did at half the rate.
    pub(crate) fn at_half(&mut self, (times, refused): &(Vec<Duration>, usize)) {
        self.refused_at_half = *refused;
        self.p50_at_half = Some(percentile(times, 50));
        self.p99_at_half = Some(percentile(times, 99));
    }

    /// The median.
    pub(crate) fn ratio(&self) -> f64 {
        let mut ratios = self.ratios.clone();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }

    pub(crate) fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtLeast(goal) => self.ratio() >= goal,
            Goal::AtMost(goal) => self.ratio() <= goal,
        }
    }
}

/// All of them, as a table of Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| path | against | goal | ratio (each time) | met | per second | p50 | p99 | p50 at half of it | p99 at half | CPU a request |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let goal = match row.goal {
            Goal::AtLeast(goal) => format!("≥ {goal}"),
            Goal::AtMost(goal) => format!("≤ {goal}"),
        };
        let each: Vec<String> = row.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        let cells = [
            row.path.to_owned(),
            row.against.to_owned(),
            goal,
            format!("{:.2} ({})", row.ratio(), each.join(", ")),
            if row.is_met() { "yes" } else { "no" }.to_owned(),
            row.per_second.map_or_else(String::new, |rate| format!("{rate:.0}")),
            millis(row.p50),
            millis(row.p99),
            millis(row.p50_at_half),
            format!(
                "{}{}",
                millis(row.p99_at_half),
                if row.refused_at_half > 0 {
                    format!(", {} refused", row.refused_at_half)
                } else {
                    String::new()
                }
            ),
            cpu(&row.spent.cpu),
        ];
        for cell in cells {
            text += "| ";
            text += &cell;
            text += " ";
        }
        text += "|\n";
    }
    text
}

fn millis(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!("{:.2} ms", time.as_secs_f64() * 1000.0))
}

/// The sum, and whose it is.
fn cpu(each: &BTreeMap<String, Duration>) -> String {
    let micros = |time: &Duration| time.as_secs_f64() * 1e6;
    let sum: Duration = each.values().sum();
    let named: Vec<String> = each
        .iter()
        .filter(|(_, time)| micros(time) >= 1.0)
        .map(|(name, time)| format!("{name} {:.0}", micros(time)))
        .collect();
    if named.is_empty() { String::new() } else { format!("{:.0} µs: {}", micros(&sum), named.join(", ")) }
}
