//! Whether RabbitMQ answers, takes messages, and has its queues emptied.
use super::{Finding, mind, well, wrong};
use crate::probe::is_broker;
use crate::stores::Broker;
use reqwest::Url;

/// More than that wait only when nobody takes them.
const MANY: u64 = 1000;

pub(super) async fn look(url: &str, own: Option<&Broker>) -> Vec<Finding> {
    let parsed = Url::parse(url).ok();
    if parsed.as_ref().is_some_and(|url| url.scheme() == "amqps") {
        return vec![mind(
            "RabbitMQ is not looked at, for it is encrypted",
            "rabbitmq-diagnostics tells, on its machine",
        )];
    }
    let place =
        parsed.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), url.port().unwrap_or(5672))));
    let Some((host, port)) = place else {
        return vec![wrong("RABBITMQ_URL cannot be read", "write amqp://user:password@host:port/vhost")];
    };
    if !is_broker(&format!("{host}:{port}")).await {
        let what = format!("RabbitMQ does not answer at {host}:{port}");
        return vec![wrong(
            what,
            "start it, or correct RABBITMQ_URL; until then events wait in the outboxes",
        )];
    }
    let mut found = vec![well(format!("RabbitMQ answers at {host}:{port}"))];
    let Some(own) = own else {
        found.push(mind(
            "its queues and alarms were not looked at",
            "rabbitmq-diagnostics tells, on its machine",
        ));
        return found;
    };
    found.push(match own.look_for_alarms().await {
        Ok(()) => well("no alarm keeps it from taking messages"),
        Err(error) => {
            wrong(format!("an alarm: {error:#}"), "free disk or memory: until then it takes no messages")
        }
    });
    let vhost = parsed.and_then(|url| url.path().strip_prefix('/').map(str::to_owned)).unwrap_or_default();
    let vhost = if vhost.is_empty() || vhost.eq_ignore_ascii_case("%2f") { "/".to_owned() } else { vhost };
    match own.queues(&vhost).await {
        Ok(queues) => found.extend(judge(&queues)),
        Err(error) => found.push(wrong(format!("its queues cannot be listed: {error:#}"), "see its log")),
    }
    found
}

fn judge(queues: &[(String, u64, u64)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, messages, consumers) in queues {
        let what = format!("{messages} messages wait in {name}, for {consumers} who take them");
        match (messages, consumers) {
            (1.., 0) => found.push(wrong(what, "start the service that it is of")),
            (MANY.., _) => {
                found.push(wrong(what, "see the log of the service that it is of: it takes them too slowly"));
            }
            _ => {}
        }
    }
    if found.is_empty() {
        let waiting: u64 = queues.iter().map(|(_, messages, _)| messages).sum();
        found.push(well(format!("{} queues, {waiting} messages under way", queues.len())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Well, Wrong};

    #[test]
    fn a_queue_that_nobody_empties_is_named() {
        let queue = |messages, consumers| [("visits".to_owned(), messages, consumers)];
        let grade = |messages, consumers| judge(&queue(messages, consumers))[0].grade;
        assert_eq!([grade(0, 0), grade(3, 1), grade(3, 0), grade(5000, 1)], [Well, Well, Wrong, Wrong]);
        assert!(judge(&queue(3, 0))[0].what.contains("visits"));
    }
}
