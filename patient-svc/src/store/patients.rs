//! Patients and their identifiers.
use super::rows::Columns;
use super::{Error, Store, Tx};
use crate::domain::patient::{Identifier, Patient, Profile};
use crate::domain::search::Query;
use deadpool_postgres::GenericClient as _;
use jiff::Timestamp;
use platform::postgres;
use proto::ids::{DoctorId, PatientId};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// Where a patient stands in lists.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameKey {
    last_name: String,
    first_name: String,
    id: PatientId,
}

impl NameKey {
    /// Before every patient.
    pub fn first() -> Self {
        Self { last_name: String::new(), first_name: String::new(), id: PatientId(Uuid::nil()) }
    }

    pub fn of(patient: &Patient) -> Self {
        let Profile { last_name, first_name, .. } = &patient.profile;
        Self {
            last_name: last_name.as_str().to_owned(),
            first_name: first_name.as_str().to_owned(),
            id: patient.id,
        }
    }
}

const COLUMNS: &str = "id, first_name, last_name, date_of_birth, email, phone, address, insurance_provider,
    insurance_id, identifiers, gender, language, time_zone, contact_preference, version, party_version,
    created_at, updated_at, deleted_at, merged_into";

const LIVE: &str = "WHERE id = $1 AND deleted_at IS NULL";
const ANY: &str = "WHERE id = $1";
const AMONG: &str = "WHERE id = ANY($1)";

/// A merged patient goes when whom they were merged into goes.
const READABLE: &str = "
    AND (deleted_at IS NULL
         OR EXISTS (SELECT FROM patient.patients AS survivor
                     WHERE survivor.id = patients.merged_into AND survivor.deleted_at IS NULL))";

const IN_EMERGENCY: &str = "
    AND EXISTS (SELECT FROM patient.break_glass AS glass
                 WHERE glass.doctor_id = $2 AND glass.patient_id IN (patients.id, patients.merged_into)
                   AND glass.expires_at > clock_timestamp())";

const PAGE: &str = "
    WHERE deleted_at IS NULL AND (last_name, first_name, id) > ($1, $2, $3)
    ORDER BY last_name, first_name, id LIMIT $4";
/// An array that is made on the way, so that they are looked up by id: by name, many of others would lie between.
const PAGE_AMONG: &str = "
    WHERE deleted_at IS NULL AND (last_name, first_name, id) > ($1, $2, $3) AND id = ANY (ARRAY(SELECT unnest($5::uuid[])))
    ORDER BY last_name, first_name, id LIMIT $4";

/// A part of a name that everybody has is no reason to rank everybody: the latest matches are enough.
const MATCHES: &str = "
    WHERE id IN (
        SELECT id FROM patient.patients
         WHERE deleted_at IS NULL AND search_text LIKE ANY ($1) AND search_text LIKE ALL ($2)
         ORDER BY created_at DESC LIMIT 2000)
    ORDER BY public.word_similarity($3, search_text) DESC, last_name, first_name, id LIMIT $4";
/// The order tells as much as the choice: nothing here looks at what doctors may not see.
const MATCHES_OF_PANEL: &str = "
    WHERE deleted_at IS NULL AND id = ANY($5)
      AND panel_search_text LIKE ANY ($1) AND panel_search_text LIKE ALL ($2)
    ORDER BY public.word_similarity($3, panel_search_text) DESC, last_name, first_name, id LIMIT $4";

const INSERT: &str = "
    INSERT INTO patient.patients (id, first_name, last_name, date_of_birth, email, phone, address,
        insurance_provider, insurance_id, identifiers, gender, language, time_zone, contact_preference,
        party_version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
        nextval('patient.party_versions'), $15, $15)";

const UPDATE: &str = "
    UPDATE patient.patients SET first_name = $3, last_name = $4, date_of_birth = $5, email = $6, phone = $7,
        address = $8, insurance_provider = $9, insurance_id = $10, identifiers = $11, gender = $12,
        language = $13, time_zone = $14, contact_preference = $15, updated_at = $16, version = version + 1
     WHERE id = $1 AND version = $2 AND deleted_at IS NULL";

const DELETE: &str = "
    UPDATE patient.patients SET deleted_at = $3, updated_at = $3, version = version + 1
     WHERE id = $1 AND version = $2 AND deleted_at IS NULL";

const RENUMBER_PARTY: &str = "
    UPDATE patient.patients SET party_version = nextval('patient.party_versions') WHERE id = $1";

