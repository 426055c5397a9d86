//! What is taken: the time that visits and holds take from doctors and rooms.
use super::clinic::Timing;
use super::interval::Interval;
use jiff::{SignedDuration, Timestamp};
use proto::ids::{DoctorId, VisitTypeId};
use uuid::Uuid;

/// Lanes from here on are for visits that are booked over others on purpose.
pub const OVERBOOK_LANE: i16 = 100;
/// No claim is longer: a visit of eight hours with four kept free on both sides.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(16);

/// The time that one visit takes from one doctor or room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Claims of one lane never overlap.
    pub lane: i16,
    /// Those who come at once share it; everybody else is alone.
    pub session: Uuid,
    /// With what is kept free around the visit.
    pub busy: Interval,
    pub visit: Interval,
    /// Whether it is kept for somebody who has not booked yet.
    pub is_hold: bool,
}

/// The claims on one doctor or room, by beginning.
#[derive(Clone, Debug, Default)]
pub struct Claims(Vec<Claim>);

/// What stands in the way of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    Visit,
    Hold,
    /// The same group visit, with no place left.
    FullSession,
}

/// A place for a visit among the claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub lane: i16,
    /// How many more fit at the same time after this one.
    pub left: u16,
}

impl Claims {
    pub fn new(mut claims: Vec<Claim>) -> Self {
        claims.sort_unstable_by_key(|claim| (claim.busy.start, claim.busy.end, claim.lane));
        Self(claims)
    }

    /// Takes more.
    pub fn take(&mut self, claim: Claim) {
        let next = self.0.partition_point(|taken| taken.busy.start <= claim.busy.start);
        self.0.insert(next, claim);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.0.iter()
    }

    /// Those that overlap `busy`.
    pub fn overlapping(&self, busy: Interval) -> impl Iterator<Item = &Claim> {
        let first = self.0.partition_point(|claim| claim.busy.start < busy.start - LONGEST);
        let near = self.0[first..].iter().take_while(move |claim| claim.busy.start < busy.end);
        near.filter(move |claim| claim.busy.overlaps(busy))
    }

    /// Where a visit of `session` that takes `busy` fits; the lowest lane that is free.
    pub fn fit(&self, session: Uuid, busy: Interval, capacity: u16) -> Result<Place, Blocker> {
        let mut taken = Vec::new();
        for claim in self.overlapping(busy).filter(|claim| claim.lane < OVERBOOK_LANE) {
            if claim.session != session {
                return Err(if claim.is_hold { Blocker::Hold } else { Blocker::Visit });
            }
            taken.push(claim.lane);
        }
        let capacity = i16::try_from(capacity.max(1)).unwrap_or(OVERBOOK_LANE).min(OVERBOOK_LANE);
        let lane = (0..capacity).find(|lane| !taken.contains(lane)).ok_or(Blocker::FullSession)?;
        let left = usize::try_from(capacity).unwrap_or_default().saturating_sub(taken.len() + 1);
        Ok(Place { lane, left: u16::try_from(left).unwrap_or_default() })
    }

    /// A lane for a visit that is booked over others on purpose; none when `cap` of them are there already.
    pub fn fit_over(&self, busy: Interval, cap: u16) -> Option<i16> {
        let over = self.overlapping(busy).filter(|claim| claim.lane >= OVERBOOK_LANE);
        let taken: Vec<i16> = over.map(|claim| claim.lane).collect();
        let cap = i16::try_from(cap).ok()?;
        (OVERBOOK_LANE..OVERBOOK_LANE.checked_add(cap)?).find(|lane| !taken.contains(lane))
    }

    /// Whether nothing overlaps `busy`, overbooked or not.
    pub fn is_free(&self, busy: Interval) -> bool {
        self.overlapping(busy).next().is_none()
    }

    /// How many visits start within `day`.
    pub fn starting_within(&self, day: Interval) -> usize {
        self.0.iter().filter(|claim| day.start <= claim.visit.start && claim.visit.start < day.end).count()
    }
}

/// What a visit from `start` takes: itself, and what is kept free around it.
pub fn busy(timing: &Timing, visit: Interval) -> Interval {
    Interval { start: visit.start - timing.before(), end: visit.end + timing.after() }
}

