//! A doctor who will be away: another time for each visit that is booked then.
use super::appointment::Appointment;
use super::claims::Claim;
use super::clinic::Timing;
use super::commands::{When, instant};
use super::diary::Diary;
use super::interval::Interval;
use super::slots::{Placement, Wish};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use std::collections::HashMap;

/// How far from its time a visit is looked another for.
const REACH: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Visits that one plan moves.
pub const MAX_MOVES: usize = 200;

/// A time in which a doctor will be away.
#[derive(Clone, Copy, Debug)]
pub struct Absence {
    pub doctor: DoctorId,
    pub time: Interval,
}

/// The longest absence that is planned at once.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 62);

/// An absence as a caller gave it.
#[derive(Clone, Copy, Debug)]
pub struct AskedAbsence {
    pub doctor: DoctorId,
    pub start: When,
    pub end: When,
}

impl AskedAbsence {
    /// Local times are those of `zone`.
    pub fn in_zone(&self, zone: &TimeZone) -> Result<Absence, Violations> {
        let mut wrong = Violations::default();
        let start = instant(&mut wrong, zone, "start", self.start);
        let end = instant(&mut wrong, zone, "end", self.end);
        let (Some(start), Some(end)) = (start, end) else { return Err(wrong) };
        if end <= start || end > start + LONGEST {
            wrong.add("end_time", "must be after start_time, by 62 days at most");
        }
        wrong.into_result(Absence { doctor: self.doctor, time: Interval { start, end } })
    }
}

/// A visit in that time, and another time for it.
pub struct Proposal {
    pub visit: Appointment,
    /// None when nothing was found.
    pub to: Option<(DoctorId, Timestamp)>,
    pub zone: TimeZone,
}

/// Where a visit goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub appointment: AppointmentId,
    /// The version of the visit that it is meant for.
    pub version: i64,
    /// With whom and from when, in the zone of that doctor; cancelled when none.
    pub to: Option<(DoctorId, When)>,
}

/// Doctors among whom visits are moved.
pub struct Board {
    diaries: Vec<Diary>,
    /// The visits of the patients.
    own: HashMap<PatientId, Vec<Interval>>,
}

impl Board {
    /// `own` has the visits of each patient that stay as they are.
    pub fn new(diaries: Vec<Diary>, own: HashMap<PatientId, Vec<Interval>>) -> Self {
        Self { diaries, own }
    }

    pub fn diary(&self, doctor: DoctorId) -> Option<&Diary> {
        self.diaries.iter().find(|diary| diary.rules.doctor_id == doctor)
    }

    /// The time nearest to that of `visit`, with its doctor rather than another; taken from now on.
    pub fn propose(&mut self, visit: &Appointment) -> Option<(DoctorId, Timestamp)> {
        let start = visit.visit.start;
        let near = Interval { start: start - REACH, end: start + REACH };
        let own = self.own.entry(visit.patient_id).or_default().clone();
        let mut best: Option<(SignedDuration, bool, DoctorId, Interval)> = None;
        for diary in &mut self.diaries {
            diary.own.clone_from(&own);
            let doctor = diary.rules.doctor_id;
            for slot in diary.situation(wish(visit, diary)).free(near) {
                let distance = slot.visit.start.duration_since(start).abs();
                let candidate = (distance, doctor != visit.doctor_id, doctor, slot.visit);
                if best.is_none_or(|best| candidate < best) {
                    best = Some(candidate);
                }
            }
        }
        let (.., doctor, time) = best?;
        self.place(visit, doctor, time)?;
        Some((doctor, time.start))
    }

    /// Gives `visit` a time with `doctor`, if it can be booked there; taken from now on.
    pub fn place(&mut self, visit: &Appointment, doctor: DoctorId, time: Interval) -> Option<Placement> {
        let own = self.own.entry(visit.patient_id).or_default();
        let diary = self.diaries.iter_mut().find(|diary| diary.rules.doctor_id == doctor)?;
        diary.own.clone_from(own);
        let placement = diary.situation(wish(visit, diary)).place(time).ok()?;
        let session = placement.session.unwrap_or(visit.id.0);
        let claim =
            Claim { lane: placement.lane, session, busy: placement.busy, visit: time, is_hold: false };
        own.push(time);
        diary.claims.take(claim);
        if let Some(room) = placement.room {
            // Rooms are the same for all.
            for diary in &mut self.diaries {
                diary.rooms.entry(room).or_default().take(Claim { lane: placement.room_lane, ..claim });
            }
        }
        Some(placement)
    }
}

/// The same visit, as the practice may book it with the doctor of `diary`.
fn wish(visit: &Appointment, diary: &Diary) -> Wish {
    let minutes = u32::try_from(visit.visit.duration().as_mins()).unwrap_or_default();
    let usual = u32::try_from(diary.rules.slot_minutes).unwrap_or(30);
    let offered_by =
        |id| diary.clinic.visit_types.get(id).is_some_and(|t| t.is_offered_by(diary.rules.doctor_id));
    let is_same_doctor = diary.rules.doctor_id == visit.doctor_id;
    Wish {
        visit_type: visit.visit_type_id,
        timing: visit.terms.timing.unwrap_or_else(|| Timing::plain(minutes, usual)),
        is_offered: is_same_doctor || visit.visit_type_id.as_ref().is_none_or(offered_by),
        is_bound: false,
    }
}
