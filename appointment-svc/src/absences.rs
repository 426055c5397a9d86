//! Use cases for a doctor who will be away: what is affected, and all of it moved at once.
use crate::bookings::Now;
use crate::domain::absence::{Absence, AskedAbsence, Board, MAX_MOVES, Move, Proposal};
use crate::domain::appointment::Appointment;
use crate::domain::clinic::Clinic;
use crate::domain::commands::When;
use crate::domain::diary::{Reader, Taken, diaries};
use crate::domain::interval::Interval;
use crate::domain::local;
use crate::domain::questions::MAX_DOCTORS;
use crate::domain::rules::Rules;
use crate::domain::status::Status;
use crate::domain::why::Why;
use crate::error::Error;
use crate::events::{self, Change};
use crate::store::{Locked, Look, Store, audited};
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How far around a visit another time is looked for.
const REACH: SignedDuration = SignedDuration::from_hours(24 * 15);

#[derive(Clone)]
pub struct Absences {
    store: Store,
}

impl Absences {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// What stands in the way of the absence `asked` for, and where it could go: nearest in time, with the same doctor rather than
    /// with one of `substitutes`, which are those of the same specialization when none are named.
    pub async fn plan(
        &self,
        user: &User,
        asked: AskedAbsence,
        substitutes: &[DoctorId],
    ) -> Result<Vec<Proposal>, Error> {
        may_plan(user, asked.doctor)?;
        let connection = self.store.connection().await?;
        let own = connection.calendar(asked.doctor).await?.ok_or(Error::NoSuchDoctor)?;
        let absence = asked.in_zone(&own.rules.zone)?;
        let limit = i64::try_from(MAX_MOVES).unwrap_or(i64::MAX);
        let affected = connection.ahead_within(absence.doctor, absence.time, limit).await?;
        let specialization =
            if substitutes.is_empty() { own.rules.extras.specialization.clone() } else { String::new() };
        let mut calendars = Vec::new();
        if !specialization.is_empty() || !substitutes.is_empty() {
            calendars = connection.calendars(substitutes, &specialization, "", MAX_DOCTORS).await?;
        }
        calendars.retain(|calendar| calendar.rules.doctor_id != absence.doctor);
        calendars.push(own);
        let clinic = connection.clinic().await?;
        let (span, resources) = (around(&affected), resources(&calendars, &clinic));
        let look = Look { resources: &resources, patient: None, span, excluding: None };
        let ids: Vec<AppointmentId> = affected.iter().map(|visit| visit.id).collect();
        let patients: Vec<PatientId> = affected.iter().map(|visit| visit.patient_id).collect();
        let (taken, own) =
            tokio::try_join!(connection.taken(look), connection.taken_from_patients(&patients, span, &ids),)?;
        connection.note(audited::visits("list", &affected)).await?;
        drop(connection);
        let mut board = board(user, calendars, &clinic, absence, &taken, own);
        let proposals = affected.into_iter().map(|visit| {
            let to = board.propose(&visit);
            let diary = to.and_then(|(doctor, _)| board.diary(doctor));
            let zone = to.zip(diary).and_then(|((_, start), diary)| {
                let place =
                    diary.schedule().place_of(Interval { start, end: start + visit.visit.duration() })?;
                Some(diary.schedule().zone(place.location).clone())
            });
            let zone = zone.unwrap_or_else(|| visit.zone.clone());
            Proposal { visit, to, zone }
        });
        Ok(proposals.collect())
    }

