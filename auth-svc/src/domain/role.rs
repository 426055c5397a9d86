//! Roles and the records they link to, and who may give them.
use platform::caller::{self, Caller, Role};
use proto::ids::{DoctorId, PatientId};

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
        // Registering is open to everyone, so nobody has looked yet what the token allows.
        match caller {
            Some(Caller::User(user)) if !user.scopes.allow("users.write") => Self::Anyone,
            Some(Caller::User(caller::User { role: Role::Admin, .. })) => Self::Admin,
            Some(Caller::User(caller::User { role: Role::Staff, .. })) => Self::Staff,
            _ => Self::Anyone,
        }
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
pub(super) fn linked(
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

#[cfg(test)]
mod tests {
    use super::*;
    use proto::access::Scopes;
    use proto::ids::{SessionId, UserId};

    #[test]
    fn a_token_that_does_not_allow_to_make_accounts_makes_nobody_more_than_anyone() {
        let admin = caller::User::new(UserId::random(), SessionId::random(), Role::Admin);
        assert_eq!(Standing::of(Some(&Caller::User(admin))), Standing::Admin);
        let limited = caller::User { scopes: Scopes::parse(caller::ENROLMENT), ..admin };
        assert_eq!(Standing::of(Some(&Caller::User(limited))), Standing::Anyone);
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
}
