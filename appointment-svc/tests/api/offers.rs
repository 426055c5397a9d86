use crate::clinic::{Client, Clinic};
use crate::wishes::{at, book, date_in, fact, hours, refusal, slots, wish};
use jiff::Timestamp;
use platform::caller::Role;
use platform::fault;
use proto::appointment::{
    ApplyClinicRulesRequest, Appointment, BookAppointmentRequest, DaySummaryState, ExplainSlotRequest,
    ListAvailableSlotsRequest, ListDaySummariesRequest, SearchSlotsRequest, SlotExplanation,
};
use proto::doctor::{ClinicRules, DoctorRules, Holiday, Location, Room, VisitType};
use proto::ids::{DoctorId, LocationId, PatientId, RoomId, VisitTypeId};
use proto::time::{from_wire, to_wire};
use tonic::{Code, Response, Status};

/// Half an hour, every half hour.
pub(crate) fn visit_type() -> VisitType {
    VisitType {
        id: VisitTypeId::random().to_string(),
        name: "Check-up".to_owned(),
        duration_minutes: 30,
        is_active: true,
        ..VisitType::default()
    }
}

/// The version that is then in force.
pub(crate) async fn apply_clinic(
    clinic: &Clinic,
    rules: ClinicRules,
    refuse_if_booked: bool,
) -> Result<i64, Status> {
    let request = ApplyClinicRulesRequest { rules: Some(rules), refuse_if_booked };
    let applied = clinic.service("doctor-svc").apply_clinic_rules(request).await;
    applied.map(|answer| answer.into_inner().version)
}

/// A clinic that offers `visit_types`.
pub(crate) async fn offering(visit_types: &[&VisitType]) -> Clinic {
    offering_with(visit_types, []).await
}

