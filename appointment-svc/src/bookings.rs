//! Use cases that change visits: load, decide, save, announce; one transaction each.
//!
//! The order of locks is always calendar, patient, visit, so that no two of them wait for each other. Time is
//! the database's.
use crate::calendars::Calendars;
use crate::domain::appointment::Appointment;
use crate::domain::commands::{Book, Edit, Import, check_time};
use crate::domain::interval::Interval;
use crate::domain::rules::Rules;
use crate::domain::status::{Actor, Status};
use crate::error::Error;
use crate::events::{self, Change};
use crate::store::{self, Locked, Store, Taken, Tx};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId};

/// Runs of one transaction that lost against another, before the caller hears of it.
const ATTEMPTS: usize = 3;

#[derive(Clone)]
pub struct Bookings {
    store: Store,
    calendars: Calendars,
}

/// A visit, and the time at which it was so.
pub type Now<T> = (T, Timestamp);

impl Bookings {
    pub fn new(store: Store, calendars: Calendars) -> Self {
        Self { store, calendars }
    }

    pub async fn book(&self, user: &User, book: &Book) -> Result<Now<Appointment>, Error> {
        may_book(user, book)?;
        let mut asked_doctor = false;
        let mut asked_patient = false;
        let mut attempt = 1;
        loop {
            match self.try_book(user, book).await {
                Err(Missing::Calendar) if !asked_doctor => {
                    asked_doctor = true;
                    self.calendars.refresh(book.doctor_id).await?;
                }
                Err(Missing::Party) if !asked_patient => {
                    asked_patient = true;
                    self.calendars.refresh_party(book.patient_id).await?;
                }
                Err(Missing::Calendar) => {
                    return Err(Violations::of("doctor_id", "there is no such doctor").into());
                }
                Err(Missing::Party) if matches!(user.role, Role::Patient(_)) => return Err(Error::NoRecord),
                Err(Missing::Party) => {
                    return Err(Violations::of("patient_id", "there is no such patient").into());
                }
                Err(Missing::Time(Taken::Doctor, visit)) => {
                    return Err(self.slot_taken(book.doctor_id, visit).await);
                }
                Err(Missing::Time(Taken::Patient, _)) => return Err(Error::PatientConflict),
                Err(Missing::Other(error)) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                Err(Missing::Other(error)) => return Err(error),
                Ok(booked) => return Ok(booked),
            }
        }
    }

    async fn try_book(&self, user: &User, book: &Book) -> Result<Now<Appointment>, Missing> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Locked { rules, now } = tx.lock_calendar(book.doctor_id).await?.ok_or(Missing::Calendar)?;
        if !rules.is_active {
            return Err(Missing::Calendar);
        }
        if !tx.share_party(book.patient_id).await?.ok_or(Missing::Party)? {
            return Err(Missing::Party);
        }
        let visit = book.visit(&rules)?;
        check_bookable(&rules, visit, now)?;
        let mut appointment = Appointment {
            id: AppointmentId::random(),
            patient_id: book.patient_id,
            doctor_id: book.doctor_id,
            visit,
            zone: rules.zone.clone(),
            status: Status::Scheduled,
            notes: book.notes.clone(),
            is_vouched: !matches!(user.role, Role::Doctor(_)),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        tx.insert(&mut appointment, rules.version, Change::Booked, user)
            .await?
            .map_err(|taken| Missing::Time(taken, visit))?;
        tx.announce(events::event(Change::Booked, &appointment)).await?;
        tx.commit().await?;
        Ok((appointment, now))
    }

    /// Moves a visit, edits its notes, or both.
    pub async fn edit(&self, user: &User, id: AppointmentId, edit: &Edit) -> Result<Now<Appointment>, Error> {
        let mut connection = self.store.connection().await?;
        let (seen, _) = connection.find(id).await?.ok_or(Error::NotFound)?;
        seen.actor(user)?;
        let tx = connection.begin().await?;
        let calendar = tx.lock_calendar(seen.doctor_id).await?.ok_or(Error::NoSuchDoctor)?;
        let patient_is_here = tx.share_party(seen.patient_id).await? == Some(true);
        let (mut appointment, now) = tx.lock(id).await?.ok_or(Error::NotFound)?;
        let actor = appointment.actor(user)?;
        expect_version(&appointment, edit.expected_version)?;
        if !patient_is_here || !appointment.may_be_moved_by(actor, now) {
            return Err(Error::Closed);
        }
        let visit = edit.visit(&calendar.rules, appointment.visit)?;
        let is_moved = visit != appointment.visit;
        let is_reworded = edit.notes.as_ref().is_some_and(|notes| *notes != appointment.notes);
        if let Some(notes) = &edit.notes {
            appointment.notes.clone_from(notes);
        }
        if is_moved {
            check_bookable(&calendar.rules, visit, now)?;
            appointment.visit = visit;
            // The patient confirmed another time.
            appointment.status = Status::Scheduled;
            appointment.is_vouched |= actor != Actor::Doctor;
            tx.release(id).await?;
            match tx.claim(&appointment).await? {
                Ok(()) => {}
                Err(Taken::Patient) => return Err(Error::PatientConflict),
                Err(Taken::Doctor) => {
                    drop(tx);
                    // Looking for others takes a connection; holding this one meanwhile could use them all up.
                    drop(connection);
                    return Err(self.slot_taken(appointment.doctor_id, visit).await);
                }
            }
        } else if !is_reworded {
            return Ok((appointment, now));
        }
        let change = if is_moved { Change::Rescheduled } else { Change::NotesEdited };
        save(tx, appointment, change, user, now).await
    }

