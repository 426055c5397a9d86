//! Requests of those who wait, and what they are told.
use super::{bound, expected_version, optional_id, text, zone_name};
use crate::domain::waitlist::commands::{EntryEdit, NewEntry};
use crate::domain::waitlist::{Entry, EntryState, Offer, OfferState, Priority, Window, Wishes};
use crate::store::{Offered, Turn, Waiters};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::{BadId, WaitlistEntryId, WaitlistOfferId};
use proto::time::{date, from_wire, seconds_of_day, time_of_day, to_wire};
use std::str::FromStr;

/// The lists that page tokens belong to.
pub const ENTRIES: &str = "waitlist";
pub const OFFERS: &str = "waitlist/offers";
/// Most of anything that one entry names.
const MOST_NAMED: usize = 50;
/// Most notice that can be asked for, in minutes: thirty days.
const MOST_NOTICE: i32 = 30 * 24 * 60;
const EDITABLE: [&str; 8] = [
    "doctor_ids",
    "location_ids",
    "earliest_date",
    "latest_date",
    "windows",
    "priority",
    "notice_minutes",
    "expire_time",
];

impl TryFrom<pb::CreateWaitlistEntryRequest> for NewEntry {
    type Error = Violations;

    fn try_from(request: pb::CreateWaitlistEntryRequest) -> Result<Self, Violations> {
        let entry = request.entry.ok_or_else(|| Violations::of("entry", "is required"))?;
        let mut wrong = Violations::default();
        let patient_id = wrong.field("entry.patient_id", entry.patient_id.parse());
        let visit_type_id = wrong.field("entry.visit_type_id", entry.visit_type_id.parse());
        let appointment_id = optional_id(&mut wrong, "entry.appointment_id", &entry.appointment_id);
        let expires_at = expiry(&mut wrong, entry.expire_time);
        let priority = priority(&mut wrong, entry.priority).unwrap_or(Priority::Routine);
        let wishes = Wishes {
            doctors: ids(&mut wrong, "entry.doctor_ids", &entry.doctor_ids),
            locations: ids(&mut wrong, "entry.location_ids", &entry.location_ids),
            earliest: civil_date(&mut wrong, "entry.earliest_date", &entry.earliest_date),
            latest: civil_date(&mut wrong, "entry.latest_date", &entry.latest_date),
            windows: windows(&mut wrong, &entry.windows),
            notice: notice(&mut wrong, entry.notice_minutes),
        };
        if wishes.earliest.zip(wishes.latest).is_some_and(|(earliest, latest)| latest < earliest) {
            wrong.add("entry.latest_date", "must not be before `earliest_date`");
        }
        match (patient_id, visit_type_id) {
            (Some(patient_id), Some(visit_type_id)) => wrong.into_result(Self {
                patient_id,
                visit_type_id,
                wishes,
                priority,
                appointment_id,
                expires_at,
            }),
            _ => Err(wrong),
        }
    }
}

/// The id of the entry to change, and how.
pub fn edit(request: pb::UpdateWaitlistEntryRequest) -> Result<(WaitlistEntryId, EntryEdit), Violations> {
    let entry = request.entry.ok_or_else(|| Violations::of("entry", "is required"))?;
    let mut wrong = Violations::default();
    let id = wrong.field("entry.id", entry.id.parse());
    let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    for path in paths.iter().filter(|path| !EDITABLE.contains(&path.as_str())) {
        wrong.add("update_mask", format!("`{path}` cannot be changed"));
    }
    let is_asked = |path: &str| paths.iter().any(|asked| asked == path);
    let priority = is_asked("priority").then(|| priority(&mut wrong, entry.priority)).flatten();
    let edit = EntryEdit {
        doctors: is_asked("doctor_ids").then(|| ids(&mut wrong, "entry.doctor_ids", &entry.doctor_ids)),
        locations: is_asked("location_ids")
            .then(|| ids(&mut wrong, "entry.location_ids", &entry.location_ids)),
        earliest: is_asked("earliest_date")
            .then(|| civil_date(&mut wrong, "entry.earliest_date", &entry.earliest_date)),
        latest: is_asked("latest_date")
            .then(|| civil_date(&mut wrong, "entry.latest_date", &entry.latest_date)),
        windows: is_asked("windows").then(|| windows(&mut wrong, &entry.windows)),
        notice: is_asked("notice_minutes").then(|| notice(&mut wrong, entry.notice_minutes)),
        priority,
        expires_at: is_asked("expire_time").then(|| expiry(&mut wrong, entry.expire_time)),
        expected_version: expected_version(&mut wrong, request.expected_version),
    };
    match id {
        Some(id) => wrong.into_result((id, edit)),
        None => Err(wrong),
    }
}

