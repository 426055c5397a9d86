//! Use cases about times that can be booked: what is free, with whom, and why not.
use crate::calendars::Calendars;
use crate::domain::clinic::Clinic;
use crate::domain::commands::When;
use crate::domain::days::Day;
use crate::domain::diary::{Diary, Reader, diaries, resources, wish};
use crate::domain::interval::Interval;
use crate::domain::local;
use crate::domain::questions::{Among, Dates, Explanation, Found, Kind, MAX_DOCTORS, Position};
use crate::domain::rules::Rules;
use crate::domain::schedule::Schedule;
use crate::domain::slots::{self, Rule, Slot, Wish};
use crate::error::Error;
use crate::store::{Connection, Locked, Look, Store};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId};
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// Days around a time in which others are looked for.
const NEARBY: SignedDuration = SignedDuration::from_hours(24 * 7);

#[derive(Clone)]
pub struct Offers {
    store: Store,
    calendars: Calendars,
}

/// As whom `user` asks for times, for `patient` if that is somebody else.
pub fn reader(user: &User, patient: Option<PatientId>) -> Result<Reader, Error> {
    let own = match user.role {
        Role::Patient(own) => Some(own),
        Role::Admin | Role::Staff | Role::Doctor(_) => None,
        Role::Auditor => return Err(Error::NotAllowed("auditors do not see calendars")),
    };
    if own.is_some() && patient.is_some() && own != patient {
        return Err(Error::NotAllowed("patients ask for themselves only"));
    }
    Ok(Reader { user: user.id, patient: own.or(patient), is_bound: own.is_some() })
}

impl Offers {
    pub fn new(store: Store, calendars: Calendars) -> Self {
        Self { store, calendars }
    }

    /// The free times of `doctor`, and the diary they are from.
    pub async fn slots(
        &self,
        reader: Reader,
        doctor: DoctorId,
        kind: Kind,
        dates: Dates,
        excluding: Option<AppointmentId>,
    ) -> Result<(Vec<Slot>, Diary), Error> {
        let calendar = self.calendar(doctor, kind, reader).await?;
        let (wish, span) = (calendar.wish, calendar.span(dates)?);
        let diary = calendar.read(reader, span, excluding).await?;
        Ok((diary.situation(wish).free(span), diary))
    }

    /// What is to be had on each date, and the zone of the dates.
    pub async fn days(
        &self,
        reader: Reader,
        doctor: DoctorId,
        kind: Kind,
        dates: Dates,
    ) -> Result<(Vec<Day>, TimeZone), Error> {
        let calendar = self.calendar(doctor, kind, reader).await?;
        let (wish, span) = (calendar.wish, calendar.span(dates)?);
        let diary = calendar.read(reader, span, None).await?;
        let situation = diary.situation(wish);
        let days =
            dates.from.series(Span::new().days(1)).take(usize::try_from(dates.days).unwrap_or_default());
        Ok((days.filter_map(|date| situation.day(date)).collect(), diary.rules.zone))
    }

