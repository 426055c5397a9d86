//! Where a visit stands, and who acts on it.

/// Where a visit stands. The names are those of the database and of the REST face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Kept for somebody who is about to book it.
    Held,
    /// Waits for the practice to accept it.
    Requested,
    Scheduled,
    /// The patient will come.
    Confirmed,
    /// The patient is in the house.
    Arrived,
    /// The reception has taken the patient in.
    CheckedIn,
    /// Patient and doctor are together.
    InProgress,
    Completed,
    Cancelled,
    NoShow,
    /// A hold that ran out, or a request that nobody answered in time.
    Expired,
    /// Never should have been.
    EnteredInError,
}

/// Who makes a change, seen from the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Patient,
    Doctor,
    Staff,
    Admin,
}

impl Status {
    /// In the order of the database.
    pub const ALL: [Self; 12] = [
        Self::Held,
        Self::Requested,
        Self::Scheduled,
        Self::Confirmed,
        Self::Arrived,
        Self::CheckedIn,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Expired,
        Self::EnteredInError,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Requested => "requested",
            Self::Scheduled => "scheduled",
            Self::Confirmed => "confirmed",
            Self::Arrived => "arrived",
            Self::CheckedIn => "checked_in",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
            Self::Expired => "expired",
            Self::EnteredInError => "entered_in_error",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the visit takes its time from doctor and patient.
    pub fn occupies(self) -> bool {
        !matches!(self, Self::Cancelled | Self::NoShow | Self::Expired | Self::EnteredInError)
    }

    /// Whether the visit is agreed upon and still to come about.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Confirmed)
    }
}

impl Actor {
    pub const ALL: [Self; 4] = [Self::Patient, Self::Doctor, Self::Staff, Self::Admin];

    pub fn is_patient(self) -> bool {
        self == Self::Patient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_name() {
        assert!(Status::ALL.into_iter().all(|status| Status::parse(status.name()) == Some(status)));
        assert_eq!(Status::parse("proposed"), None);
    }
}
