use crate::clinic::Clinic;
use crate::process::Process;
use crate::wishes::{book, date_in, free, hours, refusal, slots, violations};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use platform::caller::{Role, User};
use platform::clock::Clock;
use proto::appointment::{Appointment, BookAppointmentRequest, ListAvailableSlotsRequest, Slot};
use proto::ids::{DoctorId, SessionId, UserId};
use proto::time::from_wire;
use tonic::{Response, Status};

/// Where clocks change by an hour, by half of one and by two, at two and at midnight, or never.
const ZONES: [&str; 13] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Havana",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
];
const SLOT: SignedDuration = SignedDuration::from_mins(30);

/// A change of clocks to come: the instant, and how far they go forward.
#[derive(Clone, Copy)]
struct Jump {
    at: Timestamp,
    forward: SignedDuration,
}

/// Those within a year, but for the next days.
fn jumps(zone: &TimeZone) -> Vec<Jump> {
    let soon = Clock::system().now() + SignedDuration::from_hours(3 * 24);
    let jump = |at: Timestamp| {
        let (before, after) = (zone.to_offset(at - SignedDuration::from_secs(1)), zone.to_offset(at));
        Jump { at, forward: SignedDuration::from_secs(i64::from(after.seconds() - before.seconds())) }
    };
    let within_a_year = |at: &Timestamp| at.duration_since(soon) < SignedDuration::from_hours(366 * 24);
    let changes = zone.following(soon).map(|change| change.timestamp()).take_while(within_a_year);
    changes.map(jump).filter(|jump| !jump.forward.is_zero()).collect()
}

/// The next time that clocks in Berlin go forward, or back, by an hour: the date.
fn in_berlin(forward: bool) -> Date {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let jump = jumps(&zone).into_iter().find(|jump| jump.forward.is_positive() == forward).unwrap();
    zone.to_datetime(jump.at).date()
}

/// The instant of a civil time that exists, and if twice then of the first.
fn instant(zone: &str, at: DateTime) -> Timestamp {
    at.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp()
}

async fn book_local(
    clinic: &Clinic,
    doctor: DoctorId,
    start_local: DateTime,
    end_local: Option<DateTime>,
) -> Result<Appointment, Status> {
    let request = BookAppointmentRequest {
        patient_id: clinic.patient().await.to_string(),
        doctor_id: doctor.to_string(),
        start_local: start_local.to_string(),
        end_local: end_local.map(|end| end.to_string()).unwrap_or_default(),
        ..BookAppointmentRequest::default()
    };
    clinic.staff().book_appointment(request).await.map(Response::into_inner)
}

fn span(slot: &Slot) -> (Timestamp, Timestamp) {
    (from_wire(slot.start_time).unwrap(), from_wire(slot.end_time).unwrap())
}

#[tokio::test]
async fn a_date_offers_as_many_hours_as_it_has_in_every_zone() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    for name in ZONES {
        let doctor = clinic.hire(hours(name, "00:00", "24:00")).await;
        let zone = TimeZone::get(name).unwrap();
        let jumps = jumps(&zone).into_iter().map(|jump| zone.to_datetime(jump.at).date());
        for date in jumps.chain([date_in(5)]) {
            // The day before as well: where clocks go back at midnight, it is that one which is longer.
            let dates = [date.yesterday().unwrap(), date, date.tomorrow().unwrap()];
            let mut offered = Vec::new();
            for date in dates {
                let start = |date: Date| date.to_zoned(zone.clone()).unwrap().timestamp();
                let (from, until) = (start(date), start(date.tomorrow().unwrap()));
                let slots = slots(&mut staff, doctor, date).await.unwrap();
                let slots: Vec<_> = slots.iter().map(span).collect();
                assert_eq!((slots[0].0, slots[slots.len() - 1].1), (from, until), "{name} {date}");
                assert!(slots.iter().all(|(start, end)| end.duration_since(*start) == SLOT));
                assert!(slots.windows(2).all(|pair| pair[0].1 == pair[1].0), "{name} {date}");
                offered.extend(slots.into_iter().map(|(start, _)| start));
            }
            let request = ListAvailableSlotsRequest {
                doctor_id: doctor.to_string(),
                date: dates[0].to_string(),
                days: 3,
                duration_minutes: 30,
                ..ListAvailableSlotsRequest::default()
            };
            let together = staff.list_available_slots(request).await.unwrap().into_inner();
            let together: Vec<_> = together.slots.iter().map(|slot| span(slot).0).collect();
            assert_eq!(together, offered, "{name} {date}: three dates are each of them");
        }
    }
}

#[tokio::test]
async fn a_window_on_the_day_of_a_change_is_as_long_as_the_clock_runs() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (spring, autumn) = (in_berlin(true), in_berlin(false));
    let count = async |start: &str, end: &str, date: Date| {
        let doctor = clinic.hire(hours("Europe/Berlin", start, end)).await;
        free(&mut clinic.staff(), doctor, date).await.len()
    };
    assert_eq!(count("01:00", "04:00", spring).await, 4, "two hours");
    assert_eq!(count("02:00", "03:00", spring).await, 0, "does not exist");
    assert_eq!(count("02:30", "03:30", spring).await, 1);
    assert_eq!(count("01:00", "04:00", autumn).await, 8, "four hours");
    assert_eq!(count("02:30", "02:45", autumn).await, 0, "opens once, for a quarter of an hour");
    assert_eq!(count("01:00", "02:30", autumn).await, 3);
    assert_eq!(count("02:30", "04:00", autumn).await, 5);

    // Windows that touch stay so, and a visit may reach from one into the other.
    let mut touching = hours("Europe/Berlin", "01:00", "02:30");
    touching.windows.extend(hours("Europe/Berlin", "02:30", "04:00").windows);
    let doctor = clinic.hire(touching).await;
    assert_eq!(free(&mut staff, doctor, autumn).await.len(), 8);
    let (start, end) = (autumn.at(2, 15, 0, 0), autumn.at(3, 15, 0, 0));
    let visit = book_local(&clinic, doctor, start, Some(end)).await.unwrap();
    let (start, end) = (from_wire(visit.start_time).unwrap(), from_wire(visit.end_time).unwrap());
    assert_eq!(end.duration_since(start), SignedDuration::from_hours(2));
}

