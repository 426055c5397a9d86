//! Weekly hours.
use super::paths;
use crate::domain::hours::{BadHours, Hours, HoursAt, TimeOfDay};
use crate::domain::schedule::{Availability, AvailabilityEdit, MAX_BREAKS, TypedBreak, Window};
use crate::domain::week::{Day, Validity};
use crate::error::bad_window;
use crate::hours::{AddHours, EditHours};
use crate::published;
use jiff::civil::Date;
use platform::violations::Violations;
use proto::doctor as pb;
use proto::doctor::availability::Break;
use proto::ids::{DoctorId, LocationId};
use proto::time::{self, BadTime};

impl AddHours {
    pub fn parse(doctor_id: DoctorId, availability: pb::Availability) -> Result<Self, Violations> {
        let pb::Availability {
            id: _,
            doctor_id: _,
            day_of_week,
            start_time,
            end_time,
            is_available,
            location_id,
            valid_from,
            valid_until,
            breaks,
        } = availability;
        let mut wrong = Violations::default();
        let day = wrong.field("availability.day_of_week", Day::try_from(day_of_week));
        let start = wrong.field("availability.start_time", time_of_day(&start_time));
        let end = wrong.field("availability.end_time", time_of_day(&end_time));
        let location = place("availability.location_id", &location_id, &mut wrong);
        let from = date("availability.valid_from", &valid_from, &mut wrong);
        let until = date("availability.valid_until", &valid_until, &mut wrong);
        let breaks = typed_breaks(&breaks, &mut wrong);
        let (Some(day), Some(start), Some(end), true) = (day, start, end, wrong.is_empty()) else {
            return Err(wrong);
        };
        let made = || {
            let at = HoursAt { hours: Hours::new(start, end)?, location };
            let window = Window { day, at, validity: Validity::new(from, until)? };
            Availability::new(window, &breaks, is_available)
        };
        Ok(Self { doctor_id, added: made().map_err(bad_window)? })
    }
}

impl EditHours {
    pub fn parse(doctor_id: DoctorId, request: pb::UpdateAvailabilityRequest) -> Result<Self, Violations> {
        let pb::UpdateAvailabilityRequest { availability, update_mask } = request;
        let new = availability.unwrap_or_default();
        let mut wrong = Violations::default();
        let id = wrong.field("availability.id", new.id.parse());
        let mut edit = AvailabilityEdit::default();
        for path in paths(update_mask.as_ref()) {
            let field = format!("availability.{path}");
            match path {
                "day_of_week" => edit.day = wrong.field(&field, new.day_of_week.try_into()),
                "start_time" => edit.start = wrong.field(&field, time_of_day(&new.start_time)),
                "end_time" => edit.end = wrong.field(&field, time_of_day(&new.end_time)),
                "is_available" => edit.is_available = Some(new.is_available),
                "location_id" => edit.location = Some(place(&field, &new.location_id, &mut wrong)),
                "valid_from" => edit.valid_from = Some(date(&field, &new.valid_from, &mut wrong)),
                "valid_until" => edit.valid_until = Some(date(&field, &new.valid_until, &mut wrong)),
                "breaks" => edit.breaks = Some(typed_breaks(&new.breaks, &mut wrong)),
                _ => wrong.add("update_mask", "names a field that cannot be changed"),
            }
        }
        match id {
            Some(id) => wrong.into_result(Self { doctor_id, id, edit }),
            None => Err(wrong),
        }
    }
}

fn typed_breaks(breaks: &[Break], wrong: &mut Violations) -> Vec<TypedBreak> {
    if breaks.len() > MAX_BREAKS {
        wrong.add("availability.breaks", format!("must be at most {MAX_BREAKS}"));
        return Vec::new();
    }
    let typed = |(index, Break { start_time, end_time }): (usize, &Break)| {
        let field = |name| format!("availability.breaks[{index}].{name}");
        let start = wrong.field(&field("start_time"), time_of_day(start_time));
        let end = wrong.field(&field("end_time"), time_of_day(end_time));
        Some(TypedBreak { start: start?, end: end? })
    };
    breaks.iter().enumerate().filter_map(typed).collect()
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BadTimeOfDay {
    #[error(transparent)]
    Time(#[from] BadTime),
    #[error(transparent)]
    Hours(#[from] BadHours),
}

pub(super) fn time_of_day(text: &str) -> Result<TimeOfDay, BadTimeOfDay> {
    if text.is_empty() {
        return Err(BadTime::Missing.into());
    }
    Ok(TimeOfDay::try_from(time::seconds_of_day(text)?)?)
}

/// None when empty, and when it is wrong.
pub(super) fn place(field: &str, text: &str, wrong: &mut Violations) -> Option<LocationId> {
    if text.is_empty() { None } else { wrong.field(field, text.parse()) }
}

/// None when empty, and when it is wrong.
fn date(field: &str, text: &str, wrong: &mut Violations) -> Option<Date> {
    if text.is_empty() { None } else { wrong.field(field, time::date(text)) }
}

pub fn availability(doctor_id: DoctorId, availability: &Availability) -> pb::Availability {
    let Availability { id, window, breaks, is_available } = availability;
    let Window { day, at: HoursAt { hours, location }, validity } = window;
    let pause = |pause: &Hours| Break {
        start_time: time::time_of_day(pause.opens().seconds()),
        end_time: time::time_of_day(pause.closes().seconds()),
    };
    pb::Availability {
        id: id.to_string(),
        doctor_id: doctor_id.to_string(),
        day_of_week: day.number().into(),
        start_time: time::time_of_day(hours.opens().seconds()),
        end_time: time::time_of_day(hours.closes().seconds()),
        is_available: *is_available,
        location_id: published::place(*location),
        valid_from: published::date(validity.from()),
        valid_until: published::date(validity.until()),
        breaks: breaks.iter().map(pause).collect(),
    }
}
