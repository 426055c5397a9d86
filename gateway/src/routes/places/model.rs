//! Locations, rooms and holidays as the REST face shows and takes them.
use crate::patch::{Clearable, Edit, Mask};
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{CivilDate, Garbled, Instant};
use proto::doctor as pb;
use proto::ids::LocationId;
use proto::scalars::{Address, Label, TimeZoneName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place where doctors see patients.
#[derive(Serialize, ToSchema)]
pub struct Location {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "Main Street")]
    pub name: String,
    /// The zone of the hours there, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    #[schema(example = "1 Main Street, Springfield")]
    pub address: Option<String>,
    /// By name.
    pub rooms: Vec<Room>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Grows by one with each change of the location or its rooms; the ETag.
    #[schema(minimum = 0, example = 3)]
    pub version: i64,
}

impl Resource for Location {
    const VERSION: Option<fn(&Self) -> i64> = Some(|location| location.version);

    fn location(&self) -> String {
        format!("/api/locations/{}", self.id)
    }
}

impl TryFrom<pb::Location> for Location {
    type Error = Garbled;

    fn try_from(location: pb::Location) -> Result<Self, Garbled> {
        let pb::Location { id, name, time_zone, address, rooms, create_time, update_time, version } =
            location;
        Ok(Self {
            id,
            name,
            time_zone,
            address: given(address),
            rooms: rooms.into_iter().map(Into::into).collect(),
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            version,
        })
    }
}

/// A room, or a device: a visit that needs one takes it from others.
#[derive(Serialize, ToSchema)]
pub struct Room {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub location_id: String,
    #[schema(example = "Room 1")]
    pub name: String,
}

impl Resource for Room {
    fn location(&self) -> String {
        format!("/api/locations/{}/rooms/{}", self.location_id, self.id)
    }
}

impl From<pb::Room> for Room {
    fn from(pb::Room { id, location_id, name }: pb::Room) -> Self {
        Self { id, location_id, name }
    }
}

/// A date on which the weekly hours do not hold.
#[derive(Serialize, ToSchema)]
pub struct Holiday {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(format = Date, example = "2030-12-25")]
    pub date: String,
    #[schema(example = "Christmas Day")]
    pub name: String,
    /// Only there; everywhere when null.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
}

impl Resource for Holiday {
    fn location(&self) -> String {
        format!("/api/holidays/{}", self.id)
    }
}

impl From<pb::Holiday> for Holiday {
    fn from(pb::Holiday { id, date, name, location_id }: pb::Holiday) -> Self {
        Self { id, date, name, location_id: given(location_id) }
    }
}

/// A location to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLocation {
    pub name: Label,
    /// Of the hours there.
    pub time_zone: TimeZoneName,
    pub address: Option<Address>,
}

impl From<CreateLocation> for pb::CreateLocationRequest {
    fn from(CreateLocation { name, time_zone, address }: CreateLocation) -> Self {
        let location = pb::Location {
            name: name.into(),
            time_zone: time_zone.into(),
            address: address.map(Into::into).unwrap_or_default(),
            ..pb::Location::default()
        };
        Self { location: Some(location) }
    }
}

/// Changes to a location.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateLocation {
    #[serde(default)]
    #[schema(value_type = Label)]
    pub name: Edit<Label>,
    #[serde(default)]
    #[schema(value_type = TimeZoneName)]
    pub time_zone: Edit<TimeZoneName>,
    #[serde(default)]
    #[schema(value_type = Option<Address>)]
    pub address: Clearable<Address>,
}

impl UpdateLocation {
    pub fn of(self, id: LocationId, expected_version: i64) -> pb::UpdateLocationRequest {
        let Self { name, time_zone, address } = self;
        let mut mask = Mask::default();
        let location = pb::Location {
            id: id.to_string(),
            name: mask.text("name", name),
            time_zone: mask.text("time_zone", time_zone),
            address: mask.text("address", address),
            ..pb::Location::default()
        };
        pb::UpdateLocationRequest {
            location: Some(location),
            update_mask: Some(mask.into()),
            expected_version,
        }
    }
}

/// A room to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    pub name: Label,
}

impl CreateRoom {
    pub fn of(self, location: LocationId) -> pb::CreateRoomRequest {
        let room = pb::Room { id: String::new(), location_id: location.to_string(), name: self.name.into() };
        pb::CreateRoomRequest { room: Some(room) }
    }
}

/// A holiday to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateHoliday {
    pub date: CivilDate,
    pub name: Label,
    /// Only there; everywhere when absent.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<LocationId>,
}

impl From<CreateHoliday> for pb::CreateHolidayRequest {
    fn from(CreateHoliday { date, name, location_id }: CreateHoliday) -> Self {
        let holiday = pb::Holiday {
            id: String::new(),
            date: date.into(),
            name: name.into(),
            location_id: location_id.map(|id| id.to_string()).unwrap_or_default(),
        };
        Self { holiday: Some(holiday) }
    }
}
