//! Use cases about visits that recur: book, move and cancel several at once, each in one transaction.
//!
//! The order of locks is calendar, series, patient, visits. Of two who want the same time one may still come too late,
//! because a room or the patient is also booked by other doctors; the transaction then runs again and sees why.
use crate::bookings;
use crate::calendars::Calendars;
use crate::domain::appointment::{Appointment, Hidden, Membership};
use crate::domain::diary::{Diary, Reader, Taken, wish};
use crate::domain::interval::Interval;
use crate::domain::schedule::Schedule;
use crate::domain::series::commands::{CreateSeries, UpdateSeries};
use crate::domain::series::{self, Mode, Occurrence, Present, Series, Wanted};
use crate::domain::slots::Placement;
use crate::domain::status::Actor;
use crate::domain::why::Why;
use crate::drafts;
use crate::error::Error;
use crate::events::{self, Change};
use crate::offers;
use crate::once::Once;
use crate::placing;
use crate::store::{Conflict, Locked, Store, Tx, audited};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use platform::caller::{Role, User};
use platform::context::about;
use platform::violations::Violations;
use proto::ids::{AppointmentId, SeriesId};

mod told; // series as callers are told of them
mod cancelling; // use case: cancel what is ahead

pub use told::{Outcome, Seen};

#[derive(Clone)]
pub struct Recurring {
    store: Store,
    calendars: Calendars,
}

impl Recurring {
    pub fn new(store: Store, calendars: Calendars) -> Self {
        Self { store, calendars }
    }

    pub async fn create(&self, user: &User, ask: &CreateSeries, once: &Once) -> Result<Outcome, Error> {
        placing::may_book_for(user, ask.patient_id, ask.doctor_id)?;
        let reader = offers::reader(user, Some(ask.patient_id))?;
        self.know(user, ask).await?;
        placing::again_while(is_lost, || self.try_create(user, reader, ask, once)).await
    }

    /// Asks their owners of whom nothing is known yet.
    async fn know(&self, user: &User, ask: &CreateSeries) -> Result<(), Error> {
        self.calendars.calendar(ask.doctor_id).await.map_err(no_such_doctor)?;
        if let Some(visit_type) = ask.visit_type_id {
            self.calendars.visit_type(visit_type).await?;
        }
        let mut connection = self.store.connection().await?;
        let is_here = connection.begin().await?.hold_party(ask.patient_id).await?;
        drop(connection);
        if is_here == Some(true) || self.calendars.refresh_party(ask.patient_id).await? {
            return Ok(());
        }
        Err(no_such_patient(user))
    }

    async fn try_create(
        &self,
        user: &User,
        reader: Reader,
        ask: &CreateSeries,
        once: &Once,
    ) -> Result<Outcome, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        let Locked { rules, now } = tx.lock_calendar(ask.doctor_id).await?.ok_or(Error::NoSuchDoctor)?;
        let (is_here, clinic) = tokio::try_join!(tx.hold_party(ask.patient_id), tx.clinic())?;
        if is_here != Some(true) {
            return Err(no_such_patient(user));
        }
        let wish = wish(&rules, &clinic, ask.visit_type_id, ask.minutes, reader);
        let wish = wish.ok_or(Error::NoSuchVisitType)?;
        let schedule = Schedule { rules: &rules, clinic: &clinic };
        let (zone, start) = series::anchored(schedule, ask.start, wish.timing.duration());
        let starts = series::starts(&ask.rule, start)?;
        let want = |local| Wanted { appointment: AppointmentId::random(), local, wish };
        let wanted: Vec<Wanted> = starts.into_iter().map(want).collect();
        let span =
            series::span(&zone, &wanted).ok_or_else(|| Violations::of("start_time", "is too far away"))?;
        let taken = placing::look(&tx, &wish, ask.doctor_id, ask.patient_id, span, &clinic, None).await?;
        let mut diary = Diary::new(rules, clinic, &taken, reader, now);
        let mut occurrences = series::place_all(&mut diary, &zone, &wanted);
        if ask.dry_run || !suffices(&occurrences, ask.mode) {
            drop(tx);
            // Nothing is held up by looking for others.
            drop(connection);
            series::suggest(&diary, &zone, &wanted, &mut occurrences);
            for occurrence in &mut occurrences {
                occurrence.appointment = None;
            }
            return if ask.dry_run {
                Ok(Outcome { seen: None, occurrences, zone })
            } else {
                Err(Error::SeriesConflict { occurrences, zone })
            };
        }

