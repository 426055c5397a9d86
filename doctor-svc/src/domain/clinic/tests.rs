use super::*;
use crate::domain::practice::tests::{noon, text};
use crate::domain::visit_type::tests::terms;

fn clinic() -> Clinic {
    let (locations, holidays, visit_types) = (Vec::new(), Vec::new(), Vec::new());
    Clinic { locations, holidays, visit_types, rules_version: 1 }
}

fn place(name: &str) -> Location {
    let place = Place { name: text(name), time_zone: text("Europe/Berlin"), address: None };
    Location::new(place, noon())
}

fn room(name: &str) -> Room {
    Room { id: RoomId::random(), name: text(name) }
}

fn holiday(date: &str, location_id: Option<LocationId>) -> Holiday {
    Holiday { id: HolidayId::random(), date: date.parse().unwrap(), name: text("Closed"), location_id }
}

#[test]
fn what_is_added_to_the_places_widens_and_what_goes_narrows() {
    let empty = clinic();
    let (main, room) = (place("Main Street"), room("1"));
    let there = empty.clone().add_location(main.clone()).unwrap();
    let furnished = there.clone().add_room(main.id, room.clone(), noon()).unwrap();
    assert_eq!(empty.shift_to(&there), Shift::Wider);
    assert_eq!(there.shift_to(&furnished), Shift::Wider);
    assert_eq!(furnished.locations[0].version, 2);
    let cleared = furnished.clone().remove_room(main.id, room.id, noon()).unwrap();
    assert_eq!(furnished.shift_to(&cleared), Shift::Narrower);
    assert_eq!(there.shift_to(&there.clone().remove_location(main.id, 1).unwrap()), Shift::Narrower);
    assert_eq!(there.clone().remove_location(main.id, 2), Err(Refusal::VersionMismatch));
    assert_eq!(cleared.remove_room(main.id, room.id, noon()), Err(Refusal::NoSuchRoom));
}

#[test]
fn another_zone_narrows_and_another_name_does_not() {
    let main = place("Main Street");
    let there = clinic().add_location(main.clone()).unwrap();
    let edited = |edit: PlaceEdit| there.clone().edit_location(main.id, 0, &edit, noon()).unwrap();
    let zone = PlaceEdit { time_zone: Some(text("Europe/Lisbon")), ..PlaceEdit::default() };
    assert_eq!(there.shift_to(&edited(zone)), Shift::Narrower);
    let name = PlaceEdit { name: Some(text("High Street")), ..PlaceEdit::default() };
    assert_eq!(there.shift_to(&edited(name)), Shift::Wider);
    assert_eq!(edited(PlaceEdit::default()), there);
}

#[test]
fn a_holiday_narrows_and_its_end_widens() {
    let main = place("Main Street");
    let open = clinic().add_location(main.clone()).unwrap();
    let closed = open.clone().add_holiday(holiday("2030-12-25", None), noon()).unwrap();
    assert_eq!(open.shift_to(&closed), Shift::Narrower);
    assert_eq!(closed.shift_to(&closed.clone().remove_holiday(closed.holidays[0].id).unwrap()), Shift::Wider);

    let again = closed.clone().add_holiday(holiday("2030-12-25", None), noon());
    assert_eq!(again, Err(Refusal::HolidayKnown));
    let there = closed.clone().add_holiday(holiday("2030-12-25", Some(main.id)), noon()).unwrap();
    assert_eq!(there.remove_location(main.id, 0).unwrap().holidays, closed.holidays);
    let nowhere = open.clone().add_holiday(holiday("2030-12-25", Some(LocationId::random())), noon());
    assert_eq!(nowhere, Err(Refusal::NowhereKnown));
    assert_eq!(open.add_holiday(holiday("2030-01-04", None), noon()), Err(Refusal::DateOver));
}

#[test]
fn visit_types_never_narrow() {
    let empty = clinic();
    let id = VisitTypeId::random();
    let one = empty.clone().add_visit_type(id, terms("Check-up"), noon()).unwrap();
    assert_eq!(empty.shift_to(&one), Shift::Wider);
    let edited = |edit| one.clone().edit_visit_type(id, 1, vec![edit], noon()).unwrap();
    let (longer, retired) = (edited(Edit::Duration(60.try_into().unwrap())), edited(Edit::IsActive(false)));
    assert_eq!((one.shift_to(&longer), one.shift_to(&retired)), (Shift::Wider, Shift::Wider));
    let renamed = retired.clone().edit_visit_type(id, 2, vec![Edit::Name(text("Old"))], noon()).unwrap();
    assert_eq!(retired.shift_to(&renamed), Shift::None);
    let late = renamed.edit_visit_type(id, 1, Vec::new(), noon());
    assert_eq!(late, Err(Refusal::VersionMismatch));
}

#[test]
fn names_are_unique_among_the_visit_types_on_offer() {
    let (first, second) = (VisitTypeId::random(), VisitTypeId::random());
    let one = clinic().add_visit_type(first, terms("Check-up"), noon()).unwrap();
    let taken = one.clone().add_visit_type(second, terms("check-UP"), noon());
    assert_eq!(taken, Err(Refusal::NameTaken));
    let retired = one.edit_visit_type(first, 0, vec![Edit::IsActive(false)], noon()).unwrap();
    let two = retired.add_visit_type(second, terms("check-UP"), noon()).unwrap();
    let back = two.edit_visit_type(first, 0, vec![Edit::IsActive(true)], noon());
    assert_eq!(back, Err(Refusal::NameTaken));
}

#[test]
fn names_are_unique_among_locations_and_among_the_rooms_of_one() {
    let (main, side) = (place("Main Street"), place("Side Street"));
    let there = clinic().add_location(main.clone()).unwrap().add_location(side.clone()).unwrap();
    assert_eq!(there.clone().add_location(place("main STREET")), Err(Refusal::LocationNameTaken));
    let named = |name: &str| PlaceEdit { name: Some(text(name)), ..PlaceEdit::default() };
    let renamed = |name: &str| there.clone().edit_location(side.id, 0, &named(name), noon());
    assert_eq!(renamed("Main Street"), Err(Refusal::LocationNameTaken));
    assert!(renamed("side street").is_ok());

    let furnished = there.add_room(main.id, room("1"), noon()).unwrap();
    assert_eq!(furnished.clone().add_room(main.id, room("1"), noon()), Err(Refusal::RoomNameTaken));
    assert!(furnished.add_room(side.id, room("1"), noon()).is_ok());
}

#[test]
fn locations_that_have_one_name_already_can_be_changed() {
    let (one, other) = (place("Main Street"), place("Main Street"));
    let twice = Clinic { locations: vec![one.clone(), other], ..clinic() };
    let zone = PlaceEdit { time_zone: Some(text("Europe/Lisbon")), ..PlaceEdit::default() };
    assert!(twice.edit_location(one.id, 0, &zone, noon()).is_ok());
}
