//! Use cases that book and move visits: load, decide, save, announce; one transaction each.
//!
//! The order of locks is always calendar, patient, visit, so that no two of them wait for each other. Time is
//! the database's.
use crate::calendars::Calendars;
use crate::convert;
use crate::domain::appointment::Appointment;
use crate::domain::clinic::{Terms, Timing};
use crate::domain::commands::{Book, Edit, Import};
use crate::domain::diary::{Diary, Reader};
use crate::domain::hold::{Hold, HoldOutcome, Token};
use crate::domain::interval::Interval;
use crate::domain::rules::Rules;
use crate::domain::schedule::Schedule;
use crate::domain::slots::{self, Placement, Wish};
use crate::domain::status::{Actor, Status};
use crate::domain::transition::Refusal;
use crate::domain::why::Why;
use crate::drafts;
use crate::error::Error;
use crate::events::{self, Change};
use crate::offers;
use crate::once::Once;
use crate::placing::{self, Desk, Missing, Placed, Placing, kind, lost, may_book, minutes, unbookable};
use crate::store::{Conflict, Locked, Store, Tx, audited};
use jiff::Timestamp;
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::AppointmentId;

#[derive(Clone)]
pub struct Bookings {
    store: Store,
    calendars: Calendars,
    placing: Placing,
}

/// A visit, and the time at which it was so.
pub type Now<T> = (T, Timestamp);

/// A new visit.
pub struct Booked {
    pub appointment: Appointment,
    /// If it was booked with one.
    pub hold: Option<HoldOutcome>,
    pub now: Timestamp,
}

impl Booked {
    /// As `user` is shown it, but for the notes.
    pub fn wordless(&self, user: &User) -> pb::Appointment {
        let wordless = Appointment { notes: None, ..self.appointment.clone() };
        convert::holds::booked(convert::seen_by(user, wordless, self.now), self.hold)
    }
}

impl Bookings {
    pub fn new(store: Store, calendars: Calendars, placing: Placing) -> Self {
        Self { store, calendars, placing }
    }

    /// Books a free time, or one that `hold` keeps.
    pub async fn book(
        &self,
        user: &User,
        book: &Book,
        hold: Option<Token>,
        once: &Once,
    ) -> Result<Booked, Error> {
        may_book(user, book)?;
        let reader = offers::reader(user, Some(book.patient_id))?;
        let attempt = || self.try_book(user, reader, book, hold, once);
        match self.placing.run(user, reader, book, attempt).await {
            Err(Error::SlotTaken { doctor, alternatives, zone }) if hold.is_some() => {
                Err(Error::HeldTimeTaken { doctor, alternatives, zone })
            }
            outcome => outcome,
        }
    }

    async fn try_book(
        &self,
        user: &User,
        reader: Reader,
        book: &Book,
        token: Option<Token>,
        once: &Once,
    ) -> Result<Booked, Missing> {
        let mut connection = self.store.connection().await?;
        if token.is_none() && book.leave.is_none() {
            placing::look_first(&connection, reader, book, once).await?;
        }
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        let desk = placing::lock(&tx, book).await?;
        let hold = match &token {
            Some(token) => Some(tx.lock_hold_of(token).await?),
            None => None,
        };
        if let Some(Some((held, now))) = &hold {
            held.check(book)?;
            if held.is_live(*now) {
                return book_held(tx, user, reader, desk, held.clone(), book, once).await;
            }
        } else if let Some(token) = &token
            && let Some(visit) = tx.booked_with(token).await?
            && visit.reader(user).is_ok()
        {
            return Err(Error::HoldUsed.into());
        }
        let now = desk.now;
        let Placed { mut appointment, place, rules_version, own_holds, is_despite } =
            desk.place(&tx, user, reader, book).await?;
        tx.give_up_holds(&own_holds).await?;
        let leave = book.leave.as_ref().filter(|_| is_despite);
        tx.insert(&mut appointment, &place, rules_version, Change::Booked, leave, user)
            .await?
            .map_err(|conflict| lost(conflict, appointment.visit))?;
        let hold = hold.map(|_| HoldOutcome::Reclaimed);
        finish(tx, user, Booked { appointment, hold, now }, once).await
    }

