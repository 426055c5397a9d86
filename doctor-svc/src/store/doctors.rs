//! Doctors, with their hours.
use super::exceptions::{StoredOverride, StoredTimeOff};
use super::{Connection, Error, Tx, availabilities, parsed};
use crate::domain::doctor::{Doctor, Profile};
use crate::domain::exceptions::TimeOff;
use crate::domain::practice::Practice;
use deadpool_postgres::GenericClient;
use proto::ids::DoctorId;
use proto::scalars::{Bio, Language, Phone};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

/// A doctor's place in the list.
pub type Place = (String, String, DoctorId);

/// In one statement, so that everything is of the version. What is over is left out.
const FIND: &str = "
    SELECT id, first_name, last_name, email, phone, specialization, time_zone, languages, bio, slot_minutes,
           max_daily_visits, created_at, updated_at, deleted_at, version, rules_version,
           (SELECT coalesce(jsonb_agg(a), '[]') FROM doctor.availabilities a WHERE a.doctor_id = d.id) AS hours,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('date', o.date, 'hours',
                       (SELECT coalesce(jsonb_agg(h), '[]') FROM doctor.override_hours h
                         WHERE h.doctor_id = o.doctor_id AND h.date = o.date))), '[]')
              FROM doctor.availability_overrides o
             WHERE o.doctor_id = d.id
               AND o.date >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 2) AS overrides,
           (SELECT coalesce(jsonb_agg(t), '[]') FROM doctor.time_off t
             WHERE t.doctor_id = d.id AND t.ends_at > clock_timestamp()) AS time_off
      FROM doctor.doctors d
     WHERE id = $1";

/// Apart from [`FIND`]: only a statement that begins after the lock sees hours that were committed before it.
const LOCK: &str = "SELECT FROM doctor.doctors WHERE id = $1 FOR NO KEY UPDATE";

const LIST: &str = "
    SELECT id, first_name, last_name, email, phone, specialization, time_zone, languages, bio, slot_minutes,
           max_daily_visits, created_at, updated_at, deleted_at, version
      FROM doctor.doctors
     WHERE deleted_at IS NULL AND (last_name, first_name, id) > ($1, $2, $3)
     ORDER BY last_name, first_name, id
     LIMIT $4";

const LIST_SPECIALIZATION: &str = "
    SELECT id, first_name, last_name, email, phone, specialization, time_zone, languages, bio, slot_minutes,
           max_daily_visits, created_at, updated_at, deleted_at, version
      FROM doctor.doctors
     WHERE deleted_at IS NULL AND (last_name, first_name, id) > ($1, $2, $3)
       AND lower(specialization) = lower($5)
     ORDER BY last_name, first_name, id
     LIMIT $4";

const FIND_ALL: &str = "
    SELECT id, first_name, last_name, email, phone, specialization, time_zone, languages, bio, slot_minutes,
           max_daily_visits, created_at, updated_at, deleted_at, version
      FROM doctor.doctors
     WHERE id = ANY($1)";

