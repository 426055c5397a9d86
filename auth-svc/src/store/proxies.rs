//! Who acts for whom.
use super::{Connection, Error, Taken, Tx};
use crate::domain::{Proxy, Relation};
use jiff::Timestamp;
use proto::ids::{PatientId, ProxyId, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;

/// The columns of a proxy, with its account.
macro_rules! proxies {
    ($rest:literal) => {
        concat!(
            "
    SELECT proxies.id, user_id, users.email, users.full_name, proxies.patient_id, relation, may_read_records,
           proxies.created_at, expires_at, revoked_at
      FROM auth.proxies
      JOIN auth.users ON users.id = proxies.user_id",
            $rest
        )
    };
}

const FIND: &str = proxies!(
    "
     WHERE proxies.id = $1"
);

/// Not withdrawn before the end of the transaction.
const FIND_AND_HOLD: &str = proxies!(
    "
     WHERE user_id = $1 AND proxies.patient_id = $2 AND revoked_at IS NULL
       FOR SHARE OF proxies"
);

const OF_PATIENT: &str = proxies!(
    "
     WHERE proxies.patient_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
     ORDER BY proxies.id"
);

const OF_USER: &str = proxies!(
    "
     WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
     ORDER BY proxies.id"
);

/// One that has run out makes room for the next.
const CLOSE_EXPIRED: &str = "
    UPDATE auth.proxies
       SET revoked_at = expires_at
     WHERE user_id = $1 AND patient_id = $2 AND revoked_at IS NULL AND expires_at <= $3";

const INSERT: &str = "
    INSERT INTO auth.proxies
           (id, user_id, patient_id, relation, may_read_records, granted_by, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (user_id, patient_id) WHERE revoked_at IS NULL DO NOTHING";

const REVOKE: &str = "
    UPDATE auth.proxies SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND patient_id = $2";

const END_SESSIONS: &str = "
    UPDATE auth.sessions SET ended_at = $2 WHERE proxy_id = $1 AND ended_at IS NULL";

const END_EXPIRED: &str = "
    UPDATE auth.sessions
       SET ended_at = $1
     WHERE proxy_id IS NOT NULL AND ended_at IS NULL AND expires_at <= $1";

impl Connection {
    #[instrument(name = "db.proxy.list", skip_all, fields(patient.id = %patient_id))]
    pub async fn list_proxies(&self, patient_id: PatientId, now: Timestamp) -> Result<Vec<Proxy>, Error> {
        let statement = self.0.prepare_cached(OF_PATIENT).await?;
        let rows = self.0.query(&statement, &[&patient_id.0, &now]).await?;
        rows.iter().map(Proxy::try_from).collect()
    }

    #[instrument(name = "db.proxy.list_of_user", skip_all, fields(user.id = %user_id))]
    pub async fn list_proxies_of(&self, user_id: UserId, now: Timestamp) -> Result<Vec<Proxy>, Error> {
        let statement = self.0.prepare_cached(OF_USER).await?;
        let rows = self.0.query(&statement, &[&user_id.0, &now]).await?;
        rows.iter().map(Proxy::try_from).collect()
    }

    /// Ends the sessions of those whose time to act has run out. Asked every second, so it is no span of every trace.
    #[instrument(level = "trace", name = "db.proxy.end_expired", skip_all)]
    pub async fn end_expired_acting(&self, now: Timestamp) -> Result<u64, Error> {
        let statement = self.0.prepare_cached(END_EXPIRED).await?;
        Ok(self.0.execute(&statement, &[&now]).await?)
    }
}

impl Tx<'_> {
    #[instrument(name = "db.proxy.find", skip_all, fields(proxy.id = %id))]
    pub async fn find_proxy(&self, id: ProxyId) -> Result<Option<Proxy>, Error> {
        let statement = self.0.prepare_cached(FIND).await?;
        self.0.query_opt(&statement, &[&id.0]).await?.as_ref().map(Proxy::try_from).transpose()
    }

    #[instrument(name = "db.proxy.find_and_hold", skip_all, fields(user.id = %user_id))]
    pub async fn find_and_hold_proxy(
        &self,
        user_id: UserId,
        patient_id: PatientId,
    ) -> Result<Option<Proxy>, Error> {
        let statement = self.0.prepare_cached(FIND_AND_HOLD).await?;
        let row = self.0.query_opt(&statement, &[&user_id.0, &patient_id.0]).await?;
        row.as_ref().map(Proxy::try_from).transpose()
    }

    #[instrument(name = "db.proxy.insert", skip_all, fields(proxy.id = %proxy.id))]
    pub async fn insert_proxy(&self, proxy: &Proxy, granted_by: UserId) -> Result<(), Error> {
        let Proxy { id, user_id, patient_id, relation, may_read_records, created_at, expires_at, .. } = proxy;
        let statement = self.0.prepare_cached(CLOSE_EXPIRED).await?;
        self.0.execute(&statement, &[&user_id.0, &patient_id.0, created_at]).await?;
        let statement = self.0.prepare_cached(INSERT).await?;
        let relation = relation.name();
        let columns: [&(dyn ToSql + Sync); 8] = [
            &id.0,
            &user_id.0,
            &patient_id.0,
            &relation,
            may_read_records,
            &granted_by.0,
            created_at,
            expires_at,
        ];
        if self.0.execute(&statement, &columns).await? == 1 {
            Ok(())
        } else {
            Err(Error::Taken(Taken::Proxy))
        }
    }

    /// Whether there is such a proxy; it is withdrawn then, and nobody acts by it any more.
    #[instrument(name = "db.proxy.revoke", skip_all, fields(proxy.id = %id))]
    pub async fn revoke_proxy(
        &self,
        id: ProxyId,
        patient_id: PatientId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(REVOKE).await?;
        if self.0.execute(&statement, &[&id.0, &patient_id.0, &now]).await? == 0 {
            return Ok(false);
        }
        let statement = self.0.prepare_cached(END_SESSIONS).await?;
        self.0.execute(&statement, &[&id.0, &now]).await?;
        Ok(true)
    }
}

impl TryFrom<&Row> for Proxy {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = ProxyId(row.try_get("id")?);
        let unreadable = |column| Error::Unreadable { table: "proxy", id: id.0, column };
        let email: String = row.try_get("email")?;
        let full_name: Option<String> = row.try_get("full_name")?;
        let relation = Relation::of_name(row.try_get("relation")?);
        Ok(Self {
            id,
            user_id: UserId(row.try_get("user_id")?),
            email: email.try_into().map_err(|_| unreadable("email"))?,
            full_name: full_name.map(TryInto::try_into).transpose().map_err(|_| unreadable("full_name"))?,
            patient_id: PatientId(row.try_get("patient_id")?),
            relation: relation.ok_or(unreadable("relation"))?,
            may_read_records: row.try_get("may_read_records")?,
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            revoked_at: row.try_get("revoked_at")?,
        })
    }
}
