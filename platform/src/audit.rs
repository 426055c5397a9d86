//! The audit log: who did what with whose data, written in the transaction of what it tells of. Ids, codes and the
//! names of fields, never values. The log itself is `deploy/postgres/audit.sql`.
pub mod chain; // entries as links of a chain, and the signed ends of all chains

use crate::caller::{Caller, User};
use crate::context::{About, Context};
use crate::secrets::RootSecret;
use crate::{fault, postgres, propagation};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use deadpool_postgres::{GenericClient, Pool};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tonic::{Code, Status};
use uuid::Uuid;

/// One thing that was done, or refused.
#[derive(Clone, Debug)]
pub struct Entry {
    action: &'static str,
    resource: String,
    resource_ids: Vec<Uuid>,
    subjects: Vec<Uuid>,
    denied: bool,
    reason: Option<String>,
    break_glass: bool,
    fields: Vec<String>,
    criteria: Option<Vec<u8>>,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    actor: Option<User>,
}

impl Entry {
    /// For instance `read` and `patient`.
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self {
            action,
            resource: resource.into(),
            resource_ids: Vec::new(),
            subjects: Vec::new(),
            denied: false,
            reason: None,
            break_glass: false,
            fields: Vec::new(),
            criteria: None,
            before: None,
            after: None,
            actor: None,
        }
    }

    /// Which of the resource.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.resource_ids.extend(ids);
        self
    }

    /// Whose data it was, each once.
    #[must_use]
    pub fn of(mut self, subjects: impl IntoIterator<Item = Uuid>) -> Self {
        self.subjects.extend(subjects);
        self.subjects.sort_unstable();
        self.subjects.dedup();
        self
    }

    /// The names of what was changed.
    #[must_use]
    pub fn fields(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Why, as a code.
    #[must_use]
    pub fn because(mut self, code: impl Into<String>) -> Self {
        self.reason = Some(code.into());
        self
    }

    /// It was not done.
    #[must_use]
    pub fn denied(mut self, code: impl Into<String>) -> Self {
        self.denied = true;
        self.because(code)
    }

    /// It was done although the rules of every day do not allow it.
    #[must_use]
    pub fn breaking_glass(mut self) -> Self {
        self.break_glass = true;
        self
    }

    /// What was searched for, as a digest of [`Digests`].
    #[must_use]
    pub fn matching(mut self, criteria: Vec<u8>) -> Self {
        self.criteria = Some(criteria);
        self
    }

    /// What was there before and is there after, as digests of [`Digests`].
    #[must_use]
    pub fn from_to(mut self, before: Option<Vec<u8>>, after: Option<Vec<u8>>) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// Who did it, when that is not who asks: whoever logs in is nobody before.
    #[must_use]
    pub fn by(mut self, user: User) -> Self {
        self.actor = Some(user);
        self
    }

    /// As `audit.append` takes it, in the `place` given.
    fn to_json(&self, place: usize, context: Option<&Context>) -> Value {
        let caller = self.actor.map(Caller::User);
        let caller = caller.as_ref().or_else(|| context.and_then(|context| context.caller.as_ref()));
        let user = match caller {
            Some(Caller::User(user)) => Some(user),
            _ => None,
        };
        let via = match caller {
            Some(Caller::Service(name)) => Some(name),
            _ => None,
        };
        let role = match (user, via, context) {
            (Some(user), ..) => user.role.name(),
            (None, Some(_), _) => "service",
            (None, None, Some(_)) => "nobody",
            (None, None, None) => "system",
        };
        json!({
            "number": place,
            "request_id": context.and_then(|context| context.request_id.as_deref()),
            "trace_id": propagation::trace_id(),
            "client_address": context.and_then(|context| context.client_address),
            "actor_id": user.map(|user| user.id),
            "role": role,
            "session_id": user.map(|user| user.session_id),
            "via": via,
            "action": self.action,
            "resource": self.resource,
            "resource_ids": self.resource_ids,
            "subjects": self.subjects,
            "decision": if self.denied { "denied" } else { "allowed" },
            "reason": self.reason,
            "break_glass": self.break_glass,
            "fields": self.fields,
            "criteria": self.criteria.as_deref().map(bytea),
            "before": self.before.as_deref().map(bytea),
            "after": self.after.as_deref().map(bytea),
        })
    }
}

