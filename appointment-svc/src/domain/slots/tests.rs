use super::super::claims::{Claim, OVERBOOK_LANE};
use super::super::clinic::{Clinic, Location};
use super::super::rules::{Rules, tests::every_day};
use super::*;
use proto::ids::DoctorId;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn between(start: &str, end: &str) -> Interval {
    Interval { start: at(start), end: at(end) }
}

pub(crate) fn alone(busy: Interval) -> Claim {
    Claim { lane: 0, session: Uuid::now_v7(), busy, visit: busy, is_hold: false }
}

/// A doctor whom somebody asks for times.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) clinic: Clinic,
    pub(crate) wish: Wish,
    pub(crate) claims: Claims,
    pub(crate) rooms: HashMap<RoomId, Claims>,
    pub(crate) own: Vec<Interval>,
    pub(crate) now: Timestamp,
}

impl World {
    /// A patient who wants half an hour of a doctor who is there every day.
    pub(crate) fn new(rules: Rules) -> Self {
        let timing = Timing::plain(30, 30);
        Self {
            rules,
            clinic: Clinic::default(),
            wish: Wish { visit_type: None, timing, is_offered: true, is_bound: true },
            claims: Claims::default(),
            rooms: HashMap::new(),
            own: Vec::new(),
            now: at("2026-05-01T00:00:00Z"),
        }
    }

    /// Of a visit type with `timing`.
    pub(crate) fn typed(rules: Rules, timing: Timing) -> Self {
        let world = Self::new(rules);
        let visit_type = Some(VisitTypeId::random());
        Self { wish: Wish { visit_type, timing, ..world.wish }, ..world }
    }

    pub(crate) fn taken(mut self, busy: &[Interval]) -> Self {
        self.claims = Claims::new(busy.iter().copied().map(alone).collect());
        self
    }

    pub(crate) fn situation(&self) -> Situation<'_> {
        Situation {
            schedule: Schedule { rules: &self.rules, clinic: &self.clinic },
            wish: self.wish,
            claims: &self.claims,
            rooms: &self.rooms,
            own: &self.own,
            now: self.now,
        }
    }

    pub(crate) fn free(&self, from: &str, days: i32) -> Vec<Slot> {
        let situation = self.situation();
        situation.free(situation.schedule.span(from.parse().unwrap(), days).unwrap())
    }

    fn starts(&self, from: &str, days: i32) -> Vec<String> {
        self.free(from, days).iter().map(|slot| slot.visit.start.to_string()).collect()
    }
}

#[test]
fn a_booked_slot_is_gone_and_its_neighbours_stay() {
    let busy = between("2026-06-01T07:30:00Z", "2026-06-01T08:00:00Z");
    let world = World::new(every_day("Europe/Berlin", 9, 11)).taken(&[busy]);
    assert_eq!(
        world.starts("2026-06-01", 1),
        ["2026-06-01T07:00:00Z", "2026-06-01T08:00:00Z", "2026-06-01T08:30:00Z"]
    );
}

#[test]
fn a_visit_off_the_grid_takes_every_slot_it_touches() {
    let busy = between("2026-06-01T09:15:00Z", "2026-06-01T09:45:00Z");
    let world = World::new(every_day("UTC", 9, 11)).taken(&[busy]);
    assert_eq!(world.starts("2026-06-01", 1), ["2026-06-01T10:00:00Z", "2026-06-01T10:30:00Z"]);
}

#[test]
fn hours_that_open_off_the_grid_offer_what_can_be_booked() {
    let mut rules = every_day("UTC", 9, 11);
    rules.windows.iter_mut().for_each(|window| window.hours.start += 120);
    assert_eq!(
        World::new(rules).starts("2026-06-01", 1),
        ["2026-06-01T09:05:00Z", "2026-06-01T09:35:00Z", "2026-06-01T10:05:00Z"]
    );
}

#[test]
fn what_has_begun_is_not_offered() {
    let now = at("2026-06-01T10:00:00Z");
    let world = World { now, ..World::new(every_day("UTC", 9, 11)) };
    assert_eq!(world.starts("2026-06-01", 1), ["2026-06-01T10:30:00Z"]);
}

#[test]
fn what_is_kept_free_around_visits_adds_up() {
    let timing = Timing { before: 5, after: 10, ..Timing::plain(30, 15) };
    // It ends at 09:30, and ten minutes after it are its own.
    let other = between("2026-06-01T08:55:00Z", "2026-06-01T09:40:00Z");
    let world = World::typed(every_day("UTC", 9, 12), timing).taken(&[other]);
    assert_eq!(world.starts("2026-06-01", 1)[0], "2026-06-01T09:45:00Z");
}

