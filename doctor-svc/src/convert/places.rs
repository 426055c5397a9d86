//! Locations, rooms and holidays.
use super::paths;
use crate::domain::clinic::{Holiday, Place, PlaceEdit, Room};
use crate::offers::EditPlace;
use platform::violations::Violations;
use proto::doctor as pb;
use proto::ids::{HolidayId, RoomId};
use proto::scalars::Address;
use proto::time;

impl TryFrom<pb::CreateLocationRequest> for Place {
    type Error = Violations;

    fn try_from(request: pb::CreateLocationRequest) -> Result<Self, Violations> {
        let Some(location) = request.location else { return Err(Violations::of("location", "is required")) };
        let mut wrong = Violations::default();
        if !location.rooms.is_empty() {
            wrong.add("location.rooms", "must be empty: rooms are added one by one");
        }
        let name = wrong.field("location.name", location.name.try_into());
        let time_zone = wrong.field("location.time_zone", location.time_zone.try_into());
        let address = wrong.optional::<Address, _>("location.address", location.address);
        let (Some(name), Some(time_zone)) = (name, time_zone) else { return Err(wrong) };
        wrong.into_result(Self { name, time_zone, address })
    }
}

impl TryFrom<pb::UpdateLocationRequest> for EditPlace {
    type Error = Violations;

    fn try_from(request: pb::UpdateLocationRequest) -> Result<Self, Violations> {
        let pb::UpdateLocationRequest { location, update_mask, expected_version } = request;
        let pb::Location { id, name, time_zone, address, .. } = location.unwrap_or_default();
        let mut wrong = Violations::default();
        let id = wrong.field("location.id", id.parse());
        let mut edit = PlaceEdit::default();
        for path in paths(update_mask.as_ref()) {
            match path {
                "name" => edit.name = wrong.field("location.name", name.clone().try_into()),
                "time_zone" => {
                    edit.time_zone = wrong.field("location.time_zone", time_zone.clone().try_into());
                }
                "address" => {
                    edit.address = Some(wrong.optional::<Address, _>("location.address", address.clone()));
                }
                _ => wrong.add("update_mask", "names a field that cannot be changed"),
            }
        }
        match id {
            Some(id) => wrong.into_result(Self { id, edit, expected_version }),
            None => Err(wrong),
        }
    }
}

pub fn new_room(room: pb::Room) -> Result<Room, Violations> {
    let name = room.name.try_into().map_err(|wrong| Violations::of("room.name", wrong))?;
    Ok(Room { id: RoomId::random(), name })
}

pub fn new_holiday(request: pb::CreateHolidayRequest) -> Result<Holiday, Violations> {
    let pb::Holiday { id: _, date, name, location_id } = request.holiday.unwrap_or_default();
    let mut wrong = Violations::default();
    let date = wrong.field("holiday.date", time::date(&date));
    let name = wrong.field("holiday.name", name.try_into());
    let location_id = super::hours::place("holiday.location_id", &location_id, &mut wrong);
    let (Some(date), Some(name)) = (date, name) else { return Err(wrong) };
    wrong.into_result(Holiday { id: HolidayId::random(), date, name, location_id })
}
