//! Two records of one person made one, and taken apart again. What was written stays where it was written; only
//! identifiers move, so that they find who stays.
use super::patient::{Identifier, Profile};
use proto::ids::PatientId;
use proto::scalars::Reason;

/// A merge that is asked for, parsed.
#[derive(Clone, Debug)]
pub struct Merger {
    /// Who stays.
    pub into: PatientId,
    pub reason: Reason,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the patient was merged into another")]
    Merged,
    #[error("the patient was not merged")]
    NotMerged,
    /// One step only, so that each can be taken back for itself.
    #[error("others were merged into the patient")]
    HasMerged,
    /// Whose token would go on naming a patient who is no more.
    #[error("the patient has an account")]
    HasAccount,
    #[error("together they have more than {} identifiers", Identifier::MOST)]
    TooManyIdentifiers,
}

impl Profile {
    /// With the identifiers of `merged` as well.
    pub fn joined(&self, merged: &Self) -> Result<Self, Unfit> {
        let mut joined = self.clone();
        joined.identifiers.extend(merged.identifiers.iter().cloned());
        if joined.identifiers.len() > Identifier::MOST {
            return Err(Unfit::TooManyIdentifiers);
        }
        Ok(joined)
    }

    /// Without the identifiers that came from `merged`.
    #[must_use]
    pub fn parted(&self, merged: &Self) -> Self {
        let mut parted = self.clone();
        parted.identifiers.retain(|own| !merged.identifiers.iter().any(|theirs| theirs.is_same(own)));
        parted
    }
}

#[cfg(test)]
mod tests {
    use super::super::patient::{BirthDate, ContactPreference};
    use super::*;

    fn text<T: TryFrom<String, Error = proto::scalars::BadText>>(text: &str) -> T {
        T::try_from(text.to_owned()).unwrap()
    }

    fn numbered(numbers: std::ops::Range<u8>) -> Profile {
        Profile {
            first_name: text("Ada"),
            last_name: text("Lovelace"),
            date_of_birth: BirthDate::stored(jiff::civil::date(1985, 12, 10)),
            email: None,
            phone: None,
            address: None,
            insurance_provider: None,
            insurance_id: None,
            identifiers: numbers
                .map(|number| Identifier { system: text("mrn"), value: text(&format!("A{number}")) })
                .collect(),
            gender: None,
            language: None,
            time_zone: None,
            contact_preference: ContactPreference::Email,
        }
    }

    #[test]
    fn what_was_joined_is_parted_again() {
        let joined = numbered(0..2).joined(&numbered(2..4)).unwrap();
        assert_eq!(joined, numbered(0..4));
        assert_eq!(joined.parted(&numbered(2..4)), numbered(0..2));
    }

    #[test]
    fn one_patient_has_only_so_many_identifiers() {
        assert!(numbered(0..9).joined(&numbered(9..10)).is_ok());
        assert_eq!(numbered(0..9).joined(&numbered(9..11)), Err(Unfit::TooManyIdentifiers));
    }
}
