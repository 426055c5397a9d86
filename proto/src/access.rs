//! Who may call which method, as the protos say it (`healthcare/access/v1/access.proto`).
use std::collections::HashMap;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/access.rs"));

/// Who may call a method at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Needs no token.
    pub open: bool,
    /// People, by role.
    pub roles: &'static [&'static str],
    /// What their token must allow.
    pub scope: Option<&'static str>,
    /// Processes of ours, by name.
    pub services: &'static [&'static str],
}

/// Every method by its path, for instance `/healthcare.auth.v1.AuthService/Login`.
static BY_PATH: LazyLock<HashMap<&str, Access>> = LazyLock::new(|| METHODS.iter().copied().collect());

/// Every method by its path, and who may call it.
pub fn methods() -> impl Iterator<Item = (&'static str, Access)> {
    METHODS.iter().copied()
}

/// Who may call the method at `path`; none when there is no such method.
pub fn of(path: &str) -> Option<(&'static str, Access)> {
    BY_PATH.get_key_value(path).map(|(path, access)| (*path, *access))
}

/// What a token allows: some scopes, or everything that its role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u64);

const _: () = assert!(SCOPES.len() < 64, "a bit for each scope");

impl Scopes {
    pub const ALL: Self = Self(u64::MAX);

    /// Scopes as tokens have them (RFC 8693, section 4.2), separated by spaces. Words that are none are of no
    /// consequence: another release may have more.
    pub fn parse(text: &str) -> Self {
        Self(text.split(' ').filter_map(bit).fold(0, |bits, bit| bits | bit))
    }

    /// The other way round; none when everything is allowed.
    pub fn text(self) -> Option<String> {
        let allowed = SCOPES.iter().copied().filter(|scope| self.allow(scope));
        (self != Self::ALL).then(|| allowed.collect::<Vec<_>>().join(" "))
    }

    pub fn allow(self, scope: &str) -> bool {
        self == Self::ALL || bit(scope).is_some_and(|bit| self.0 & bit != 0)
    }
}

fn bit(scope: &str) -> Option<u64> {
    Some(1 << SCOPES.binary_search(&scope).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_allows_what_it_says_and_nothing_else() {
        let scopes = Scopes::parse("patients.read appointments.write nonsense");
        let allowed: Vec<&str> = SCOPES.iter().copied().filter(|scope| scopes.allow(scope)).collect();
        assert_eq!(allowed, ["appointments.write", "patients.read"]);
        assert!(!scopes.allow("nonsense"));
        assert_eq!(scopes.text().as_deref(), Some("appointments.write patients.read"));
        assert_eq!(Scopes::ALL.text(), None);
        assert!(SCOPES.iter().all(|scope| Scopes::ALL.allow(scope) && !Scopes::parse("").allow(scope)));
    }

    #[test]
    fn what_is_not_a_method_is_nobodys() {
        assert_eq!(of("/healthcare.auth.v1.AuthService/Nothing"), None);
        assert!(of("/healthcare.auth.v1.AuthService/Login").is_some_and(|(_, access)| access.open));
    }
}
