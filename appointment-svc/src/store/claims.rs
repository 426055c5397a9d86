//! What visits take from doctors, rooms and patients.
use super::{Connection, Error, Tx};
use crate::domain::claims::{Claim, LONGEST};
use crate::domain::diary::Taken;
use crate::domain::interval::Interval;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, PatientId, UserId};
use std::collections::HashMap;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// Both parts find their rows by where they begin: no claim is longer than the reach before the span.
/// A hold that has run out is as good as gone, whether or not somebody has noted it.
const TAKEN: &str = "
    SELECT appointment_id, resource_id, lane, coalesce(session_id, appointment_id) AS session_id, busy_from, busy_until,
           coalesce(visit_from, busy_from) AS visit_from, coalesce(visit_until, busy_until) AS visit_until,
           patient_id, hold_until IS NOT NULL AS is_hold, held_by
      FROM appointment.claims
     WHERE active AND resource_id = ANY($1) AND busy_from >= $2 AND busy_from < $4 AND busy_until > $3
       AND (hold_until IS NULL OR hold_until > clock_timestamp()) AND appointment_id IS DISTINCT FROM $5
    UNION ALL
    SELECT appointment_id, resource_id, lane, coalesce(session_id, appointment_id) AS session_id, busy_from, busy_until,
           coalesce(visit_from, busy_from) AS visit_from, coalesce(visit_until, busy_until) AS visit_until,
           patient_id, hold_until IS NOT NULL AS is_hold, held_by
      FROM appointment.claims
     WHERE active AND patient_id = $6 AND busy_from >= $2 AND busy_from < $4 AND busy_until > $3
       AND (hold_until IS NULL OR hold_until > clock_timestamp()) AND appointment_id IS DISTINCT FROM $5
       AND resource_id <> ALL($1)";

const TAKEN_FROM_PATIENTS: &str = "
    SELECT patient_id, coalesce(visit_from, busy_from) AS visit_from, coalesce(visit_until, busy_until) AS visit_until
      FROM appointment.claims
     WHERE active AND patient_id = ANY($1) AND busy_from >= $2 AND busy_from < $4 AND busy_until > $3
       AND (hold_until IS NULL OR hold_until > clock_timestamp()) AND appointment_id <> ALL($5)";

/// Whoever waits is told of it later.
const RELEASE: &str = "
    WITH released AS (
        UPDATE appointment.claims SET active = false WHERE appointment_id = $1 AND active
        RETURNING resource_id, busy_from, busy_until)
    INSERT INTO appointment.openings (resource_id, from_time, until_time, appointment_id, depth)
    SELECT resource_id, busy_from, busy_until, $1, $2
      FROM released
     WHERE busy_until > clock_timestamp() AND resource_id IS DISTINCT FROM $3";

const KEEP: &str = "
    UPDATE appointment.claims SET hold_until = $2, held_by = NULL WHERE appointment_id = $1 AND active";

/// What may stand in the way of what is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Look<'r> {
    /// Doctors and rooms.
    pub resources: &'r [Uuid],
    /// Whose other visits matter, too.
    pub patient: Option<PatientId>,
    pub span: Interval,
    /// A visit that does not stand in its own way.
    pub excluding: Option<AppointmentId>,
}

impl Connection {
    #[instrument(name = "db.claims.taken", skip_all)]
    pub async fn taken(&self, look: Look<'_>) -> Result<Vec<Taken>, Error> {
        taken(&self.client, look).await
    }

    /// When `patients` are taken within `span`, other than by the visits `excluding`.
    #[instrument(name = "db.claims.taken_from_patients", skip_all)]
    pub async fn taken_from_patients(
        &self,
        patients: &[PatientId],
        span: Interval,
        excluding: &[AppointmentId],
    ) -> Result<HashMap<PatientId, Vec<Interval>>, Error> {
        taken_from_patients(&self.client, patients, span, excluding).await
    }
}