/// As PostgreSQL reads bytes.
fn bytea(bytes: &[u8]) -> String {
    format!("\\x{}", hex(bytes))
}

/// In hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Writes `entries` of the request at hand by one statement: in a transaction the last before its end, because nothing
/// may be locked after it; outside of one at once.
pub async fn append(client: &impl GenericClient, entries: &[Entry]) -> Result<(), postgres::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let context = Context::current();
    let given = entries.iter().enumerate().map(|(place, entry)| entry.to_json(place, context.as_ref()));
    let given: Value = given.collect();
    let written = async {
        let statement = client.prepare_cached("SELECT audit.append($1)").await?;
        client.query_one(&statement, &[&given]).await
    };
    written.await.map_err(postgres::Error::Unaudited)?;
    let denied = entries.iter().filter(|entry| entry.denied).count();
    for (decision, written) in [("allowed", entries.len() - denied), ("denied", denied)] {
        metrics::counter!("audit_entries_total", "decision" => decision).increment(written as u64);
    }
    Ok(())
}

/// Entries of a transaction that are written when it commits.
#[derive(Debug, Default)]
pub struct Pending(Mutex<Vec<Entry>>);

impl Pending {
    pub fn note(&self, entry: Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Writes what was noted. The next thing to do is to commit.
    pub async fn write(&self, tx: &impl GenericClient) -> Result<(), postgres::Error> {
        let entries = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        append(tx, &entries).await
    }
}

/// Notes that the call of `method` was refused with `status`, when that says that somebody known may not. What fails
/// then is told to the log: the answer is no either way.
pub async fn note_refusal(pool: &Pool, method: &str, status: &Status) {
    let Some(context) = Context::current() else { return };
    if status.code() != Code::PermissionDenied || !matches!(context.caller, Some(Caller::User(_))) {
        return;
    }
    let reason = fault::reason(status).unwrap_or_else(|| "FORBIDDEN".to_owned());
    let method = method.trim_start_matches('/');
    let mut entry = Entry::new("call", method).denied(reason);
    if let Some(About { resource: _, id, subject }) = context.told() {
        entry = entry.ids([id]).of(subject);
    }
    let noted = async { append(&postgres::connection(pool).await?, &[entry]).await };
    if let Err(error) = noted.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            rpc.method = method,
            "a refusal was not noted"
        );
    }
}

/// Digests of what must not be in the log itself. Without the key nobody finds out by trying what was digested.
#[derive(Clone)]
pub struct Digests(hmac::Key);

impl Digests {
    pub fn new(root: &RootSecret) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, &root.derive("audit-digest")))
    }

    pub fn of(&self, what: &str, value: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(what.as_bytes());
        context.update(&[0]);
        context.update(value);
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;
    use proto::ids::{SessionId, UserId};

    #[tokio::test]
    async fn an_entry_says_who_asked_for_it_and_in_which_request() {
        let user = User::new(UserId::random(), SessionId::random(), Role::Staff);
        let context = Context::new("order-66".to_owned(), [192, 0, 2, 7].into());
        let entry = Entry::new("read", "thing");
        let json = entry.to_json(3, Some(&context.clone().asked_by(Some(Caller::User(user)))));
        assert_eq!(json["role"], "staff");
        assert_eq!(json["actor_id"], user.id.to_string());
        assert_eq!((&json["request_id"], &json["client_address"]), (&json!("order-66"), &json!("192.0.2.7")));
        let roles =
            [None, Some(context.clone()), Some(context.asked_by(Some(Caller::Service("a-svc".into()))))];
        let roles = roles.map(|context| entry.to_json(0, context.as_ref())["role"].clone());
        assert_eq!(roles, ["system", "nobody", "service"]);
        assert_eq!(entry.by(user).to_json(0, None)["role"], "staff");
    }

    #[test]
    fn a_subject_is_named_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(Entry::new("list", "thing").of([other, one]).of([other]).subjects, [one, other]);
    }

    #[test]
    fn digests_differ_by_what_they_are_of_and_by_key() {
        let digests = |secret: &str| Digests::new(&RootSecret::new(&secret.to_owned().into()).unwrap());
        let own = digests("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        assert_eq!(own.of("query", b"ann"), own.of("query", b"ann"));
        assert_ne!(own.of("query", b"ann"), own.of("name", b"ann"));
        assert_ne!(own.of("query", b"ann"), digests("another3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf").of("query", b"ann"));
    }
}