const INSERT: &str = "
    INSERT INTO doctor.doctors
           (id, first_name, last_name, email, phone, specialization, time_zone, languages, bio, slot_minutes,
            max_daily_visits, created_at, updated_at, deleted_at, version, rules_version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const UPDATE: &str = "
    UPDATE doctor.doctors
       SET first_name = $2, last_name = $3, email = $4, phone = $5, specialization = $6, time_zone = $7,
           languages = $8, bio = $9, slot_minutes = $10, max_daily_visits = $11, created_at = $12, updated_at = $13,
           deleted_at = $14, version = $15, rules_version = $16
     WHERE id = $1 AND version = $17";

impl Connection {
    /// Deleted doctors too.
    #[instrument(name = "db.doctor.find", skip_all, fields(doctor.id = %id))]
    pub async fn find(&self, id: DoctorId) -> Result<Option<Practice>, Error> {
        find(&self.client, id).await
    }

    /// At most `limit` doctors after `last`, by last name, first name, id.
    #[instrument(name = "db.doctor.list", skip_all)]
    pub async fn list(
        &self,
        specialization: Option<&str>,
        last: Option<Place>,
        limit: i64,
    ) -> Result<Vec<Doctor>, Error> {
        // No name is empty, so the first page is after one that is: one plan for every page.
        let (last_name, first_name, id) =
            last.unwrap_or((String::new(), String::new(), DoctorId(Uuid::nil())));
        let key: [&(dyn ToSql + Sync); 4] = [&last_name, &first_name, &id.0, &limit];
        let rows = match &specialization {
            None => self.client.query(&self.client.prepare_cached(LIST).await?, &key).await?,
            Some(specialization) => {
                let statement = self.client.prepare_cached(LIST_SPECIALIZATION).await?;
                self.client.query(&statement, &[key.as_slice(), &[specialization]].concat()).await?
            }
        };
        rows.iter().map(doctor).collect()
    }

    /// Those among `ids`, deleted ones too.
    #[instrument(name = "db.doctor.find_all", skip_all)]
    pub async fn find_all(&self, ids: &[DoctorId]) -> Result<Vec<Doctor>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let statement = self.client.prepare_cached(FIND_ALL).await?;
        self.client.query(&statement, &[&ids]).await?.iter().map(doctor).collect()
    }
}

impl Tx<'_> {
    /// The doctor as nobody else can change them before this transaction ends. Deleted doctors too.
    #[instrument(name = "db.doctor.lock", skip_all, fields(doctor.id = %id))]
    pub async fn lock(&self, id: DoctorId) -> Result<Option<Practice>, Error> {
        let statement = self.transaction.prepare_cached(LOCK).await?;
        self.transaction.query_opt(&statement, &[&id.0]).await?;
        find(&self.transaction, id).await
    }

    /// A new doctor, who has no hours yet.
    #[instrument(name = "db.doctor.insert", skip_all, fields(doctor.id = %practice.doctor.id))]
    pub async fn insert(&self, practice: &Practice) -> Result<(), Error> {
        let statement = self.transaction.prepare_cached(INSERT).await?;
        let row = Columns::of(practice);
        self.transaction.execute(&statement, &row.values()).await.map_err(meaning)?;
        Ok(())
    }

    /// Makes `after` of `before`, with all hours and absences, unless the doctor has another version by now.
    #[instrument(name = "db.doctor.update", skip_all, fields(doctor.id = %after.doctor.id))]
    pub async fn update(&self, before: &Practice, after: &Practice) -> Result<(), Error> {
        let statement = self.transaction.prepare_cached(UPDATE).await?;
        let row = Columns::of(after);
        let values = [row.values().as_slice(), &[&before.doctor.version]].concat();
        if self.transaction.execute(&statement, &values).await.map_err(meaning)? == 0 {
            return Err(Error::VersionMismatch);
        }
        let id = after.id();
        self.update_hours(id, &before.hours, &after.hours).await?;
        self.update_overrides(id, &before.overrides, &after.overrides).await?;
        self.update_time_off(id, &before.time_off, &after.time_off).await
    }
}

async fn find(client: &impl GenericClient, id: DoctorId) -> Result<Option<Practice>, Error> {
    let statement = client.prepare_cached(FIND).await?;
    let Some(row) = client.query_opt(&statement, &[&id.0]).await? else { return Ok(None) };
    let hours: Vec<availabilities::Stored> = json(id, &row, "hours")?;
    let overrides: Vec<StoredOverride> = json(id, &row, "overrides")?;
    let time_off: Vec<StoredTimeOff> = json(id, &row, "time_off")?;
    let practice = Practice {
        doctor: doctor(&row)?,
        hours: hours.into_iter().map(|stored| stored.into_availability(id)).collect::<Result<_, _>>()?,
        overrides: overrides.into_iter().map(|stored| stored.into_override(id)).collect::<Result<_, _>>()?,
        time_off: time_off.into_iter().map(TimeOff::from).collect(),
        rules_version: row.try_get("rules_version")?,
    };
    Ok(Some(practice.sorted()))
}

