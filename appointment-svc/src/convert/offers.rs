//! Questions for free times, and their answers.
use super::{optional_id, text, when, zone_name};
use crate::domain::claims::Blocker;
use crate::domain::commands::When;
use crate::domain::days::{Day, DayState};
use crate::domain::diary::Diary;
use crate::domain::questions::{Among, Dates, Explanation, Found, Kind, MAX_DOCTORS};
use crate::domain::schedule::Closed;
use crate::domain::slots::{self, MAX_DAYS, Refusal, Rule, Slot};
use crate::error;
use jiff::tz::TimeZone;
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::time::{BadTime, date, to_wire};

/// A question for the free times of one doctor.
pub struct SlotsQuery {
    pub doctor_id: DoctorId,
    pub kind: Kind,
    pub dates: Dates,
    pub excluding: Option<AppointmentId>,
}

/// A question for the earliest times among doctors.
pub struct SearchQuery {
    pub among: Among,
    pub kind: Kind,
    pub dates: Dates,
}

/// A question about one time.
pub struct ExplainQuery {
    pub doctor_id: DoctorId,
    pub kind: Kind,
    pub start: When,
    pub patient_id: Option<PatientId>,
}

impl TryFrom<pb::ListAvailableSlotsRequest> for SlotsQuery {
    type Error = Violations;

    fn try_from(request: pb::ListAvailableSlotsRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let dates = dates(&mut wrong, &request.date, request.days, 1);
        let kind = kind(&mut wrong, &request.visit_type_id, request.duration_minutes);
        let excluding =
            optional_id(&mut wrong, "excluding_appointment_id", &request.excluding_appointment_id);
        match (doctor_id, dates) {
            (Some(doctor_id), Some(dates)) => wrong.into_result(Self { doctor_id, kind, dates, excluding }),
            _ => Err(wrong),
        }
    }
}

impl TryFrom<pb::ListDaySummariesRequest> for SlotsQuery {
    type Error = Violations;

    fn try_from(request: pb::ListDaySummariesRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let dates = dates(&mut wrong, &request.date, request.days, MAX_DAYS);
        let kind = kind(&mut wrong, &request.visit_type_id, request.duration_minutes);
        match (doctor_id, dates) {
            (Some(doctor_id), Some(dates)) => {
                wrong.into_result(Self { doctor_id, kind, dates, excluding: None })
            }
            _ => Err(wrong),
        }
    }
}

impl TryFrom<&pb::SearchSlotsRequest> for SearchQuery {
    type Error = Violations;

    fn try_from(request: &pb::SearchSlotsRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        if i64::try_from(request.doctor_ids.len()).unwrap_or(i64::MAX) > MAX_DOCTORS {
            wrong.add("doctor_ids", format!("must be at most {MAX_DOCTORS}"));
        }
        let doctors =
            request.doctor_ids.iter().filter_map(|id| wrong.field("doctor_ids", id.parse())).collect();
        let among = Among {
            doctors,
            specialization: request.specialization.trim().to_owned(),
            language: request.language.trim().to_owned(),
            location: optional_id(&mut wrong, "location_id", &request.location_id),
        };
        let dates = dates(&mut wrong, &request.date, request.days, MAX_DAYS);
        let kind = kind(&mut wrong, &request.visit_type_id, request.duration_minutes);
        match dates {
            Some(dates) => wrong.into_result(Self { among, kind, dates }),
            None => Err(wrong),
        }
    }
}

impl TryFrom<pb::ExplainSlotRequest> for ExplainQuery {
    type Error = Violations;

    fn try_from(request: pb::ExplainSlotRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let start = when(&mut wrong, ["start_time", "start_local"], request.start_time, &request.start_local);
        if request.start_time.is_none() && request.start_local.is_empty() {
            wrong.add("start_time", BadTime::Missing);
        }
        let kind = kind(&mut wrong, &request.visit_type_id, request.duration_minutes);
        let patient_id = optional_id(&mut wrong, "patient_id", &request.patient_id);
        match (doctor_id, start) {
            (Some(doctor_id), Some(start)) => wrong.into_result(Self { doctor_id, kind, start, patient_id }),
            _ => Err(wrong),
        }
    }
}

