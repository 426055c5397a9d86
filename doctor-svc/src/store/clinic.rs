//! The clinic: places with their rooms, holidays and visit types.
use super::{Connection, Error, Tx};
use crate::domain::clinic::{Clinic, Holiday, Location, Place};
use crate::domain::visit_type::VisitType;
use deadpool_postgres::GenericClient;
use proto::scalars::Address;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// In one statement, so that everything is of the version.
const FIND: &str = "
    SELECT rules_version,
           (SELECT coalesce(jsonb_agg(to_jsonb(l) || jsonb_build_object('rooms',
                       (SELECT coalesce(jsonb_agg(r), '[]') FROM doctor.rooms r WHERE r.location_id = l.id))), '[]')
              FROM doctor.locations l) AS locations,
           (SELECT coalesce(jsonb_agg(h), '[]') FROM doctor.holidays h
             WHERE date >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 2) AS holidays,
           (SELECT coalesce(jsonb_agg(v), '[]') FROM doctor.visit_types v) AS visit_types
      FROM doctor.clinic";

/// Apart from [`FIND`]: only a statement that begins after the lock sees what was committed before it.
const LOCK: &str = "SELECT FROM doctor.clinic FOR NO KEY UPDATE";

const SET_VERSION: &str = "UPDATE doctor.clinic SET rules_version = $1";

const UPSERT_LOCATION: &str = "
    INSERT INTO doctor.locations (id, name, time_zone, address, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE
       SET name = $2, time_zone = $3, address = $4, updated_at = $6, version = $7";

const INSERT_ROOM: &str = "INSERT INTO doctor.rooms (id, location_id, name) VALUES ($1, $2, $3)";

const DELETE_ROOM: &str = "DELETE FROM doctor.rooms WHERE id = $1";

const INSERT_HOLIDAY: &str = "
    INSERT INTO doctor.holidays (id, date, name, location_id) VALUES ($1, $2, $3, $4)";

const DELETE_HOLIDAY: &str = "DELETE FROM doctor.holidays WHERE id = $1";

/// Those of a location that is about to go: the ones that are over, too.
const DELETE_HOLIDAYS_THERE: &str = "DELETE FROM doctor.holidays WHERE location_id = $1";

const UPSERT_VISIT_TYPE: &str = include_str!("upsert_visit_type.sql");

impl Connection {
    #[instrument(name = "db.clinic.find", skip_all)]
    pub async fn clinic(&self) -> Result<Clinic, Error> {
        find(&self.client).await
    }
}

impl Tx<'_> {
    /// The clinic as nobody else can change it before this transaction ends.
    #[instrument(name = "db.clinic.lock", skip_all)]
    pub async fn lock_clinic(&self) -> Result<Clinic, Error> {
        let statement = self.transaction.prepare_cached(LOCK).await?;
        self.transaction.query_one(&statement, &[]).await?;
        find(&self.transaction).await
    }

    /// Makes `after` of `before`.
    #[instrument(name = "db.clinic.update", skip_all)]
    pub async fn update_clinic(&self, before: &Clinic, after: &Clinic) -> Result<(), Error> {
        self.execute(SET_VERSION, &[&after.rules_version]).await?;
        for gone in before.holidays.iter().filter(|old| !after.holidays.contains(old)) {
            self.execute(DELETE_HOLIDAY, &[&gone.id.0]).await?;
        }
        self.update_locations(&before.locations, &after.locations).await?;
        for Holiday { id, date, name, location_id } in
            after.holidays.iter().filter(|new| !before.holidays.contains(new))
        {
            let location_id = location_id.map(|id| id.0);
            self.execute(INSERT_HOLIDAY, &[&id.0, date, &name.as_str(), &location_id]).await?;
        }
        for changed in after.visit_types.iter().filter(|new| !before.visit_types.contains(new)) {
            self.upsert_visit_type(changed).await?;
        }
        Ok(())
    }

    async fn update_locations(&self, before: &[Location], after: &[Location]) -> Result<(), Error> {
        let rooms = |locations: &[Location]| -> Vec<(Uuid, Uuid, String)> {
            let of = |location: &Location| {
                let place = location.id.0;
                let rooms = location.rooms.iter();
                rooms.map(move |room| (room.id.0, place, room.name.as_str().to_owned())).collect::<Vec<_>>()
            };
            locations.iter().flat_map(of).collect()
        };
        let (old_rooms, new_rooms) = (rooms(before), rooms(after));
        for (id, ..) in old_rooms.iter().filter(|old| !new_rooms.contains(old)) {
            self.execute(DELETE_ROOM, &[id]).await?;
        }
        for gone in before.iter().filter(|old| !after.iter().any(|new| new.id == old.id)) {
            self.execute(DELETE_HOLIDAYS_THERE, &[&gone.id.0]).await?;
            self.delete_location(gone.id).await?;
        }
        for changed in after.iter().filter(|new| !before.contains(new)) {
            let Location { id, place, rooms: _, created_at, updated_at, version } = changed;
            let Place { name, time_zone, address } = place;
            let address = address.as_ref().map(Address::as_str);
            let (name, time_zone) = (name.as_str(), time_zone.as_str());
            self.execute(
                UPSERT_LOCATION,
                &[&id.0, &name, &time_zone, &address, created_at, updated_at, version],
            )
            .await?;
        }
        for (id, location_id, name) in new_rooms.iter().filter(|new| !old_rooms.contains(new)) {
            self.execute(INSERT_ROOM, &[id, location_id, name]).await?;
        }
        Ok(())
    }

    async fn upsert_visit_type(&self, visit_type: &VisitType) -> Result<(), Error> {
        let row = serde_json::to_value(visit_type).expect("a visit type is plain data");
        let statement = self.transaction.prepare_cached(UPSERT_VISIT_TYPE).await?;
        self.transaction.execute(&statement, &[&row]).await.map_err(|error| {
            match error.as_db_error().and_then(|error| error.constraint()) {
                Some("visit_types_name") => Error::VisitTypeNameTaken,
                _ => error.into(),
            }
        })?;
        Ok(())
    }
}

async fn find(client: &impl GenericClient) -> Result<Clinic, Error> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_one(&statement, &[]).await?;
    let clinic = Clinic {
        locations: column(&row, "locations")?,
        holidays: column(&row, "holidays")?,
        visit_types: column(&row, "visit_types")?,
        rules_version: row.try_get("rules_version")?,
    };
    Ok(clinic.sorted())
}

/// Rows that the database made JSON of, and the domain accepted when they were written.
fn column<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, Error> {
    serde_json::from_value(row.try_get(column)?).map_err(|_| Error::UnreadableClinic { column })
}