    /// Makes all of `moves`, or none.
    pub async fn apply(
        &self,
        user: &User,
        asked: AskedAbsence,
        moves: &[Move],
    ) -> Result<Vec<Now<Appointment>>, Error> {
        may_plan(user, asked.doctor)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let mut doctors: Vec<DoctorId> = moves.iter().filter_map(|planned| Some(planned.to?.0)).collect();
        doctors.push(asked.doctor);
        doctors.sort();
        doctors.dedup();
        let calendars = tx.lock_calendars(Some(&doctors)).await?;
        let own = calendars.iter().find(|calendar| calendar.rules.doctor_id == asked.doctor);
        let Locked { rules, now } = own.ok_or(Error::NoSuchDoctor)?;
        let (absence, now) = (asked.in_zone(&rules.zone)?, *now);
        let targets = targets(moves, &calendars)?;
        let ids: Vec<AppointmentId> = moves.iter().map(|planned| planned.appointment).collect();
        tx.hold_parties(&tx.patients_of(&ids).await?).await?;
        let mut visits: HashMap<AppointmentId, Appointment> =
            tx.lock_visits(&ids).await?.into_iter().map(|visit| (visit.id, visit)).collect();
        let outdated = moves.iter().filter(|planned| {
            let visit = visits.get(&planned.appointment);
            !visit.is_some_and(|visit| {
                visit.doctor_id == absence.doctor
                    && visit.version == planned.version
                    && visit.status.is_open()
            })
        });
        let outdated: Vec<AppointmentId> = outdated.map(|planned| planned.appointment).collect();
        if !outdated.is_empty() {
            return Err(Error::PlanOutdated(outdated));
        }
        for id in &ids {
            tx.release_for_absence(*id, absence.doctor).await?;
        }
        let clinic = tx.clinic().await?;
        let times = targets.iter().filter_map(|to| Some((*to)?.1));
        let span = Interval {
            start: times.clone().min().unwrap_or(absence.time.start) - REACH,
            end: times.max().unwrap_or(absence.time.end) + REACH,
        };
        let resources = resources(&calendars, &clinic);
        let ((), taken) = tokio::try_join!(
            tx.expire_holds(&resources, None),
            tx.taken(Look { resources: &resources, patient: None, span, excluding: None }),
        )?;
        let of_patients: Vec<PatientId> = visits.values().map(|visit| visit.patient_id).collect();
        let own = tx.taken_from_patients(&of_patients, span, &ids).await?;
        let mut board = board(user, calendars, &clinic, absence, &taken, own);
        let mut moved = Vec::new();
        for (planned, to) in moves.iter().zip(targets) {
            let Some(mut visit) = visits.remove(&planned.appointment) else {
                return Err(Violations::of("moves", "must not name a visit twice").into());
            };
            let outdated = || Error::PlanOutdated(vec![planned.appointment]);
            let change = match to {
                None => {
                    visit.status = Status::Cancelled;
                    Change::Cancelled
                }
                Some((doctor, start)) => {
                    let time = Interval { start, end: start + visit.visit.duration() };
                    let place = board.place(&visit, doctor, time).ok_or_else(outdated)?;
                    let zone = board.diary(doctor).map(|diary| diary.schedule().zone(place.location).clone());
                    visit.zone = zone.unwrap_or(visit.zone);
                    let from = visit.doctor_id;
                    visit.doctor_id = doctor;
                    visit.visit = time;
                    visit.location_id = place.location;
                    visit.room_id = place.room;
                    visit.is_overbooked = false;
                    // The patient confirmed another time.
                    visit.status = Status::Scheduled;
                    tx.claim(&visit, &place).await?.map_err(|_| outdated())?;
                    if from == doctor { Change::Rescheduled } else { Change::Reassigned { from } }
                }
            };
            tx.update(&mut visit, change, &Why::default(), user).await?;
            tx.announce(events::event(change, &visit)).await?;
            moved.push((visit, now));
        }
        tx.commit().await?;
        Ok(moved)
    }
}

/// Where each of `moves` goes, by the zones of those who take them over.
fn targets(moves: &[Move], calendars: &[Locked]) -> Result<Vec<Option<(DoctorId, Timestamp)>>, Violations> {
    let mut wrong = Violations::default();
    let mut targets = Vec::new();
    for (index, planned) in moves.iter().enumerate() {
        let to = planned.to.and_then(|(doctor, start)| {
            let at = match start {
                When::Instant(at) => Some(at),
                When::Local(at) => {
                    let calendar = calendars.iter().find(|calendar| calendar.rules.doctor_id == doctor);
                    let place = format!("moves[{index}]");
                    let known = calendar.ok_or("there is no such doctor");
                    let calendar = wrong.field(&format!("{place}.new_doctor_id"), known)?;
                    let at = local::typed(&calendar.rules.zone, at);
                    wrong.field(&format!("{place}.new_start_local"), at)
                }
            };
            at.map(|at| (doctor, at))
        });
        targets.push(to);
    }
    wrong.into_result(targets)
}

/// The practice plans for all, doctors for themselves.
fn may_plan(user: &User, doctor: DoctorId) -> Result<(), Error> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Doctor(own) if own == doctor => Ok(()),
        Role::Doctor(_) | Role::Patient(_) | Role::Auditor => {
            Err(Error::NotAllowed("only the practice and the doctor plan an absence"))
        }
    }
}

fn board(
    user: &User,
    calendars: Vec<Locked>,
    clinic: &Arc<Clinic>,
    absence: Absence,
    taken: &[Taken],
    own: HashMap<PatientId, Vec<Interval>>,
) -> Board {
    let reader = Reader { user: user.id, patient: None, is_bound: false };
    let doctors = calendars.into_iter().map(|Locked { rules, now }| (away(rules, absence), now)).collect();
    Board::new(diaries(doctors, clinic, taken, reader), own)
}

/// The rules as they will be with the absence.
fn away(mut rules: Rules, absence: Absence) -> Rules {
    if rules.doctor_id == absence.doctor {
        rules.extras.absences.push(absence.time);
    }
    rules
}

fn resources(calendars: &[Locked], clinic: &Clinic) -> Vec<Uuid> {
    let rooms = clinic.locations.values().flat_map(|location| &location.rooms).map(|room| room.0);
    calendars.iter().map(|calendar| calendar.rules.doctor_id.0).chain(rooms).collect()
}

fn around(visits: &[Appointment]) -> Interval {
    let start = visits.iter().map(|visit| visit.visit.start).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let end = visits.iter().map(|visit| visit.visit.end).max().unwrap_or(start);
    Interval { start: start - REACH, end: end + REACH }
}
