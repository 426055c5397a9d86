//! Free times that are offered to those who wait.
use jiff::{Timestamp, Zoned};
use proto::ids::DoctorId;

/// An offer as it stands now, in the zone of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub doctor_id: DoctorId,
    pub mode: OfferMode,
    /// Neither answered nor taken back, as far as appointment-svc knows.
    pub is_open: bool,
    pub starts_at: Zoned,
    pub ends_at: Zoned,
    /// From then on it cannot be accepted.
    pub expires_at: Zoned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferMode {
    /// To one after another: the time is kept for whoever has the offer.
    Cascade,
    /// To several at once: the first who accepts has the time.
    Broadcast,
}

impl Offer {
    /// Whether it can still be answered. That it has run out may not have been written down yet.
    pub fn can_be_answered(&self, now: Timestamp) -> bool {
        self.is_open && now < self.expires_at.timestamp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_that_was_closed_or_ran_out_cannot_be_answered() {
        let expires_at: Zoned = "2030-01-07T08:30[Europe/Berlin]".parse().unwrap();
        let offer = Offer {
            doctor_id: DoctorId::random(),
            mode: OfferMode::Cascade,
            is_open: true,
            starts_at: "2030-01-07T09:00[Europe/Berlin]".parse().unwrap(),
            ends_at: "2030-01-07T09:30[Europe/Berlin]".parse().unwrap(),
            expires_at: expires_at.clone(),
        };
        let at_the_end = expires_at.timestamp();
        let just_before = at_the_end - jiff::SignedDuration::from_micros(1);
        assert!(offer.can_be_answered(just_before));
        assert!(!offer.can_be_answered(at_the_end));
        assert!(!Offer { is_open: false, ..offer }.can_be_answered(just_before));
    }
}
