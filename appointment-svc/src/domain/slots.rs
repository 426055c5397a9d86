//! Times that can be booked: one judgement behind listing, searching, holding, booking and moving, so that what is
//! offered is what can be booked, by that caller at that time.
use super::claims::{Blocker, Claims, Place, busy, group_session};
use super::clinic::Timing;
use super::interval::{Interval, merged};
use super::leave::Lift;
use super::schedule::{Closed, Open, Schedule};
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use proto::ids::{LocationId, RoomId, VisitTypeId};
use std::collections::HashMap;
use uuid::Uuid;

/// Most civil dates that one question may cover.
pub const MAX_DAYS: i32 = 62;
/// Visits start within this many days from now, whoever books.
pub const HORIZON_DAYS: i32 = 730;
/// Visits last between these, in minutes.
pub const DURATION_MINUTES: std::ops::RangeInclusive<i64> = 5..=480;
/// Starts of visits lie on this grid of real time.
pub const START_GRID_SECONDS: i64 = 300;

/// What is wanted, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Without one, any start and length within the hours can be booked, and those on the doctor's grid are offered.
    pub visit_type: Option<VisitTypeId>,
    pub timing: Timing,
    /// Whether the doctor offers the visit type.
    pub is_offered: bool,
    /// Whether notice and horizon of the visit type bind: they do patients.
    pub is_bound: bool,
}

/// Everything that decides whether a time can be booked.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'s> {
    pub schedule: Schedule<'s>,
    pub wish: Wish,
    /// On the doctor, around the times in question, and for whole dates where those have a limit.
    pub claims: &'s Claims,
    /// On the rooms of the clinic.
    pub rooms: &'s HashMap<RoomId, Claims>,
    /// The visits of the patient whom it is for, when that is known.
    pub own: &'s [Interval],
    pub now: Timestamp,
}

/// The rules of booking, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    DoctorActive,
    VisitTypeOffered,
    Grid,
    Notice,
    Horizon,
    Availability,
    DailyLimit,
    Free,
    Room,
    Patient,
}

/// Why a time cannot be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    DoctorInactive,
    NotOffered,
    OffGrid,
    /// The earliest start that would do.
    TooSoon(Timestamp),
    /// The last date that would do.
    BeyondHorizon(Date),
    Closed(Closed),
    /// With as many visits a date as the doctor takes.
    DayFull(u32),
    Taken(Blocker),
    /// With as many visits booked over others as the visit type allows.
    OverbookLimit(u16),
    NoRoom,
    PatientBusy,
}

/// A time that can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub visit: Interval,
    pub location: Option<LocationId>,
    /// How many more patients could come at the same time.
    pub left: u16,
}

/// What a booking takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    pub lane: i16,
    pub session: Option<Uuid>,
    pub busy: Interval,
    pub location: Option<LocationId>,
    pub room: Option<RoomId>,
    /// Of the room.
    pub room_lane: i16,
    pub left: u16,
}

impl Rule {
    pub const ALL: [Self; 10] = [
        Self::DoctorActive,
        Self::VisitTypeOffered,
        Self::Grid,
        Self::Notice,
        Self::Horizon,
        Self::Availability,
        Self::DailyLimit,
        Self::Free,
        Self::Room,
        Self::Patient,
    ];
}

impl Refusal {
    /// The rule that was broken.
    pub fn rule(self) -> Rule {
        match self {
            Self::DoctorInactive => Rule::DoctorActive,
            Self::NotOffered => Rule::VisitTypeOffered,
            Self::OffGrid => Rule::Grid,
            Self::TooSoon(_) => Rule::Notice,
            Self::BeyondHorizon(_) => Rule::Horizon,
            Self::Closed(_) => Rule::Availability,
            Self::DayFull(_) => Rule::DailyLimit,
            Self::Taken(_) | Self::OverbookLimit(_) => Rule::Free,
            Self::NoRoom => Rule::Room,
            Self::PatientBusy => Rule::Patient,
        }
    }
}

