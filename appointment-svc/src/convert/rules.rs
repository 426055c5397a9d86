//! What doctor-svc says that doctors and the clinic offer.
use crate::domain::clinic::{self, Clinic, Location, Price, Timing, VisitType};
use crate::domain::interval::Interval;
use crate::domain::policy::{self, Policy};
use crate::domain::rules::{Extras, Hours, Rules, Window};
use crate::domain::slots::{DURATION_MINUTES, HORIZON_DAYS};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use platform::violations::Violations;
use proto::doctor::{self as pb, ClinicRules, DoctorRules, doctor_rules};
use proto::time::{date, from_wire, seconds_of_day};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const DAY_SECONDS: u32 = 24 * 3600;

impl TryFrom<DoctorRules> for Rules {
    type Error = Violations;

    fn try_from(rules: DoctorRules) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("rules.doctor_id", rules.doctor_id.parse());
        let zone = wrong.field("rules.time_zone", TimeZone::get(&rules.time_zone));
        if !DURATION_MINUTES.contains(&i64::from(rules.slot_minutes)) {
            wrong.add("rules.slot_minutes", "must be 5 to 480");
        }
        let windows = rules.windows.iter().filter_map(|w| wrong.field("rules.windows", window(w))).collect();
        let mut overrides = BTreeMap::new();
        for day in &rules.overrides {
            if let Some((date, hours)) = wrong.field("rules.overrides", override_of(day)) {
                overrides.insert(date, hours);
            }
        }
        let absences = rules.absences.into_iter().filter_map(|a| wrong.field("rules.absences", absence(a)));
        let absences = absences.collect();
        let max_daily_visits = u32::try_from(rules.max_daily_visits).ok().filter(|limit| *limit > 0);
        let DoctorRules { version, is_active, slot_minutes, specialization, languages, .. } = rules;
        let extras = Extras { overrides, absences, max_daily_visits, specialization, languages };
        match (doctor_id, zone) {
            (Some(doctor_id), Some(zone)) => {
                wrong.into_result(Self { doctor_id, version, is_active, zone, slot_minutes, windows, extras })
            }
            _ => Err(wrong),
        }
    }
}

impl TryFrom<ClinicRules> for Clinic {
    type Error = Violations;

    fn try_from(rules: ClinicRules) -> Result<Self, Violations> {
        let ClinicRules { version, locations, holidays, visit_types } = rules;
        let mut wrong = Violations::default();
        let mut places = HashMap::new();
        for place in locations {
            if let Some((id, place)) = wrong.field("rules.locations", location(&place)) {
                places.insert(id, place);
            }
        }
        let holidays =
            holidays.iter().filter_map(|day| wrong.field("rules.holidays", holiday(day))).collect();
        let mut types = HashMap::new();
        for visit_type in visit_types {
            if let Some(visit_type) = wrong.field("rules.visit_types", visit_type_of(visit_type)) {
                types.insert(visit_type.id, Arc::new(visit_type));
            }
        }
        wrong.into_result(Self { version, locations: places, holidays, visit_types: types })
    }
}

fn window(window: &doctor_rules::Window) -> Result<Window, String> {
    let day = i8::try_from(window.day_of_week).map_err(said)?;
    Ok(Window {
        weekday: Weekday::from_monday_zero_offset(day).map_err(said)?,
        hours: hours(window)?,
        valid_from: bound(&window.valid_from)?,
        valid_until: bound(&window.valid_until)?,
    })
}

/// The end is on the next day unless it is later than the start.
fn hours(window: &doctor_rules::Window) -> Result<Hours, String> {
    let start = seconds_of_day(&window.start_time).map_err(said)?;
    let end = seconds_of_day(&window.end_time).map_err(said)?;
    let end = if end > start { end } else { end + DAY_SECONDS };
    Ok(Hours { start, end, location: optional(&window.location_id)? })
}

fn override_of(day: &doctor_rules::DateOverride) -> Result<(Date, Vec<Hours>), String> {
    let hours = day.windows.iter().map(hours).collect::<Result<_, _>>()?;
    Ok((date(&day.date).map_err(said)?, hours))
}

