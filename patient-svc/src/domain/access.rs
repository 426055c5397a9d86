//! Who may do what, by role. Whether a doctor treats a patient is for the calendar to say.
use platform::caller::Role;
use proto::ids::{DoctorId, PatientId};

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("not for this role")]
    NotAllowed,
    /// They may not even know whether it exists.
    #[error("hidden")]
    Hidden,
    #[error("{0} may not be set by this role")]
    Field(&'static str),
}

/// Whom somebody may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Everyone,
    Oneself(PatientId),
    /// The patients whom this doctor treats.
    Treated(DoctorId),
}

/// Whose records somebody may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Oneself(PatientId),
    /// For the patients whom this doctor treats.
    Treating(DoctorId),
}

/// Somebody who reads records of one patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The patient.
    Oneself,
    /// A doctor, who may have broken the glass when they do not treat the patient.
    Doctor { id: DoctorId, treats: bool },
}

pub fn sight(role: Role) -> Result<Sight, Denied> {
    match role {
        Role::Admin | Role::Staff => Ok(Sight::Everyone),
        Role::Patient(own) => Ok(Sight::Oneself(own)),
        Role::Doctor(doctor) => Ok(Sight::Treated(doctor)),
        Role::Auditor => Err(Denied::NotAllowed),
    }
}

/// Whom somebody may list and search: patients do not look around.
pub fn overview(role: Role) -> Result<Sight, Denied> {
    match sight(role)? {
        Sight::Oneself(_) => Err(Denied::NotAllowed),
        sight => Ok(sight),
    }
}

/// The id of a new patient: one's own for patients, of the admin's choice, fresh otherwise.
pub fn id_of_new(role: Role, asked: Option<PatientId>) -> Result<PatientId, Denied> {
    match (role, asked) {
        (Role::Patient(own), None) => Ok(own),
        (Role::Patient(own), Some(asked)) if asked == own => Ok(own),
        (Role::Admin, Some(asked)) => Ok(asked),
        (Role::Admin | Role::Staff, None) => Ok(PatientId::random()),
        (Role::Staff, Some(_)) => Err(Denied::Field("id")),
        (Role::Patient(_) | Role::Doctor(_) | Role::Auditor, _) => Err(Denied::NotAllowed),
    }
}

/// Whether somebody who creates a patient is told of others who may be the same: patients never learn of others.
pub fn may_compare(role: Role) -> bool {
    sight(role) == Ok(Sight::Everyone)
}

/// Numbers by which others know a patient are for those to enter who have seen them on paper.
pub fn may_identify(role: Role) -> Result<(), Denied> {
    match role {
        Role::Patient(_) => Err(Denied::Field("identifiers")),
        _ => Ok(()),
    }
}

pub fn may_change(role: Role, id: PatientId) -> Result<(), Denied> {
    match role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Patient(own) if own == id => Ok(()),
        Role::Patient(_) => Err(Denied::Hidden),
        Role::Doctor(_) | Role::Auditor => Err(Denied::NotAllowed),
    }
}

pub fn may_delete(role: Role, id: PatientId) -> Result<(), Denied> {
    match role {
        Role::Admin => Ok(()),
        Role::Patient(own) if own != id => Err(Denied::Hidden),
        Role::Patient(_) | Role::Staff | Role::Doctor(_) | Role::Auditor => Err(Denied::NotAllowed),
    }
}

/// Who may say that two records are of one person, or not after all.
pub fn may_merge(role: Role, id: PatientId) -> Result<(), Denied> {
    match role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Patient(own) if own != id => Err(Denied::Hidden),
        Role::Patient(_) | Role::Doctor(_) | Role::Auditor => Err(Denied::NotAllowed),
    }
}

/// Who may keep a patient from being removed, and read why.
pub fn may_hold(role: Role, id: PatientId) -> Result<(), Denied> {
    may_delete(role, id)
}

/// Who may see what everybody did.
pub fn may_audit(role: Role) -> Result<(), Denied> {
    match role {
        Role::Admin | Role::Auditor => Ok(()),
        Role::Patient(_) | Role::Staff | Role::Doctor(_) => Err(Denied::NotAllowed),
    }
}

/// Who may see what was done with the data of `patient`.
pub fn may_see_accesses(role: Role, patient: PatientId) -> Result<(), Denied> {
    match role {
        Role::Patient(own) if own == patient => Ok(()),
        Role::Patient(_) => Err(Denied::Hidden),
        _ => may_audit(role),
    }
}

/// Records are between patient and doctor: nobody else reads them, whatever else they may do.
pub fn reader(role: Role) -> Result<Reader, Denied> {
    match role {
        Role::Patient(own) => Ok(Reader::Oneself(own)),
        Role::Doctor(doctor) => Ok(Reader::Treating(doctor)),
        Role::Admin | Role::Staff | Role::Auditor => Err(Denied::NotAllowed),
    }
}

/// The doctor who is about to write into the records of `patient`.
pub fn writer(role: Role, patient: PatientId) -> Result<DoctorId, Denied> {
    match reader(role)? {
        Reader::Treating(doctor) => Ok(doctor),
        Reader::Oneself(own) if own == patient => Err(Denied::NotAllowed),
        Reader::Oneself(_) => Err(Denied::Hidden),
    }
}

/// Who looks at what doctors did in emergencies.
pub fn may_review(role: Role) -> Result<(), Denied> {
    match role {
        Role::Admin | Role::Auditor => Ok(()),
        Role::Patient(_) | Role::Doctor(_) | Role::Staff => Err(Denied::NotAllowed),
    }
}