/// The session of a group visit: the same for all who come to `doctor` for `visit_type` at `start`, and for nobody
/// else.
pub fn group_session(doctor: DoctorId, visit_type: VisitTypeId, start: Timestamp) -> Uuid {
    // Ids differ in far more bits than the instants of their starts.
    let start = u128::from(start.as_microsecond().cast_unsigned());
    Uuid::from_u128(doctor.0.as_u128().rotate_left(64) ^ visit_type.0.as_u128() ^ start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(start: i64, end: i64) -> Interval {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        Interval { start: at(start), end: at(end) }
    }

    fn claim(lane: i16, session: Uuid, busy: Interval) -> Claim {
        Claim { lane, session, busy, visit: busy, is_hold: false }
    }

    #[test]
    fn what_only_touches_is_free() {
        let claims = Claims::new(vec![claim(0, Uuid::now_v7(), minutes(30, 60))]);
        let mine = Uuid::now_v7();
        assert_eq!(claims.fit(mine, minutes(0, 30), 1), Ok(Place { lane: 0, left: 0 }));
        assert_eq!(claims.fit(mine, minutes(60, 90), 1), Ok(Place { lane: 0, left: 0 }));
        assert_eq!(claims.fit(mine, minutes(59, 90), 1), Err(Blocker::Visit));
    }

    #[test]
    fn a_long_visit_before_many_short_ones_is_seen() {
        let long = claim(0, Uuid::now_v7(), minutes(0, 960));
        let over: Vec<Claim> =
            (0..90).map(|n| claim(OVERBOOK_LANE, Uuid::now_v7(), minutes(n * 10, n * 10 + 10))).collect();
        let claims = Claims::new([vec![long], over].concat());
        assert_eq!(claims.fit(Uuid::now_v7(), minutes(950, 970), 1), Err(Blocker::Visit));
    }

    #[test]
    fn a_group_has_as_many_places_as_lanes_and_shares_them_with_nobody() {
        let group = Uuid::now_v7();
        let time = minutes(0, 60);
        let mut claims = vec![claim(1, group, time)];
        let fit = |claims: &[Claim]| Claims::new(claims.to_vec()).fit(group, time, 3);
        assert_eq!(fit(&claims), Ok(Place { lane: 0, left: 1 }));
        claims.push(claim(0, group, time));
        assert_eq!(fit(&claims), Ok(Place { lane: 2, left: 0 }));
        claims.push(claim(2, group, time));
        assert_eq!(fit(&claims), Err(Blocker::FullSession));
        let other = Claims::new(claims).fit(Uuid::now_v7(), minutes(30, 90), 3);
        assert_eq!(other, Err(Blocker::Visit));
    }

    #[test]
    fn overbooking_has_lanes_of_its_own_and_a_cap() {
        let booked = claim(0, Uuid::now_v7(), minutes(0, 30));
        let over = claim(OVERBOOK_LANE, Uuid::now_v7(), minutes(0, 30));
        let claims = Claims::new(vec![booked, over]);
        assert_eq!(claims.fit_over(minutes(15, 45), 2), Some(101));
        assert_eq!(claims.fit_over(minutes(15, 45), 1), None);
        assert_eq!(claims.fit_over(minutes(30, 60), 1), Some(OVERBOOK_LANE));
        assert!(claims.fit(Uuid::now_v7(), minutes(30, 60), 1).is_ok());
    }

    #[test]
    fn a_group_session_is_one_per_doctor_visit_type_and_start() {
        let (one, other) = (DoctorId::random(), DoctorId::random());
        let (a, b) = (VisitTypeId::random(), VisitTypeId::random());
        let (early, late) = (minutes(0, 1).start, minutes(1, 2).start);
        assert_eq!(group_session(one, a, early), group_session(one, a, early));
        assert_ne!(group_session(one, a, early), group_session(one, a, late));
        assert_ne!(group_session(one, a, early), group_session(one, b, early));
        assert_ne!(group_session(one, a, early), group_session(other, a, early));
    }
}
