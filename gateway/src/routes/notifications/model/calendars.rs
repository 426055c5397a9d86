//! Calendars that programs subscribe to, as the REST face shows them.
use crate::times::{Garbled, Instant};
use proto::notification as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What visits are called in a calendar, which others may see.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarTitles {
    /// Patients see whom the visit is with, doctors nothing.
    #[default]
    Private,
    /// The name of the visit type, too.
    VisitType,
}

/// That there is a calendar.
#[derive(Serialize, ToSchema)]
pub struct CalendarFeed {
    pub titles: CalendarTitles,
    /// Since when it has its address.
    pub created_at: Instant,
    /// When it was last read, to the minute; null before.
    pub last_fetched_at: Option<Instant>,
}

/// A calendar and its address.
#[derive(Serialize, ToSchema)]
pub struct NewCalendarFeed {
    /// Shown only now: whoever has it reads the calendar.
    #[schema(
        format = "uri",
        example = "https://clinic.example/calendars/mDkG1Zz0Hq0k8S3TqSxkJ2m8y5nq7Qb3Xv4c6W9uYtE.ics"
    )]
    pub url: String,
    pub titles: CalendarTitles,
    pub created_at: Instant,
}

/// What visits shall be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateCalendarFeed {
    #[serde(default)]
    pub titles: CalendarTitles,
}

impl RotateCalendarFeed {
    /// As it is on the wire.
    pub fn titles(&self) -> i32 {
        match self.titles {
            CalendarTitles::Private => pb::CalendarTitles::Private,
            CalendarTitles::VisitType => pb::CalendarTitles::VisitType,
        }
        .into()
    }
}

impl TryFrom<pb::CalendarFeed> for CalendarFeed {
    type Error = Garbled;

    fn try_from(feed: pb::CalendarFeed) -> Result<Self, Garbled> {
        let titles = match feed.titles() {
            pb::CalendarTitles::Private => CalendarTitles::Private,
            pb::CalendarTitles::VisitType => CalendarTitles::VisitType,
            pb::CalendarTitles::Unspecified => return Err(Garbled("titles")),
        };
        Ok(Self {
            titles,
            created_at: Instant::utc("create_time", feed.create_time)?,
            last_fetched_at: Instant::maybe_utc("last_fetch_time", feed.last_fetch_time)?,
        })
    }
}

impl TryFrom<pb::NewCalendarFeed> for NewCalendarFeed {
    type Error = Garbled;

    fn try_from(new: pb::NewCalendarFeed) -> Result<Self, Garbled> {
        let feed = CalendarFeed::try_from(new.feed.ok_or(Garbled("feed"))?)?;
        let CalendarFeed { titles, created_at, .. } = feed;
        Ok(Self { url: new.url, titles, created_at })
    }
}