impl Tx<'_> {
    #[instrument(name = "db.claims.taken", skip_all)]
    pub async fn taken(&self, look: Look<'_>) -> Result<Vec<Taken>, Error> {
        taken(&self.tx, look).await
    }

    /// When `patients` are taken within `span`, other than by the visits `excluding`.
    #[instrument(name = "db.claims.taken_from_patients", skip_all)]
    pub async fn taken_from_patients(
        &self,
        patients: &[PatientId],
        span: Interval,
        excluding: &[AppointmentId],
    ) -> Result<HashMap<PatientId, Vec<Interval>>, Error> {
        taken_from_patients(&self.tx, patients, span, excluding).await
    }

    /// Frees the time of a visit.
    pub async fn release(&self, id: AppointmentId) -> Result<(), Error> {
        self.release_with(id, 0, None).await
    }

    /// Frees the time of a visit that goes to another on account of one that was cancelled, as so many did before.
    pub async fn release_after(&self, id: AppointmentId, depth: i16) -> Result<(), Error> {
        self.release_with(id, depth, None).await
    }

    /// Frees the time of a visit for nobody: `doctor` will be away.
    pub async fn release_for_absence(&self, id: AppointmentId, doctor: DoctorId) -> Result<(), Error> {
        self.release_with(id, 0, Some(doctor)).await
    }

    #[instrument(name = "db.claims.release", skip_all, fields(appointment.id = %id))]
    async fn release_with(&self, id: AppointmentId, depth: i16, away: Option<DoctorId>) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(RELEASE).await?;
        self.tx.execute(&statement, &[&id.0, &depth, &away.map(|doctor| doctor.0)]).await?;
        Ok(())
    }

    /// Makes the time of a visit its own, for good or `until` then.
    #[instrument(name = "db.claims.keep", skip_all, fields(appointment.id = %id))]
    pub async fn keep(&self, id: AppointmentId, until: Option<Timestamp>) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(KEEP).await?;
        self.tx.execute(&statement, &[&id.0, &until]).await?;
        Ok(())
    }
}

async fn taken(client: &impl GenericClient, look: Look<'_>) -> Result<Vec<Taken>, Error> {
    let Look { resources, patient, span, excluding } = look;
    let (patient, excluding) = (patient.map(|patient| patient.0), excluding.map(|id| id.0));
    let reach = span.start - LONGEST;
    let statement = client.prepare_cached(TAKEN).await?;
    let rows =
        client.query(&statement, &[&resources, &reach, &span.start, &span.end, &excluding, &patient]).await?;
    rows.iter().map(Taken::try_from).collect()
}

async fn taken_from_patients(
    client: &impl GenericClient,
    patients: &[PatientId],
    span: Interval,
    excluding: &[AppointmentId],
) -> Result<HashMap<PatientId, Vec<Interval>>, Error> {
    let patients: Vec<Uuid> = patients.iter().map(|patient| patient.0).collect();
    let excluding: Vec<Uuid> = excluding.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(TAKEN_FROM_PATIENTS).await?;
    let reach = span.start - LONGEST;
    let rows = client.query(&statement, &[&patients, &reach, &span.start, &span.end, &excluding]).await?;
    let mut taken: HashMap<PatientId, Vec<Interval>> = HashMap::new();
    for row in rows {
        let visit = Interval { start: row.try_get("visit_from")?, end: row.try_get("visit_until")? };
        taken.entry(PatientId(row.try_get("patient_id")?)).or_default().push(visit);
    }
    Ok(taken)
}

impl TryFrom<&Row> for Taken {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let between = |from, until| -> Result<Interval, Error> {
            Ok(Interval { start: row.try_get(from)?, end: row.try_get(until)? })
        };
        Ok(Self {
            appointment: AppointmentId(row.try_get("appointment_id")?),
            resource: row.try_get("resource_id")?,
            claim: Claim {
                lane: row.try_get("lane")?,
                session: row.try_get("session_id")?,
                busy: between("busy_from", "busy_until")?,
                visit: between("visit_from", "visit_until")?,
                is_hold: row.try_get("is_hold")?,
            },
            patient: row.try_get::<_, Option<Uuid>>("patient_id")?.map(PatientId),
            held_by: row.try_get::<_, Option<Uuid>>("held_by")?.map(UserId),
        })
    }
}
