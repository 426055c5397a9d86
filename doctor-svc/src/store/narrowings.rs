//! Changes that take something away, while they are under way. One is committed before the calendar is asked, and
//! removed in the transaction of the change; one that stays behind tells that the calendar may be narrower than the
//! rules.
use super::{Connection, Error, Tx};
use proto::ids::DoctorId;
use std::time::Duration;
use uuid::Uuid;

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowing(Uuid);

const BEGIN: &str = "INSERT INTO doctor.narrowings (id, doctor_id) VALUES ($1, $2)";

const END: &str = "DELETE FROM doctor.narrowings WHERE id = $1";

const LEFT_BEHIND: &str = "
    SELECT DISTINCT doctor_id
      FROM doctor.narrowings
     WHERE begun_at < clock_timestamp() - make_interval(secs => $1)
     LIMIT 100";

const END_LEFT_BEHIND: &str = "
    DELETE FROM doctor.narrowings
     WHERE doctor_id = $1 AND begun_at < clock_timestamp() - make_interval(secs => $2)";

impl Tx<'_> {
    pub async fn begin_narrowing(&self, id: DoctorId) -> Result<Narrowing, Error> {
        let narrowing = Narrowing(Uuid::now_v7());
        let statement = self.transaction.prepare_cached(BEGIN).await?;
        self.transaction.execute(&statement, &[&narrowing.0, &id.0]).await?;
        Ok(narrowing)
    }

    /// False when it was taken for left behind in the meantime.
    pub async fn end_narrowing(&self, narrowing: Narrowing) -> Result<bool, Error> {
        let statement = self.transaction.prepare_cached(END).await?;
        Ok(self.transaction.execute(&statement, &[&narrowing.0]).await? == 1)
    }

    /// Ends those of the doctor that are older than `age`; false when there is none.
    pub async fn end_narrowings_left_behind(&self, id: DoctorId, age: Duration) -> Result<bool, Error> {
        let statement = self.transaction.prepare_cached(END_LEFT_BEHIND).await?;
        Ok(self.transaction.execute(&statement, &[&id.0, &age.as_secs_f64()]).await? > 0)
    }
}

impl Connection {
    /// Doctors with narrowings older than `age`.
    pub async fn narrowings_left_behind(&self, age: Duration) -> Result<Vec<DoctorId>, Error> {
        let statement = self.client.prepare_cached(LEFT_BEHIND).await?;
        let rows = self.client.query(&statement, &[&age.as_secs_f64()]).await?;
        rows.iter().map(|row| Ok(DoctorId(row.try_get("doctor_id")?))).collect()
    }
}
