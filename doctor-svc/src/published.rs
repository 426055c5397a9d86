//! Rules as calendars read them.
use crate::domain::clinic::{Clinic, Holiday, Location, Place, Room};
use crate::domain::exceptions::Override;
use crate::domain::hours::HoursAt;
use crate::domain::practice::Practice;
use crate::domain::rules::{Absence, Rules};
use crate::domain::schedule::Window;
use crate::domain::visit_type::{LateCancel, Modality, Policy, Terms, VisitType};
use jiff::civil::Date;
use proto::doctor as pb;
use proto::ids::LocationId;
use proto::scalars::Language;
use proto::time::{time_of_day, to_wire};

/// What a doctor offers.
pub fn doctor(practice: &Practice) -> pb::DoctorRules {
    let Rules {
        doctor_id,
        is_active,
        time_zone,
        slot_minutes,
        windows,
        overrides,
        absences,
        max_daily_visits,
        specialization,
        languages,
    } = practice.rules();
    pb::DoctorRules {
        doctor_id: doctor_id.to_string(),
        version: practice.rules_version,
        is_active,
        time_zone: time_zone.into(),
        slot_minutes: slot_minutes.get(),
        windows: windows.into_iter().map(weekly).collect(),
        overrides: overrides.into_iter().map(on_date).collect(),
        absences: absences.into_iter().map(absence).collect(),
        max_daily_visits: max_daily_visits.get(),
        specialization: specialization.into(),
        languages: languages.iter().map(Language::as_str).map(str::to_owned).collect(),
    }
}

fn weekly(Window { day, at, validity }: Window) -> pb::doctor_rules::Window {
    pb::doctor_rules::Window {
        day_of_week: day.number().into(),
        valid_from: date(validity.from()),
        valid_until: date(validity.until()),
        ..window(&at)
    }
}

/// Of no certain day.
fn window(HoursAt { hours, location }: &HoursAt) -> pb::doctor_rules::Window {
    pb::doctor_rules::Window {
        start_time: time_of_day(hours.opens().seconds()),
        end_time: time_of_day(hours.closes().seconds()),
        location_id: place(*location),
        ..pb::doctor_rules::Window::default()
    }
}

fn on_date(Override { date, hours }: Override) -> pb::doctor_rules::DateOverride {
    pb::doctor_rules::DateOverride { date: date.to_string(), windows: hours.iter().map(window).collect() }
}

fn absence(Absence { starts_at, ends_at }: Absence) -> pb::doctor_rules::Absence {
    pb::doctor_rules::Absence { start_time: Some(to_wire(starts_at)), end_time: Some(to_wire(ends_at)) }
}

/// What the clinic offers: names, but no text that only people read.
pub fn clinic(clinic: &Clinic) -> pb::ClinicRules {
    let bare = |visit_type: &VisitType| pb::VisitType {
        description: String::new(),
        ..self::visit_type(visit_type.clone())
    };
    pb::ClinicRules {
        version: clinic.rules_version,
        locations: clinic
            .locations
            .iter()
            .map(|there| pb::Location { address: String::new(), ..location(there.clone()) })
            .collect(),
        holidays: clinic.holidays.iter().cloned().map(holiday).collect(),
        visit_types: clinic.on_offer().map(bare).collect(),
    }
}

pub fn location(location: Location) -> pb::Location {
    let Location { id, place, rooms, created_at, updated_at, version } = location;
    let Place { name, time_zone, address } = place;
    pb::Location {
        id: id.to_string(),
        name: name.into(),
        time_zone: time_zone.into(),
        address: address.map(String::from).unwrap_or_default(),
        rooms: rooms.into_iter().map(|there| room(id, there)).collect(),
        create_time: Some(to_wire(created_at)),
        update_time: Some(to_wire(updated_at)),
        version,
    }
}

pub fn room(location: LocationId, Room { id, name }: Room) -> pb::Room {
    pb::Room { id: id.to_string(), location_id: location.to_string(), name: name.into() }
}

pub fn holiday(Holiday { id, date, name, location_id }: Holiday) -> pb::Holiday {
    pb::Holiday {
        id: id.to_string(),
        date: date.to_string(),
        name: name.into(),
        location_id: place(location_id),
    }
}

pub fn visit_type(visit_type: VisitType) -> pb::VisitType {
    let VisitType { id, terms, created_at, updated_at, version } = visit_type;
    let Terms {
        name,
        description,
        duration_minutes,
        buffer_before_minutes,
        buffer_after_minutes,
        interval_minutes,
        min_notice_minutes,
        horizon_days,
        price_minor,
        currency,
        modality,
        capacity,
        needs_room,
        pack,
        needs_approval,
        max_overbook,
        policy: held,
        doctor_ids,
        is_active,
        reminder_offsets_minutes: reminders,
    } = terms;
    pb::VisitType {
        id: id.to_string(),
        name: name.into(),
        description: description.map(String::from).unwrap_or_default(),
        duration_minutes: duration_minutes.get(),
        buffer_before_minutes: buffer_before_minutes.get(),
        buffer_after_minutes: buffer_after_minutes.get(),
        interval_minutes: interval_minutes.get(),
        min_notice_minutes: min_notice_minutes.get(),
        horizon_days: horizon_days.get(),
        price_minor,
        currency: currency.map(String::from).unwrap_or_default(),
        modality: match modality {
            Modality::InPerson => pb::Modality::InPerson,
            Modality::Telehealth => pb::Modality::Telehealth,
        }
        .into(),
        capacity: capacity.get(),
        needs_room,
        pack,
        needs_approval,
        max_overbook: max_overbook.get(),
        policy: Some(policy(held)),
        doctor_ids: doctor_ids.iter().map(ToString::to_string).collect(),
        is_active,
        create_time: Some(to_wire(created_at)),
        update_time: Some(to_wire(updated_at)),
        version,
        reminder_offsets_minutes: reminders
            .map(|offsets| pb::ReminderOffsets { minutes: offsets.minutes().to_vec() }),
    }
}

fn policy(policy: Policy) -> pb::BookingPolicy {
    let Policy {
        cancel_notice_minutes,
        reschedule_notice_minutes,
        max_reschedules,
        late_cancel,
        no_show_grace_minutes,
    } = policy;
    pb::BookingPolicy {
        cancel_notice_minutes: cancel_notice_minutes.get(),
        reschedule_notice_minutes: reschedule_notice_minutes.get(),
        max_reschedules: max_reschedules.map(Into::into),
        late_cancel: match late_cancel {
            LateCancel::AllowFlag => pb::LateCancel::AllowFlag,
            LateCancel::Refuse => pb::LateCancel::Refuse,
            LateCancel::AskStaff => pb::LateCancel::AskStaff,
        }
        .into(),
        no_show_grace_minutes: no_show_grace_minutes.get(),
    }
}

/// Empty where there is no bound.
pub fn date(date: Option<Date>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// Empty for no location.
pub fn place(location: Option<LocationId>) -> String {
    location.map(|id| id.to_string()).unwrap_or_default()
}
