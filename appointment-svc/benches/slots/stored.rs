//! A database with doctors and as many visits as wanted.
use appointment_svc::calendars::Calendars;
use appointment_svc::config::Config;
use appointment_svc::domain::diary::Reader;
use appointment_svc::neighbours::Neighbours;
use appointment_svc::offers::Offers;
use appointment_svc::store::Store;
use clap::Parser;
use local::database::Database;
use local::service::Service;
use local::testing;
use platform::client::Peer;
use platform::config::Postgres;
use platform::outbox::Outbox;
use platform::postgres;
use proto::ids::{DoctorId, PatientId, UserId};
use std::ops::RangeInclusive;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use uuid::Uuid;

pub(crate) const DOCTORS: i32 = 500;
/// Those whose day is listed. They have the same visits around it, however many there are besides.
pub(crate) const LISTED: i32 = 17;
/// The day that is listed, from today.
pub(crate) const DAY: i64 = 30;

/// Who works from 9 to 17 every day, in visits of half an hour.
const HIRE: &str = "
    INSERT INTO appointment.calendars (doctor_id, version, is_active, time_zone, slot_minutes, windows)
    SELECT lpad(to_hex(doctor), 32, '0')::uuid, 1, true, 'UTC', 30,
           (SELECT jsonb_agg(jsonb_build_object('day', day, 'start', 9 * 3600, 'end', 17 * 3600))
              FROM generate_series(0, 6) AS day)
      FROM generate_series(1, $1::integer) AS doctor";

/// Visits of doctors on days from today, so many a day, with patients who come to one doctor only.
const FILL: &str = "
    WITH visits AS (
        SELECT gen_random_uuid() AS id, lpad(to_hex(doctor), 32, '0')::uuid AS doctor_id,
               lpad(to_hex(1000000000 + doctor * 1000 + (day + 3000) % 50), 32, '0')::uuid AS patient_id,
               date_trunc('day', now()) + day * interval '1 day' + (9 + number) * interval '1 hour' AS start
          FROM generate_series($1::integer, $2::integer) AS doctor, generate_series($3::integer, $4::integer) AS day,
               generate_series(0, $5::integer - 1) AS number),
    entered AS (
        INSERT INTO appointment.appointments (id, patient_id, doctor_id, start_time, end_time, time_zone, start_local,
                                              status, rules_version, is_vouched)
        SELECT id, patient_id, doctor_id, start, start + interval '30 minutes', 'UTC', start AT TIME ZONE 'UTC',
               'scheduled', 1, true
          FROM visits)
    INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until)
    SELECT id, doctor_id, patient_id, start, start + interval '30 minutes' FROM visits";

/// To check each of a million rows takes minutes, and lists are not read from these.
const UNCHECKED: &str = "
    ALTER TABLE appointment.claims
        DROP CONSTRAINT no_double_booking, DROP CONSTRAINT no_two_sessions, DROP CONSTRAINT no_patient_in_two_visits";

const COUNT: &str = "SELECT count(*) FROM appointment.claims WHERE active";

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

/// So many visits a day of some doctors on some days.
pub(crate) struct Visits {
    pub(crate) doctors: RangeInclusive<i32>,
    pub(crate) days: RangeInclusive<i32>,
    pub(crate) a_day: i32,
}

/// What the service knows, as its use cases ask for it on one connection.
pub(crate) struct Stored {
    pub(crate) offers: Offers,
    pub(crate) visits: i64,
    _database: Database,
}

impl Stored {
    pub(crate) async fn fill(parts: &[Visits]) -> anyhow::Result<Self> {
        let database = testing::database().await?;
        let settings = config(&database)?;
        appointment_svc::migrate(settings.clone()).await?;
        let (owner, connection) =
            tokio_postgres::connect(&database.owner_url(Service::Appointment), NoTls).await?;
        let mut task = JoinSet::new();
        task.spawn(async move { drop(connection.await) });
        owner.batch_execute(UNCHECKED).await?;
        owner.execute(HIRE, &[&DOCTORS]).await?;
        for Visits { doctors, days, a_day } in parts {
            let ends = [doctors.start(), doctors.end(), days.start(), days.end()];
            owner.execute(FILL, &[ends[0], ends[1], ends[2], ends[3], a_day]).await?;
        }
        // As autovacuum would have done by then.
        owner
            .batch_execute(
                "VACUUM (ANALYZE) appointment.appointments, appointment.claims, appointment.calendars",
            )
            .await?;
        let visits = owner.query_one(COUNT, &[]).await?.get(0);

        let pool = postgres::pool_planning_once(
            &Postgres { database_max_connections: 1, ..settings.postgres },
            "bench",
        )?;
        let store = Store::new(pool, Outbox::new("appointment"));
        let nobody = |name| Peer::new(name, "http://127.0.0.1:1", None);
        let neighbours = Neighbours::new(nobody("doctor-svc")?, nobody("patient-svc")?);
        let offers = Offers::new(store.clone(), Calendars::new(store, neighbours));
        Ok(Self { offers, visits, _database: database })
    }
}

pub(crate) fn doctor(number: i32) -> DoctorId {
    DoctorId(numbered(i64::from(number)))
}

/// A patient of a doctor, who has visits on the day that is listed.
pub(crate) fn patient_of(number: i32) -> Reader {
    let patient = numbered(1_000_000_000 + i64::from(number) * 1000 + (DAY + 3000) % 50);
    Reader { user: UserId::random(), patient: Some(PatientId(patient)), is_bound: true }
}

fn numbered(number: i64) -> Uuid {
    Uuid::from_u128(u128::from(number.cast_unsigned()))
}

fn config(database: &Database) -> anyhow::Result<Config> {
    let (url, owner_url) =
        (database.runtime_url(Service::Appointment), database.owner_url(Service::Appointment));
    let nobody = "http://127.0.0.1:1";
    let words = [
        ["--secret-key", "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"],
        ["--database-url", &url],
        ["--database-owner-url", &owner_url],
        ["--rabbitmq-url", "amqp://127.0.0.1:1/%2f"],
        ["--auth-url", nobody],
        ["--doctor-url", nobody],
        ["--patient-url", nobody],
    ];
    Ok(Arguments::try_parse_from(["bench"].into_iter().chain(words.into_iter().flatten()))?.config)
}