/// The id of an entry, and the version that it must have.
pub fn versioned(id: &str, version: i64) -> Result<(WaitlistEntryId, Option<i64>), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", id.parse());
    let version = expected_version(&mut wrong, version);
    match id {
        Some(id) => wrong.into_result((id, version)),
        None => Err(wrong),
    }
}

pub fn offer_id(text: &str) -> Result<WaitlistOfferId, Violations> {
    text.parse().map_err(|error| Violations::of("id", error))
}

/// Which entries to list.
pub fn waiters(pages: &PageTokens, request: &pb::ListWaitlistEntriesRequest) -> Result<Waiters, Violations> {
    let mut wrong = Violations::default();
    let state = match pb::WaitlistEntryState::try_from(request.state) {
        Ok(pb::WaitlistEntryState::Unspecified) => None,
        Ok(pb::WaitlistEntryState::Waiting) => Some(EntryState::Waiting),
        Ok(pb::WaitlistEntryState::Paused) => Some(EntryState::Paused),
        Ok(pb::WaitlistEntryState::Fulfilled) => Some(EntryState::Fulfilled),
        Ok(pb::WaitlistEntryState::Cancelled) => Some(EntryState::Cancelled),
        Ok(pb::WaitlistEntryState::Expired) => Some(EntryState::Expired),
        Err(_) => {
            wrong.add("state", "is not a state");
            None
        }
    };
    let after: Option<Option<Turn>> = wrong.field("page_token", pages.open(ENTRIES, &request.page_token));
    let waiters = Waiters {
        patient_id: optional_id(&mut wrong, "patient_id", &request.patient_id),
        doctor_id: optional_id(&mut wrong, "doctor_id", &request.doctor_id),
        only_doctor_id: None,
        visit_type_id: optional_id(&mut wrong, "visit_type_id", &request.visit_type_id),
        state,
        after: after.flatten(),
        limit: wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE)).unwrap_or_default(),
    };
    wrong.into_result(waiters)
}

/// Which offers to list.
pub fn offered(pages: &PageTokens, request: &pb::ListWaitlistOffersRequest) -> Result<Offered, Violations> {
    let mut wrong = Violations::default();
    let before: Option<Option<WaitlistOfferId>> =
        wrong.field("page_token", pages.open(OFFERS, &request.page_token));
    let offered = Offered {
        entry_id: optional_id(&mut wrong, "entry_id", &request.entry_id),
        doctor_id: optional_id(&mut wrong, "doctor_id", &request.doctor_id),
        from: bound(&mut wrong, "start_time", request.start_time),
        until: bound(&mut wrong, "end_time", request.end_time),
        before: before.flatten(),
        limit: wrong.field("page_size", page::size(request.page_size, page::MAX_SIZE)).unwrap_or_default(),
    };
    wrong.into_result(offered)
}

fn priority(wrong: &mut Violations, number: i32) -> Option<Priority> {
    match pb::WaitlistPriority::try_from(number) {
        Ok(pb::WaitlistPriority::Unspecified | pb::WaitlistPriority::Routine) => Some(Priority::Routine),
        Ok(pb::WaitlistPriority::Soon) => Some(Priority::Soon),
        Ok(pb::WaitlistPriority::Urgent) => Some(Priority::Urgent),
        Err(_) => {
            wrong.add("entry.priority", "is not a priority");
            None
        }
    }
}

