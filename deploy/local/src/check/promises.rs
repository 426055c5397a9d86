//! What the services verify of the database themselves, by commands that change nothing.
use super::{Finding, mind, well, wrong};
use crate::commands;
use crate::secrets::Secrets;
use crate::service::Service;

/// As whoever `database_url` is.
pub(super) async fn look(database_url: &str, secrets: Option<&Secrets>) -> Vec<Finding> {
    let Some(secrets) = secrets else {
        let advice =
            "run `appointment-svc verify` and `patient-svc audit-verify` with the services' settings";
        return vec![mind("visits and audit log were not verified, for want of SECRET_KEY", advice)];
    };
    let (visits, log) = tokio::join!(
        commands::run(Service::Appointment, "verify", database_url, secrets),
        commands::run(Service::Patient, "audit-verify", database_url, secrets),
    );
    let visits =
        outcome("visits", visits, "see README, `appointment-svc verify`; tell whoever maintains this");
    let log = outcome("audit log", log, "see README, `patient-svc audit-verify`; find out who changed it");
    [visits, log].concat()
}

fn outcome(what: &str, verified: Result<(bool, String), String>, advice: &str) -> Vec<Finding> {
    let (is_well, said) = match verified {
        Ok(verified) => verified,
        Err(error) => {
            return vec![wrong(format!("{what}: not verified: {error}"), "build it by `cargo build`")];
        }
    };
    let failed: Vec<Finding> = said
        .lines()
        .filter_map(|line| line.strip_prefix("FAIL "))
        .map(|line| wrong(format!("{what}: {line}"), advice))
        .collect();
    match (is_well, failed.is_empty()) {
        (true, _) => vec![well(format!("{what}: verified, nothing is wrong"))],
        (false, false) => failed,
        (false, true) => vec![wrong(format!("{what}: not verified: {}", said.trim()), advice)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Well, Wrong};

    #[test]
    fn each_promise_that_is_broken_is_told() {
        let judged = |is_well, said: &str| outcome("visits", Ok((is_well, said.to_owned())), "");
        assert_eq!(judged(true, "ok   a: 3 looked at\n")[0].grade, Well);
        let broken = judged(false, "ok   a\nFAIL b: 1 wrong: id\nFAIL c\n{\"level\":\"ERROR\"}\n");
        assert_eq!(
            broken.iter().map(|found| found.what.as_str()).collect::<Vec<_>>(),
            ["visits: b: 1 wrong: id", "visits: c"]
        );
        assert_eq!(judged(false, "cannot connect")[0].grade, Wrong);
        assert_eq!(outcome("visits", Err("no such file".to_owned()), "")[0].grade, Wrong);
    }
}