impl Situation<'_> {
    /// Whether `visit` can be booked, and what it takes; or the first rule that it breaks.
    pub fn place(&self, visit: Interval) -> Result<Placement, Refusal> {
        Rule::ALL.into_iter().try_for_each(|rule| self.check(rule, visit))?;
        // Nothing is asked twice that could turn out otherwise.
        let place = self.fit(visit).map_err(Refusal::Taken)?;
        Ok(self.placement(visit, place))
    }

    /// [`Self::place`] with what `lift` lifts not counting.
    pub fn place_despite(&self, lift: Lift, visit: Interval) -> Result<Placement, Refusal> {
        let rules = Rule::ALL.into_iter().filter(|rule| !is_lifted(lift, *rule));
        rules.into_iter().try_for_each(|rule| self.check(rule, visit))?;
        let place = match (self.fit(visit), lift) {
            (Ok(place), _) => place,
            (Err(blocker), Lift::Override) => return Err(Refusal::Taken(blocker)),
            (Err(_), Lift::Overbook) => {
                let cap = self.wish.timing.max_overbook;
                let lane = self.claims.fit_over(busy(&self.wish.timing, visit), cap);
                Place { lane: lane.ok_or(Refusal::OverbookLimit(cap))?, left: 0 }
            }
        };
        Ok(self.placement(visit, place))
    }

    /// What `visit` takes.
    fn placement(&self, visit: Interval, Place { lane, left }: Place) -> Placement {
        let location = self.location_of(visit);
        let (room, room_lane) = self.room(location, visit).unzip();
        Placement {
            lane,
            session: self.session(visit),
            busy: busy(&self.wish.timing, visit),
            location,
            room,
            room_lane: room_lane.unwrap_or_default(),
            left,
        }
    }

    /// Whether a visit that gave up its time can have it back: it keeps to `rules`, and nobody has taken it meanwhile.
    pub fn place_again(&self, visit: Interval, rules: &[Rule]) -> Result<Placement, Refusal> {
        rules.iter().chain(&[Rule::Room, Rule::Patient]).try_for_each(|rule| self.check(*rule, visit))?;
        let place = self.fit(visit).map_err(Refusal::Taken)?;
        Ok(self.placement(visit, place))
    }

    /// Whether `visit` keeps to `rule`.
    pub fn check(&self, rule: Rule, visit: Interval) -> Result<(), Refusal> {
        let Self { schedule, wish, .. } = self;
        let timing = &wish.timing;
        match rule {
            Rule::DoctorActive => keep(schedule.rules.is_active, Refusal::DoctorInactive),
            Rule::VisitTypeOffered => keep(wish.is_offered, Refusal::NotOffered),
            Rule::Grid => keep(self.is_on_grid(visit), Refusal::OffGrid),
            Rule::Notice => {
                let earliest = self.earliest();
                keep(earliest <= visit.start && self.now < visit.start, Refusal::TooSoon(earliest))
            }
            Rule::Horizon => {
                let last = self.last_date();
                keep(schedule.date_of(visit.start) <= last, Refusal::BeyondHorizon(last))
            }
            Rule::Availability if schedule.covers(visit) => Ok(()),
            Rule::Availability => Err(Refusal::Closed(schedule.closed_for(visit))),
            Rule::DailyLimit => match schedule.rules.extras.max_daily_visits {
                Some(limit) if self.visits_on_date_of(visit.start) >= limit => Err(Refusal::DayFull(limit)),
                _ => Ok(()),
            },
            Rule::Free => self.fit(visit).map(|_| ()).map_err(Refusal::Taken),
            Rule::Room => {
                let room = || self.room(self.location_of(visit), visit);
                keep(!timing.needs_room || room().is_some(), Refusal::NoRoom)
            }
            Rule::Patient => keep(!self.own.iter().any(|own| own.overlaps(visit)), Refusal::PatientBusy),
        }
    }

    /// The times that can be booked among those on the grid that start within `span`, earliest first.
    pub fn free(&self, span: Interval) -> Vec<Slot> {
        let Wish { is_offered, timing, .. } = self.wish;
        if !is_offered || !self.schedule.rules.is_active {
            return Vec::new();
        }
        let free = self.candidates(span).into_iter().filter_map(|(visit, location)| {
            let rules = [Rule::Notice, Rule::Horizon, Rule::DailyLimit, Rule::Patient];
            rules.into_iter().try_for_each(|rule| self.check(rule, visit)).ok()?;
            let Place { left, .. } = self.fit(visit).ok()?;
            let has_room = !timing.needs_room || self.room(location, visit).is_some();
            has_room.then_some(Slot { visit, location, left })
        });
        free.collect()
    }

    /// The visits on the grid that start within `span` and lie within the hours, taken or not, earliest first.
    ///
    /// The grid counts real minutes from each opening, so that a time is where it is whatever else is booked and
    /// whatever range is asked for.
    pub fn candidates(&self, span: Interval) -> Vec<(Interval, Option<LocationId>)> {
        let duration = self.wish.timing.duration();
        let reach = Interval { start: span.start, end: span.end + duration };
        let open = self.schedule.open_around(reach);
        let mut found = Vec::new();
        for date in self.schedule.dates_around(span) {
            for Open { time, location } in self.schedule.open_on(date) {
                let whole = open.iter().find(|open| open.location == location && open.time.contains(time));
                let until = whole.map_or(time.end, |whole| whole.time.end);
                for start in self.starts(time) {
                    let visit = Interval { start, end: start + duration };
                    if span.start <= start && start < span.end && visit.end <= until {
                        found.push((visit, location));
                    }
                }
            }
        }
        found.sort();
        found.dedup_by_key(|(visit, _)| *visit);
        found
    }

    /// Starts within `open`, not yet checked against its end.
    fn starts(&self, open: Interval) -> Vec<Timestamp> {
        let Timing { pack, .. } = self.wish.timing;
        let interval = self.wish.timing.interval().max(SignedDuration::from_mins(5));
        let from = |first: Timestamp, until: Timestamp| {
            std::iter::successors(Some(on_grid(first)), move |at| Some(*at + interval))
                .take_while(move |at| *at < until)
        };
        let mut starts: Vec<Timestamp> = from(open.start, open.end).collect();
        if pack {
            let taken = self.claims.overlapping(open).map(|claim| claim.busy).collect();
            for taken in merged(taken) {
                // The first time at which what is kept free before it does not reach into the other visit.
                let first = (taken.end + self.wish.timing.before()).max(open.start);
                let next = self.claims.iter().map(|claim| claim.busy.start).find(|next| taken.end <= *next);
                starts.extend(from(first, next.unwrap_or(open.end).min(open.end)));
            }
            starts.sort();
            starts.dedup();
        }
        starts
    }

    /// Visits with a type start where they are offered; others on any multiple of five minutes.
    fn is_on_grid(&self, visit: Interval) -> bool {
        if self.wish.visit_type.is_none() {
            return on_grid(visit.start) == visit.start;
        }
        if visit.duration() != self.wish.timing.duration() {
            return false;
        }
        let instant = Interval { start: visit.start, end: visit.start + SignedDuration::from_nanos(1) };
        let dates = self.schedule.dates_around(instant);
        let mut open = dates.flat_map(|date| self.schedule.open_on(date));
        // Outside of the hours nothing is on a grid, and that is what the caller should hear.
        let mut is_open = false;
        let on_grid = open.any(|open| {
            let here = open.time.start <= visit.start && visit.start < open.time.end;
            is_open |= here;
            here && self.starts(open.time).contains(&visit.start)
        });
        on_grid || !is_open
    }

    fn earliest(&self) -> Timestamp {
        if self.wish.is_bound { self.now + self.wish.timing.min_notice() } else { self.now }
    }

    fn last_date(&self) -> Date {
        let own = i32::try_from(self.wish.timing.horizon_days).unwrap_or(HORIZON_DAYS);
        let days = if self.wish.is_bound { own.min(HORIZON_DAYS) } else { HORIZON_DAYS };
        let today = self.schedule.date_of(self.now);
        today.checked_add(Span::new().days(days)).unwrap_or(Date::MAX)
    }

    fn fit(&self, visit: Interval) -> Result<Place, Blocker> {
        let Timing { capacity, .. } = self.wish.timing;
        // Alone, it is in nobody's session.
        let session = self.session(visit).unwrap_or(Uuid::nil());
        self.claims.fit(session, busy(&self.wish.timing, visit), capacity)
    }

    fn session(&self, visit: Interval) -> Option<Uuid> {
        let of_type = |id| group_session(self.schedule.rules.doctor_id, id, visit.start);
        self.wish.visit_type.filter(|_| self.wish.timing.capacity > 1).map(of_type)
    }

    fn location_of(&self, visit: Interval) -> Option<LocationId> {
        self.schedule.place_of(visit).and_then(|open| open.location)
    }

    /// The room that the group is in, else the first that is free, and the lane in it; none when no room is needed.
    fn room(&self, location: Option<LocationId>, visit: Interval) -> Option<(RoomId, i16)> {
        if !self.wish.timing.needs_room {
            return None;
        }
        let (busy, session) = (busy(&self.wish.timing, visit), self.session(visit));
        let rooms = self.schedule.clinic.rooms(location);
        let claims = |room: &RoomId| self.rooms.get(room);
        let is_in = |room: &&RoomId| {
            claims(room)
                .is_some_and(|claims| claims.overlapping(busy).any(|claim| Some(claim.session) == session))
        };
        // How many may come, the doctor's lanes say.
        let lane = |room: &RoomId| {
            let place = claims(room).map(|claims| claims.fit(session.unwrap_or(Uuid::nil()), busy, u16::MAX));
            Some((*room, place.transpose().ok()?.map_or(0, |place| place.lane)))
        };
        match rooms.iter().find(is_in) {
            Some(room) => lane(room),
            None => rooms.iter().find_map(lane),
        }
    }

    fn visits_on_date_of(&self, at: Timestamp) -> u32 {
        let day = self.schedule.span(self.schedule.date_of(at), 1);
        day.map_or(0, |day| u32::try_from(self.claims.starting_within(day)).unwrap_or(u32::MAX))
    }
}