#[tokio::test]
async fn a_time_that_the_clock_jumps_over_is_refused_with_its_neighbours() {
    let clinic = Clinic::open().await;
    for (name, is_midnight) in [("Europe/Berlin", false), ("America/Santiago", true)] {
        let doctor = clinic.hire(hours(name, "00:00", "24:00")).await;
        let zone = TimeZone::get(name).unwrap();
        let jump = jumps(&zone).into_iter().find(|jump| jump.forward.is_positive()).unwrap();
        let after = zone.to_datetime(jump.at);
        let lost = after - Span::new().minutes(30);
        assert_eq!(lost.hour() == 0, is_midnight);
        let neighbours = [lost - Span::new().hours(1), lost + Span::new().hours(1)];

        let wrong = violations(book_local(&clinic, doctor, lost, None).await);
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].0, "start_local");
        assert!(neighbours.iter().all(|near| wrong[0].1.contains(&near.to_string())), "{}", wrong[0].1);
        let before = lost - Span::new().hours(2);
        let wrong = violations(book_local(&clinic, doctor, before, Some(lost)).await);
        assert_eq!(wrong.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["end_local"]);
        for near in neighbours {
            book_local(&clinic, doctor, near, None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn of_a_time_that_comes_twice_the_first_is_meant() {
    let clinic = Clinic::open().await;
    let zone = "Europe/Berlin";
    let doctor = clinic.hire(hours(zone, "00:00", "24:00")).await;
    let twice = in_berlin(false).at(2, 30, 0, 0);
    let visit = book_local(&clinic, doctor, twice, None).await.unwrap();
    let first = from_wire(visit.start_time).unwrap();
    assert_eq!(first, instant(zone, twice));
    assert_eq!(TimeZone::get(zone).unwrap().to_datetime(first + SignedDuration::from_hours(1)), twice);
    // The second can be booked as the instant that it is.
    let second = first + SignedDuration::from_hours(1);
    let free = free(&mut clinic.staff(), doctor, twice.date()).await;
    assert!(!free.contains(&first) && free.contains(&second));
    book(&mut clinic.staff(), clinic.patient().await, doctor, second).await.unwrap();
}

#[tokio::test]
async fn a_civil_time_is_the_doctors() {
    let clinic = Clinic::open().await;
    for name in ZONES {
        let doctor = clinic.hire(hours(name, "09:00", "17:00")).await;
        let ten = date_in(5).at(10, 0, 0, 0);
        let visit = book_local(&clinic, doctor, ten, None).await.unwrap();
        assert_eq!(visit.time_zone, name);
        assert_eq!(from_wire(visit.start_time).unwrap(), instant(name, ten), "{name}");
        let early = book_local(&clinic, doctor, date_in(5).at(8, 30, 0, 0), None).await;
        assert_eq!(refusal(early).1, "OUTSIDE_AVAILABILITY", "{name}");
    }
}

#[tokio::test]
async fn nothing_depends_on_where_the_process_or_the_database_believes_to_be() {
    let clinic = Clinic::open().await;
    let elsewhere = "
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET timezone = ''America/Los_Angeles''', current_database());
        END $$";
    clinic.admin_sql().await.batch_execute(elsewhere).await.unwrap();
    // A day ahead of most.
    let process = Process::start(&clinic, "Pacific/Kiritimati").await;
    let staff = User::new(UserId::random(), SessionId::random(), Role::Staff);
    let (mut here, mut there) = (clinic.user(staff), clinic.user_at(&process.url, staff));
    let doctor = clinic.hire(hours("Europe/Berlin", "00:00", "24:00")).await;
    for date in [date_in(1), date_in(5), in_berlin(true), in_berlin(false)] {
        let (here, there) = (free(&mut here, doctor, date).await, free(&mut there, doctor, date).await);
        assert_eq!(here, there, "{date}");
        assert!(!here.is_empty());
    }

    let ten = date_in(5).at(10, 0, 0, 0);
    let request = BookAppointmentRequest {
        patient_id: clinic.patient().await.to_string(),
        doctor_id: doctor.to_string(),
        start_local: ten.to_string(),
        ..BookAppointmentRequest::default()
    };
    let visit = there.book_appointment(request).await.unwrap().into_inner();
    assert_eq!(from_wire(visit.start_time).unwrap(), instant("Europe/Berlin", ten));
    let agreed = "SELECT start_local::text, time_zone FROM appointment.appointments";
    let agreed = clinic.sql.query_one(agreed, &[]).await.unwrap();
    assert_eq!(
        (agreed.get(0), agreed.get(1)),
        (format!("{} 10:00:00", ten.date()), "Europe/Berlin".to_owned())
    );
}
