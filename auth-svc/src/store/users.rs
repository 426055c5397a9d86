//! Accounts.
use super::{Connection, Error, Taken, Tx};
use crate::domain::{Login, Pending, User, Username};
use crate::passwords::Hash;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use platform::caller::Role;
use platform::postgres;
use proto::ids::{DoctorId, PatientId, SessionId, UserId};
use proto::scalars::PersonName;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

const BY_EMAIL: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at,
           password_hash
      FROM auth.users
     WHERE lower(email) = lower($1)";

const BY_USERNAME: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at,
           password_hash
      FROM auth.users
     WHERE lower(username) = lower($1)";

const FIND: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at
      FROM auth.users
     WHERE id = $1";

/// As `sessions::IS_OPEN` has it.
const FIND_IN_SESSION: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at
      FROM auth.users
     WHERE id = $2 AND is_active
       AND EXISTS (SELECT FROM auth.sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL)";

const FIND_AND_LOCK: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at
      FROM auth.users
     WHERE id = $1
       FOR UPDATE";

const LIST: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at
      FROM auth.users
     WHERE $1::uuid IS NULL OR id < $1
     ORDER BY id DESC
     LIMIT $2";

const INSERT: &str = "
    INSERT INTO auth.users
           (id, email, username, full_name, password_hash, role, patient_id, doctor_id, is_active, created_at,
            updated_at, email_verified_at, pending)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const UPDATE: &str = "
    UPDATE auth.users
       SET full_name = $2, role = $3, patient_id = $4, doctor_id = $5, is_active = $6, updated_at = $7,
           email_verified_at = $8, pending = $9
     WHERE id = $1";

const PASSWORD_OF: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at,
           password_hash
      FROM auth.users
     WHERE id = $1";

const HAS_PASSWORD: &str = "SELECT EXISTS (SELECT FROM auth.users WHERE id = $1 AND password_hash = $2)";

const SET_PASSWORD: &str = "UPDATE auth.users SET password_hash = $2, updated_at = $3 WHERE id = $1";

const OF_PATIENT_ALONE: &str = "SELECT EXISTS (SELECT FROM auth.users WHERE patient_id = $1)";

/// Whoever may act for the patient logs in as they do.
const OF_PATIENT: &str = "
    SELECT EXISTS (SELECT FROM auth.users WHERE patient_id = $1)
        OR EXISTS (
            SELECT FROM auth.proxies
             WHERE patient_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))";

const ANY_ADMIN: &str = "SELECT EXISTS (SELECT FROM auth.users WHERE role = 'admin')";

/// Auditors, else admins; read once, as accounts of patients are many.
const REVIEWERS: &str = "
      WITH reviewers AS (
        SELECT id, role FROM auth.users WHERE role IN ('auditor', 'admin') AND is_active AND pending IS NULL)
    SELECT id
      FROM reviewers
     WHERE role = 'auditor' OR NOT EXISTS (SELECT FROM reviewers WHERE role = 'auditor')
     ORDER BY id
     LIMIT $1";

const ANOTHER_ACTIVE_ADMIN: &str = "SELECT EXISTS (
        SELECT FROM auth.users WHERE role = 'admin' AND is_active AND pending IS NULL AND id <> $1)";

impl Connection {
    /// The account to log in to, with its password.
    #[instrument(name = "db.user.find_login", skip_all)]
    pub async fn find_login(&self, login: &Login) -> Result<Option<(User, Hash)>, Error> {
        find_login(&self.0, login).await
    }

    /// The account with its password.
    #[instrument(name = "db.user.find_with_password", skip_all, fields(user.id = %id))]
    pub async fn find_with_password(&self, id: UserId) -> Result<Option<(User, Hash)>, Error> {
        let statement = self.0.prepare_cached(PASSWORD_OF).await?;
        self.0.query_opt(&statement, &[&id.0]).await?.as_ref().map(with_password).transpose()
    }

    #[instrument(name = "db.user.find", skip_all, fields(user.id = %id))]
    pub async fn find_user(&self, id: UserId) -> Result<Option<User>, Error> {
        find(&self.0, FIND, id).await
    }

    /// Whose account is active, and whose session was not ended.
    #[instrument(name = "db.user.find_in_session", skip_all, fields(user.id = %id, session.id = %session_id))]
    pub async fn find_user_in(&self, session_id: SessionId, id: UserId) -> Result<Option<User>, Error> {
        let statement = self.0.prepare_cached(FIND_IN_SESSION).await?;
        let row = self.0.query_opt(&statement, &[&session_id.0, &id.0]).await?;
        row.as_ref().map(User::try_from).transpose()
    }

