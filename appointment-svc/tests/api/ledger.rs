//! The tables: what must hold of them at any time, whatever was done and however it ended; and rows that are
//! written past the service.
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use tokio_postgres::{Client, GenericClient};

/// Each finds what must not be.
const FAULTS: [(&str, &str); 7] = [
    (
        "a time that is kept for an offer that nobody can answer, or an offer without its time",
        "SELECT coalesce(hold.id, offer.id)
           FROM (SELECT id FROM appointment.appointments
                  WHERE status = 'held' AND held_by = '00000000-0000-0000-0000-000000000000'
                    AND hold_until > clock_timestamp()) hold
           FULL JOIN (SELECT offer.id, hold_id FROM appointment.waitlist_offers offer
                        JOIN appointment.waitlist entry ON entry.id = entry_id AND entry.state IN ('waiting', 'paused')
                       WHERE offer.state = 'open' AND offer.expires_at > clock_timestamp() AND hold_id IS NOT NULL) offer
             ON offer.hold_id = hold.id
          WHERE hold.id IS NULL OR offer.id IS NULL",
    ),
    (
        "one doctor or one patient in two visits at once",
        "SELECT a.id
           FROM appointment.appointments a
           JOIN appointment.appointments b
             ON a.id < b.id AND (a.doctor_id = b.doctor_id OR a.patient_id = b.patient_id)
            AND a.start_time < b.end_time AND b.start_time < a.end_time
          WHERE a.status NOT IN ('cancelled', 'no_show', 'expired', 'entered_in_error')
            AND b.status NOT IN ('cancelled', 'no_show', 'expired', 'entered_in_error')",
    ),
    (
        "a visit that does not have its time",
        "SELECT id, doctor_id, patient_id, start_time, end_time
           FROM appointment.appointments
          WHERE status NOT IN ('cancelled', 'no_show', 'expired', 'entered_in_error')
         EXCEPT
         SELECT appointment_id, resource_id, patient_id, busy_from, busy_until
           FROM appointment.claims WHERE active",
    ),
    (
        "time that is taken for no visit",
        "SELECT appointment_id, resource_id, patient_id, busy_from, busy_until
           FROM appointment.claims WHERE active
         EXCEPT ALL
         SELECT id, doctor_id, patient_id, start_time, end_time
           FROM appointment.appointments
          WHERE status NOT IN ('cancelled', 'no_show', 'expired', 'entered_in_error')",
    ),
    (
        "a history that does not lead from version to version",
        "SELECT appointment_id
           FROM (SELECT *, lag(version, 1, 0::bigint) OVER history AS version_before,
                        lag(to_status) OVER history AS status_before
                   FROM appointment.appointment_events
                 WINDOW history AS (PARTITION BY appointment_id ORDER BY version)) entries
          WHERE version <> version_before + 1 OR from_status IS DISTINCT FROM status_before",
    ),
    (
        "a visit that is not as its history ends",
        "SELECT id, version, status, start_time, end_time FROM appointment.appointments
          WHERE hold_token IS NULL
         EXCEPT
         SELECT DISTINCT ON (appointment_id) appointment_id, version, to_status, start_time, end_time
           FROM (SELECT * FROM appointment.appointment_events ORDER BY appointment_id, version DESC) entries",
    ),
    (
        "a change that others are not told of, or are told of twice",
        "SELECT coalesce(changes.id, told.id)
           FROM (SELECT appointment_id AS id, version, 'appointment.' || replace(kind, 'reassigned', 'rescheduled') AS kind
                   FROM appointment.appointment_events) changes
           FULL JOIN (SELECT aggregate_id AS id, (data->>'version')::bigint AS version, event_type AS kind,
                             count(*) AS times
                        FROM appointment.outbox WHERE event_type NOT IN ('appointment.slot_released', 'appointment.offered')
                       GROUP BY 1, 2, 3) told
             ON told.id = changes.id AND told.version = changes.version AND told.kind = changes.kind
          WHERE told.times IS DISTINCT FROM 1 OR changes.id IS NULL",
    ),
];

/// Finds nothing that must not be.
#[track_caller]
pub(crate) fn is_sound(sql: &Client) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for (fault, query) in FAULTS {
            let found = sql.query(query, &[]).await.unwrap();
            assert!(found.is_empty(), "{caller}: {} times {fault}", found.len());
        }
    }
}

/// How many visits there are whose time is taken.
pub(crate) async fn occupied(sql: &Client) -> i64 {
    sql.query_one("SELECT count(*) FROM appointment.claims WHERE active", &[]).await.unwrap().get(0)
}

/// How many visits there are at all.
pub(crate) async fn visits(sql: &Client) -> i64 {
    sql.query_one("SELECT count(*) FROM appointment.appointments", &[]).await.unwrap().get(0)
}

/// A visit, entered into its table and nowhere else.
pub(crate) async fn enter(
    sql: &impl GenericClient,
    (doctor, patient): (DoctorId, PatientId),
    from: Timestamp,
    until: Timestamp,
) -> AppointmentId {
    let id = AppointmentId::random();
    let visit = "
        INSERT INTO appointment.appointments (id, patient_id, doctor_id, start_time, end_time, time_zone,
                                              start_local, status, rules_version, is_vouched)
        VALUES ($1, $2, $3, $4, $5, 'UTC', $4 AT TIME ZONE 'UTC', 'scheduled', 1, true)";
    sql.execute(visit, &[&id.0, &patient.0, &doctor.0, &from, &until]).await.unwrap();
    id
}

/// Time taken in the table itself, with no visit being asked.
pub(crate) async fn claim(
    sql: &impl GenericClient,
    visit: AppointmentId,
    (doctor, patient): (DoctorId, PatientId),
    lane: i16,
    from: Timestamp,
    until: Timestamp,
) -> Result<(), tokio_postgres::Error> {
    let claim = "
        INSERT INTO appointment.claims (appointment_id, resource_id, lane, patient_id, busy_from, busy_until)
        VALUES ($1, $2, $3, $4, $5, $6)";
    sql.execute(claim, &[&visit.0, &doctor.0, &lane, &patient.0, &from, &until]).await.map(drop)
}