const TAKE_IDENTIFIERS: &str = "
    INSERT INTO patient.identifiers (patient_id, system, value)
    SELECT $1, taken.system, taken.value
      FROM unnest($2::text[], $3::text[]) AS taken (system, value)
     ORDER BY taken.system, taken.value";

const RELEASE_IDENTIFIERS: &str = "DELETE FROM patient.identifiers WHERE patient_id = $1";

impl Store {
    /// The patient, unless deleted.
    #[instrument(name = "db.patient.find", skip_all, fields(patient.id = %id))]
    pub async fn find(&self, id: PatientId) -> Result<Option<Patient>, Error> {
        self.one(LIVE, id).await
    }

    /// The patient, also one who was merged into somebody who is here.
    #[instrument(name = "db.patient.find_readable", skip_all, fields(patient.id = %id))]
    pub async fn find_readable(&self, id: PatientId) -> Result<Option<Patient>, Error> {
        self.one(&format!("{ANY} {READABLE}"), id).await
    }

    /// The same, if `doctor` has broken the glass.
    #[instrument(name = "db.patient.find_in_emergency", skip_all, fields(patient.id = %id))]
    pub async fn find_in_emergency(&self, id: PatientId, doctor: DoctorId) -> Result<Option<Patient>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(&format!("{ANY} {READABLE} {IN_EMERGENCY}"))).await?;
        let row = client.query_opt(&statement, &[&id.0, &doctor.0]).await?;
        row.as_ref().map(Patient::try_from).transpose()
    }

    /// The patient, deleted or not.
    #[instrument(name = "db.patient.find_any", skip_all, fields(patient.id = %id))]
    pub async fn find_any(&self, id: PatientId) -> Result<Option<Patient>, Error> {
        self.one(ANY, id).await
    }

    /// The patients with these ids, also those who were merged into somebody who is here, in no particular order.
    #[instrument(name = "db.patient.among", skip_all)]
    pub async fn among(&self, ids: &[PatientId]) -> Result<Vec<Patient>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(&format!("{AMONG} {READABLE}"))).await?;
        patients(&client.query(&statement, &[&uuids(ids)]).await?)
    }

    /// At most `limit` patients after `after`, of all or of `panel`.
    #[instrument(name = "db.patient.page", skip_all)]
    pub async fn page(
        &self,
        after: &NameKey,
        limit: i64,
        panel: Option<&[PatientId]>,
    ) -> Result<Vec<Patient>, Error> {
        let client = self.object().await?;
        let NameKey { last_name, first_name, id } = after;
        let rows = if let Some(panel) = panel {
            let statement = client.prepare_cached(&select(PAGE_AMONG)).await?;
            client.query(&statement, &[last_name, first_name, &id.0, &limit, &uuids(panel)]).await?
        } else {
            let statement = client.prepare_cached(&select(PAGE)).await?;
            client.query(&statement, &[last_name, first_name, &id.0, &limit]).await?
        };
        patients(&rows)
    }

    /// The `limit` best matches for `query`: among all, by whatever is known, or among `panel`, by what doctors
    /// see.
    #[instrument(name = "db.patient.search", skip_all)]
    pub async fn search(
        &self,
        query: &Query,
        limit: i64,
        panel: Option<&[PatientId]>,
    ) -> Result<Vec<Patient>, Error> {
        let client = self.object().await?;
        let Query { text, any, all } = query;
        let rows = if let Some(panel) = panel {
            let statement = client.prepare_cached(&select(MATCHES_OF_PANEL)).await?;
            client.query(&statement, &[any, all, text, &limit, &uuids(panel)]).await?
        } else {
            let statement = client.prepare_cached(&select(MATCHES)).await?;
            client.query(&statement, &[any, all, text, &limit]).await?
        };
        patients(&rows)
    }

    async fn one(&self, which: &str, id: PatientId) -> Result<Option<Patient>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(which)).await?;
        let row = client.query_opt(&statement, &[&id.0]).await?;
        row.as_ref().map(Patient::try_from).transpose()
    }
}