    /// The earliest free times after `after` among doctors, `limit` of them at most.
    pub async fn search(
        &self,
        reader: Reader,
        among: &Among,
        kind: Kind,
        dates: Dates,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Found>, Error> {
        if let Some(visit_type) = kind.visit_type {
            self.calendars.visit_type(visit_type).await?;
        }
        let connection = self.store.connection().await?;
        let Among { doctors, specialization, language, location } = among;
        let (clinic, calendars) = tokio::try_join!(
            connection.clinic(),
            connection.calendars(doctors, specialization, language, MAX_DOCTORS + 1),
        )?;
        if i64::try_from(calendars.len()).unwrap_or(i64::MAX) > MAX_DOCTORS {
            let narrow = format!("is needed: there are more than {MAX_DOCTORS} doctors");
            return Err(Violations::of("specialization", narrow).into());
        }
        let offering = calendars.into_iter().filter_map(|Locked { rules, now }| {
            let wish = wish(&rules, &clinic, kind.visit_type, kind.minutes, reader)?;
            let span = Schedule { rules: &rules, clinic: &clinic }.span(dates.from, dates.days)?;
            wish.is_offered.then_some((rules, wish, span, now))
        });
        let offering: Vec<_> = offering.collect();
        let (Some(begin), Some(end)) = (
            offering.iter().map(|(_, _, span, _)| span.start).min(),
            offering.iter().map(|(_, _, span, _)| span.end).max(),
        ) else {
            return Ok(Vec::new());
        };
        let of_all =
            offering.iter().flat_map(|(rules, wish, ..)| resources(rules.doctor_id, &clinic, &wish.timing));
        let mut of_all: Vec<Uuid> = of_all.collect();
        of_all.sort_unstable();
        of_all.dedup();
        let begin = after.map_or(begin, |Position(start, _)| start.max(begin));
        let span = Interval { start: begin, end };
        let look = Look { resources: &of_all, patient: reader.patient, span: reach(span), excluding: None };
        let taken = connection.taken(look).await?;
        drop(connection);
        let location = *location;
        // The times of hundreds of doctors take a while, in which others are to be answered.
        let finding = spawn_blocking(move || {
            let asked: Vec<_> = offering.iter().map(|(_, wish, span, _)| (*wish, *span)).collect();
            let doctors = offering.into_iter().map(|(rules, _, _, now)| (rules, now)).collect();
            let diaries = diaries(doctors, &clinic, &taken, reader).into_iter().zip(asked);
            let diaries: Vec<_> = diaries.map(|(diary, (wish, span))| (diary, wish, span)).collect();
            earliest(&diaries, span, after, location, limit)
        });
        Ok(finding.await.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic())))
    }

    /// Why `start` can or cannot be booked with `doctor`, and the nearest start that can.
    pub async fn explain(
        &self,
        reader: Reader,
        doctor: DoctorId,
        kind: Kind,
        start: When,
    ) -> Result<Explanation, Error> {
        let calendar = self.calendar(doctor, kind, reader).await?;
        let wish = calendar.wish;
        let start = match start {
            When::Instant(at) => at,
            When::Local(at) => local::typed(&calendar.rules.zone, at)
                .map_err(|wrong| Violations::of("start_local", wrong))?,
        };
        let visit = Interval { start, end: start + wish.timing.duration() };
        let near = Interval { start: start - NEARBY, end: visit.end + NEARBY };
        let diary = calendar.read(reader, near, None).await?;
        let situation = diary.situation(wish);
        let rules = Rule::ALL.into_iter().map(|rule| (rule, situation.check(rule, visit))).collect();
        let place = diary.schedule().place_of(visit).and_then(|open| open.location);
        let nearest = slots::nearest(situation.free(near), start);
        let nearest = nearest.into_iter().min_by_key(|slot| slot.visit.start.duration_since(start).abs());
        Ok(Explanation {
            rules,
            nearest: nearest.map(|slot| slot.visit.start),
            zone: diary.schedule().zone(place).clone(),
        })
    }

    /// Up to three free times of the same kind near one that is taken.
    pub async fn alternatives(
        &self,
        reader: Reader,
        doctor: DoctorId,
        kind: Kind,
        taken: Timestamp,
    ) -> Result<(Vec<Slot>, TimeZone), Error> {
        let calendar = self.calendar(doctor, kind, reader).await?;
        let date = calendar.rules.zone.to_datetime(taken).date();
        let (wish, span) = (calendar.wish, calendar.span(Dates { from: date, days: 7 })?);
        let diary = calendar.read(reader, span, None).await?;
        Ok((slots::nearest(diary.situation(wish).free(span), taken), diary.rules.zone))
    }

    /// What is known of a doctor by now, asked of doctor-svc when nothing is.
    async fn calendar(&self, doctor: DoctorId, kind: Kind, reader: Reader) -> Result<Calendar, Error> {
        let look = async || -> Result<_, Error> {
            let connection = self.store.connection().await?;
            let (known, clinic) = tokio::try_join!(connection.calendar(doctor), connection.clinic())?;
            Ok((connection, known, clinic))
        };
        let (mut connection, mut known, mut clinic) = look().await?;
        let is_missing = |clinic: &Clinic| kind.visit_type.filter(|id| !clinic.visit_types.contains_key(id));
        if known.is_none() || is_missing(&clinic).is_some() {
            // To write down what it says takes a connection; holding this one meanwhile could use them all up.
            drop(connection);
            if known.is_none() && !self.calendars.refresh(doctor).await? {
                return Err(Error::NoSuchDoctor);
            }
            if let Some(visit_type) = is_missing(&clinic) {
                self.calendars.visit_type(visit_type).await?;
            }
            (connection, known, clinic) = look().await?;
        }
        let Locked { rules, now } = known.filter(|known| known.rules.is_active).ok_or(Error::NoSuchDoctor)?;
        let wish =
            wish(&rules, &clinic, kind.visit_type, kind.minutes, reader).ok_or(Error::NoSuchVisitType)?;
        Ok(Calendar { connection, rules, clinic, wish, now })
    }
}

