//! Use case of operators: whether the database keeps what is promised of visits. Nothing is changed.
use crate::store::{Check, Store, Verdict};
use std::io::Write;
use uuid::Uuid;

/// Ids that are named of one check.
const NAMED: usize = 20;

/// Writes one line a check to `out`; fails when something is wrong.
pub async fn verify(store: &Store, out: &mut impl Write) -> anyhow::Result<()> {
    let verdicts = store.connection().await?.verify().await?;
    let checks = verdicts.len();
    let mut failed = 0;
    for (check, verdict) in verdicts {
        writeln!(out, "{}", line(check, &verdict))?;
        failed += usize::from(!verdict.holds());
    }
    anyhow::ensure!(failed == 0, "{failed} of {checks} checks failed");
    Ok(())
}

impl Verdict {
    fn holds(&self) -> bool {
        self.wrong.is_empty() && self.at_once.is_none_or(|at_once| at_once <= 1)
    }
}

fn line(check: Check, verdict: &Verdict) -> String {
    let Verdict { examined, at_once, wrong } = verdict;
    let outcome = if verdict.holds() { "ok  " } else { "FAIL" };
    let at_once = at_once.map(|at_once| format!(", at most {at_once} at once")).unwrap_or_default();
    format!(
        "{outcome} {}: {examined} looked at{at_once}, {} wrong{}",
        promise(check),
        wrong.len(),
        named(wrong)
    )
}

fn promise(check: Check) -> &'static str {
    match check {
        Check::Lanes => "no lane of a doctor has two visits at once",
        Check::Sessions => "no doctor and no room has two sessions at once",
        Check::Patients => "no patient has two visits at once",
        Check::Claimed => "every visit that takes time has it",
        Check::Housed => "every visit that takes a room has that one",
        Check::Needed => "no visit that is over or off has time",
        Check::Contained => "the time taken for a visit is all of it",
        Check::History => "every history leads to its visit without a gap",
    }
}

fn named(wrong: &[Uuid]) -> String {
    let ids: Vec<_> = wrong.iter().take(NAMED).map(Uuid::to_string).collect();
    let more = if wrong.len() > NAMED { ", …" } else { "" };
    if ids.is_empty() { String::new() } else { format!(": {}{more}", ids.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(at_once: Option<i64>, wrong: usize) -> Verdict {
        Verdict { examined: 3, at_once, wrong: vec![Uuid::nil(); wrong] }
    }

    #[test]
    fn a_line_says_what_holds_and_names_what_does_not() {
        let good = line(Check::Patients, &verdict(Some(1), 0));
        assert_eq!(good, "ok   no patient has two visits at once: 3 looked at, at most 1 at once, 0 wrong");
        let bad = line(Check::Claimed, &verdict(None, 1));
        assert_eq!(
            bad,
            format!("FAIL every visit that takes time has it: 3 looked at, 1 wrong: {}", Uuid::nil())
        );
        assert!(line(Check::Claimed, &verdict(None, NAMED + 1)).ends_with(", …"));
    }
}
