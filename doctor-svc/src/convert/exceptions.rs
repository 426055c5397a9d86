//! Other hours on one date, and time away.
use super::hours::{place, time_of_day};
use crate::domain::exceptions::{MAX_HOURS, Override, TimeOff, TypedTimeOff};
use crate::domain::hours::{Hours, HoursAt};
use crate::domain::local::Typed;
use crate::exceptions::{SetOverride, TakeOff};
use crate::published;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use platform::violations::Violations;
use prost_types::Timestamp as WireTime;
use proto::doctor as pb;
use proto::doctor::availability_override::Hours as WireHours;
use proto::ids::DoctorId;
use proto::scalars::Reason;
use proto::time::{self, BadTime};

/// The date of an override.
pub fn override_date(field: &str, text: &str) -> Result<Date, Violations> {
    time::date(text).map_err(|wrong| Violations::of(field, wrong))
}

impl SetOverride {
    pub fn parse(doctor_id: DoctorId, new: &pb::AvailabilityOverride) -> Result<Self, Violations> {
        let pb::AvailabilityOverride { doctor_id: _, date, hours } = new;
        let mut wrong = Violations::default();
        let date = wrong.field("override.date", time::date(date));
        if hours.len() > MAX_HOURS {
            wrong.add("override.hours", format!("must be at most {MAX_HOURS}"));
            return Err(wrong);
        }
        let hours = hours.iter().enumerate().filter_map(|(index, hours)| hours_at(index, hours, &mut wrong));
        let hours: Vec<HoursAt> = hours.collect();
        let (Some(date), true) = (date, wrong.is_empty()) else { return Err(wrong) };
        let overlap = || Violations::of("override.hours", "must not overlap each other");
        let places = hours.iter().map(|hours| hours.location).collect();
        Ok(Self { doctor_id, new: Override::new(date, hours).ok_or_else(overlap)?, places })
    }
}

fn hours_at(index: usize, hours: &WireHours, wrong: &mut Violations) -> Option<HoursAt> {
    let WireHours { start_time, end_time, location_id } = hours;
    let field = |name| format!("override.hours[{index}].{name}");
    let start = wrong.field(&field("start_time"), time_of_day(start_time));
    let end = wrong.field(&field("end_time"), time_of_day(end_time));
    let location = place(&field("location_id"), location_id, wrong);
    let hours = wrong.field(&field("end_time"), Hours::new(start?, end?))?;
    Some(HoursAt { hours, location })
}

pub fn rendered_override(doctor_id: DoctorId, there: &Override) -> pb::AvailabilityOverride {
    let Override { date, hours } = there;
    let rendered = |HoursAt { hours, location }: &HoursAt| WireHours {
        start_time: time::time_of_day(hours.opens().seconds()),
        end_time: time::time_of_day(hours.closes().seconds()),
        location_id: published::place(*location),
    };
    pb::AvailabilityOverride {
        doctor_id: doctor_id.to_string(),
        date: date.to_string(),
        hours: hours.iter().map(rendered).collect(),
    }
}

impl TakeOff {
    pub fn parse(doctor_id: DoctorId, new: pb::TimeOff) -> Result<Self, Violations> {
        let pb::TimeOff { id: _, doctor_id: _, start_time, end_time, start_local, end_local, reason } = new;
        let mut wrong = Violations::default();
        let start = typed("time_off.start", start_time, &start_local, &mut wrong);
        let end = typed("time_off.end", end_time, &end_local, &mut wrong);
        let reason = wrong.optional::<Reason, _>("time_off.reason", reason);
        let (Some(start), Some(end)) = (start, end) else { return Err(wrong) };
        wrong.into_result(Self { doctor_id, typed: TypedTimeOff { start, end, reason } })
    }
}

/// An instant or a civil time, of which one is given.
fn typed(name: &str, instant: Option<WireTime>, local: &str, wrong: &mut Violations) -> Option<Typed> {
    match (instant, local) {
        (None, "") => wrong.field(&format!("{name}_time"), Err(BadTime::Missing)),
        (Some(_), "") => wrong.field(&format!("{name}_time"), time::from_wire(instant)).map(Typed::Instant),
        (None, local) => wrong.field(&format!("{name}_local"), time::date_time(local)).map(Typed::Civil),
        (Some(_), _) => {
            wrong.add(&format!("{name}_local"), format!("must be empty beside {name}_time"));
            None
        }
    }
}

pub fn time_off(doctor_id: DoctorId, zone: &TimeZone, off: TimeOff, with_reason: bool) -> pb::TimeOff {
    let TimeOff { id, starts_at, ends_at, reason } = off;
    let local = |at| zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    pb::TimeOff {
        id: id.to_string(),
        doctor_id: doctor_id.to_string(),
        start_time: Some(time::to_wire(starts_at)),
        end_time: Some(time::to_wire(ends_at)),
        start_local: local(starts_at),
        end_local: local(ends_at),
        reason: reason.filter(|_| with_reason).map(String::from).unwrap_or_default(),
    }
}
