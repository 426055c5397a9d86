//! Programs that log in by themselves, and what they may do.
use jiff::Timestamp;
use proto::access;
use proto::ids::ApiClientId;
use proto::scalars::Label;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    pub id: ApiClientId,
    pub name: Label,
    pub scopes: Granted,
    /// What verifies its assertions, as JWK; it has a secret when there is none.
    pub public_key: Option<String>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// What a program may do: at least one thing of what staff may do, and nothing with accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted(BTreeSet<String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    #[error("is required")]
    Nothing,
    #[error("{0} is not given to programs; some of {all} are", all = grantable().into_iter().collect::<Vec<_>>().join(", "))]
    Unknown(String),
}

/// Everything that staff may do, but for what auth-svc does and what leads there.
fn grantable() -> BTreeSet<&'static str> {
    let (accounts, rest): (Vec<_>, Vec<_>) =
        access::methods().partition(|(path, _)| path.starts_with("/healthcare.auth."));
    let of_accounts: BTreeSet<&str> = accounts.iter().filter_map(|(_, method)| method.scope).collect();
    let of_staff = rest.iter().filter(|(_, method)| method.roles.contains(&"staff"));
    of_staff.filter_map(|(_, method)| method.scope).filter(|scope| !of_accounts.contains(scope)).collect()
}

impl Granted {
    pub fn parse(scopes: impl IntoIterator<Item = String>) -> Result<Self, NotGranted> {
        let scopes: BTreeSet<String> = scopes.into_iter().collect();
        let grantable = grantable();
        match scopes.iter().find(|scope| !grantable.contains(scope.as_str())) {
            Some(unknown) => Err(NotGranted::Unknown(unknown.clone())),
            None if scopes.is_empty() => Err(NotGranted::Nothing),
            None => Ok(Self(scopes)),
        }
    }

    /// As they were stored: a scope that there is no more is of no consequence.
    pub fn stored(scopes: Vec<String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those that `asked` names, separated by spaces, or all when it is empty; none when it names another.
    pub fn limited_to(&self, asked: &str) -> Option<Self> {
        let asked: BTreeSet<String> = asked.split_whitespace().map(str::to_owned).collect();
        if asked.is_empty() {
            return Some(self.clone());
        }
        asked.is_subset(&self.0).then_some(Self(asked))
    }

    /// As in tokens.
    pub fn text(&self) -> String {
        self.iter().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(scopes: &[&str]) -> Result<Granted, NotGranted> {
        Granted::parse(scopes.iter().map(|scope| (*scope).to_owned()))
    }

    #[test]
    fn programs_are_given_what_staff_may_do_but_nothing_with_accounts() {
        assert!(granted(&["patients.read", "appointments.write"]).is_ok());
        assert_eq!(granted(&[]), Err(NotGranted::Nothing));
        for wrong in [
            "account.read",
            "account.write",
            "users.read",
            "users.write",
            "proxies.write",
            "records.read",
            "nonsense",
            "",
        ] {
            assert_eq!(granted(&[wrong]), Err(NotGranted::Unknown(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_for_what_was_asked_or_for_everything() {
        let all = granted(&["patients.read", "appointments.write"]).unwrap();
        assert_eq!(all.limited_to("").unwrap().text(), "appointments.write patients.read");
        assert_eq!(all.limited_to(" patients.read ").unwrap().text(), "patients.read");
        assert_eq!(all.limited_to("patients.read doctors.read"), None);
    }
}