pub(super) fn dates(wrong: &mut Violations, from: &str, days: i32, default: i32) -> Option<Dates> {
    let days = if days == 0 { default } else { days };
    if !(1..=MAX_DAYS).contains(&days) {
        wrong.add("days", format!("must be 1 to {MAX_DAYS}"));
    }
    wrong.field("date", date(from)).map(|from| Dates { from, days })
}

pub fn kind(wrong: &mut Violations, visit_type: &str, minutes: i32) -> Kind {
    if minutes != 0 && !slots::DURATION_MINUTES.contains(&i64::from(minutes)) {
        wrong.add("duration_minutes", "must be 5 to 480");
    }
    let visit_type = optional_id(wrong, "visit_type_id", visit_type);
    if visit_type.is_some() && minutes != 0 {
        wrong.add("duration_minutes", "must not be set together with `visit_type_id`");
    }
    Kind { visit_type, minutes: u32::try_from(minutes).ok().filter(|minutes| *minutes > 0) }
}

/// Free times with `doctor`, from whose diary they are.
pub fn slots(
    doctor: DoctorId,
    slots: impl Iterator<Item = Slot>,
    diary: &Diary,
) -> pb::ListAvailableSlotsResponse {
    let slots = slots.map(|slot| self::slot(doctor, slot, diary.schedule().zone(slot.location)));
    pb::ListAvailableSlotsResponse { slots: slots.collect(), time_zone: zone_name(&diary.rules.zone) }
}

/// A free time with `doctor`.
fn slot(doctor: DoctorId, slot: Slot, zone: &TimeZone) -> pb::Slot {
    let Slot { visit, location, left } = slot;
    pb::Slot {
        start_time: Some(to_wire(visit.start)),
        end_time: Some(to_wire(visit.end)),
        doctor_id: doctor.to_string(),
        location_id: text(location),
        time_zone: zone_name(zone),
        places_left: i32::from(left) + 1,
    }
}

impl From<Found> for pb::Slot {
    fn from(Found { doctor, slot: found, zone }: Found) -> Self {
        slot(doctor, found, &zone)
    }
}

impl From<Day> for pb::DaySummary {
    fn from(Day { date, state, free }: Day) -> Self {
        let state = match state {
            DayState::Available => pb::DaySummaryState::Available,
            DayState::NoAvailability => pb::DaySummaryState::NoAvailability,
            DayState::FullyBooked => pb::DaySummaryState::FullyBooked,
            DayState::TooSoon => pb::DaySummaryState::TooSoon,
            DayState::BeyondHorizon => pb::DaySummaryState::BeyondHorizon,
            DayState::TimeOff => pb::DaySummaryState::TimeOff,
            DayState::Holiday => pb::DaySummaryState::Holiday,
            DayState::Past => pb::DaySummaryState::Past,
        };
        let free_slots = i32::try_from(free).unwrap_or(i32::MAX);
        Self { date: date.to_string(), state: state.into(), free_slots }
    }
}

impl From<Explanation> for pb::SlotExplanation {
    fn from(explanation: Explanation) -> Self {
        let Explanation { rules, nearest, zone } = explanation;
        let is_bookable = rules.iter().all(|(_, verdict)| verdict.is_ok());
        Self {
            is_bookable,
            rules: rules.into_iter().map(|(rule, verdict)| verdict_of(rule, verdict)).collect(),
            nearest_start_time: nearest.map(to_wire),
            time_zone: zone_name(&zone),
        }
    }
}

fn verdict_of(rule: Rule, verdict: Result<(), Refusal>) -> pb::RuleVerdict {
    let blocked_by = match verdict {
        Err(Refusal::Closed(Closed::Hours)) => "closed",
        Err(Refusal::Closed(Closed::TimeOff)) => "time_off",
        Err(Refusal::Closed(Closed::Holiday)) => "holiday",
        Err(Refusal::Taken(Blocker::Visit)) => "visit",
        Err(Refusal::Taken(Blocker::Hold)) => "hold",
        Err(Refusal::Taken(Blocker::FullSession)) => "session_full",
        Err(Refusal::PatientBusy) => "own_visit",
        _ => "",
    };
    pb::RuleVerdict {
        code: error::code(rule).to_owned(),
        passed: verdict.is_ok(),
        blocked_by: blocked_by.to_owned(),
    }
}