    /// Moves a visit, edits its notes, or both.
    pub async fn edit(
        &self,
        user: &User,
        id: AppointmentId,
        edit: &Edit,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        placing::again_while(Error::is_conflict, || self.try_edit(user, id, edit, once)).await
    }

    async fn try_edit(
        &self,
        user: &User,
        id: AppointmentId,
        edit: &Edit,
        once: &Once,
    ) -> Result<Now<Appointment>, Error> {
        let mut connection = self.store.connection().await?;
        let (seen, _) = connection.find(id).await?.ok_or(Error::NotFound)?;
        audited::about_visit(&seen);
        seen.reader(user)?;
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        let Locked { rules, .. } = tx.lock_calendar(seen.doctor_id).await?.ok_or(Error::NoSuchDoctor)?;
        let patient_is_here = tx.hold_party(seen.patient_id).await? == Some(true);
        let (mut appointment, now) = tx.lock(id).await?.ok_or(Error::NotFound)?;
        let actor = appointment.reader(user)?;
        if edit.leave.is_some() && actor == Actor::Patient {
            return Err(Error::NotAllowed("only the practice books against rules"));
        }
        expect_version(&appointment, edit.expected_version)?;
        if !patient_is_here || !appointment.may_be_moved_by(actor, now) {
            return Err(Error::Closed);
        }
        let visit = edit.visit(&appointment.zone, appointment.visit)?;
        let is_moved = visit != appointment.visit;
        let is_reworded = edit.notes.as_ref().is_some_and(|notes| *notes != appointment.notes);
        if let Some(notes) = &edit.notes {
            appointment.notes.clone_from(notes);
        }
        if !is_moved {
            if !is_reworded {
                return unchanged(tx, appointment, user, now, once).await;
            }
            return save(tx, appointment, Change::NotesEdited, &Why::default(), user, now, once).await;
        }
        let reader = offers::reader(user, Some(appointment.patient_id))?;
        let clinic = tx.clinic().await?;
        let moved = appointment.reschedule_count;
        appointment
            .terms
            .policy
            .check_move(actor, appointment.visit.start, moved, now)
            .map_err(Refusal::Policy)?;
        let visit_type = appointment.visit_type_id;
        let wish = wish_of(&appointment, visit, &rules, reader.is_bound);
        let lift = edit.leave.as_ref().map(|leave| leave.lift);
        if edit.end.is_some() {
            placing::check_length(&wish, visit, lift)?;
        }
        let taken =
            placing::look(&tx, &wish, seen.doctor_id, seen.patient_id, visit, &clinic, Some(appointment.id))
                .await?;
        let diary = Diary::new(rules, clinic, &taken, reader, now);
        let placed = match placing::place(&diary, wish, visit, lift) {
            Ok((place, is_despite)) => {
                drafts::relocate(&mut appointment, &diary, visit, &place, actor);
                let own_holds = placing::own_holds(&taken, reader, &appointment, place.busy);
                tx.give_up_holds(&own_holds).await?;
                tx.release(id).await?;
                let claimed = tx.claim(&appointment, &place).await?;
                claimed.map(|()| is_despite).map_err(|conflict| lost(conflict, visit))
            }
            Err(refusal) => Err(unbookable(refusal, visit, now)),
        };
        match placed {
            Ok(is_despite) => {
                let why = edit.leave.as_ref().filter(|_| is_despite).map(Why::from).unwrap_or_default();
                save(tx, appointment, Change::Rescheduled, &why, user, now, once).await
            }
            Err(Missing::Time(_)) => {
                drop(tx);
                // Looking for others takes a connection; holding this one meanwhile could use them all up.
                drop(connection);
                Err(self.placing.slot_taken(reader, seen.doctor_id, kind(visit_type, visit), visit).await)
            }
            Err(Missing::Other(error) | Missing::Lock(error)) => Err(error),
            Err(Missing::Calendar | Missing::Party | Missing::VisitType(_)) => Err(Error::Closed),
        }
    }

