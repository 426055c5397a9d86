//! How far a record is, and which doctors read it.

/// What FHIR calls preliminary, final, amended and entered-in-error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Draft,
    Signed,
    Amended,
    EnteredInError,
}

/// HL7 confidentiality: those who treat the patient; author, co-signer and whoever broke the glass; the same, if it
/// was broken for such records as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidentiality {
    Normal,
    Restricted,
    VeryRestricted,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Signed => "signed",
            Self::Amended => "amended",
            Self::EnteredInError => "entered_in_error",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Draft, Self::Signed, Self::Amended, Self::EnteredInError]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// The state of a revision from before there were states: it was signed as it was written.
    pub fn of_old(revision: i32, entered_in_error: bool) -> Self {
        match (entered_in_error, revision) {
            (true, _) => Self::EnteredInError,
            (false, 1) => Self::Signed,
            (false, _) => Self::Amended,
        }
    }

    /// Whether somebody stands behind the words.
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Signed | Self::Amended)
    }
}

impl Confidentiality {
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Restricted => "restricted",
            Self::VeryRestricted => "very_restricted",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Normal, Self::Restricted, Self::VeryRestricted].into_iter().find(|it| it.name() == name)
    }
}