#[test]
fn notice_and_horizon_bind_patients_only() {
    let timing = Timing { min_notice: 120, horizon_days: 2, ..Timing::plain(60, 60) };
    let mut world = World::typed(every_day("UTC", 9, 12), timing);
    world.now = at("2026-06-01T08:30:00Z");
    let starts = world.starts("2026-06-01", 5);
    assert_eq!((starts.len(), starts[0].as_str()), (7, "2026-06-01T11:00:00Z"));
    world.wish.is_bound = false;
    assert_eq!(world.free("2026-06-01", 5).len(), 15);
    world.wish.is_bound = true;
    let early = between("2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z");
    let earliest = at("2026-06-01T10:30:00Z");
    assert_eq!(world.situation().place(early), Err(Refusal::TooSoon(earliest)));
    let late = between("2026-06-04T10:00:00Z", "2026-06-04T11:00:00Z");
    let last = Refusal::BeyondHorizon("2026-06-03".parse().unwrap());
    assert_eq!(world.situation().place(late), Err(last));
}

#[test]
fn a_doctor_takes_no_more_visits_a_date_than_they_want() {
    let mut world = World::new(every_day("UTC", 9, 12));
    world.rules.extras.max_daily_visits = Some(2);
    let taken = ["2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z", "2026-06-02T09:00:00Z"];
    let taken =
        taken.map(|start| Interval { start: at(start), end: at(start) + SignedDuration::from_mins(30) });
    let world = world.taken(&taken);
    assert_eq!(world.free("2026-06-01", 1), []);
    assert_eq!(world.free("2026-06-02", 1).len(), 5);
}

#[test]
fn times_after_other_visits_are_offered_where_the_type_fills_gaps() {
    let busy = between("2026-06-01T09:00:00Z", "2026-06-01T09:50:00Z");
    let timing = Timing { pack: true, ..Timing::plain(30, 30) };
    let world = World::typed(every_day("UTC", 9, 11), timing).taken(&[busy]);
    assert_eq!(
        world.starts("2026-06-01", 1),
        ["2026-06-01T09:50:00Z", "2026-06-01T10:00:00Z", "2026-06-01T10:20:00Z", "2026-06-01T10:30:00Z"]
    );
}

#[test]
fn a_visit_that_needs_a_room_is_offered_while_one_is_free() {
    let (place, room) = (LocationId::random(), RoomId::random());
    let timing = Timing { needs_room: true, ..Timing::plain(60, 60) };
    let mut world = World::typed(every_day("UTC", 9, 12), timing);
    assert_eq!(world.free("2026-06-01", 1), [], "no place, no room");
    world.rules.windows.iter_mut().for_each(|window| window.hours.location = Some(place));
    let location = Location { zone: jiff::tz::TimeZone::UTC, rooms: vec![room] };
    world.clinic.locations.insert(place, location);
    let taken = alone(between("2026-06-01T09:30:00Z", "2026-06-01T10:00:00Z"));
    world.rooms.insert(room, Claims::new(vec![taken]));
    assert_eq!(world.starts("2026-06-01", 1), ["2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z"]);
    let placement = world.situation().place(between("2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z"));
    let placement = placement.unwrap();
    assert_eq!((placement.room, placement.location), (Some(room), Some(place)));
    let first = between("2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z");
    assert_eq!(world.situation().place(first), Err(Refusal::NoRoom));
}

#[test]
fn a_group_shares_one_room_and_no_other_doctor_shares_it() {
    let (place, small, large) = (LocationId::random(), RoomId::random(), RoomId::random());
    let timing = Timing { needs_room: true, capacity: 3, ..Timing::plain(60, 60) };
    let mut world = World::typed(every_day("UTC", 9, 10), timing);
    world.rules.windows.iter_mut().for_each(|window| window.hours.location = Some(place));
    let location = Location { zone: jiff::tz::TimeZone::UTC, rooms: vec![small, large] };
    world.clinic.locations.insert(place, location);
    let nine = between("2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z");
    let mut lanes = Vec::new();
    for _ in 0..3 {
        let placement = world.situation().place(nine).unwrap();
        // The other room comes first and becomes free only once the group is in this one.
        let room = if lanes.is_empty() { large } else { placement.room.unwrap() };
        assert_eq!(room, large);
        let session = placement.session.unwrap();
        let claim = Claim { lane: placement.lane, session, ..alone(nine) };
        world.claims.take(claim);
        world.rooms.entry(room).or_default().take(Claim { lane: placement.room_lane, ..claim });
        lanes.push((placement.lane, placement.room_lane));
    }
    assert_eq!(lanes, [(0, 0), (1, 1), (2, 2)]);
    world.rules.doctor_id = DoctorId::random();
    world.claims = Claims::default();
    assert_eq!(
        world.situation().place(nine).unwrap().room,
        Some(small),
        "of another doctor it is another group"
    );
}