/// The earliest free times of all within `span` and after `after`: a day after the other, until there is enough, as the
/// first page is the one that is asked for most.
fn earliest(
    diaries: &[(Diary, Wish, Interval)],
    span: Interval,
    after: Option<Position>,
    location: Option<LocationId>,
    limit: usize,
) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut from = span.start;
    while from < span.end && found.len() < limit {
        let day = Interval { start: from, end: from + SignedDuration::from_hours(24) };
        let mut fresh = Vec::new();
        for (diary, wish, own) in diaries {
            let doctor = diary.rules.doctor_id;
            let part = Interval { start: day.start.max(own.start), end: day.end.min(own.end) };
            let slots = if part.start < part.end { diary.situation(*wish).free(part) } else { Vec::new() };
            let wanted = slots.into_iter().filter(|slot| {
                (location.is_none() || slot.location == location)
                    && after.is_none_or(|after| after < Position(slot.visit.start, doctor))
            });
            let zone = |slot: &Slot| diary.schedule().zone(slot.location).clone();
            fresh.extend(wanted.map(|slot| Found { doctor, zone: zone(&slot), slot }));
        }
        fresh.sort_by_key(|found| Position(found.slot.visit.start, found.doctor));
        found.append(&mut fresh);
        from = day.end;
    }
    found.truncate(limit);
    found
}

/// What is known of a doctor, before it is known what is taken.
struct Calendar {
    connection: Connection,
    rules: Rules,
    clinic: Arc<Clinic>,
    wish: Wish,
    now: Timestamp,
}

impl Calendar {
    fn span(&self, dates: Dates) -> Result<Interval, Error> {
        let schedule = Schedule { rules: &self.rules, clinic: &self.clinic };
        let span = schedule.span(dates.from, dates.days);
        span.ok_or_else(|| Violations::of("date", "is too far away").into())
    }

    /// The diary, with all that may stand in the way of what starts within `span`.
    async fn read(
        self,
        reader: Reader,
        span: Interval,
        excluding: Option<AppointmentId>,
    ) -> Result<Diary, Error> {
        let Self { connection, rules, clinic, wish, now } = self;
        let resources = resources(rules.doctor_id, &clinic, &wish.timing);
        let look = Look { resources: &resources, patient: reader.patient, span: reach(span), excluding };
        let taken = connection.taken(look).await?;
        Ok(Diary::new(rules, clinic, &taken, reader, now))
    }
}

/// Where claims matter for times that start within `span`: whole days more on both sides, as limits count dates.
pub fn reach(span: Interval) -> Interval {
    let day = SignedDuration::from_hours(36);
    Interval { start: span.start - day, end: span.end + day }
}
