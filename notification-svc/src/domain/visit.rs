//! Visits: how they change, and what of it is news.
use super::Recipient;
use jiff::Zoned;
use proto::ids::{AppointmentId, DoctorId};

/// How a visit has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Booked,
    Rescheduled,
    Cancelled,
    StatusChanged,
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitStatus {
    Held,
    Requested,
    Scheduled,
    Confirmed,
    Arrived,
    CheckedIn,
    InProgress,
    Completed,
    Cancelled,
    NoShow,
    Expired,
    EnteredInError,
}

/// A change of a visit that patient and doctor are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub appointment_id: AppointmentId,
    /// The version that the change made.
    pub version: i64,
    /// Where the visit stood after it.
    pub status: VisitStatus,
}

/// A visit as it stands now, in the clinic's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub id: AppointmentId,
    pub doctor_id: DoctorId,
    pub version: i64,
    pub status: VisitStatus,
    pub starts_at: Zoned,
    pub ends_at: Zoned,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Booked, Self::Rescheduled, Self::Cancelled, Self::StatusChanged];

    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::StatusChanged => "status_changed",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl VisitStatus {
    const ALL: [Self; 12] = [
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

    /// Whether patient and doctor are told that a visit has come to this, `from` another status if one is known.
    ///
    /// They see for themselves what happens in the house, and that it is put right there.
    pub fn is_news(self, from: Option<Self>) -> bool {
        match self {
            Self::Requested | Self::Completed | Self::Cancelled | Self::NoShow => true,
            Self::Scheduled | Self::Confirmed => !matches!(
                from,
                Some(Self::Arrived | Self::CheckedIn | Self::InProgress | Self::Completed | Self::NoShow)
            ),
            // Of times that were only held nobody was told.
            Self::Expired => from == Some(Self::Requested),
            Self::Held | Self::Arrived | Self::CheckedIn | Self::InProgress | Self::EnteredInError => false,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Change {
    /// Whether it says that the visit will not take place, which everybody is told.
    pub fn is_notice(&self) -> bool {
        self.kind == Kind::Cancelled || matches!(self.status, VisitStatus::Cancelled | VisitStatus::Expired)
    }

    /// Whether it is also told in short: it says when to come, or that there is no need to.
    pub fn is_texted(&self) -> bool {
        let is_to_come = matches!(self.status, VisitStatus::Scheduled | VisitStatus::Confirmed);
        self.is_notice() || self.kind == Kind::Rescheduled || is_to_come
    }

    /// Whether it says to a doctor that the visit is another's now: it is gone for them alone.
    pub fn is_handover(&self) -> bool {
        self.kind == Kind::Cancelled && self.status != VisitStatus::Cancelled
    }

    /// Whether `visit` has gone on to something else since, as far as `recipient` is told.
    ///
    /// A doctor who does not have it any more is told that, whatever becomes of it, and nothing else; nor that when it
    /// has come back, which has a later message.
    ///
    /// A newer version alone does not say so: edited notes make one too, and nobody is told of them. Another
    /// status does, and its own message is on the way. A visit that was moved and kept its status leaves the
    /// message true, because times are looked up when it is sent; once the move has a message of its own, the
    /// store knows a later message, and that supersedes this one.
    pub fn is_outdated_by(&self, visit: &Visit, recipient: Recipient) -> bool {
        let is_anothers = matches!(recipient, Recipient::Doctor(id) if id != visit.doctor_id);
        if self.is_handover() || is_anothers {
            return self.is_handover() != is_anothers;
        }
        // That a request has run out is seen before it is written down.
        let is_later = visit.version > self.version || visit.status == VisitStatus::Expired;
        is_later && visit.status != self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Recipient = Recipient::Patient(proto::ids::PatientId(uuid::Uuid::nil()));

    fn change(kind: Kind, status: VisitStatus) -> Change {
        Change { kind, appointment_id: AppointmentId::random(), version: 3, status }
    }

    fn visit(version: i64, status: VisitStatus) -> Visit {
        let starts_at: Zoned = "2030-01-07T09:00[Europe/Berlin]".parse().unwrap();
        let (id, doctor_id) = (AppointmentId::random(), DoctorId::random());
        Visit { id, doctor_id, version, status, ends_at: starts_at.clone(), starts_at }
    }

    #[test]
    fn nobody_hears_of_a_booking_after_it_was_cancelled() {
        let booked = change(Kind::Booked, VisitStatus::Scheduled);
        assert!(booked.is_outdated_by(&visit(4, VisitStatus::Cancelled), PATIENT));
        assert!(!booked.is_outdated_by(&visit(3, VisitStatus::Scheduled), PATIENT));
    }

    #[test]
    fn edited_notes_do_not_silence_a_message() {
        let confirmed = change(Kind::StatusChanged, VisitStatus::Confirmed);
        assert!(!confirmed.is_outdated_by(&visit(9, VisitStatus::Confirmed), PATIENT));
    }

    #[test]
    fn a_doctor_hears_that_a_visit_is_anothers_as_long_as_it_is_and_nothing_else() {
        let (booked, gone) =
            (change(Kind::Booked, VisitStatus::Scheduled), change(Kind::Cancelled, VisitStatus::Scheduled));
        let cancelled = change(Kind::Cancelled, VisitStatus::Cancelled);
        assert!(gone.is_handover() && !cancelled.is_handover());
        for status in [VisitStatus::Scheduled, VisitStatus::Confirmed, VisitStatus::Cancelled] {
            let visit = visit(4, status);
            let (theirs, anothers) =
                (Recipient::Doctor(visit.doctor_id), Recipient::Doctor(DoctorId::random()));
            assert!(!gone.is_outdated_by(&visit, anothers) && gone.is_outdated_by(&visit, theirs));
            assert!(booked.is_outdated_by(&visit, anothers) && cancelled.is_outdated_by(&visit, anothers));
            assert_eq!(booked.is_outdated_by(&visit, theirs), status != VisitStatus::Scheduled);
        }
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Kind::ALL.into_iter().all(|kind| Kind::named(kind.name()) == Some(kind)));
        assert!(VisitStatus::ALL.into_iter().all(|status| VisitStatus::named(status.name()) == Some(status)));
        assert_eq!(Kind::named("notes_edited"), None);
    }

    #[test]
    fn what_happens_in_the_house_is_no_news() {
        use VisitStatus::{
            Arrived, Cancelled, CheckedIn, Confirmed, EnteredInError, Expired, Held, InProgress, NoShow,
            Requested, Scheduled,
        };
        for (from, to, expected) in [
            (Scheduled, Confirmed, true),
            (Requested, Scheduled, true),
            (Requested, Expired, true),
            (Held, Expired, false),
            (Cancelled, Scheduled, true),
            (Confirmed, NoShow, true),
            (Confirmed, Arrived, false),
            (Arrived, CheckedIn, false),
            (CheckedIn, InProgress, false),
            (Arrived, Confirmed, false),
            (NoShow, Scheduled, false),
            (Scheduled, EnteredInError, false),
        ] {
            assert_eq!(to.is_news(Some(from)), expected, "{from:?} to {to:?}");
        }
        assert!(Scheduled.is_news(None));
    }
}
