//! Patients who may be one person: born on the same day, and of much the same name or with the same contacts.
use super::{Error, Tx};
use crate::domain::patient::BirthDate;
use proto::ids::PatientId;
use tracing::instrument;

/// Most that are told of.
const MOST: i64 = 5;
/// From here on two names are much the same: of Jon and John Smith, but not of Tom and Tim Miller, who are twins.
const MUCH: f32 = 0.6;

/// Those who create patients of one birthday at the same time see each other.
const LOCK_BIRTHDAY: &str = "
    SELECT pg_advisory_xact_lock(hashtextextended('patient.birthday ' || $1::date::text, 0))";

/// Trigrams know no order of words. A number without its country ends like the one with it.
const ALIKE: &str = "
    SELECT other.id
      FROM patient.patients AS new
      JOIN patient.patients AS other
        ON other.date_of_birth = new.date_of_birth AND other.id <> new.id AND other.deleted_at IS NULL
     CROSS JOIN LATERAL (
        SELECT patient.plain_name(new.first_name || ' ' || new.last_name) AS new_name,
               patient.plain_name(other.first_name || ' ' || other.last_name) AS other_name,
               patient.plain_phone(new.phone) AS new_phone,
               patient.plain_phone(other.phone) AS other_phone) AS plain
     CROSS JOIN LATERAL (
        SELECT CASE WHEN new_name = other_name THEN 1 ELSE public.similarity(new_name, other_name) END AS names,
               least(length(new_phone), length(other_phone)) AS digits) AS compared
     WHERE new.id = $1
       AND (names >= $2
            OR lower(other.email) = lower(new.email)
            OR digits >= 7 AND right(new_phone, digits) = right(other_phone, digits))
     ORDER BY names DESC, other.id LIMIT $3";

impl Tx<'_> {
    /// Waits for others who create patients of this birthday.
    #[instrument(name = "db.patient.lock_birthday", skip_all)]
    pub async fn lock_birthday(&self, date: BirthDate) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(LOCK_BIRTHDAY).await?;
        self.inner.execute(&statement, &[&date.date()]).await?;
        Ok(())
    }

    /// Those who may be the same as the patient, the most alike first.
    #[instrument(name = "db.patient.alike", skip_all, fields(patient.id = %id))]
    pub async fn alike(&self, id: PatientId) -> Result<Vec<PatientId>, Error> {
        let statement = self.inner.prepare_cached(ALIKE).await?;
        let rows = self.inner.query(&statement, &[&id.0, &MUCH, &MOST]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("id")?))).collect()
    }
}
