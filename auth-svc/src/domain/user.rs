//! An account: its role, its links to records, and who may change them.
use super::name::Username;
use jiff::Timestamp;
use platform::caller::{self, Caller, Role};
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A role without its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    Admin,
    Doctor,
    Patient,
    Staff,
    Auditor,
}

/// What a caller may do with accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Register as a patient.
    Anyone,
    /// Register patients and link them to their records.
    Staff,
    /// Everything.
    Admin,
}

/// The role and links that were asked for a new account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    pub role: Option<RoleName>,
    pub patient_id: Option<PatientId>,
    pub doctor_id: Option<DoctorId>,
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

/// What does not fit in the role and links of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("only administrators may choose a role other than patient")]
    RoleNotYours,
    #[error("only staff may link an account to a patient")]
    PatientNotYours,
    #[error("only administrators may link an account to a doctor")]
    DoctorNotYours,
    #[error("goes with the role patient only")]
    PatientUnfit,
    #[error("goes with the role doctor only")]
    DoctorUnfit,
    #[error("is required for the role doctor")]
    DoctorMissing,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody may change their own role")]
    OwnRole,
    #[error("the last active administrator must stay one")]
    LastAdmin,
}

impl Misfit {
    /// The field that is wrong.
    pub fn field(self) -> &'static str {
        match self {
            Self::RoleNotYours => "role",
            Self::PatientNotYours | Self::PatientUnfit => "patient_id",
            Self::DoctorNotYours | Self::DoctorUnfit | Self::DoctorMissing => "doctor_id",
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Staff => Self::Staff,
            Role::Auditor => Self::Auditor,
            Role::Doctor(_) => Self::Doctor,
            Role::Patient(_) => Self::Patient,
        }
    }
}

impl Standing {
    pub fn of(caller: Option<&Caller>) -> Self {
        match caller {
            Some(Caller::User(caller::User { role: Role::Admin, .. })) => Self::Admin,
            Some(Caller::User(caller::User { role: Role::Staff, .. })) => Self::Staff,
            _ => Self::Anyone,
        }
    }
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

/// The role of a new account, or everything that is wrong with what was asked.
pub fn role_of_new(by: Standing, asked: Asked) -> Result<Role, Vec<Misfit>> {
    let Asked { role, patient_id, doctor_id } = asked;
    let name = role.unwrap_or(RoleName::Patient);
    let not_yours = [
        (by != Standing::Admin && name != RoleName::Patient, Misfit::RoleNotYours),
        (by == Standing::Anyone && patient_id.is_some(), Misfit::PatientNotYours),
        (by != Standing::Admin && doctor_id.is_some(), Misfit::DoctorNotYours),
    ];
    let misfits: Vec<Misfit> =
        not_yours.into_iter().filter_map(|(wrong, why)| wrong.then_some(why)).collect();
    if misfits.is_empty() { linked(name, patient_id, doctor_id) } else { Err(misfits) }
}

/// The role with its link. A patient without a record gets the id under which to create one.
fn linked(
    name: RoleName,
    patient_id: Option<PatientId>,
    doctor_id: Option<DoctorId>,
) -> Result<Role, Vec<Misfit>> {
    let mut misfits = Vec::new();
    if patient_id.is_some() && name != RoleName::Patient {
        misfits.push(Misfit::PatientUnfit);
    }
    if doctor_id.is_some() && name != RoleName::Doctor {
        misfits.push(Misfit::DoctorUnfit);
    }
    let role = match name {
        RoleName::Admin => Some(Role::Admin),
        RoleName::Staff => Some(Role::Staff),
        RoleName::Auditor => Some(Role::Auditor),
        RoleName::Patient => Some(Role::Patient(patient_id.unwrap_or_else(PatientId::random))),
        RoleName::Doctor => doctor_id.map(Role::Doctor),
    };
    if role.is_none() {
        misfits.push(Misfit::DoctorMissing);
    }
    role.filter(|_| misfits.is_empty()).ok_or(misfits)
}

impl User {
    pub fn is_active_admin(&self) -> bool {
        self.is_active && self.role == Role::Admin
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

    /// Whether those who are logged in to `self` must log in again to act as `changed`.
    pub fn must_log_in_again(&self, changed: &Self) -> bool {
        !changed.is_active || RoleName::from(self.role) != RoleName::from(changed.role)
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
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn anyone_becomes_a_patient_and_nothing_else() {
        let patient = role_of_new(Standing::Anyone, Asked::default()).unwrap();
        assert_eq!(RoleName::from(patient), RoleName::Patient);
        let asked = Asked {
            role: Some(RoleName::Doctor),
            patient_id: Some(PatientId::random()),
            doctor_id: Some(DoctorId::random()),
        };
        let wrong = role_of_new(Standing::Anyone, asked).unwrap_err();
        assert_eq!(
            wrong.iter().map(|misfit| misfit.field()).collect::<Vec<_>>(),
            ["role", "patient_id", "doctor_id"]
        );
    }

    #[test]
    fn staff_register_patients_under_their_records() {
        let id = PatientId::random();
        let asked = Asked { patient_id: Some(id), ..Asked::default() };
        assert_eq!(role_of_new(Standing::Staff, asked), Ok(Role::Patient(id)));
        let asked = Asked { role: Some(RoleName::Staff), ..Asked::default() };
        assert_eq!(role_of_new(Standing::Staff, asked), Err(vec![Misfit::RoleNotYours]));
    }

    #[test]
    fn a_link_fits_its_role_only() {
        let (patient_id, doctor_id) = (PatientId::random(), DoctorId::random());
        let doctor = Asked { role: Some(RoleName::Doctor), patient_id: None, doctor_id: Some(doctor_id) };
        assert_eq!(role_of_new(Standing::Admin, doctor), Ok(Role::Doctor(doctor_id)));
        let bare = Asked { doctor_id: None, patient_id: Some(patient_id), ..doctor };
        assert_eq!(
            role_of_new(Standing::Admin, bare),
            Err(vec![Misfit::PatientUnfit, Misfit::DoctorMissing])
        );
        let both = Asked { patient_id: Some(patient_id), ..doctor };
        assert_eq!(role_of_new(Standing::Admin, both), Err(vec![Misfit::PatientUnfit]));
        let admin = Asked { role: Some(RoleName::Admin), patient_id: None, doctor_id: Some(doctor_id) };
        assert_eq!(role_of_new(Standing::Admin, admin), Err(vec![Misfit::DoctorUnfit]));
    }

    #[test]
    fn a_link_goes_with_its_role() {
        let doctor = user(Role::Doctor(DoctorId::random()));
        let to_staff = Change { role: Some(RoleName::Staff), ..Change::default() };
        let staff = doctor.changed(to_staff, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(staff.role, Role::Staff);
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
    fn a_new_link_leaves_sessions_alone_and_disabling_does_not() {
        let patient = user(Role::Patient(PatientId::random()));
        let link = Change { patient_id: Edit::Set(PatientId::random()), ..Change::default() };
        assert!(link.is_patient_link());
        assert!(!patient.must_log_in_again(&patient.changed(link, Timestamp::UNIX_EPOCH).unwrap()));
        let disabled = Change { is_active: Some(false), ..Change::default() };
        assert!(!disabled.is_patient_link());
        assert!(patient.must_log_in_again(&patient.changed(disabled, Timestamp::UNIX_EPOCH).unwrap()));
    }
}
