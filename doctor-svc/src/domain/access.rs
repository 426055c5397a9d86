//! Who may see and change what.
use platform::caller::{Caller, Role, User};
use proto::ids::DoctorId;

/// What a doctor may not change about themself.
const ADMINS_ONLY: [&str; 7] =
    ["first_name", "last_name", "email", "specialization", "time_zone", "slot_minutes", "max_daily_visits"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("only the doctor and admins may change this")]
    NotYours,
    #[error("only the doctor, staff and admins may change the hours")]
    NotYourHours,
    #[error("{0} is for admins to change")]
    Field(&'static str),
    #[error("only staff and admins see what is not on offer")]
    StaffOnly,
}

/// Admins edit everything, doctors some things about themselves. `fields` are paths of the update mask.
pub fn edit<'a>(user: &User, id: DoctorId, mut fields: impl Iterator<Item = &'a str>) -> Result<(), Denied> {
    match user.role {
        Role::Admin => Ok(()),
        Role::Doctor(own) if own == id => {
            let forbidden = fields.find_map(|field| ADMINS_ONLY.into_iter().find(|other| *other == field));
            forbidden.map_or(Ok(()), |field| Err(Denied::Field(field)))
        }
        Role::Doctor(_) | Role::Staff | Role::Auditor | Role::Patient(_) => Err(Denied::NotYours),
    }
}

/// Admins and staff change the hours of every doctor, doctors their own.
pub fn change_hours(user: &User, id: DoctorId) -> Result<(), Denied> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Doctor(own) if own == id => Ok(()),
        Role::Doctor(_) | Role::Auditor | Role::Patient(_) => Err(Denied::NotYourHours),
    }
}

/// Admins and staff see visit types that are not on offer.
pub fn see_retired(user: &User) -> Result<(), Denied> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Doctor(_) | Role::Auditor | Role::Patient(_) => Err(Denied::StaffOnly),
    }
}

/// Whether `user` sees why the doctor is away.
pub fn sees_reasons(user: &User, id: DoctorId) -> bool {
    change_hours(user, id).is_ok()
}

/// Whether `caller` sees how to reach the doctor.
pub fn sees_contact(caller: &Caller, id: DoctorId) -> bool {
    match caller {
        Caller::User(user) => match user.role {
            Role::Admin | Role::Staff => true,
            Role::Doctor(own) => own == id,
            Role::Auditor | Role::Patient(_) => false,
        },
        Caller::Service(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::{PatientId, SessionId, UserId};

    fn user(role: Role) -> User {
        User::new(UserId::random(), SessionId::random(), role)
    }

    /// Every role, the two kinds of doctors last: another one, and the one in question.
    fn users(id: DoctorId) -> [User; 6] {
        [
            Role::Admin,
            Role::Staff,
            Role::Auditor,
            Role::Patient(PatientId::random()),
            Role::Doctor(DoctorId::random()),
            Role::Doctor(id),
        ]
        .map(user)
    }

    #[test]
    fn each_role_may_do_what_the_matrix_says() {
        let id = DoctorId::random();
        let allowed = |may: &dyn Fn(&User) -> bool| users(id).each_ref().map(may);
        assert_eq!(
            allowed(&|user| edit(user, id, ["bio"].into_iter()).is_ok()),
            [true, false, false, false, false, true]
        );
        assert_eq!(allowed(&|user| change_hours(user, id).is_ok()), [true, true, false, false, false, true]);
        assert_eq!(allowed(&|user| see_retired(user).is_ok()), [true, true, false, false, false, false]);
        assert_eq!(allowed(&|user| sees_reasons(user, id)), [true, true, false, false, false, true]);
        assert_eq!(
            allowed(&|user| sees_contact(&Caller::User(*user), id)),
            [true, true, false, false, false, true]
        );
        assert!(!sees_contact(&Caller::Service("appointment-svc".to_owned()), id));
    }

    #[test]
    fn a_doctor_changes_bio_languages_and_phone_and_nothing_else() {
        let id = DoctorId::random();
        let doctor = user(Role::Doctor(id));
        assert_eq!(edit(&doctor, id, ["bio", "languages", "phone"].into_iter()), Ok(()));
        for field in ADMINS_ONLY {
            assert_eq!(edit(&doctor, id, ["bio", field].into_iter()), Err(Denied::Field(field)));
        }
    }
}