/// Rows that the database made JSON of.
fn json<T: DeserializeOwned>(id: DoctorId, row: &Row, column: &'static str) -> Result<T, Error> {
    serde_json::from_value(row.try_get(column)?).map_err(|_| Error::Unreadable { id, column })
}

fn meaning(error: tokio_postgres::Error) -> Error {
    match error.as_db_error().and_then(|error| error.constraint()) {
        Some("doctors_live_email") => Error::EmailTaken,
        _ => error.into(),
    }
}

/// The values of a row, as the driver takes them.
struct Columns<'a> {
    practice: &'a Practice,
    phone: Option<&'a str>,
    languages: Vec<&'a str>,
    bio: Option<&'a str>,
    texts: [&'a str; 5],
    slot_minutes: i32,
    max_daily_visits: i32,
}

impl<'a> Columns<'a> {
    fn of(practice: &'a Practice) -> Self {
        let Profile {
            first_name,
            last_name,
            email,
            phone,
            specialization,
            time_zone,
            languages,
            bio,
            slot_minutes,
            max_daily_visits,
        } = &practice.doctor.profile;
        Self {
            practice,
            phone: phone.as_ref().map(Phone::as_str),
            languages: languages.iter().map(Language::as_str).collect(),
            bio: bio.as_ref().map(Bio::as_str),
            texts: [
                first_name.as_str(),
                last_name.as_str(),
                email.as_str(),
                specialization.as_str(),
                time_zone.as_str(),
            ],
            slot_minutes: slot_minutes.get(),
            max_daily_visits: max_daily_visits.get(),
        }
    }

    fn values(&self) -> [&(dyn ToSql + Sync); 16] {
        let [first_name, last_name, email, specialization, time_zone] = &self.texts;
        let Doctor { id, profile: _, created_at, updated_at, deleted_at, version } = &self.practice.doctor;
        [
            &id.0,
            first_name,
            last_name,
            email,
            &self.phone,
            specialization,
            time_zone,
            &self.languages,
            &self.bio,
            &self.slot_minutes,
            &self.max_daily_visits,
            created_at,
            updated_at,
            deleted_at,
            version,
            &self.practice.rules_version,
        ]
    }
}

fn doctor(row: &Row) -> Result<Doctor, Error> {
    let id = DoctorId(row.try_get("id")?);
    let profile = Profile {
        first_name: text(id, row, "first_name")?,
        last_name: text(id, row, "last_name")?,
        email: text(id, row, "email")?,
        phone: optional(id, row, "phone")?,
        specialization: text(id, row, "specialization")?,
        time_zone: text(id, row, "time_zone")?,
        languages: row
            .try_get::<_, Vec<String>>("languages")?
            .into_iter()
            .map(|language| parsed(id, "languages", language))
            .collect::<Result<_, _>>()?,
        bio: optional(id, row, "bio")?,
        slot_minutes: parsed(id, "slot_minutes", row.try_get::<_, i32>("slot_minutes")?)?,
        max_daily_visits: parsed(id, "max_daily_visits", row.try_get::<_, i32>("max_daily_visits")?)?,
    };
    Ok(Doctor {
        id,
        profile,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        deleted_at: row.try_get("deleted_at")?,
        version: row.try_get("version")?,
    })
}

fn text<T: TryFrom<String>>(id: DoctorId, row: &Row, column: &'static str) -> Result<T, Error> {
    parsed(id, column, row.try_get::<_, String>(column)?)
}

fn optional<T: TryFrom<String>>(id: DoctorId, row: &Row, column: &'static str) -> Result<Option<T>, Error> {
    row.try_get::<_, Option<String>>(column)?.map(|value| parsed(id, column, value)).transpose()
}