#[test]
fn nobody_is_offered_a_time_at_which_they_are_elsewhere() {
    let mut world = World::new(every_day("UTC", 9, 10));
    world.own = vec![between("2026-06-01T09:10:00Z", "2026-06-01T09:20:00Z")];
    assert_eq!(world.starts("2026-06-01", 1), ["2026-06-01T09:30:00Z"]);
}

#[test]
fn a_visit_with_a_type_starts_where_it_is_offered() {
    let world = World::typed(every_day("UTC", 9, 12), Timing::plain(60, 60));
    let situation = world.situation();
    let at_ten = between("2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z");
    assert!(situation.place(at_ten).is_ok());
    let between_them = between("2026-06-01T10:30:00Z", "2026-06-01T11:30:00Z");
    assert_eq!(situation.place(between_them), Err(Refusal::OffGrid));
    let too_long = between("2026-06-01T10:00:00Z", "2026-06-01T11:30:00Z");
    assert_eq!(situation.place(too_long), Err(Refusal::OffGrid));
    let at_night = between("2026-06-01T03:00:00Z", "2026-06-01T04:00:00Z");
    assert_eq!(situation.place(at_night), Err(Refusal::Closed(Closed::Hours)));
}

#[test]
fn a_slot_may_pass_midnight_where_the_hours_touch() {
    let world = World::typed(every_day("UTC", 0, 24), Timing::plain(50, 50));
    let slots = world.starts("2026-06-01", 1);
    assert_eq!(slots.last().unwrap(), "2026-06-01T23:20:00Z");
}

#[test]
fn the_day_the_clock_goes_back_has_its_hour_twice() {
    let world = World { now: at("2026-01-01T00:00:00Z"), ..World::new(every_day("Europe/Berlin", 1, 4)) };
    assert_eq!(world.free("2026-10-25", 1).len(), 8);
    assert_eq!(world.free("2026-03-29", 1).len(), 4);
}

#[test]
fn alternatives_are_the_nearest() {
    let slots = World::new(every_day("UTC", 9, 17)).free("2026-06-01", 1);
    let slots = nearest(slots, at("2026-06-01T12:10:00Z"));
    let starts: Vec<_> = slots.iter().map(|slot| slot.visit.start.to_string()).collect();
    assert_eq!(starts, ["2026-06-01T11:30:00Z", "2026-06-01T12:00:00Z", "2026-06-01T12:30:00Z"]);
}

#[test]
fn what_is_lifted_does_not_count_and_everything_else_does() {
    let timing = Timing { max_overbook: 1, ..Timing::plain(30, 30) };
    let nine = between("2026-06-01T09:00:00Z", "2026-06-01T09:30:00Z");
    let late = between("2026-06-01T20:05:00Z", "2026-06-01T20:35:00Z");
    let mut world = World::typed(every_day("UTC", 9, 17), timing).taken(&[nine]);
    let lane =
        |world: &World, lift, visit| world.situation().place_despite(lift, visit).map(|place| place.lane);
    assert_eq!(lane(&world, Lift::Overbook, nine), Ok(OVERBOOK_LANE));
    assert_eq!(lane(&world, Lift::Override, nine), Err(Refusal::Taken(Blocker::Visit)));
    assert_eq!(lane(&world, Lift::Override, late), Ok(0));
    assert_eq!(lane(&world, Lift::Overbook, late), Err(Refusal::Closed(Closed::Hours)));
    world.own = vec![nine];
    assert_eq!(lane(&world, Lift::Overbook, nine), Err(Refusal::PatientBusy));
    world.wish.timing.max_overbook = 0;
    world.own.clear();
    assert_eq!(lane(&world, Lift::Overbook, nine), Err(Refusal::OverbookLimit(0)));
}
