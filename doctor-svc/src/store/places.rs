//! The locations that hours are at.
use super::{Error, Tx};
use proto::ids::LocationId;

/// What is over stands in nobody's way.
const RELEASE_PAST: &str = "
    DELETE FROM doctor.override_hours
     WHERE location_id = $1 AND date < (clock_timestamp() AT TIME ZONE 'UTC')::date - 2";

/// Nor do the hours of doctors who were deleted.
const RELEASE_DELETED: &str = "
    UPDATE doctor.availabilities
       SET location_id = NULL
     WHERE location_id = $1
       AND doctor_id IN (SELECT id FROM doctor.doctors WHERE deleted_at IS NOT NULL)";

const RELEASE_DELETED_OVERRIDES: &str = "
    DELETE FROM doctor.override_hours
     WHERE location_id = $1
       AND doctor_id IN (SELECT id FROM doctor.doctors WHERE deleted_at IS NOT NULL)";

const DELETE: &str = "DELETE FROM doctor.locations WHERE id = $1";

impl Tx<'_> {
    /// Refused while hours that can be booked are there.
    pub(super) async fn delete_location(&self, id: LocationId) -> Result<(), Error> {
        for release in [RELEASE_PAST, RELEASE_DELETED, RELEASE_DELETED_OVERRIDES] {
            let statement = self.transaction.prepare_cached(release).await?;
            self.transaction.execute(&statement, &[&id.0]).await?;
        }
        let statement = self.transaction.prepare_cached(DELETE).await?;
        self.transaction.execute(&statement, &[&id.0]).await.map_err(|error| match constraint(&error) {
            Some("availabilities_location" | "override_hours_location") => Error::LocationInUse,
            _ => error.into(),
        })?;
        Ok(())
    }
}

/// What an error means where hours at `location` are written.
pub(super) fn meaning(error: tokio_postgres::Error, location: Option<LocationId>) -> Error {
    match (constraint(&error), location) {
        (Some("availabilities_location" | "override_hours_location"), Some(location)) => {
            Error::NoSuchLocation(location)
        }
        _ => error.into(),
    }
}

fn constraint(error: &tokio_postgres::Error) -> Option<&str> {
    error.as_db_error().and_then(|error| error.constraint())
}