    /// Makes a visit `to`; the same status again changes nothing.
    pub async fn change_status(
        &self,
        user: &User,
        id: AppointmentId,
        to: Status,
        expected_version: Option<i64>,
    ) -> Result<Now<Appointment>, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (mut appointment, now) = tx.lock(id).await?.ok_or(Error::NotFound)?;
        let actor = appointment.actor(user)?;
        if appointment.status == to {
            return Ok((appointment, now));
        }
        expect_version(&appointment, expected_version)?;
        appointment.status.check(to, actor, appointment.visit.start, now)?;
        if !to.occupies() {
            tx.release(id).await?;
        }
        appointment.status = to;
        appointment.is_vouched |= to == Status::Confirmed && actor != Actor::Doctor;
        let change = if to == Status::Cancelled { Change::Cancelled } else { Change::StatusChanged };
        save(tx, appointment, change, user, now).await
    }

    /// Takes over a visit of the past. Nothing is checked against the rules of today.
    pub async fn import(&self, user: &User, import: Import) -> Result<Now<Appointment>, Error> {
        if user.role != Role::Admin {
            return Err(Error::NotAllowed("only admins take over visits"));
        }
        let Import { id, patient_id, doctor_id, visit, status, notes } = import;
        if !self.calendars.refresh(doctor_id).await? {
            return Err(Violations::of("appointment.doctor_id", "there is no such doctor").into());
        }
        if !self.calendars.refresh_party(patient_id).await? {
            return Err(Violations::of("appointment.patient_id", "there is no such patient").into());
        }
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Locked { rules, now } = tx.lock_calendar(doctor_id).await?.ok_or(Error::NoSuchDoctor)?;
        if visit.end > now {
            return Err(Violations::of("appointment.end_time", "must be in the past").into());
        }
        let mut appointment = Appointment {
            id,
            patient_id,
            doctor_id,
            visit,
            zone: rules.zone,
            status,
            notes,
            is_vouched: true,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        match tx.insert(&mut appointment, 0, Change::Imported, user).await? {
            Ok(()) => {}
            Err(Taken::Patient) => return Err(Error::PatientConflict),
            Err(Taken::Doctor) => {
                return Err(Error::SlotTaken { alternatives: Vec::new(), zone: appointment.zone });
            }
        }
        tx.announce(events::event(Change::Imported, &appointment)).await?;
        tx.commit().await?;
        Ok((appointment, now))
    }

    /// The refusal of a time that is taken, with times that are not.
    async fn slot_taken(&self, doctor: DoctorId, visit: Interval) -> Error {
        match self.calendars.alternatives(doctor, visit).await {
            Ok((alternatives, zone)) => Error::SlotTaken { alternatives, zone },
            // The refusal is right without them.
            Err(_) => Error::SlotTaken { alternatives: Vec::new(), zone: TimeZone::UTC },
        }
    }
}

/// Why a booking did not come about at the first try.
enum Missing {
    Calendar,
    Party,
    Time(Taken, Interval),
    Other(Error),
}

impl From<store::Error> for Missing {
    fn from(error: store::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<Error> for Missing {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Violations> for Missing {
    fn from(violations: Violations) -> Self {
        Self::Other(violations.into())
    }
}

async fn save(
    tx: Tx<'_>,
    mut appointment: Appointment,
    change: Change,
    user: &User,
    now: Timestamp,
) -> Result<Now<Appointment>, Error> {
    tx.update(&mut appointment, change, user).await?;
    tx.announce(events::event(change, &appointment)).await?;
    tx.commit().await?;
    Ok((appointment, now))
}

/// Patients book for themselves, doctors with themselves, the practice for anyone.
fn may_book(user: &User, book: &Book) -> Result<(), Error> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Patient(id) if id == book.patient_id => Ok(()),
        Role::Doctor(id) if id == book.doctor_id => Ok(()),
        Role::Patient(_) => Err(Error::NotAllowed("patients book for themselves only")),
        Role::Doctor(_) => Err(Error::NotAllowed("doctors book on their own schedule only")),
        Role::Auditor => Err(Error::NotAllowed("auditors do not book")),
    }
}

fn expect_version(appointment: &Appointment, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != appointment.version => {
            Err(Error::VersionMismatch { current: appointment.version })
        }
        _ => Ok(()),
    }
}

/// Whether a visit may be booked at that time: sensible, and within working hours.
fn check_bookable(rules: &Rules, visit: Interval, now: Timestamp) -> Result<(), Error> {
    check_time(visit, now)?;
    if rules.covers(visit) { Ok(()) } else { Err(Error::OutsideAvailability) }
}