impl Tx<'_> {
    /// The patient, deleted or not, locked until the end of the transaction.
    #[instrument(name = "db.patient.lock", skip_all, fields(patient.id = %id))]
    pub async fn lock(&self, id: PatientId) -> Result<Option<Patient>, Error> {
        self.one(&format!("{ANY} FOR NO KEY UPDATE"), id).await
    }

    #[instrument(name = "db.patient.insert", skip_all, fields(patient.id = %id))]
    pub async fn insert(&self, id: PatientId, profile: &Profile, now: Timestamp) -> Result<Patient, Error> {
        let p = Columns::of(profile);
        let statement = self.inner.prepare_cached(&returning(INSERT)).await?;
        let row = self
            .inner
            .query_one(
                &statement,
                &[
                    &id.0,
                    &p.first_name,
                    &p.last_name,
                    &p.date_of_birth,
                    &p.email,
                    &p.phone,
                    &p.address,
                    &p.insurance_provider,
                    &p.insurance_id,
                    &p.identifiers,
                    &p.gender,
                    &p.language,
                    &p.time_zone,
                    &p.contact_preference,
                    &now,
                ],
            )
            .await
            .map_err(|error| meaning(error.into()))?;
        self.take_identifiers(id, &profile.identifiers).await?;
        Patient::try_from(&row)
    }

    /// Writes `profile` over `version` of the patient.
    #[instrument(name = "db.patient.update", skip_all, fields(patient.id = %id))]
    pub async fn update(
        &self,
        id: PatientId,
        version: i64,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let p = Columns::of(profile);
        let statement = self.inner.prepare_cached(&returning(UPDATE)).await?;
        let row = self
            .inner
            .query_opt(
                &statement,
                &[
                    &id.0,
                    &version,
                    &p.first_name,
                    &p.last_name,
                    &p.date_of_birth,
                    &p.email,
                    &p.phone,
                    &p.address,
                    &p.insurance_provider,
                    &p.insurance_id,
                    &p.identifiers,
                    &p.gender,
                    &p.language,
                    &p.time_zone,
                    &p.contact_preference,
                    &now,
                ],
            )
            .await?;
        let row = row.ok_or(Error::Stale)?;
        self.release_identifiers(id).await?;
        self.take_identifiers(id, &profile.identifiers).await?;
        Patient::try_from(&row)
    }

    /// Hides `version` of the patient from now on, and lets others have their identifiers.
    #[instrument(name = "db.patient.delete", skip_all, fields(patient.id = %id))]
    pub async fn delete(&self, id: PatientId, version: i64, now: Timestamp) -> Result<Patient, Error> {
        let statement = self.inner.prepare_cached(&returning(DELETE)).await?;
        let row = self.inner.query_opt(&statement, &[&id.0, &version, &now]).await?;
        let row = row.ok_or(Error::Stale)?;
        self.release_identifiers(id).await?;
        Patient::try_from(&row)
    }

    /// The patient, deleted or not, with a larger party version than anyone was told before.
    #[instrument(name = "db.patient.renumber_party", skip_all, fields(patient.id = %id))]
    pub async fn renumber_party(&self, id: PatientId) -> Result<Patient, Error> {
        let statement = self.inner.prepare_cached(&returning(RENUMBER_PARTY)).await?;
        Patient::try_from(&self.inner.query_one(&statement, &[&id.0]).await?)
    }

    async fn one(&self, which: &str, id: PatientId) -> Result<Option<Patient>, Error> {
        let statement = self.inner.prepare_cached(&select(which)).await?;
        let row = self.inner.query_opt(&statement, &[&id.0]).await?;
        row.as_ref().map(Patient::try_from).transpose()
    }

    pub(super) async fn take_identifiers(
        &self,
        id: PatientId,
        identifiers: &[Identifier],
    ) -> Result<(), Error> {
        if identifiers.is_empty() {
            return Ok(());
        }
        let systems: Vec<&str> = identifiers.iter().map(|identifier| identifier.system.as_str()).collect();
        let values: Vec<&str> = identifiers.iter().map(|identifier| identifier.value.as_str()).collect();
        let statement = self.inner.prepare_cached(TAKE_IDENTIFIERS).await?;
        let taken = self.inner.execute(&statement, &[&id.0, &systems, &values]).await;
        taken.map_err(|error| meaning(error.into()))?;
        Ok(())
    }

    pub(super) async fn release_identifiers(&self, id: PatientId) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(RELEASE_IDENTIFIERS).await?;
        self.inner.execute(&statement, &[&id.0]).await?;
        Ok(())
    }
}

pub(super) fn select(which: &str) -> String {
    format!("SELECT {COLUMNS} FROM patient.patients {which}")
}

pub(super) fn returning(change: &str) -> String {
    format!("{change} RETURNING {COLUMNS}")
}

pub(super) fn uuids(ids: &[PatientId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

/// What a broken constraint means.
fn meaning(error: postgres::Error) -> Error {
    match error.constraint() {
        Some("patients_pkey") => Error::IdTaken,
        Some("identifiers_one_owner") => Error::IdentifierTaken,
        _ => error.into(),
    }
}

pub(super) fn patients(rows: &[Row]) -> Result<Vec<Patient>, Error> {
    rows.iter().map(Patient::try_from).collect()
}