    /// Takes over a visit of the past. Nothing is checked against the rules of today.
    pub async fn import(&self, user: &User, import: Import) -> Result<Now<Appointment>, Error> {
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
            visit_type_id: None,
            visit,
            zone: rules.zone,
            location_id: None,
            room_id: None,
            terms: Terms::default(),
            is_overbooked: false,
            status,
            status_since: now,
            notes,
            sub_status: None,
            is_vouched: true,
            series: None,
            respond_by: None,
            cancel_reason: None,
            is_late_cancel: false,
            reschedule_count: 0,
            is_undoable: false,
            version: 1,
            schedule_version: 1,
            created_at: now,
            updated_at: now,
        };
        let place = Placement {
            lane: 0,
            session: None,
            busy: visit,
            location: None,
            room: None,
            room_lane: 0,
            left: 0,
        };
        match tx.insert(&mut appointment, &place, 0, Change::Imported, None, user).await? {
            Ok(()) => {}
            Err(Conflict::Patient) => return Err(Error::PatientConflict),
            Err(Conflict::Resource) => {
                return Err(Error::taken(doctor_id, &appointment.zone));
            }
        }
        tx.announce(events::event(Change::Imported, &appointment)).await?;
        tx.commit().await?;
        Ok((appointment, now))
    }
}

/// Makes `hold` the visit that it was for: its time stays taken all the while. What may have changed is whether the
/// doctor is there.
pub(crate) async fn book_held(
    tx: Tx<'_>,
    user: &User,
    reader: Reader,
    desk: Desk,
    hold: Hold,
    book: &Book,
    once: &Once,
) -> Result<Booked, Missing> {
    let Desk { rules, clinic, now } = desk;
    let Appointment { visit, .. } = hold.appointment;
    let schedule = Schedule { rules: &rules, clinic: &clinic };
    if visit.start <= now {
        return Err(Violations::of("start_time", "must be in the future").into());
    }
    if !schedule.covers(visit) {
        return Err(Error::Unbookable(slots::Refusal::Closed(schedule.closed_for(visit))).into());
    }
    let respond_by = drafts::respond_by(&clinic, hold.appointment.visit_type_id, reader.is_bound, visit, now);
    let mut appointment = Appointment {
        status: if respond_by.is_some() { Status::Requested } else { Status::Scheduled },
        status_since: now,
        respond_by,
        notes: book.notes.clone(),
        is_vouched: !matches!(user.role, Role::Doctor(_)),
        ..hold.appointment
    };
    tx.convert_hold(&mut appointment, rules.version, Change::Booked, user).await?;
    finish(tx, user, Booked { appointment, hold: Some(HoldOutcome::Converted), now }, once).await
}

pub(crate) async fn finish(tx: Tx<'_>, user: &User, booked: Booked, once: &Once) -> Result<Booked, Missing> {
    let event = events::event(Change::Booked, &booked.appointment);
    tx.announce_last(event, once.end(&tx, booked.appointment.id, &booked.wordless(user))).await?;
    tx.commit().await?;
    Ok(booked)
}

async fn save(
    tx: Tx<'_>,
    mut appointment: Appointment,
    change: Change,
    why: &Why,
    user: &User,
    now: Timestamp,
    once: &Once,
) -> Result<Now<Appointment>, Error> {
    tx.update(&mut appointment, change, why, user).await?;
    let event = events::event(change, &appointment);
    tx.announce_last(event, once.end_with(&tx, user, &appointment, now)).await?;
    tx.commit().await?;
    Ok((appointment, now))
}

/// There was nothing to change, which is an answer like any other.
pub(crate) async fn unchanged(
    tx: Tx<'_>,
    appointment: Appointment,
    user: &User,
    now: Timestamp,
    once: &Once,
) -> Result<Now<Appointment>, Error> {
    tx.note(audited::visit("read", &appointment));
    once.end_with(&tx, user, &appointment, now).await?;
    tx.commit().await?;
    Ok((appointment, now))
}

pub(crate) fn expect_version(appointment: &Appointment, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != appointment.version => {
            Err(Error::VersionMismatch { current: appointment.version })
        }
        _ => Ok(()),
    }
}

/// What a visit that is booked asks for when it takes another time, or its own again: what held when it was booked.
pub(crate) fn wish_of(visit: &Appointment, time: Interval, rules: &Rules, is_bound: bool) -> Wish {
    let usual = u32::try_from(rules.slot_minutes).unwrap_or(30);
    let timing = visit.terms.timing.unwrap_or_else(|| Timing::plain(minutes(time), usual));
    Wish { visit_type: visit.visit_type_id, timing, is_offered: true, is_bound }
}
