//! A doctor's diary: what the doctor offers and what of it is taken.
use super::claims::{Claim, Claims};
use super::clinic::{Clinic, Timing};
use super::interval::Interval;
use super::rules::Rules;
use super::schedule::Schedule;
use super::slots::{Placement, Situation, Wish};
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, PatientId, RoomId, UserId, VisitTypeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Who holds what is offered to those who wait: nobody's account.
pub const OFFERER: UserId = UserId(Uuid::nil());
/// Who has the link that a patient was sent: nobody's account either.
pub const LINK_HOLDER: UserId = UserId(Uuid::max());

/// Everything that decides about the times of one doctor, at one moment.
#[derive(Clone, Debug)]
pub struct Diary {
    pub rules: Rules,
    pub clinic: Arc<Clinic>,
    pub claims: Claims,
    pub rooms: HashMap<RoomId, Claims>,
    /// The visits of the patient in question.
    pub own: Vec<Interval>,
    /// By the clock of the database.
    pub now: Timestamp,
}

/// A claim, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub appointment: AppointmentId,
    /// A doctor or a room.
    pub resource: Uuid,
    pub claim: Claim,
    pub patient: Option<PatientId>,
    pub held_by: Option<UserId>,
}

/// For whom a diary is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// What they hold themselves, or what is offered to the patient, does not stand in their way.
    pub user: UserId,
    /// Who would come.
    pub patient: Option<PatientId>,
    /// Whether notice and horizon of visit types bind.
    pub is_bound: bool,
}

impl Taken {
    /// Whether it is kept for whoever asks: by them, or as an offer to the patient who would come.
    pub fn is_held_for(&self, reader: Reader) -> bool {
        self.held_by == Some(reader.user)
            || self.is_offered() && self.patient.is_some() && self.patient == reader.patient
    }

    /// Whether it is kept for somebody who waits.
    pub fn is_offered(&self) -> bool {
        self.held_by == Some(OFFERER)
    }
}

impl Diary {
    /// `taken` is what may stand in the way: of the doctor, of rooms, of the patient.
    pub fn new(rules: Rules, clinic: Arc<Clinic>, taken: &[Taken], reader: Reader, now: Timestamp) -> Self {
        let doctor = rules.doctor_id;
        // Who holds a time with the doctor gives it up for another there, and with it its room; what is offered to the
        // patient they give up for any.
        let own_holds = taken
            .iter()
            .filter(|taken| taken.is_held_for(reader) && (taken.resource == doctor.0 || taken.is_offered()));
        let given_up: HashSet<AppointmentId> = own_holds.map(|taken| taken.appointment).collect();
        let in_the_way = taken.iter().filter(|taken| !given_up.contains(&taken.appointment));
        let mut claims: HashMap<Uuid, Vec<Claim>> = HashMap::new();
        for Taken { resource, claim, .. } in in_the_way {
            claims.entry(*resource).or_default().push(*claim);
        }
        let of_doctor = claims.remove(&doctor.0).unwrap_or_default();
        let rooms = claims.into_iter().map(|(id, claims)| (RoomId(id), Claims::new(claims))).collect();
        let is_own = |taken: &&Taken| {
            let is_given_up = given_up.contains(&taken.appointment);
            taken.patient.is_some() && taken.patient == reader.patient && !is_given_up
        };
        let own = taken.iter().filter(is_own).map(|taken| taken.claim.visit).collect();
        Self { rules, clinic, claims: Claims::new(of_doctor), rooms, own, now }
    }

    pub fn schedule(&self) -> Schedule<'_> {
        Schedule { rules: &self.rules, clinic: &self.clinic }
    }

    /// Counts `visit` of the patient in question, at its place, as taken from now on.
    pub fn take(&mut self, appointment: AppointmentId, visit: Interval, place: &Placement) {
        let Placement { lane, session, busy, room, room_lane, .. } = *place;
        let claim = Claim { lane, session: session.unwrap_or(appointment.0), busy, visit, is_hold: false };
        self.claims.take(claim);
        if let Some(room) = room {
            self.rooms.entry(room).or_default().take(Claim { lane: room_lane, ..claim });
        }
        self.own.push(visit);
    }

    pub fn situation(&self, wish: Wish) -> Situation<'_> {
        let Self { rules: _, clinic: _, claims, rooms, own, now } = self;
        Situation { schedule: self.schedule(), wish, claims, rooms, own, now: *now }
    }

    /// A visit of `visit_type`, or of `minutes` without one, the doctor's usual length when not given.
    /// None when there is no such visit type.
    pub fn wish(
        &self,
        visit_type: Option<VisitTypeId>,
        minutes: Option<u32>,
        reader: Reader,
    ) -> Option<Wish> {
        wish(&self.rules, &self.clinic, visit_type, minutes, reader)
    }
}

/// The diaries of several doctors, each with what is taken of it, of rooms, and of the patient.
pub fn diaries(
    doctors: Vec<(Rules, Timestamp)>,
    clinic: &Arc<Clinic>,
    taken: &[Taken],
    reader: Reader,
) -> Vec<Diary> {
    let ids: HashSet<Uuid> = doctors.iter().map(|(rules, _)| rules.doctor_id.0).collect();
    let mut of_doctor: HashMap<Uuid, Vec<Taken>> = HashMap::new();
    let mut of_anyone = Vec::new();
    for taken in taken.iter().copied() {
        let is_patients = taken.patient.is_some() && taken.patient == reader.patient;
        if is_patients || !ids.contains(&taken.resource) {
            of_anyone.push(taken);
        } else {
            of_doctor.entry(taken.resource).or_default().push(taken);
        }
    }
    let diaries = doctors.into_iter().map(|(rules, now)| {
        let mut taken = of_doctor.remove(&rules.doctor_id.0).unwrap_or_default();
        taken.extend_from_slice(&of_anyone);
        Diary::new(rules, clinic.clone(), &taken, reader, now)
    });
    diaries.collect()
}

/// [`Diary::wish`], before it is known what is taken.
pub fn wish(
    rules: &Rules,
    clinic: &Clinic,
    visit_type: Option<VisitTypeId>,
    minutes: Option<u32>,
    reader: Reader,
) -> Option<Wish> {
    let is_bound = reader.is_bound;
    let Some(id) = visit_type else {
        let usual = u32::try_from(rules.slot_minutes).unwrap_or(30);
        let timing = Timing::plain(minutes.unwrap_or(usual), usual);
        return Some(Wish { visit_type: None, timing, is_offered: true, is_bound });
    };
    let visit_type = clinic.visit_types.get(&id)?;
    let is_offered = visit_type.is_offered_by(rules.doctor_id);
    Some(Wish { visit_type: Some(id), timing: visit_type.timing, is_offered, is_bound })
}

/// The resources whose claims decide about `doctor`: themself, and the rooms where a visit may need one.
pub fn resources(doctor: DoctorId, clinic: &Clinic, timing: &Timing) -> Vec<Uuid> {
    let rooms = clinic.locations.values().flat_map(|location| &location.rooms).map(|room| room.0);
    std::iter::once(doctor.0).chain(rooms.filter(|_| timing.needs_room)).collect()
}
