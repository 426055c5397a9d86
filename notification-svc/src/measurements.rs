//! What is measured of messages and webhooks, and what that says.
use crate::domain::{AccountKind, Channel, Kind};
use metrics::{Unit, describe_counter, describe_gauge};

/// Says what is measured, and begins with nought: what came into being with its first event would not have risen by it.
pub fn begin() {
    describe();
    let to_patients = || Kind::ALL.map(Kind::name).into_iter().chain(["reminder", "offered"]);
    let others = AccountKind::ALL.map(AccountKind::name).into_iter().chain(["glass_broken"]);
    for kind in to_patients().chain(others) {
        begin_with(kind, Channel::Email, &["sent", "retry", "failed"]);
    }
    for kind in to_patients() {
        begin_with(kind, Channel::Sms, &["sent", "retry", "failed"]);
    }
    for channel in Channel::ALL {
        begin_with("reminder", channel, &["skipped_late"]);
    }
    for outcome in ["delivered", "retry", "failed", "gone"] {
        metrics::counter!("webhook_deliveries_total", "outcome" => outcome).increment(0);
    }
    for reason in ["admin", "gone", "failing"] {
        metrics::counter!("webhooks_disabled_total", "reason" => reason).increment(0);
    }
}

fn begin_with(kind: &'static str, channel: Channel, outcomes: &[&'static str]) {
    for outcome in outcomes {
        let labels = [("kind", kind), ("channel", channel.name()), ("outcome", outcome)];
        metrics::counter!("notifications_total", &labels).increment(0);
    }
}

fn describe() {
    describe_counter!(
        "notifications_total",
        "Attempts to send messages, and messages that were not to be sent."
    );
    describe_gauge!(
        "notifications_due_age_seconds",
        Unit::Seconds,
        "For how long the message that is due longest by a channel has been due."
    );
    describe_counter!("webhook_deliveries_total", "Attempts to post to webhooks, by what came of them.");
    describe_counter!("webhooks_disabled_total", "Webhooks that were disabled, by the reason.");
    describe_gauge!(
        "template_overrides_unfit",
        "Words of the clinic that do not fit, so that ours are said."
    );
}