fn is_lifted(lift: Lift, rule: Rule) -> bool {
    match lift {
        Lift::Overbook => matches!(rule, Rule::Free | Rule::DailyLimit),
        Lift::Override => matches!(rule, Rule::Availability | Rule::Grid | Rule::DailyLimit),
    }
}

fn keep(is_kept: bool, refusal: Refusal) -> Result<(), Refusal> {
    if is_kept { Ok(()) } else { Err(refusal) }
}

/// The first instant from `opening` on at which a visit may start.
fn on_grid(opening: Timestamp) -> Timestamp {
    let whole = Timestamp::from_second(opening.as_second()).unwrap_or(opening);
    let opening = if whole < opening { whole + SignedDuration::from_secs(1) } else { whole };
    let into = opening.as_second().rem_euclid(START_GRID_SECONDS);
    if into == 0 { opening } else { opening + SignedDuration::from_secs(START_GRID_SECONDS - into) }
}

/// The three free times nearest to one that is taken, earliest first.
pub fn nearest(mut slots: Vec<Slot>, wanted: Timestamp) -> Vec<Slot> {
    slots.sort_by_key(|slot| slot.visit.start.duration_since(wanted).abs());
    slots.truncate(3);
    slots.sort();
    slots
}

#[cfg(test)]
pub(crate) mod tests;