fn ids<T: FromStr<Err = BadId> + Ord>(wrong: &mut Violations, field: &str, texts: &[String]) -> Vec<T> {
    if texts.len() > MOST_NAMED {
        wrong.add(field, format!("must be at most {MOST_NAMED}"));
        return Vec::new();
    }
    let parsed = texts.iter().enumerate();
    let mut ids: Vec<T> =
        parsed.filter_map(|(at, id)| wrong.field(&format!("{field}[{at}]"), id.parse())).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn civil_date(wrong: &mut Violations, field: &str, value: &str) -> Option<Date> {
    if value.is_empty() { None } else { wrong.field(field, date(value)) }
}

fn expiry(wrong: &mut Violations, at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(|at| wrong.field("entry.expire_time", from_wire(Some(at))))
}

fn windows(wrong: &mut Violations, windows: &[pb::WaitlistWindow]) -> Vec<Window> {
    if windows.len() > MOST_NAMED {
        wrong.add("entry.windows", format!("must be at most {MOST_NAMED}"));
        return Vec::new();
    }
    let parsed = windows.iter().enumerate().filter_map(|(at, window)| {
        let field = |name| format!("entry.windows[{at}].{name}");
        let day = i8::try_from(window.day_of_week).ok();
        let weekday = day.and_then(|day| Weekday::from_monday_zero_offset(day).ok());
        let weekday = wrong.field(&field("day_of_week"), weekday.ok_or("must be 0 (Monday) to 6 (Sunday)"));
        let start = wrong.field(&field("start_time"), seconds_of_day(&window.start_time));
        let end = wrong.field(&field("end_time"), seconds_of_day(&window.end_time));
        let (weekday, start, end) = (weekday?, start?, end?);
        if end <= start {
            wrong.add(&field("end_time"), "must be after start_time");
        }
        Some(Window { weekday, start, end })
    });
    parsed.collect()
}

fn notice(wrong: &mut Violations, minutes: i32) -> SignedDuration {
    if !(0..=MOST_NOTICE).contains(&minutes) {
        wrong.add("entry.notice_minutes", format!("must be 0 to {MOST_NOTICE}"));
    }
    SignedDuration::from_mins(minutes.into())
}

/// An entry as `user` may see it.
pub fn entry(entry: &Entry, open: Option<&Offer>, user: &User) -> pb::WaitlistEntry {
    let Entry { wishes, .. } = entry;
    let window = |window: &Window| pb::WaitlistWindow {
        day_of_week: window.weekday.to_monday_zero_offset().into(),
        start_time: time_of_day(window.start),
        end_time: time_of_day(window.end),
    };
    let state = match entry.state {
        EntryState::Waiting => pb::WaitlistEntryState::Waiting,
        EntryState::Paused => pb::WaitlistEntryState::Paused,
        EntryState::Fulfilled => pb::WaitlistEntryState::Fulfilled,
        EntryState::Cancelled => pb::WaitlistEntryState::Cancelled,
        EntryState::Expired => pb::WaitlistEntryState::Expired,
    };
    pb::WaitlistEntry {
        id: entry.id.to_string(),
        patient_id: entry.patient_id.to_string(),
        visit_type_id: entry.visit_type_id.to_string(),
        doctor_ids: wishes.doctors.iter().map(ToString::to_string).collect(),
        location_ids: wishes.locations.iter().map(ToString::to_string).collect(),
        earliest_date: text(wishes.earliest),
        latest_date: text(wishes.latest),
        windows: wishes.windows.iter().map(window).collect(),
        priority: wire_priority(entry.priority).into(),
        notice_minutes: i32::try_from(wishes.notice.as_mins()).unwrap_or(i32::MAX),
        appointment_id: text(entry.appointment_id),
        state: state.into(),
        unanswered_offers: entry.unanswered,
        fulfilled_appointment_id: text(entry.fulfilled_by),
        expire_time: Some(to_wire(entry.expires_at)),
        version: entry.version,
        create_time: Some(to_wire(entry.created_at)),
        update_time: Some(to_wire(entry.updated_at)),
        open_offer: open.map(|open| offer(open, Some(user))),
    }
}

/// An offer as `user` may see it, or another service: what it says of others is for the practice.
pub fn offer(offer: &Offer, user: Option<&User>) -> pb::WaitlistOffer {
    let is_for_practice = user.is_some_and(|user| matches!(user.role, Role::Admin | Role::Staff));
    let mode = match offer.hold {
        Some(_) => pb::WaitlistOfferMode::Cascade,
        None => pb::WaitlistOfferMode::Broadcast,
    };
    let state = match offer.state {
        OfferState::Open => pb::WaitlistOfferState::Open,
        OfferState::Accepted => pb::WaitlistOfferState::Accepted,
        OfferState::Declined => pb::WaitlistOfferState::Declined,
        OfferState::Expired => pb::WaitlistOfferState::Expired,
        OfferState::Withdrawn => pb::WaitlistOfferState::Withdrawn,
        OfferState::Lost => pb::WaitlistOfferState::Lost,
    };
    pb::WaitlistOffer {
        id: offer.id.to_string(),
        entry_id: offer.entry_id.to_string(),
        patient_id: offer.patient_id.to_string(),
        doctor_id: offer.doctor_id.to_string(),
        visit_type_id: offer.visit_type_id.to_string(),
        start_time: Some(to_wire(offer.visit.start)),
        end_time: Some(to_wire(offer.visit.end)),
        location_id: text(offer.location_id),
        time_zone: zone_name(&offer.zone),
        mode: mode.into(),
        state: state.into(),
        offer_time: Some(to_wire(offer.offered_at)),
        expire_time: Some(to_wire(offer.expires_at)),
        answer_time: offer.answered_at.map(to_wire),
        priority: wire_priority(offer.priority).into(),
        waiting_since: Some(to_wire(offer.waiting_since)),
        passed_over: if is_for_practice { offer.passed_over } else { 0 },
        freed_appointment_id: if is_for_practice { text(offer.freed_by) } else { String::new() },
    }
}

fn wire_priority(priority: Priority) -> pb::WaitlistPriority {
    match priority {
        Priority::Urgent => pb::WaitlistPriority::Urgent,
        Priority::Soon => pb::WaitlistPriority::Soon,
        Priority::Routine => pb::WaitlistPriority::Routine,
    }
}
