//! An account, and what may change in it.
use super::name::Username;
use super::one_time::Purpose;
use super::role::{Misfit, RoleName, linked};
use jiff::Timestamp;
use platform::caller::Role;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::scalars::{Email, PersonName};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub username: Option<Username>,
    pub full_name: Option<PersonName>,
    pub role: Role,
    pub is_active: bool,
    /// When its owner proved the address, if ever.
    pub email_verified_at: Option<Timestamp>,
    /// What has to happen before anybody can log in.
    pub pending: Option<Pending>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What the owner of an account has to do with a link that is mailed before anybody can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Accept the invitation, and choose a password.
    Invitation,
    /// Prove the address.
    EmailVerification,
}

impl Pending {
    const ALL: [Self; 2] = [Self::Invitation, Self::EmailVerification];

    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::EmailVerification => "email_verification",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pending| pending.name() == name)
    }
}

/// What is to change in an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub role: Option<RoleName>,
    pub patient_id: Edit<PatientId>,
    pub doctor_id: Edit<DoctorId>,
    pub is_active: Option<bool>,
    pub full_name: Edit<PersonName>,
}

/// What is to become of a value that may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody may change their own role")]
    OwnRole,
    #[error("the last active administrator must stay one")]
    LastAdmin,
}

impl<T> Edit<T> {
    fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

impl Change {
    /// Whether this does nothing but link the account to a patient.
    pub fn is_patient_link(&self) -> bool {
        let Self { role, patient_id, doctor_id, is_active, full_name } = self;
        let nothing_else = role.is_none() && is_active.is_none();
        let nothing_else = nothing_else && *doctor_id == Edit::Keep && *full_name == Edit::Keep;
        nothing_else && matches!(patient_id, Edit::Set(_))
    }
}

impl User {
    /// What others know about the person, which is no part of a good password.
    pub fn names(&self) -> [&str; 2] {
        [self.email.as_str(), self.username.as_ref().map_or("", Username::as_str)]
    }

    pub fn is_active_admin(&self) -> bool {
        self.is_active && self.role == Role::Admin && self.pending.is_none()
    }

    /// Whether its owner may use a token for `purpose`. Whoever may not log in does not get in this way either, and
    /// whoever was invited accepts that first.
    pub fn may_use(&self, purpose: Purpose) -> bool {
        let is_invited = self.pending == Some(Pending::Invitation);
        match purpose {
            Purpose::PasswordReset | Purpose::EmailVerification => self.is_active && !is_invited,
            Purpose::Invitation => self.is_active && is_invited,
            Purpose::PatientClaim => false,
        }
    }

    /// The account once its owner has used a link that was mailed to its address.
    #[must_use]
    pub fn proven(self, now: Timestamp) -> Self {
        let email_verified_at = self.email_verified_at.or(Some(now));
        Self { email_verified_at, pending: None, updated_at: now, ..self }
    }

    /// The account after `change`, or everything that does not fit.
    pub fn changed(&self, change: Change, now: Timestamp) -> Result<Self, Vec<Misfit>> {
        let name = change.role.unwrap_or_else(|| self.role.into());
        // A link goes with its role.
        let (patient_id, doctor_id) = match self.role {
            Role::Patient(id) if name == RoleName::Patient => (Some(id), None),
            Role::Doctor(id) if name == RoleName::Doctor => (None, Some(id)),
            _ => (None, None),
        };
        let role = linked(name, change.patient_id.apply(patient_id), change.doctor_id.apply(doctor_id))?;
        Ok(Self {
            role,
            is_active: change.is_active.unwrap_or(self.is_active),
            full_name: change.full_name.apply(self.full_name.clone()),
            updated_at: now,
            ..self.clone()
        })
    }

    /// The fields in which `changed` is another, as in the proto.
    pub fn differences(&self, changed: &Self) -> Vec<&'static str> {
        let links = |user: &Self| match user.role {
            Role::Patient(id) => (Some(id), None),
            Role::Doctor(id) => (None, Some(id)),
            Role::Admin | Role::Staff | Role::Auditor => (None, None),
        };
        let ((patient, doctor), (patient_after, doctor_after)) = (links(self), links(changed));
        let differs = [
            ("role", RoleName::from(self.role) != RoleName::from(changed.role)),
            ("patient_id", patient != patient_after),
            ("doctor_id", doctor != doctor_after),
            ("is_active", self.is_active != changed.is_active),
            ("full_name", self.full_name != changed.full_name),
        ];
        differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
    }

    /// Whether those who are logged in to `self` must log in again to act as `changed`: tokens say whose record is whose.
    pub fn must_log_in_again(&self, changed: &Self) -> bool {
        !changed.is_active || self.role != changed.role
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn whoever_was_invited_accepts_before_all_else_and_whoever_is_disabled_uses_nothing() {
        let purposes = [Purpose::PasswordReset, Purpose::EmailVerification, Purpose::Invitation];
        let usable = |user: &User| purposes.map(|purpose| user.may_use(purpose));
        let staff = user(Role::Staff);
        assert_eq!(usable(&staff), [true, true, false]);
        let invited = User { pending: Some(Pending::Invitation), ..staff.clone() };
        assert_eq!(usable(&invited), [false, false, true]);
        assert_eq!(usable(&invited.proven(Timestamp::UNIX_EPOCH)), [true, true, false]);
        assert_eq!(usable(&User { is_active: false, ..staff }), [false; 3]);
    }

    #[test]
    fn whoever_has_not_accepted_is_no_administrator_yet() {
        let invited = User { pending: Some(Pending::Invitation), ..user(Role::Admin) };
        assert!(!invited.is_active_admin());
        assert!(invited.proven(Timestamp::UNIX_EPOCH).is_active_admin());
    }

    #[test]
    fn a_link_goes_with_its_role() {
        let doctor = user(Role::Doctor(DoctorId::random()));
        let to_staff = Change { role: Some(RoleName::Staff), ..Change::default() };
        let staff = doctor.changed(to_staff, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(staff.role, Role::Staff);
        assert_eq!(doctor.differences(&staff), ["role", "doctor_id"]);
        assert!(doctor.must_log_in_again(&staff));
        let unlinked = Change { doctor_id: Edit::Clear, ..Change::default() };
        assert_eq!(doctor.changed(unlinked, Timestamp::UNIX_EPOCH), Err(vec![Misfit::DoctorMissing]));
    }

    #[test]
    fn a_patient_without_a_record_gets_a_fresh_id() {
        let old = PatientId::random();
        let unlinked = Change { patient_id: Edit::Clear, ..Change::default() };
        let changed = user(Role::Patient(old)).changed(unlinked, Timestamp::UNIX_EPOCH).unwrap();
        assert!(matches!(changed.role, Role::Patient(id) if id != old));
    }

    #[test]
    fn whoever_is_linked_anew_or_disabled_is_logged_out() {
        let patient = user(Role::Patient(PatientId::random()));
        let link = Change { patient_id: Edit::Set(PatientId::random()), ..Change::default() };
        assert!(link.is_patient_link());
        assert!(patient.must_log_in_again(&patient.changed(link, Timestamp::UNIX_EPOCH).unwrap()));
        let disabled = Change { is_active: Some(false), ..Change::default() };
        assert!(!disabled.is_patient_link());
        assert!(patient.must_log_in_again(&patient.changed(disabled, Timestamp::UNIX_EPOCH).unwrap()));
    }
}