/// [`offering`], with some settings that are not the usual ones.
pub(crate) async fn offering_with<const N: usize>(
    visit_types: &[&VisitType],
    unusual: [(&'static str, &str); N],
) -> Clinic {
    let clinic = Clinic::with(unusual).await;
    let visit_types = visit_types.iter().map(|visit_type| (*visit_type).clone()).collect();
    let rules = ClinicRules { version: 1, visit_types, ..ClinicRules::default() };
    apply_clinic(&clinic, rules, false).await.unwrap();
    clinic
}

pub(crate) async fn book_type(
    client: &mut Client,
    patient: PatientId,
    doctor: DoctorId,
    visit_type: &VisitType,
    start: Timestamp,
) -> Result<Appointment, Status> {
    let request =
        BookAppointmentRequest { visit_type_id: visit_type.id.clone(), ..wish(patient, doctor, start) };
    client.book_appointment(request).await.map(Response::into_inner)
}

/// When `visit_type` is free on a date, and how many places are left.
async fn free(
    client: &mut Client,
    doctor: DoctorId,
    visit_type: &VisitType,
    days: i64,
) -> Vec<(Timestamp, i32)> {
    let request = ListAvailableSlotsRequest {
        doctor_id: doctor.to_string(),
        date: date_in(days).to_string(),
        visit_type_id: visit_type.id.clone(),
        ..ListAvailableSlotsRequest::default()
    };
    let slots = client.list_available_slots(request).await.unwrap().into_inner().slots;
    slots.into_iter().map(|slot| (from_wire(slot.start_time).unwrap(), slot.places_left)).collect()
}

async fn explain(
    client: &mut Client,
    doctor: DoctorId,
    visit_type: &VisitType,
    start: Timestamp,
) -> SlotExplanation {
    let request = ExplainSlotRequest {
        doctor_id: doctor.to_string(),
        visit_type_id: visit_type.id.clone(),
        start_time: Some(to_wire(start)),
        ..ExplainSlotRequest::default()
    };
    client.explain_slot(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_visit_type_decides_the_length_and_what_is_kept_free_around_it() {
    let long = VisitType {
        duration_minutes: 45,
        buffer_before_minutes: 5,
        buffer_after_minutes: 10,
        interval_minutes: 15,
        price_minor: 4500,
        currency: "EUR".to_owned(),
        ..visit_type()
    };
    let clinic = offering(&[&long]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let visit = book_type(&mut staff, clinic.patient().await, doctor, &long, at(3, 10, 0)).await.unwrap();
    assert_eq!(from_wire(visit.end_time).unwrap(), at(3, 10, 45));
    assert_eq!((visit.price_minor, visit.currency.as_str()), (4500, "EUR"));
    let starts: Vec<Timestamp> =
        free(&mut staff, doctor, &long, 3).await.into_iter().map(|(s, _)| s).collect();
    // The one before ends at 09:45 at the latest with its ten minutes, and the other keeps five free before itself.
    let last_before = starts.iter().rfind(|start| **start < at(3, 10, 0)).unwrap();
    assert_eq!(*last_before, at(3, 9, 0));
    let first_after = starts.iter().find(|start| **start > at(3, 10, 0)).unwrap();
    assert_eq!(*first_after, at(3, 11, 0));
    let refused = book_type(&mut staff, clinic.patient().await, doctor, &long, at(3, 10, 50)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "OFF_GRID".to_owned()));
    // The patient can be elsewhere in the times that are kept free.
    let other = clinic.doctor().await;
    let patient: PatientId = visit.patient_id.parse().unwrap();
    book(&mut staff, patient, other, at(3, 10, 45)).await.unwrap();
}

#[tokio::test]
async fn a_group_visit_has_as_many_places_as_it_says() {
    let group = VisitType { duration_minutes: 60, capacity: 3, ..visit_type() };
    let clinic = offering(&[&group]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let nine = at(3, 9, 0);
    for left in [3, 2, 1] {
        assert_eq!(free(&mut staff, doctor, &group, 3).await[0], (nine, left));
        book_type(&mut staff, clinic.patient().await, doctor, &group, nine).await.unwrap();
    }
    let full = book_type(&mut staff, clinic.patient().await, doctor, &group, nine).await;
    assert_eq!(refusal(full).1, "SLOT_TAKEN");
    assert_eq!(explained(&explain(&mut staff, doctor, &group, nine).await), [("SLOT_TAKEN", "session_full")]);
    let alone = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 30)).await;
    assert_eq!(refusal(alone).1, "SLOT_TAKEN");
}

/// The rules that do not allow it, and what stands in the way.
fn explained(explanation: &SlotExplanation) -> Vec<(&str, &str)> {
    assert_eq!(explanation.is_bookable, explanation.rules.iter().all(|rule| rule.passed));
    let broken = explanation.rules.iter().filter(|rule| !rule.passed);
    broken.map(|rule| (rule.code.as_str(), rule.blocked_by.as_str())).collect()
}

#[tokio::test]
async fn doctors_share_the_rooms_of_their_place() {
    let scan = VisitType { needs_room: true, ..visit_type() };
    let clinic = Clinic::open().await;
    let (place, rooms) = (LocationId::random().to_string(), [RoomId::random(), RoomId::random()]);
    let room = |id: RoomId| Room { id: id.to_string(), location_id: place.clone(), name: "Room".to_owned() };
    let location = Location {
        id: place.clone(),
        time_zone: "UTC".to_owned(),
        rooms: rooms.into_iter().map(room).collect(),
        ..Location::default()
    };
    let rules = ClinicRules {
        version: 1,
        visit_types: vec![scan.clone()],
        locations: vec![location],
        ..ClinicRules::default()
    };
    apply_clinic(&clinic, rules.clone(), false).await.unwrap();
    let mut doctors = Vec::new();
    for _ in 0..3 {
        let mut there = hours("UTC", "09:00", "17:00");
        there.windows.iter_mut().for_each(|window| window.location_id.clone_from(&place));
        doctors.push(clinic.hire(there).await);
    }
    let mut staff = clinic.staff();
    let mut taken = Vec::new();
    for doctor in &doctors[..2] {
        let visit = book_type(&mut staff, clinic.patient().await, *doctor, &scan, at(3, 9, 0)).await.unwrap();
        assert_eq!(visit.location_id, place);
        taken.push(visit.room_id.parse::<RoomId>().unwrap());
    }
    assert_ne!(taken[0], taken[1]);
    let third = doctors[2];
    let refused = book_type(&mut staff, clinic.patient().await, third, &scan, at(3, 9, 0)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "NO_ROOM".to_owned()));
    assert_eq!(free(&mut staff, third, &scan, 3).await[0].0, at(3, 9, 30));

    // A room in which somebody will be stays.
    let mut smaller = ClinicRules { version: 2, ..rules };
    smaller.locations[0].rooms.pop();
    let refused = apply_clinic(&clinic, smaller.clone(), true).await;
    assert_eq!(refusal(refused).1, "HAS_ACTIVE_APPOINTMENTS");
}

#[tokio::test]
async fn a_group_needs_one_room_for_all_and_has_it_alone() {
    let class = VisitType { needs_room: true, capacity: 3, ..visit_type() };
    let clinic = Clinic::open().await;
    let place = LocationId::random().to_string();
    let room = Room { id: RoomId::random().to_string(), location_id: place.clone(), name: "Room".to_owned() };
    let time_zone = "UTC".to_owned();
    let location =
        Location { id: place.clone(), time_zone, rooms: vec![room.clone()], ..Location::default() };
    let rules = ClinicRules {
        version: 1,
        visit_types: vec![class.clone()],
        locations: vec![location],
        ..ClinicRules::default()
    };
    apply_clinic(&clinic, rules, false).await.unwrap();
    let there = || {
        let mut there = hours("UTC", "09:00", "17:00");
        there.windows.iter_mut().for_each(|window| window.location_id.clone_from(&place));
        there
    };
    let (doctor, other) = (clinic.hire(there()).await, clinic.hire(there()).await);
    let mut staff = clinic.staff();
    for _ in 0..3 {
        let visit = book_type(&mut staff, clinic.patient().await, doctor, &class, at(3, 9, 0)).await.unwrap();
        assert_eq!(visit.room_id, room.id);
    }
    let fourth = book_type(&mut staff, clinic.patient().await, doctor, &class, at(3, 9, 0)).await;
    assert_eq!(refusal(fourth).1, "SLOT_TAKEN");
    let elsewhere = book_type(&mut staff, clinic.patient().await, other, &class, at(3, 9, 0)).await;
    assert_eq!(refusal(elsewhere), (Code::FailedPrecondition, "NO_ROOM".to_owned()));
}

#[tokio::test]
async fn two_who_want_the_last_room_at_once_do_not_both_get_it() {
    let scan = VisitType { needs_room: true, ..visit_type() };
    let clinic = Clinic::open().await;
    let place = LocationId::random().to_string();
    let room = Room { id: RoomId::random().to_string(), location_id: place.clone(), name: "Room".to_owned() };
    let time_zone = "UTC".to_owned();
    let location = Location { id: place.clone(), time_zone, rooms: vec![room], ..Location::default() };
    let rules = ClinicRules {
        version: 1,
        visit_types: vec![scan.clone()],
        locations: vec![location],
        ..ClinicRules::default()
    };
    apply_clinic(&clinic, rules, false).await.unwrap();
    let mut racing = Vec::new();
    for _ in 0..8 {
        let mut there = hours("UTC", "09:00", "17:00");
        there.windows.iter_mut().for_each(|window| window.location_id.clone_from(&place));
        let (doctor, patient) = (clinic.hire(there).await, clinic.patient().await);
        let (mut staff, scan) = (clinic.staff(), scan.clone());
        racing.push(async move { book_type(&mut staff, patient, doctor, &scan, at(3, 9, 0)).await });
    }
    let outcomes = futures::future::join_all(racing).await;
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(fault::reason);
    let refused: Vec<_> = refused.map(Option::unwrap).collect();
    assert_eq!(refused.len(), 7, "{refused:?}");
    assert!(refused.iter().all(|reason| reason == "NO_ROOM" || reason == "SLOT_TAKEN"), "{refused:?}");
}

#[tokio::test]
async fn the_earliest_times_among_doctors_are_those_of_each() {
    let clinic = offering(&[]).await;
    let mut staff = clinic.staff();
    let mut doctors = Vec::new();
    for (zone, specialization) in
        [("UTC", "Cardiology"), ("America/New_York", "Cardiology"), ("Asia/Tokyo", "Dermatology")]
    {
        let rules = DoctorRules {
            specialization: specialization.to_owned(),
            languages: vec!["de".to_owned()],
            ..hours(zone, "09:00", "12:00")
        };
        doctors.push(clinic.hire(rules).await);
    }
    book(&mut staff, clinic.patient().await, doctors[0], at(3, 9, 30)).await.unwrap();

    let wanted = SearchSlotsRequest {
        specialization: "cardiology".to_owned(),
        language: "de".to_owned(),
        date: date_in(3).to_string(),
        days: 3,
        page_size: 4,
        ..SearchSlotsRequest::default()
    };
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = SearchSlotsRequest { page_token, ..wanted.clone() };
        let page = staff.search_slots(page).await.unwrap().into_inner();
        found
            .extend(page.slots.into_iter().map(|slot| (from_wire(slot.start_time).unwrap(), slot.doctor_id)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut one_by_one = Vec::new();
    for doctor in &doctors[..2] {
        for day in 3..6 {
            let slots = slots(&mut staff, *doctor, date_in(day)).await.unwrap().into_iter();
            one_by_one.extend(slots.map(|slot| (from_wire(slot.start_time).unwrap(), slot.doctor_id)));
        }
    }
    one_by_one.sort();
    assert_eq!(found, one_by_one);
    assert_eq!(found.len(), 2 * 3 * 6 - 1);

    let nobody = SearchSlotsRequest { language: "fr".to_owned(), ..wanted };
    assert!(staff.search_slots(nobody).await.unwrap().into_inner().slots.is_empty());
}

#[tokio::test]
async fn an_explanation_says_what_booking_answers() {
    let strict = VisitType { min_notice_minutes: 60 * 24 * 2, horizon_days: 10, ..visit_type() };
    let elsewhere = VisitType { doctor_ids: vec![DoctorId::random().to_string()], ..visit_type() };
    let clinic = offering(&[&strict, &elsewhere]).await;
    let mut rules = hours("UTC", "09:00", "17:00");
    let (from, until) = (Some(to_wire(at(4, 12, 0))), Some(to_wire(at(4, 13, 0))));
    rules.absences = vec![proto::doctor::doctor_rules::Absence { start_time: from, end_time: until }];
    let doctor = clinic.hire(rules).await;
    let patient = clinic.patient().await;
    let mut caller = clinic.by(Role::Patient(patient));
    book(&mut clinic.staff(), clinic.patient().await, doctor, at(4, 10, 0)).await.unwrap();
    book(&mut clinic.staff(), patient, clinic.doctor().await, at(4, 11, 0)).await.unwrap();
    for (visit_type, start, code, blocked_by) in [
        (&elsewhere, at(4, 9, 0), "VISIT_TYPE_NOT_OFFERED", ""),
        (&strict, at(4, 9, 10), "OFF_GRID", ""),
        (&strict, at(1, 9, 0), "TOO_SOON", ""),
        (&strict, at(12, 9, 0), "BEYOND_HORIZON", ""),
        (&strict, at(4, 20, 0), "OUTSIDE_AVAILABILITY", "closed"),
        (&strict, at(4, 12, 0), "OUTSIDE_AVAILABILITY", "time_off"),
        (&strict, at(4, 10, 0), "SLOT_TAKEN", "visit"),
        (&strict, at(4, 11, 0), "PATIENT_CONFLICT", "own_visit"),
    ] {
        let explanation = explain(&mut caller, doctor, visit_type, start).await;
        assert_eq!(explained(&explanation)[0], (code, blocked_by), "{start}");
        let refused = book_type(&mut caller, patient, doctor, visit_type, start).await;
        assert_eq!(refusal(refused).1, code, "{start}");
    }
    let taken = explain(&mut caller, doctor, &strict, at(4, 10, 0)).await;
    let nearest = from_wire(taken.nearest_start_time).unwrap();
    assert!([at(4, 9, 30), at(4, 10, 30)].contains(&nearest), "{nearest}");
    assert!(explain(&mut caller, doctor, &strict, nearest).await.is_bookable);
    let too_soon = book_type(&mut caller, patient, doctor, &strict, at(1, 9, 0)).await;
    assert_eq!(fact(too_soon, "rule").as_deref(), Some("min_notice"));
    // Notice and horizon do not bind the practice.
    book_type(&mut clinic.staff(), patient, doctor, &strict, at(1, 9, 0)).await.unwrap();
}

#[tokio::test]
async fn a_month_at_a_glance_says_what_is_to_be_had() {
    let clinic = offering(&[]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let holiday = Holiday { date: date_in(4).to_string(), ..Holiday::default() };
    let rules = ClinicRules { version: 2, holidays: vec![holiday], ..ClinicRules::default() };
    apply_clinic(&clinic, rules, true).await.unwrap();
    let request = ListDaySummariesRequest {
        doctor_id: doctor.to_string(),
        date: date_in(-1).to_string(),
        days: 6,
        ..ListDaySummariesRequest::default()
    };
    let days = staff.list_day_summaries(request).await.unwrap().into_inner().days;
    let states: Vec<_> = days.iter().map(proto::appointment::DaySummary::state).collect();
    assert_eq!(states[0], DaySummaryState::Past);
    assert_eq!((days[3].free_slots, states[3]), (16, DaySummaryState::Available));
    assert_eq!(states[5], DaySummaryState::Holiday);
}

#[tokio::test]
async fn a_holiday_waits_until_nobody_is_booked_then() {
    let clinic = offering(&[]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let visit = book(&mut staff, clinic.patient().await, doctor, at(4, 9, 0)).await.unwrap();
    let holiday = Holiday { date: date_in(4).to_string(), ..Holiday::default() };
    let rules = ClinicRules { version: 2, holidays: vec![holiday], ..ClinicRules::default() };
    let refused = apply_clinic(&clinic, rules.clone(), true).await;
    assert_eq!(fact(refused, "appointment_ids"), Some(visit.id.clone()));
    crate::wishes::cancel(&mut staff, &visit.id).await.unwrap();
    assert_eq!(apply_clinic(&clinic, rules, true).await.unwrap(), 2);
    let refused = book(&mut staff, clinic.patient().await, doctor, at(4, 9, 0)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "OUTSIDE_AVAILABILITY".to_owned()));
}

#[tokio::test]
async fn hours_may_pass_midnight_and_belong_to_a_place_in_another_zone() {
    let clinic = Clinic::open().await;
    let place = LocationId::random().to_string();
    let time_zone = "Asia/Tokyo".to_owned();
    let location = Location { id: place.clone(), time_zone: time_zone.clone(), ..Location::default() };
    let rules = ClinicRules { version: 1, locations: vec![location], ..ClinicRules::default() };
    apply_clinic(&clinic, rules, false).await.unwrap();
    let mut night = hours("UTC", "22:00", "02:00");
    night.windows.iter_mut().for_each(|window| window.location_id.clone_from(&place));
    let doctor = clinic.hire(night).await;
    let mut staff = clinic.staff();
    // 22:00 to 02:00 in Tokyo is 13:00 to 17:00 UTC.
    let starts = crate::wishes::free(&mut staff, doctor, date_in(3)).await;
    assert_eq!((starts.len(), starts[0], starts[7]), (8, at(3, 13, 0), at(3, 16, 30)));
    let visit = book(&mut staff, clinic.patient().await, doctor, at(3, 16, 0)).await.unwrap();
    assert_eq!((visit.time_zone, visit.location_id), (time_zone, place));
    assert_eq!(visit.start_local, format!("{}T01:00:00", date_in(4)));
    assert_eq!(from_wire(visit.end_time).unwrap(), at(3, 16, 30));
}
