//! Claims on time, and what makes two of them conflict.

/// How long every visit is, in units of time.
const LENGTH: u8 = 2;

/// Lanes from here on are for visits that are booked over others on purpose.
pub(crate) const OVERBOOKED: u8 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum VisitType {
    Single,
    /// Two patients at once.
    Group,
}

/// What those have in common who are with one doctor at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Session {
    pub(crate) doctor: u8,
    pub(crate) visit_type: VisitType,
    pub(crate) start: u8,
}

/// Time that a visit takes from its doctor and its patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Claim {
    pub(crate) visit: u8,
    pub(crate) patient: u8,
    pub(crate) session: Session,
    pub(crate) lane: u8,
    /// When the time is anyone's again; never for a booking.
    pub(crate) hold_until: Option<u8>,
}

impl Session {
    pub(crate) const fn single(start: u8) -> Self {
        Self { doctor: 0, visit_type: VisitType::Single, start }
    }

    pub(crate) const fn group(start: u8) -> Self {
        Self { doctor: 0, visit_type: VisitType::Group, start }
    }

    pub(crate) const fn with(self, doctor: u8) -> Self {
        Self { doctor, ..self }
    }

    /// The lanes of the patients who fit in.
    pub(crate) fn lanes(self) -> std::ops::Range<u8> {
        match self.visit_type {
            VisitType::Single => 0..1,
            VisitType::Group => 0..2,
        }
    }

    pub(crate) fn is_at_the_time_of(self, other: Self) -> bool {
        self.start < other.start + LENGTH && other.start < self.start + LENGTH
    }
}

impl Claim {
    pub(crate) fn is_expired(self, now: u8) -> bool {
        self.hold_until.is_some_and(|until| until <= now)
    }

    pub(crate) fn is_overbooked(self) -> bool {
        self.lane >= OVERBOOKED
    }

    fn overlaps(self, other: Self) -> bool {
        self.session.is_at_the_time_of(other.session)
    }

    /// The constraint `no_double_booking`.
    pub(crate) fn takes_the_lane_of(self, other: Self) -> bool {
        self.overlaps(other) && self.session.doctor == other.session.doctor && self.lane == other.lane
    }

    /// The constraint `no_patient_overlap`.
    pub(crate) fn takes_the_patient_of(self, other: Self) -> bool {
        self.overlaps(other) && self.patient == other.patient
    }

    /// Whether the doctor would be in two sessions at once. No constraint says so.
    pub(crate) fn mixes_with(self, other: Self) -> bool {
        let is_regular = !self.is_overbooked() && !other.is_overbooked();
        is_regular
            && self.overlaps(other)
            && self.session.doctor == other.session.doctor
            && self.session != other.session
    }

    /// Whether both are booked over others, in each other's time.
    pub(crate) fn adds_to_the_overbooking_of(self, other: Self) -> bool {
        let is_extra = self.is_overbooked() && other.is_overbooked();
        is_extra && self.overlaps(other) && self.session.doctor == other.session.doctor
    }

    /// What the database refuses to have beside `other`.
    pub(crate) fn violates(self, other: Self) -> bool {
        self.takes_the_lane_of(other) || self.takes_the_patient_of(other)
    }
}
