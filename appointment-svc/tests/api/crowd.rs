//! Many doctors with hours of every kind, and what is taken from them, by the throw of dice.
use crate::clinic::{Clinic, someone};
use crate::offers::{apply_clinic, visit_type};
use crate::past::now;
use crate::wishes::{apply, date_in, window};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use platform::caller::{Role, User};
use proto::doctor::doctor_rules::{Absence, DateOverride, Window};
use proto::doctor::{ClinicRules, DoctorRules, Location, Room, VisitType};
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, RoomId, UserId};
use proto::time::to_wire;
use std::ops::RangeInclusive;
use uuid::Uuid;

const DOCTORS: usize = 500;
pub(crate) const DAYS: i32 = 60;
/// Of which one works every day; the others once or twice a week, so that every free time can be looked at.
const BUSY_DOCTORS: u64 = 100;
const LISBON: &str = "Europe/Lisbon";
const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"];

/// Visits and holds, as the service writes them.
const FILL: &str = "
    WITH visits AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::uuid[],
                             $7::timestamptz[], $8::uuid[])
                   AS visit (id, doctor_id, patient_id, start, until, room_id, hold_until, held_by)),
    entered AS (
        INSERT INTO appointment.appointments
               (id, patient_id, doctor_id, start_time, end_time, time_zone, start_local, status, rules_version,
                is_vouched, room_id, hold_until, held_by, held_since, hold_token)
        SELECT id, patient_id, doctor_id, start, until, 'UTC', start AT TIME ZONE 'UTC',
               CASE WHEN hold_until IS NULL THEN 'scheduled' ELSE 'held' END::appointment.appointment_status, 1,
               hold_until IS NULL, room_id, hold_until, held_by, now(),
               CASE WHEN hold_until IS NOT NULL THEN sha256(id::text::bytea) END
          FROM visits),
    history AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role)
        SELECT id, 1, 'booked', 'scheduled', start, until, patient_id, 'patient' FROM visits WHERE hold_until IS NULL)
    INSERT INTO appointment.claims
           (appointment_id, resource_id, patient_id, busy_from, busy_until, visit_from, visit_until, hold_until, held_by)
    SELECT id, doctor_id, patient_id, start, until, start, until, hold_until, held_by FROM visits
    UNION ALL
    SELECT id, room_id, NULL, start, until, start, until, hold_until, held_by FROM visits WHERE room_id IS NOT NULL";

/// Numbers that look like chance and are the same again for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next of SplitMix64.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn between(&mut self, range: RangeInclusive<i64>) -> i64 {
        let width = u64::try_from(range.end() - range.start() + 1).unwrap();
        range.start() + i64::try_from(self.roll() % width).unwrap()
    }

    pub(crate) fn one_in(&mut self, number: u64) -> bool {
        self.roll().is_multiple_of(number)
    }

    pub(crate) fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[usize::try_from(self.roll() % things.len() as u64).unwrap()]
    }
}

/// A clinic with many doctors, of whose time a good deal is taken.
pub(crate) struct Crowd {
    pub(crate) clinic: Clinic,
    pub(crate) doctors: Vec<DoctorId>,
    pub(crate) from: Date,
    /// With times kept free around it.
    pub(crate) treatment: VisitType,
    /// Needs one of the rooms.
    pub(crate) scan: VisitType,
    /// Who has visits and holds of their own.
    pub(crate) patient: User,
    pub(crate) staff: User,
}

/// Time that is taken.
struct Taken {
    id: AppointmentId,
    doctor: DoctorId,
    patient: PatientId,
    start: Timestamp,
    end: Timestamp,
    room: Option<RoomId>,
    /// Until when it is only held, and by whom.
    hold: Option<(Timestamp, UserId)>,
}

impl Crowd {
    pub(crate) async fn gather(dice: &mut Dice) -> Self {
        let clinic = Clinic::with([("--grpc-deadline-seconds", "30")]).await;
        let own = clinic.patient().await;
        let treatment = VisitType {
            duration_minutes: 45,
            buffer_before_minutes: 5,
            buffer_after_minutes: 10,
            interval_minutes: 15,
            ..visit_type()
        };
        let scan = VisitType { needs_room: true, ..visit_type() };
        let (place, rooms) = (LocationId::random().to_string(), [(); 3].map(|()| RoomId::random()));
        let room =
            |id: RoomId| Room { id: id.to_string(), location_id: place.clone(), name: "Room".to_owned() };
        let location = Location {
            id: place.clone(),
            time_zone: LISBON.to_owned(),
            rooms: rooms.into_iter().map(room).collect(),
            ..Location::default()
        };
        let rules = ClinicRules {
            version: 1,
            locations: vec![location],
            visit_types: vec![treatment.clone(), scan.clone()],
            ..ClinicRules::default()
        };
        apply_clinic(&clinic, rules, false).await.unwrap();

        // Tomorrow's first times may be a few hours away, in some zones.
        let from = date_in(2);
        let (patient, staff) = (someone(Role::Patient(own)), someone(Role::Staff));
        let holders = [patient.id, staff.id, UserId::random()];
        let mut doctor_svc = clinic.service("doctor-svc");
        let (mut doctors, mut taken) = (Vec::new(), Vec::new());
        for _ in 0..DOCTORS {
            let rules = rules_of_a_doctor(dice, &place, from);
            doctors.push(rules.doctor_id.parse().unwrap());
            fill(dice, &mut taken, &rules, from, &rooms, (own, holders));
            apply(&mut doctor_svc, rules, false).await.unwrap();
        }
        enter(&clinic, &taken).await;
        Self { clinic, doctors, from, treatment, scan, patient, staff }
    }
}

