//! Changes that take something away, while they are under way. One is committed before the calendar is asked, and
//! removed in the transaction of the change; one that stays behind tells that the calendar may be narrower than the
//! rules.
use super::{Connection, Error, Tx};
use proto::ids::DoctorId;
use std::time::Duration;
use uuid::Uuid;

/// Whose rules become narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Doctor(DoctorId),
    Clinic,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowing {
    id: Uuid,
    owner: Owner,
}

const BEGIN: &str = "INSERT INTO doctor.narrowings (id, doctor_id) VALUES ($1, $2)";

const BEGIN_CLINIC: &str = "INSERT INTO doctor.clinic_narrowings (id) VALUES ($1)";

const END: &str = "DELETE FROM doctor.narrowings WHERE id = $1";

const END_CLINIC: &str = "DELETE FROM doctor.clinic_narrowings WHERE id = $1";

const LEFT_BEHIND: &str = "
    SELECT DISTINCT doctor_id
      FROM doctor.narrowings
     WHERE begun_at < clock_timestamp() - make_interval(secs => $1)
     LIMIT 100";

const CLINIC_LEFT_BEHIND: &str = "
    SELECT EXISTS (SELECT FROM doctor.clinic_narrowings
                    WHERE begun_at < clock_timestamp() - make_interval(secs => $1)) AS is_left_behind";

const END_LEFT_BEHIND: &str = "
    DELETE FROM doctor.narrowings
     WHERE doctor_id = $1 AND begun_at < clock_timestamp() - make_interval(secs => $2)";

const END_CLINIC_LEFT_BEHIND: &str = "
    DELETE FROM doctor.clinic_narrowings
     WHERE begun_at < clock_timestamp() - make_interval(secs => $1)";

impl Tx<'_> {
    pub async fn begin_narrowing(&self, owner: Owner) -> Result<Narrowing, Error> {
        let id = Uuid::now_v7();
        match owner {
            Owner::Doctor(doctor) => {
                let statement = self.transaction.prepare_cached(BEGIN).await?;
                self.transaction.execute(&statement, &[&id, &doctor.0]).await?;
            }
            Owner::Clinic => {
                let statement = self.transaction.prepare_cached(BEGIN_CLINIC).await?;
                self.transaction.execute(&statement, &[&id]).await?;
            }
        }
        Ok(Narrowing { id, owner })
    }

    /// False when it was taken for left behind in the meantime.
    pub async fn end_narrowing(&self, narrowing: Narrowing) -> Result<bool, Error> {
        let end = match narrowing.owner {
            Owner::Doctor(_) => END,
            Owner::Clinic => END_CLINIC,
        };
        let statement = self.transaction.prepare_cached(end).await?;
        Ok(self.transaction.execute(&statement, &[&narrowing.id]).await? == 1)
    }

    /// Ends those of the owner that are older than `age`; false when there is none.
    pub async fn end_narrowings_left_behind(&self, owner: Owner, age: Duration) -> Result<bool, Error> {
        let age = age.as_secs_f64();
        let ended = match owner {
            Owner::Doctor(doctor) => {
                let statement = self.transaction.prepare_cached(END_LEFT_BEHIND).await?;
                self.transaction.execute(&statement, &[&doctor.0, &age]).await?
            }
            Owner::Clinic => {
                let statement = self.transaction.prepare_cached(END_CLINIC_LEFT_BEHIND).await?;
                self.transaction.execute(&statement, &[&age]).await?
            }
        };
        Ok(ended > 0)
    }
}

impl Connection {
    /// Owners of narrowings older than `age`.
    pub async fn narrowings_left_behind(&self, age: Duration) -> Result<Vec<Owner>, Error> {
        let age = age.as_secs_f64();
        let statement = self.client.prepare_cached(LEFT_BEHIND).await?;
        let mut owners = Vec::new();
        for row in self.client.query(&statement, &[&age]).await? {
            owners.push(Owner::Doctor(DoctorId(row.try_get("doctor_id")?)));
        }
        let statement = self.client.prepare_cached(CLINIC_LEFT_BEHIND).await?;
        if self.client.query_one(&statement, &[&age]).await?.try_get("is_left_behind")? {
            owners.push(Owner::Clinic);
        }
        Ok(owners)
    }
}