fn absence(absence: doctor_rules::Absence) -> Result<Interval, String> {
    let start = from_wire(absence.start_time).map_err(said)?;
    Ok(Interval { start, end: from_wire(absence.end_time).map_err(said)? })
}

fn location(location: &pb::Location) -> Result<(proto::ids::LocationId, Location), String> {
    let rooms = location.rooms.iter().map(|room| room.id.parse().map_err(said)).collect::<Result<_, _>>()?;
    let zone = TimeZone::get(&location.time_zone).map_err(said)?;
    Ok((location.id.parse().map_err(said)?, Location { zone, rooms }))
}

fn holiday(holiday: &pb::Holiday) -> Result<clinic::Holiday, String> {
    Ok(clinic::Holiday {
        date: date(&holiday.date).map_err(said)?,
        location: optional(&holiday.location_id)?,
    })
}

fn visit_type_of(visit_type: pb::VisitType) -> Result<VisitType, String> {
    let modality = match visit_type.modality() {
        pb::Modality::Telehealth => clinic::Modality::Telehealth,
        pb::Modality::InPerson | pb::Modality::Unspecified => clinic::Modality::InPerson,
    };
    let minutes = |minutes: i32| u32::try_from(minutes).map_err(said);
    let duration = minutes(visit_type.duration_minutes)?;
    if !DURATION_MINUTES.contains(&i64::from(duration)) {
        return Err("duration_minutes must be 5 to 480".to_owned());
    }
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let timing = Timing {
        duration,
        before: minutes(visit_type.buffer_before_minutes)?.min(240),
        after: minutes(visit_type.buffer_after_minutes)?.min(240),
        interval: or(minutes(visit_type.interval_minutes)?, duration),
        min_notice: minutes(visit_type.min_notice_minutes)?,
        horizon_days: or(minutes(visit_type.horizon_days)?, HORIZON_DAYS.unsigned_abs()),
        capacity: u16::try_from(visit_type.capacity.max(1)).map_err(said)?,
        needs_room: visit_type.needs_room,
        pack: visit_type.pack,
        max_overbook: u16::try_from(visit_type.max_overbook).map_err(said)?,
    };
    let price = Price { minor: visit_type.price_minor, currency: visit_type.currency };
    let doctors =
        visit_type.doctor_ids.iter().map(|id| id.parse().map_err(said)).collect::<Result<_, _>>()?;
    Ok(VisitType {
        id: visit_type.id.parse().map_err(said)?,
        timing,
        modality,
        price: (!price.currency.is_empty()).then_some(price),
        needs_approval: visit_type.needs_approval,
        policy: visit_type.policy.map(policy_of).transpose()?.unwrap_or_default(),
        doctors,
        reminders: visit_type.reminder_offsets_minutes.map(reminders_of).transpose()?,
    })
}

/// As doctor-svc has checked them.
fn reminders_of(offsets: pb::ReminderOffsets) -> Result<Vec<u32>, String> {
    offsets.minutes.into_iter().map(|minutes| u32::try_from(minutes).map_err(said)).collect()
}

fn policy_of(policy: pb::BookingPolicy) -> Result<Policy, String> {
    let late_cancel = match policy.late_cancel() {
        pb::LateCancel::Unspecified | pb::LateCancel::AllowFlag => policy::LateCancel::AllowFlag,
        pb::LateCancel::Refuse => policy::LateCancel::Refuse,
        pb::LateCancel::AskStaff => policy::LateCancel::AskStaff,
    };
    let number = |number: i32| u32::try_from(number).map_err(said);
    Ok(Policy {
        cancel_notice: number(policy.cancel_notice_minutes)?,
        reschedule_notice: number(policy.reschedule_notice_minutes)?,
        max_reschedules: policy.max_reschedules.map(number).transpose()?,
        late_cancel,
        no_show_grace: number(policy.no_show_grace_minutes)?,
    })
}

fn bound(text: &str) -> Result<Option<Date>, String> {
    if text.is_empty() { Ok(None) } else { date(text).map(Some).map_err(said) }
}

fn optional<T: std::str::FromStr<Err = proto::ids::BadId>>(text: &str) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(said) }
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be named where errors are mapped")]
fn said(error: impl ToString) -> String {
    error.to_string()
}