    /// At most `limit` of those who review what doctors do in emergencies, oldest first.
    #[instrument(name = "db.user.list_reviewers", skip_all)]
    pub async fn list_reviewers(&self, limit: i64) -> Result<Vec<UserId>, Error> {
        let statement = self.0.prepare_cached(REVIEWERS).await?;
        let rows = self.0.query(&statement, &[&limit]).await?;
        rows.iter().map(|row| Ok(UserId(row.try_get("id")?))).collect()
    }

    /// Newest first, from the one after `last`.
    #[instrument(name = "db.user.list", skip_all)]
    pub async fn list_users(&self, last: Option<UserId>, limit: i64) -> Result<Vec<User>, Error> {
        let statement = self.0.prepare_cached(LIST).await?;
        let rows = self.0.query(&statement, &[&last.map(|id| id.0), &limit]).await?;
        rows.iter().map(User::try_from).collect()
    }

    #[instrument(name = "db.user.any_admin", skip_all)]
    pub async fn any_admin(&self) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(ANY_ADMIN).await?;
        Ok(self.0.query_one(&statement, &[]).await?.try_get(0)?)
    }
}

impl Tx<'_> {
    /// The account to log in to, with its password.
    #[instrument(name = "db.user.find_login", skip_all)]
    pub async fn find_login(&self, login: &Login) -> Result<Option<(User, Hash)>, Error> {
        find_login(&self.0, login).await
    }

    /// As it is now; it may be changed by others meanwhile.
    #[instrument(name = "db.user.find", skip_all, fields(user.id = %id))]
    pub async fn find_user(&self, id: UserId) -> Result<Option<User>, Error> {
        find(&self.0, FIND, id).await
    }

    /// Nobody else changes it until the end of the transaction.
    #[instrument(name = "db.user.find_and_lock", skip_all, fields(user.id = %id))]
    pub async fn find_and_lock_user(&self, id: UserId) -> Result<Option<User>, Error> {
        find(&self.0, FIND_AND_LOCK, id).await
    }

    /// Whether `password` is still the one of `id`.
    #[instrument(name = "db.user.has_password", skip_all, fields(user.id = %id))]
    pub async fn has_password(&self, id: UserId, password: &Hash) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(HAS_PASSWORD).await?;
        Ok(self.0.query_one(&statement, &[&id.0, &password.0]).await?.try_get(0)?)
    }

    #[instrument(name = "db.user.set_password", skip_all, fields(user.id = %id))]
    pub async fn set_password(&self, id: UserId, password: &Hash, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(SET_PASSWORD).await?;
        self.0.execute(&statement, &[&id.0, &password.0, &now]).await?;
        Ok(())
    }

    #[instrument(name = "db.user.insert", skip_all, fields(user.id = %user.id))]
    pub async fn insert_user(&self, user: &User, password: &Hash) -> Result<(), Error> {
        let statement = self.0.prepare_cached(INSERT).await?;
        let User {
            id,
            email,
            username,
            full_name,
            role,
            is_active,
            email_verified_at,
            pending,
            created_at,
            updated_at,
        } = user;
        let (patient_id, doctor_id) = links(*role);
        let (email, role) = (email.as_str(), role.name());
        let username = username.as_ref().map(Username::as_str);
        let full_name = full_name.as_ref().map(PersonName::as_str);
        let pending = pending.map(Pending::name);
        let columns: [&(dyn ToSql + Sync); 13] = [
            &id.0,
            &email,
            &username,
            &full_name,
            &password.0,
            &role,
            &patient_id,
            &doctor_id,
            is_active,
            created_at,
            updated_at,
            email_verified_at,
            &pending,
        ];
        self.0.execute(&statement, &columns).await.map_err(taken)?;
        Ok(())
    }

    #[instrument(name = "db.user.update", skip_all, fields(user.id = %user.id))]
    pub async fn update_user(&self, user: &User) -> Result<(), Error> {
        let statement = self.0.prepare_cached(UPDATE).await?;
        let (patient_id, doctor_id) = links(user.role);
        let full_name = user.full_name.as_ref().map(PersonName::as_str);
        let role = user.role.name();
        let pending = user.pending.map(Pending::name);
        let columns: [&(dyn ToSql + Sync); 9] = [
            &user.id.0,
            &full_name,
            &role,
            &patient_id,
            &doctor_id,
            &user.is_active,
            &user.updated_at,
            &user.email_verified_at,
            &pending,
        ];
        self.0.execute(&statement, &columns).await.map_err(taken)?;
        Ok(())
    }

    /// Nobody else makes or unmakes the first or last administrator until the end of the transaction.
    #[instrument(name = "db.user.lock_admins", skip_all)]
    pub async fn lock_admins(&self) -> Result<(), Error> {
        self.lock("auth.admins").await
    }

    #[instrument(name = "db.user.any_admin", skip_all)]
    pub async fn any_admin(&self) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(ANY_ADMIN).await?;
        Ok(self.0.query_one(&statement, &[]).await?.try_get(0)?)
    }

    /// Whether an account is linked to `id` itself, as it is now.
    #[instrument(name = "db.user.of_patient", skip_all, fields(patient.id = %id))]
    pub async fn patient_has_user(&self, id: PatientId) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(OF_PATIENT_ALONE).await?;
        Ok(self.0.query_one(&statement, &[&id.0]).await?.try_get(0)?)
    }

    /// Whether anybody logs in as the patient, or for them.
    #[instrument(name = "db.user.for_patient", skip_all, fields(patient.id = %id))]
    pub async fn somebody_acts_as_patient(&self, id: PatientId) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(OF_PATIENT).await?;
        Ok(self.0.query_one(&statement, &[&id.0]).await?.try_get(0)?)
    }

    /// Whether somebody besides `id` is an active administrator.
    #[instrument(name = "db.user.another_active_admin", skip_all, fields(user.id = %id))]
    pub async fn another_active_admin(&self, id: UserId) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(ANOTHER_ACTIVE_ADMIN).await?;
        Ok(self.0.query_one(&statement, &[&id.0]).await?.try_get(0)?)
    }
}

