//! One log-in of an account, and when it is over.
use super::proxy::{Acting, Proxy};
use super::user::User;
use crate::config::Lifetimes;
use jiff::{SignedDuration, Timestamp};
use platform::caller::Role;
use proto::ids::{SessionId, UserId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub started_at: Timestamp,
    /// When its tokens were renewed last.
    pub used_at: Timestamp,
    /// When it is over unless it is used before.
    pub idles_at: Timestamp,
    /// When it is over in any case.
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub user_agent: Option<UserAgent>,
    /// Whether a code was shown besides the password.
    pub has_second_factor: bool,
    /// In whose place its owner acts, if not for themselves.
    pub acting: Option<Acting>,
}

/// How a session begins.
#[derive(Default)]
pub struct Start {
    pub has_second_factor: bool,
    pub user_agent: Option<UserAgent>,
    /// By what its owner acts for somebody else.
    pub proxy: Option<Proxy>,
}

/// What a program says of itself, cut to what its owner recognises it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    const MAX_LENGTH: usize = 256;

    /// None when nothing is said.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.chars().filter(|c| !c.is_control());
        let kept: String = printable.take(Self::MAX_LENGTH).collect();
        let kept = kept.trim();
        (!kept.is_empty()).then(|| Self(kept.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<UserAgent> for String {
    fn from(agent: UserAgent) -> Self {
        agent.0
    }
}

impl Session {
    pub fn start(user: &User, start: Start, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let Start { has_second_factor, user_agent, proxy } = start;
        let (idle, life) = limits(user.role, lifetimes);
        // Nobody acts longer than they may.
        let limit = proxy.as_ref().and_then(|proxy| proxy.expires_at).unwrap_or(Timestamp::MAX);
        Self {
            id: SessionId::random(),
            user_id: user.id,
            started_at: now,
            used_at: now,
            idles_at: after(now, idle),
            expires_at: after(now, life).min(limit),
            ended_at: None,
            user_agent,
            has_second_factor,
            acting: proxy.map(|proxy| proxy.acting()),
        }
    }

    /// Whether its owner, of one of the `roles` that need a second factor, has shown none.
    pub fn lacks_second_factor(&self, role: Role, roles: &[String]) -> bool {
        !self.has_second_factor && roles.iter().any(|name| name == role.name())
    }

    /// How its owner proved who they are (RFC 8176).
    pub fn methods(&self) -> &'static [&'static str] {
        if self.has_second_factor { &["pwd", "otp", "mfa"] } else { &["pwd"] }
    }

    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ended_at.is_some() || now >= self.idles_at || now >= self.expires_at
    }

    /// The session, used again by `user`; none when it is over or not the account's to use any more.
    pub fn resumed(self, user: &User, lifetimes: &Lifetimes, now: Timestamp) -> Option<Self> {
        if self.is_over(now) || !user.is_active {
            return None;
        }
        let (idle, _) = limits(user.role, lifetimes);
        Some(Self { used_at: now, idles_at: after(now, idle), ..self })
    }
}

/// How long a session may rest, and how long it may last. Whoever sees other people's data logs in daily.
fn limits(role: Role, lifetimes: &Lifetimes) -> (SignedDuration, SignedDuration) {
    match role {
        Role::Patient(_) => (lifetimes.patient_session_idle, lifetimes.patient_session_life),
        Role::Admin | Role::Staff | Role::Auditor | Role::Doctor(_) => {
            (lifetimes.staff_session_idle, lifetimes.staff_session_life)
        }
    }
}

fn after(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::PatientId;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn lifetimes() -> Lifetimes {
        Lifetimes {
            access_token_life: MINUTE * 15,
            patient_session_idle: DAY * 7,
            patient_session_life: DAY * 30,
            staff_session_idle: MINUTE * 30,
            staff_session_life: DAY / 2,
        }
    }

    fn user(role: Role) -> User {
        User {
            id: UserId::random(),
            email: "ada@example.com".to_owned().try_into().unwrap(),
            username: None,
            full_name: None,
            role,
            is_active: true,
            email_verified_at: None,
            pending: None,
            created_at: noon(),
            updated_at: noon(),
        }
    }

    fn noon() -> Timestamp {
        "2026-01-05T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_session_at_rest_is_over_sooner_for_staff_than_for_patients() {
        let staff = Session::start(&user(Role::Staff), Start::default(), &lifetimes(), noon());
        assert!(!staff.is_over(noon() + MINUTE * 29));
        assert!(staff.is_over(noon() + MINUTE * 30));
        let patient =
            Session::start(&user(Role::Patient(PatientId::random())), Start::default(), &lifetimes(), noon());
        assert!(!patient.is_over(noon() + DAY * 6));
        assert!(patient.is_over(noon() + DAY * 7));
    }

    #[test]
    fn use_prolongs_a_session_but_not_for_ever() {
        let (user, lifetimes) = (user(Role::Auditor), lifetimes());
        let mut session = Session::start(&user, Start::default(), &lifetimes, noon());
        let mut now = noon();
        while let Some(resumed) = session.clone().resumed(&user, &lifetimes, now) {
            session = resumed;
            assert_eq!(session.used_at, now);
            now += MINUTE * 20;
        }
        assert_eq!(now, noon() + DAY / 2);
    }

    #[test]
    fn of_what_a_program_says_of_itself_a_line_is_kept() {
        let parsed = |text: &str| UserAgent::parse(text).map(String::from);
        assert_eq!(parsed(" Mozilla/5.0\0 (X11;\nLinux) ").as_deref(), Some("Mozilla/5.0 (X11;Linux)"));
        assert_eq!(parsed(&"ä".repeat(300)), Some("ä".repeat(256)));
        assert_eq!((parsed(""), parsed("\0 ")), (None, None));
    }

    #[test]
    fn neither_an_ended_session_nor_a_disabled_account_goes_on() {
        let active = user(Role::Admin);
        let session = Session::start(&active, Start::default(), &lifetimes(), noon());
        let ended = Session { ended_at: Some(noon()), ..session.clone() };
        assert_eq!(ended.resumed(&active, &lifetimes(), noon()), None);
        let disabled = User { is_active: false, ..active };
        assert_eq!(session.resumed(&disabled, &lifetimes(), noon()), None);
    }
}