/// Who may give a patient the code that leads to their record.
pub fn may_hand_out_codes(role: Role, id: PatientId) -> Result<(), Denied> {
    may_merge(role, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (PatientId, PatientId, DoctorId) {
        (PatientId::random(), PatientId::random(), DoctorId::random())
    }

    #[test]
    fn patients_see_themselves_and_do_not_look_around() {
        let (own, _, _) = ids();
        assert_eq!(sight(Role::Patient(own)), Ok(Sight::Oneself(own)));
        assert_eq!(overview(Role::Patient(own)), Err(Denied::NotAllowed));
    }

    #[test]
    fn auditors_see_no_patient_data() {
        let (patient, _, _) = ids();
        assert_eq!(sight(Role::Auditor), Err(Denied::NotAllowed));
        assert_eq!(reader(Role::Auditor), Err(Denied::NotAllowed));
        assert_eq!(may_change(Role::Auditor, patient), Err(Denied::NotAllowed));
    }

    #[test]
    fn patients_create_only_their_own_record() {
        let (own, other, doctor) = ids();
        assert_eq!(id_of_new(Role::Patient(own), None), Ok(own));
        assert_eq!(id_of_new(Role::Patient(own), Some(own)), Ok(own));
        assert_eq!(id_of_new(Role::Patient(own), Some(other)), Err(Denied::NotAllowed));
        assert_eq!(id_of_new(Role::Doctor(doctor), None), Err(Denied::NotAllowed));
    }

    #[test]
    fn only_the_practice_is_told_who_may_be_the_same() {
        let (own, _, doctor) = ids();
        assert!(may_compare(Role::Staff) && may_compare(Role::Admin));
        assert!(![Role::Patient(own), Role::Doctor(doctor), Role::Auditor].into_iter().any(may_compare));
    }

    #[test]
    fn patients_do_not_number_themselves() {
        assert_eq!(may_identify(Role::Patient(PatientId::random())), Err(Denied::Field("identifiers")));
        assert_eq!(may_identify(Role::Staff), Ok(()));
    }

    #[test]
    fn only_admins_choose_ids() {
        let (id, _, _) = ids();
        assert_eq!(id_of_new(Role::Admin, Some(id)), Ok(id));
        assert_eq!(id_of_new(Role::Staff, Some(id)), Err(Denied::Field("id")));
        assert!(id_of_new(Role::Staff, None).is_ok());
    }

    #[test]
    fn other_patients_are_hidden_not_forbidden() {
        let (own, other, _) = ids();
        assert_eq!(may_change(Role::Patient(own), other), Err(Denied::Hidden));
        assert_eq!(may_delete(Role::Patient(own), other), Err(Denied::Hidden));
        assert_eq!(may_delete(Role::Patient(own), own), Err(Denied::NotAllowed));
        assert_eq!(writer(Role::Patient(own), other), Err(Denied::Hidden));
        assert_eq!(writer(Role::Patient(own), own), Err(Denied::NotAllowed));
    }

    #[test]
    fn only_the_practice_merges() {
        let (own, other, doctor) = ids();
        for role in [Role::Admin, Role::Staff] {
            assert_eq!(may_merge(role, own), Ok(()), "{}", role.name());
        }
        for role in [Role::Patient(own), Role::Doctor(doctor), Role::Auditor] {
            assert_eq!(may_merge(role, own), Err(Denied::NotAllowed), "{}", role.name());
        }
        assert_eq!(may_merge(Role::Patient(own), other), Err(Denied::Hidden));
    }

    #[test]
    fn only_admins_delete() {
        let (patient, _, doctor) = ids();
        assert_eq!(may_delete(Role::Admin, patient), Ok(()));
        for role in [Role::Staff, Role::Auditor, Role::Doctor(doctor)] {
            assert_eq!(may_delete(role, patient), Err(Denied::NotAllowed), "{}", role.name());
        }
    }

    #[test]
    fn patients_see_what_was_done_with_their_own_data() {
        let (own, other, doctor) = ids();
        assert_eq!(may_see_accesses(Role::Patient(own), own), Ok(()));
        assert_eq!(may_see_accesses(Role::Patient(own), other), Err(Denied::Hidden));
        for role in [Role::Staff, Role::Doctor(doctor)] {
            assert_eq!(may_see_accesses(role, own), Err(Denied::NotAllowed), "{}", role.name());
        }
        assert_eq!(may_audit(Role::Patient(own)), Err(Denied::NotAllowed));
        assert_eq!((may_audit(Role::Auditor), may_see_accesses(Role::Auditor, own)), (Ok(()), Ok(())));
    }

    #[test]
    fn records_are_between_patient_and_doctor() {
        let (patient, _, doctor) = ids();
        assert_eq!(reader(Role::Doctor(doctor)), Ok(Reader::Treating(doctor)));
        assert_eq!(writer(Role::Doctor(doctor), patient), Ok(doctor));
        for role in [Role::Admin, Role::Staff] {
            assert_eq!(reader(role), Err(Denied::NotAllowed), "{}", role.name());
            assert_eq!(writer(role, patient), Err(Denied::NotAllowed), "{}", role.name());
        }
    }

    #[test]
    fn emergencies_are_looked_at_by_who_cannot_have_any() {
        let (patient, _, doctor) = ids();
        assert!([Role::Admin, Role::Auditor].into_iter().all(|role| may_review(role).is_ok()));
        for role in [Role::Patient(patient), Role::Doctor(doctor), Role::Staff] {
            assert_eq!(may_review(role), Err(Denied::NotAllowed), "{}", role.name());
        }
    }
}