async fn find(client: &impl GenericClient, statement: &str, id: UserId) -> Result<Option<User>, Error> {
    let statement = client.prepare_cached(statement).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(User::try_from).transpose()
}

async fn find_login(client: &impl GenericClient, login: &Login) -> Result<Option<(User, Hash)>, Error> {
    let (statement, name) = match login {
        Login::Email(email) => (BY_EMAIL, email.as_str()),
        Login::Username(username) => (BY_USERNAME, username.as_str()),
    };
    let statement = client.prepare_cached(statement).await?;
    client.query_opt(&statement, &[&name]).await?.as_ref().map(with_password).transpose()
}

fn with_password(row: &Row) -> Result<(User, Hash), Error> {
    Ok((User::try_from(row)?, Hash(row.try_get("password_hash")?)))
}

fn links(role: Role) -> (Option<Uuid>, Option<Uuid>) {
    match role {
        Role::Patient(id) => (Some(id.0), None),
        Role::Doctor(id) => (None, Some(id.0)),
        Role::Admin | Role::Staff | Role::Auditor => (None, None),
    }
}

fn taken(error: tokio_postgres::Error) -> Error {
    let error = postgres::Error::from(error);
    match error.constraint() {
        Some("users_email") => Error::Taken(Taken::Email),
        Some("users_username") => Error::Taken(Taken::Username),
        Some("users_patient" | "users_doctor") => Error::Taken(Taken::Link),
        _ => error.into(),
    }
}

impl TryFrom<&Row> for User {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = UserId(row.try_get("id")?);
        let unreadable = |column| Error::Unreadable { table: "user", id: id.0, column };
        let patient_id: Option<Uuid> = row.try_get("patient_id")?;
        let doctor_id: Option<Uuid> = row.try_get("doctor_id")?;
        let role = match (row.try_get("role")?, patient_id, doctor_id) {
            ("admin", None, None) => Role::Admin,
            ("staff", None, None) => Role::Staff,
            ("auditor", None, None) => Role::Auditor,
            ("patient", Some(id), None) => Role::Patient(PatientId(id)),
            ("doctor", None, Some(id)) => Role::Doctor(DoctorId(id)),
            _ => return Err(unreadable("role")),
        };
        let email: String = row.try_get("email")?;
        let pending: Option<&str> = row.try_get("pending")?;
        let username: Option<String> = row.try_get("username")?;
        let full_name: Option<String> = row.try_get("full_name")?;
        Ok(Self {
            id,
            email: email.try_into().map_err(|_| unreadable("email"))?,
            username: username.map(TryInto::try_into).transpose().map_err(|_| unreadable("username"))?,
            full_name: full_name.map(TryInto::try_into).transpose().map_err(|_| unreadable("full_name"))?,
            role,
            is_active: row.try_get("is_active")?,
            email_verified_at: row.try_get("email_verified_at")?,
            pending: pending.map(|name| Pending::named(name).ok_or(unreadable("pending"))).transpose()?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
