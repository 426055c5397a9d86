//! Series as callers are told of them.
use crate::convert;
use crate::domain::appointment::Appointment;
use crate::domain::series::{Occurrence, Series};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::User;
use proto::appointment as pb;

/// A series with its visits, and the time at which they were so.
pub struct Seen {
    pub series: Series,
    pub visits: Vec<Appointment>,
    pub now: Timestamp,
}

/// What was booked or moved, or would be.
pub struct Outcome {
    /// None when nothing was booked.
    pub seen: Option<Seen>,
    pub occurrences: Vec<Occurrence>,
    pub zone: TimeZone,
}

impl Seen {
    /// As `user` may see and use it.
    pub fn told_to(&self, user: &User) -> pb::Series {
        let visits = self.visits.iter().map(|visit| convert::seen_by(user, visit.clone(), self.now));
        convert::series::series(self.series.clone(), visits.collect())
    }

    /// [`Self::told_to`] but for the notes.
    pub fn wordless(&self, user: &User) -> pb::Series {
        let mut told = self.told_to(user);
        told.visits.iter_mut().for_each(|visit| visit.notes.clear());
        told
    }
}

impl Outcome {
    /// As `user` may see and use it.
    pub fn told_to(&self, user: &User) -> pb::SeriesOutcome {
        let series = self.seen.as_ref().map(|seen| seen.told_to(user));
        convert::series::outcome(series, &self.occurrences, &self.zone)
    }

    /// [`Self::told_to`] but for the notes.
    pub fn wordless(&self, user: &User) -> pb::SeriesOutcome {
        let series = self.seen.as_ref().map(|seen| seen.wordless(user));
        convert::series::outcome(series, &self.occurrences, &self.zone)
    }
}