fn rules_of_a_doctor(dice: &mut Dice, place: &str, from: Date) -> DoctorRules {
    let days: Vec<i32> = if dice.one_in(BUSY_DOCTORS) {
        (0..7).collect()
    } else {
        (0..2).filter_map(|_| i32::try_from(dice.between(0..=6)).ok()).collect()
    };
    let place = if dice.one_in(3) { place } else { "" };
    let windows = days.into_iter().map(|day| hours_on(dice, day, place)).collect();
    let away = |dice: &mut Dice| {
        let start = from.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let start = start + SignedDuration::from_hours(dice.between(0..=24 * i64::from(DAYS)));
        let end = start + SignedDuration::from_hours(dice.between(1..=200));
        Absence { start_time: Some(to_wire(start)), end_time: Some(to_wire(end)) }
    };
    let absences = (0..dice.between(0..=2)).map(|_| away(dice)).collect();
    let other = |dice: &mut Dice| {
        let date = from + Span::new().days(dice.between(0..=i64::from(DAYS)));
        let windows = (0..dice.between(0..=1)).map(|_| hours_on(dice, 0, place)).collect();
        DateOverride { date: date.to_string(), windows }
    };
    let overrides = if dice.one_in(4) { vec![other(dice)] } else { Vec::new() };
    DoctorRules {
        doctor_id: DoctorId::random().to_string(),
        version: 1,
        is_active: !dice.one_in(50),
        time_zone: (*dice.one_of(&ZONES)).to_owned(),
        slot_minutes: *dice.one_of(&[20, 30, 45, 60]),
        windows,
        overrides,
        absences,
        max_daily_visits: if dice.one_in(5) { 2 } else { 0 },
        ..DoctorRules::default()
    }
}

/// An hour or two, past midnight as well.
fn hours_on(dice: &mut Dice, day: i32, place: &str) -> Window {
    let (start, length) = (dice.between(0..=47), dice.between(2..=4));
    let clock = |halves: i64| format!("{:02}:{:02}", halves / 2 % 24, halves % 2 * 30);
    Window { location_id: place.to_owned(), ..window(day, &clock(start), &clock(start + length)) }
}

/// Takes some of the time of a doctor: for the patient `own` as well, and some of it only held, by `holders` as well.
fn fill(
    dice: &mut Dice,
    taken: &mut Vec<Taken>,
    rules: &DoctorRules,
    from: Date,
    rooms: &[RoomId],
    (own, holders): (PatientId, [UserId; 3]),
) {
    let doctor = rules.doctor_id.parse().unwrap();
    let mut free_from = Timestamp::MIN;
    for opening in openings(rules, from) {
        let mut start = free_from.max(opening - SignedDuration::from_mins(30));
        while start < opening + SignedDuration::from_hours(2) {
            let end = start + SignedDuration::from_mins(5 * dice.between(2..=8));
            if !dice.one_in(3) {
                let is_alone = |is_same: &dyn Fn(&Taken) -> bool| {
                    !taken.iter().any(|other| is_same(other) && other.start < end && start < other.end)
                };
                let is_own = dice.one_in(30) && is_alone(&|other| other.patient == own);
                let patient = if is_own { own } else { PatientId::random() };
                let room = *dice.one_of(rooms);
                let room = (dice.one_in(4) && is_alone(&|other| other.room == Some(room))).then_some(room);
                let hold = dice.one_in(4).then(|| {
                    let hours = if dice.one_in(3) { -1 } else { 1 };
                    (now() + SignedDuration::from_hours(hours), *dice.one_of(&holders))
                });
                taken.push(Taken { id: AppointmentId::random(), doctor, patient, start, end, room, hold });
                free_from = end;
            }
            start = end + SignedDuration::from_mins(5 * dice.between(0..=6));
        }
    }
}

/// When the weekly hours begin, in order.
fn openings(rules: &DoctorRules, from: Date) -> Vec<Timestamp> {
    let on = |date: Date| {
        let weekday = i32::from(date.weekday().to_monday_zero_offset());
        let windows = rules.windows.iter().filter(move |window| window.day_of_week == weekday);
        windows.map(move |window| {
            let zone = if window.location_id.is_empty() { rules.time_zone.as_str() } else { LISBON };
            date.to_datetime(window.start_time.parse().unwrap()).in_tz(zone).unwrap().timestamp()
        })
    };
    let dates = from.series(Span::new().days(1)).take(usize::try_from(DAYS).unwrap());
    let mut openings: Vec<_> = dates.flat_map(on).collect();
    openings.sort();
    openings
}

async fn enter(clinic: &Clinic, taken: &[Taken]) {
    let ids = |of: fn(&Taken) -> Uuid| taken.iter().map(of).collect::<Vec<_>>();
    let times = |of: fn(&Taken) -> Timestamp| taken.iter().map(of).collect::<Vec<_>>();
    let rooms: Vec<_> = taken.iter().map(|taken| taken.room.map(|room| room.0)).collect();
    let until: Vec<_> = taken.iter().map(|taken| taken.hold.map(|(until, _)| until)).collect();
    let holders: Vec<_> = taken.iter().map(|taken| taken.hold.map(|(_, holder)| holder.0)).collect();
    clinic
        .sql
        .execute(
            FILL,
            &[
                &ids(|taken| taken.id.0),
                &ids(|taken| taken.doctor.0),
                &ids(|taken| taken.patient.0),
                &times(|taken| taken.start),
                &times(|taken| taken.end),
                &rooms,
                &until,
                &holders,
            ],
        )
        .await
        .unwrap();
    let owner = clinic.owner_sql().await;
    owner.batch_execute("ANALYZE appointment.appointments; ANALYZE appointment.claims").await.unwrap();
}
