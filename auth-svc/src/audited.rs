//! What the audit log is told of accounts.
use platform::audit::Entry;
use proto::ids::UserId;

/// An account is its own subject.
pub fn on_account(action: &'static str, id: UserId) -> Entry {
    Entry::new(action, "account").ids([id.0]).of([id.0])
}
