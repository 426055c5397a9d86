//! Calendars that programs of others subscribe to.
use crate::domain::{Feed, FeedOwner, Titles};
use platform::violations::Violations;
use proto::notification as pb;
use proto::time::to_wire;

pub fn of_patient(id: &str) -> Result<FeedOwner, Violations> {
    id.parse().map(FeedOwner::Patient).map_err(|error| Violations::of("patient_id", error))
}

pub fn of_doctor(id: &str) -> Result<FeedOwner, Violations> {
    id.parse().map(FeedOwner::Doctor).map_err(|error| Violations::of("doctor_id", error))
}

/// Private unless something else was asked for.
pub fn titles(asked: i32) -> Result<Titles, Violations> {
    match pb::CalendarTitles::try_from(asked) {
        Ok(pb::CalendarTitles::Unspecified | pb::CalendarTitles::Private) => Ok(Titles::Private),
        Ok(pb::CalendarTitles::VisitType) => Ok(Titles::VisitType),
        Err(_) => Err(Violations::of("titles", "is not known")),
    }
}

pub fn feed(feed: &Feed) -> pb::CalendarFeed {
    let titles = match feed.titles {
        Titles::Private => pb::CalendarTitles::Private,
        Titles::VisitType => pb::CalendarTitles::VisitType,
    };
    pb::CalendarFeed {
        titles: titles.into(),
        create_time: Some(to_wire(feed.created_at)),
        last_fetch_time: feed.fetched_at.map(to_wire),
    }
}