        let mut series = Series {
            id: SeriesId::random(),
            patient_id: ask.patient_id,
            doctor_id: ask.doctor_id,
            visit_type_id: ask.visit_type_id,
            rule: ask.rule.clone(),
            start,
            zone: zone.clone(),
            duration: wish.timing.duration,
            ended_from: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        tx.insert_series(&mut series, user).await?;
        let mut visits = Vec::new();
        for (id, occurrence, visit, place) in placed(&occurrences) {
            let mut appointment = drafts::new(&diary, &wish, ask.patient_id, visit, &place, user);
            appointment.id = id;
            appointment.notes.clone_from(&ask.notes);
            give_up_holds(&tx, &taken, reader, &appointment, &place).await?;
            let booked =
                tx.insert(&mut appointment, &place, diary.rules.version, Change::Booked, None, user).await?;
            booked.map_err(|conflict| lost(conflict, &series))?;
            tx.announce(events::event(Change::Booked, &appointment)).await?;
            appointment.series = Some(Membership { id: series.id, occurrence });
            visits.push(appointment);
        }
        let id = series.id;
        tx.enrol(id, &places(&visits)).await?;
        series::suggest(&diary, &zone, &wanted, &mut occurrences);
        for refused in occurrences.iter_mut().filter(|occurrence| occurrence.outcome.is_err()) {
            refused.appointment = None;
        }
        let outcome = Outcome { seen: Some(Seen { series, visits, now }), occurrences, zone };
        once.end_series(&tx, id, || outcome.wordless(user)).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    pub async fn get(&self, user: &User, id: SeriesId) -> Result<Seen, Error> {
        let connection = self.store.connection().await?;
        let (series, now) = connection.series(id).await?.ok_or(Error::NoSuchSeries)?;
        about("series", id.0, Some(series.patient_id.0));
        actor(&series, user)?;
        let visits = connection.visits_of_series(id).await?;
        connection.note(audited::series("read", &series)).await?;
        Ok(Seen { series, visits, now })
    }

    /// Moves the visits ahead that were not moved on their own.
    pub async fn update(
        &self,
        user: &User,
        id: SeriesId,
        ask: &UpdateSeries,
        once: &Once,
    ) -> Result<Outcome, Error> {
        placing::again_while(is_lost, || self.try_update(user, id, ask, once)).await
    }

    async fn try_update(
        &self,
        user: &User,
        id: SeriesId,
        ask: &UpdateSeries,
        once: &Once,
    ) -> Result<Outcome, Error> {
        let mut connection = self.store.connection().await?;
        let (seen, _) = connection.series(id).await?.ok_or(Error::NoSuchSeries)?;
        actor(&seen, user)?;
        let reader = offers::reader(user, Some(seen.patient_id))?;
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        let Locked { rules, .. } = tx.lock_calendar(seen.doctor_id).await?.ok_or(Error::NoSuchDoctor)?;
        let (mut series, now) = tx.lock_series(id).await?.ok_or(Error::NoSuchSeries)?;
        let patient_is_here = tx.hold_party(series.patient_id).await? == Some(true);
        let visits = tx.lock_visits_of_series(id).await?;
        let actor = actor(&series, user)?;
        expect_version(&series, ask.expected_version)?;
        let zone = series.zone.clone();
        let in_scope = ask.scope.of(visits).ok_or_else(not_of_the_series)?;
        let is_moving = |visit: &Appointment| {
            now < visit.visit.start && visit.may_be_moved_by(actor, now) && !was_moved_alone(visit, &series)
        };
        let moving: Vec<Appointment> = in_scope.into_iter().filter(is_moving).collect();
        if !patient_is_here || moving.is_empty() {
            return Err(Error::SeriesClosed);
        }
        let want = |visit: &Appointment| {
            let before = visit.series?.occurrence;
            let local = ask.shift.of(before).filter(|local| *local != before)?;
            let wish = bookings::wish_of(visit, visit.visit, &rules, reader.is_bound);
            Some(Wanted { appointment: visit.id, local, wish })
        };
        let (bound, moving): (Vec<_>, Vec<_>) = moving.into_iter().partition(|visit| {
            let (policy, moved) = (visit.terms.policy, visit.reschedule_count);
            policy.check_move(actor, visit.visit.start, moved, now).is_err()
        });
        let bound: Vec<Wanted> = bound.iter().filter_map(want).collect();
        let wanted: Vec<Wanted> = moving.iter().filter_map(want).collect();
        let all = [bound.as_slice(), wanted.as_slice()].concat();
        let Some((span, first)) = series::span(&zone, &all).zip(all.first()) else {
            return finish(tx, user, series, (Vec::new(), zone), now, once).await;
        };
        let clinic = tx.clinic().await?;
        let taken =
            placing::look(&tx, &first.wish, series.doctor_id, series.patient_id, span, &clinic, None).await?;
        let present = Present { rules: &rules, clinic: &clinic, taken: &taken, reader, now };
        let (mut occurrences, diary) = present.move_all(&zone, &wanted, ask.mode);
        occurrences.extend(bound.iter().map(Wanted::withheld));
        occurrences.sort_by_key(|occurrence| occurrence.local);
        let is_refused = !suffices(&occurrences, ask.mode);
        if ask.dry_run || is_refused {
            drop(tx);
            drop(connection);
            series::suggest(&diary, &zone, &wanted, &mut occurrences);
            return if ask.dry_run {
                Ok(Outcome { seen: Some(self.get(user, id).await?), occurrences, zone })
            } else {
                Err(Error::SeriesConflict { occurrences, zone })
            };
        }

        let placed = placed(&occurrences);
        for (visit, ..) in &placed {
            tx.release(*visit).await?;
        }
        let mut moved = Vec::new();
        for (visit, occurrence, at, place) in placed {
            let Some(mut appointment) = moving.iter().find(|moving| moving.id == visit).cloned() else {
                continue;
            };
            drafts::relocate(&mut appointment, &diary, at, &place, actor);
            give_up_holds(&tx, &taken, reader, &appointment, &place).await?;
            tx.claim(&appointment, &place).await?.map_err(|conflict| lost(conflict, &series))?;
            tx.update(&mut appointment, Change::Rescheduled, &Why::default(), user).await?;
            tx.announce(events::event(Change::Rescheduled, &appointment)).await?;
            appointment.series = Some(Membership { id, occurrence });
            moved.push(appointment);
        }
        tx.enrol(id, &places(&moved)).await?;
        tx.update_series(&mut series).await?;
        series::suggest(&diary, &zone, &wanted, &mut occurrences);
        finish(tx, user, series, (occurrences, zone), now, once).await
    }
}

async fn finish(
    tx: Tx<'_>,
    user: &User,
    series: Series,
    (occurrences, zone): (Vec<Occurrence>, TimeZone),
    now: Timestamp,
    once: &Once,
) -> Result<Outcome, Error> {
    let id = series.id;
    tx.note(audited::series("update", &series));
    let visits = tx.lock_visits_of_series(id).await?;
    let outcome = Outcome { seen: Some(Seen { series, visits, now }), occurrences, zone };
    once.end_series(&tx, id, || outcome.wordless(user)).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Whether as many found a place as `mode` asks for.
fn suffices(occurrences: &[Occurrence], mode: Mode) -> bool {
    let mut placed = occurrences.iter().map(|occurrence| occurrence.outcome.is_ok());
    match mode {
        Mode::AllOrNothing => placed.all(|is_placed| is_placed),
        Mode::SkipConflicts => placed.any(|is_placed| is_placed),
    }
}

/// Those that found a place: the visit, its civil start by the rule, where it goes.
fn placed(occurrences: &[Occurrence]) -> Vec<(AppointmentId, DateTime, Interval, Placement)> {
    let placed = |occurrence: &Occurrence| {
        let (visit, place) = occurrence.outcome.ok()?;
        Some((occurrence.appointment?, occurrence.local, visit, place))
    };
    occurrences.iter().filter_map(placed).collect()
}

fn places(visits: &[Appointment]) -> Vec<(AppointmentId, DateTime)> {
    visits.iter().filter_map(|visit| Some((visit.id, visit.series?.occurrence))).collect()
}

/// Whether a visit is no longer where the series put it, or not with its doctor.
fn was_moved_alone(visit: &Appointment, series: &Series) -> bool {
    let is_elsewhen =
        visit.series.is_none_or(|place| series.zone.to_datetime(visit.visit.start) != place.occurrence);
    is_elsewhen || visit.doctor_id != series.doctor_id
}

async fn give_up_holds(
    tx: &Tx<'_>,
    taken: &[Taken],
    reader: Reader,
    appointment: &Appointment,
    place: &Placement,
) -> Result<(), Error> {
    let holds = placing::own_holds(taken, reader, appointment, place.busy);
    Ok(tx.give_up_holds(&holds).await?)
}

fn no_such_doctor(error: Error) -> Error {
    match error {
        Error::NoSuchDoctor => Violations::of("doctor_id", "there is no such doctor").into(),
        other => other,
    }
}

fn no_such_patient(user: &User) -> Error {
    match user.role {
        Role::Patient(_) => Error::NoRecord,
        _ => Violations::of("patient_id", "there is no such patient").into(),
    }
}

fn not_of_the_series() -> Violations {
    Violations::of("from_appointment_id", "is not a visit of the series")
}

fn actor(series: &Series, user: &User) -> Result<Actor, Error> {
    series.actor(user).map_err(|hidden| match hidden {
        Hidden::Unknown => Error::NoSuchSeries,
        Hidden::Forbidden => Error::Forbidden,
    })
}

fn expect_version(series: &Series, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != series.version => {
            Err(Error::VersionMismatch { current: series.version })
        }
        _ => Ok(()),
    }
}

/// What the database refused although it had looked free.
fn lost(conflict: Conflict, series: &Series) -> Error {
    match conflict {
        Conflict::Patient => Error::PatientConflict,
        Conflict::Resource => Error::taken(series.doctor_id, &series.zone),
    }
}

/// Whether another came first, so that the same may turn out otherwise when it is looked at again.
fn is_lost(error: &Error) -> bool {
    error.is_conflict() || matches!(error, Error::PatientConflict | Error::SlotTaken { .. })
}
