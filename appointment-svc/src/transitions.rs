//! Use cases that change where a visit stands: load, decide, save, announce; one transaction each.
//!
//! Locks are taken in the order of [`crate::bookings`]. Time is the database's.
use crate::bookings::{Now, expect_version, unchanged, wish_of};
use crate::domain::appointment::Appointment;
use crate::domain::diary::{Diary, Reader};
use crate::domain::slots::{self, Placement, Rule};
use crate::domain::status::{Actor, Status};
use crate::domain::transition::{Granted, Refusal};
use crate::domain::why::{StatusChange, Why};
use crate::error::Error;
use crate::events::{self, Change};
use crate::once::Once;
use crate::placing::look;
use crate::store::{Conflict, Connection, Locked, Store, Tx, audited};
use jiff::Timestamp;
use platform::caller::User;
use proto::ids::AppointmentId;
use proto::scalars::{ChangeNote, SubStatus};

#[derive(Clone)]
pub struct Transitions {
    store: Store,
}

/// A visit that stays as it is until the transaction ends, with what may be needed to take its time.
struct Secured<'c> {
    tx: Tx<'c>,
    calendar: Option<Locked>,
    patient_is_here: bool,
    appointment: Appointment,
    actor: Actor,
    now: Timestamp,
}

impl Transitions {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes a visit what `change` says; the same status again changes nothing.
    pub async fn change_status(
        &self,
        user: &User,
        change: StatusChange,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        let StatusChange { id, to, why, expected_version } = change;
        let mut connection = self.store.connection().await?;
        let visit = secure(&mut connection, user, id, once).await?;
        let (mut appointment, actor, now) = (visit.appointment.clone(), visit.actor, visit.now);
        if appointment.status == to {
            return unchanged(visit.tx, appointment, user, now, once).await;
        }
        expect_version(&appointment, expected_version)?;
        let Granted { is_late, needs_note } = appointment.check(to, actor, now)?;
        let why = why.of(to, actor, needs_note)?;
        appointment.become_status(to, actor, is_late, why.reason);
        visit.settle_time(&mut appointment, user).await?;
        let change = if to == Status::Cancelled { Change::Cancelled } else { Change::StatusChanged };
        visit.save(appointment, change, &why, user, once).await
    }

    /// Takes the last change of a visit back: its status and its time are as they were.
    pub async fn undo(
        &self,
        user: &User,
        id: AppointmentId,
        expected_version: Option<i64>,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        let mut connection = self.store.connection().await?;
        let visit = secure(&mut connection, user, id, once).await?;
        let mut appointment = visit.appointment.clone();
        expect_version(&appointment, expected_version)?;
        appointment.check_undo(visit.actor, visit.now)?;
        let former = visit.tx.change(id, appointment.version - 1).await?.ok_or(Refusal::NothingToUndo)?;
        former.restore(&mut appointment);
        visit.settle_time(&mut appointment, user).await?;
        visit.save(appointment, Change::Undone, &Why::default(), user, once).await
    }

    /// Labels a visit, or takes the label off.
    pub async fn set_sub_status(
        &self,
        user: &User,
        id: AppointmentId,
        label: Option<SubStatus>,
        expected_version: Option<i64>,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        let mut connection = self.store.connection().await?;
        let visit = secure(&mut connection, user, id, once).await?;
        let mut appointment = visit.appointment.clone();
        if visit.actor.is_patient() {
            return Err(Error::NotAllowed("labels are for the practice"));
        }
        if appointment.sub_status == label {
            return unchanged(visit.tx, appointment, user, visit.now, once).await;
        }
        expect_version(&appointment, expected_version)?;
        let note = label.as_ref().and_then(|label| ChangeNote::try_from(label.as_str().to_owned()).ok());
        appointment.sub_status = label;
        visit.settle_time(&mut appointment, user).await?;
        visit.save(appointment, Change::SubStatusSet, &Why { note, ..Why::default() }, user, once).await
    }
}

/// Locks calendar, patient and visit, in this order. Who may not know of the visit locks nothing.
async fn secure<'c>(
    connection: &'c mut Connection,
    user: &User,
    id: AppointmentId,
    once: &Once,
) -> Result<Secured<'c>, Error> {
    let (seen, _) = connection.find(id).await?.ok_or(Error::NotFound)?;
    audited::about_visit(&seen);
    seen.reader(user)?;
    let tx = connection.begin().await?;
    once.begin(&tx).await?;
    let calendar = tx.lock_calendar(seen.doctor_id).await?;
    let patient_is_here = tx.hold_party(seen.patient_id).await? == Some(true);
    let (appointment, now) = tx.lock(id).await?.ok_or(Error::NotFound)?;
    let actor = appointment.reader(user)?;
    Ok(Secured { tx, calendar, patient_is_here, appointment, actor, now })
}

impl Secured<'_> {
    /// Frees the time that the visit had, takes the time that it has `after` the change, or leaves both.
    async fn settle_time(&self, after: &mut Appointment, user: &User) -> Result<(), Error> {
        let had_time = self.appointment.status.occupies();
        let is_moved = after.visit != self.appointment.visit;
        if !after.status.occupies() {
            // Also what an expired request still has.
            return Ok(self.tx.release(after.id).await?);
        }
        if had_time && !is_moved {
            return self.keep(after).await;
        }
        self.tx.release(after.id).await?;
        let place = self.place_again(after, user).await?;
        after.location_id = place.location;
        after.room_id = place.room;
        after.is_overbooked = false;
        self.tx.claim(after, &place).await?.map_err(|conflict| match conflict {
            Conflict::Patient => Error::PatientConflict,
            Conflict::Resource => Error::taken(after.doctor_id, &after.zone),
        })?;
        self.keep(after).await
    }

    /// Keeps the time for good, or until somebody answers: what is asked for again runs out like any request.
    async fn keep(&self, after: &Appointment) -> Result<(), Error> {
        if [self.appointment.status, after.status].contains(&Status::Requested) {
            self.tx.keep(after.id, after.kept_until()).await?;
        }
        Ok(())
    }

    /// What was free for a while may have been taken, or given up for good: by the patient, the doctor, or in the
    /// hours.
    async fn place_again(&self, after: &Appointment, user: &User) -> Result<Placement, Error> {
        let Locked { rules, .. } = self.calendar.as_ref().ok_or(Error::NoSuchDoctor)?;
        if !self.patient_is_here {
            return Err(Error::Closed);
        }
        let clinic = self.tx.clinic().await?;
        let wish = wish_of(after, after.visit, rules, false);
        let (doctor, patient) = (after.doctor_id, after.patient_id);
        let taken_by = look(&self.tx, &wish, doctor, patient, after.visit, &clinic, Some(after.id)).await?;
        let reader = Reader { user: user.id, patient: Some(patient), is_bound: false };
        let diary = Diary::new(rules.clone(), clinic, &taken_by, reader, self.now);
        let is_ahead = after.visit.start > self.now;
        let still: &[Rule] = if is_ahead { &[Rule::DoctorActive, Rule::Availability] } else { &[] };
        // It is this time that was wanted back, and no other.
        diary.situation(wish).place_again(after.visit, still).map_err(|refusal| match refusal {
            slots::Refusal::Taken(_) => Error::taken(after.doctor_id, &after.zone),
            slots::Refusal::PatientBusy => Error::PatientConflict,
            refusal => Error::Unbookable(refusal),
        })
    }

    async fn save(
        self,
        mut appointment: Appointment,
        change: Change,
        why: &Why,
        user: &User,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        let Self { tx, appointment: before, now, .. } = self;
        tx.update(&mut appointment, change, why, user).await?;
        let is_moved = appointment.visit != before.visit;
        let event = events::transition(change, &appointment, before.status, is_moved);
        tx.announce_last(event, once.end_with(&tx, user, &appointment, now)).await?;
        tx.commit().await?;
        Ok((appointment, now))
    }
}
