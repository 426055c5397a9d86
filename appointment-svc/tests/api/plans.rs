use crate::clinic::Clinic;
use appointment_svc::domain::claims::LONGEST;
use appointment_svc::domain::interval::Interval;
use appointment_svc::store::{Filter, Look, Position, Store};
use deadpool_postgres::Pool;
use jiff::{SignedDuration, Timestamp};
use platform::config;
use platform::outbox::Outbox;
use platform::postgres;
use postgres_types::ToSql;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde_json::Value;
use uuid::Uuid;

const DOCTORS: i32 = 100;
const VISITS_OF_ONE: i32 = 400;

/// Visits of many doctors, half an hour each without a pause, half of them behind us; each patient has some
/// of them, never two at once.
const FILL: &str = "
    WITH visits AS (
        SELECT gen_random_uuid() AS id, md5('doctor' || doctor)::uuid AS doctor_id,
               md5('patient' || doctor + 7 * number)::uuid AS patient_id,
               date_trunc('hour', now()) + (number - $2 / 2) * interval '30 minutes' AS start
          FROM generate_series(1, $1::integer) AS doctor, generate_series(1, $2::integer) AS number),
    entered AS (
        INSERT INTO appointment.appointments (id, patient_id, doctor_id, start_time, end_time, time_zone,
                                              start_local, status, rules_version, is_vouched)
        SELECT id, patient_id, doctor_id, start, start + interval '30 minutes', 'UTC',
               start AT TIME ZONE 'UTC', 'scheduled', 1, true
          FROM visits)
    INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until)
    SELECT id, doctor_id, patient_id, start, start + interval '30 minutes' FROM visits";

/// The store of the service on one connection, whose prepared statements can be looked at.
struct Bench {
    store: Store,
    pool: Pool,
    doctor: DoctorId,
    patient: PatientId,
    clinic: Clinic,
}

impl Bench {
    async fn set_up() -> Self {
        let clinic = Clinic::open().await;
        clinic.sql.execute(FILL, &[&DOCTORS, &VISITS_OF_ONE]).await.unwrap();
        let owner = clinic.owner_sql().await;
        owner.batch_execute("ANALYZE appointment.appointments; ANALYZE appointment.claims").await.unwrap();
        let settings = config::Postgres { database_max_connections: 1, ..clinic.config().postgres };
        let pool = postgres::pool_planning_once(&settings, "test").unwrap();
        let store = Store::new(pool.clone(), Outbox::new("appointment"));
        let anyone = "SELECT md5('doctor42')::uuid, md5('patient' || 50 + 7 * 200)::uuid";
        let anyone = clinic.sql.query_one(anyone, &[]).await.unwrap();
        let (doctor, patient) = (DoctorId(anyone.get(0)), PatientId(anyone.get(1)));
        Self { store, pool, doctor, patient, clinic }
    }

    /// The visit after three quarters of the list of one doctor, or of all.
    async fn late(&self, doctor: Option<DoctorId>) -> (Timestamp, AppointmentId) {
        let late = "
            SELECT start_time, id FROM appointment.appointments
             WHERE doctor_id = coalesce($1, doctor_id)
             ORDER BY start_time, id OFFSET $2 LIMIT 1";
        let visits = i64::from(VISITS_OF_ONE * if doctor.is_some() { 1 } else { DOCTORS });
        let values: [&(dyn ToSql + Sync); 2] = [&doctor.map(|id| id.0), &(visits * 3 / 4)];
        let row = self.clinic.sql.query_one(late, &values).await.unwrap();
        (row.get(0), AppointmentId(row.get::<_, Uuid>(1)))
    }

    /// How the statement that was prepared last is executed with `values`.
    async fn plan(&self, values: &[&str]) -> Plan {
        let connection = self.pool.get().await.unwrap();
        let last = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%appointment.%' AND statement NOT LIKE '%prepared%'
                     ORDER BY prepare_time DESC LIMIT 1";
        let name: String = connection.query_one(last, &[]).await.unwrap().get(0);
        let values: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
        let explain =
            format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name}({})", values.join(", "));
        let plan = connection.query_one(&explain, &[]).await.unwrap().get::<_, Value>(0);
        Plan(plan[0]["Plan"].clone())
    }
}

struct Plan(Value);

impl Plan {
    /// All steps, from the outermost.
    fn steps(&self) -> Vec<&Value> {
        let mut steps = vec![&self.0];
        let mut next = 0;
        while let Some(step) = steps.get(next) {
            steps.extend(step["Plans"].as_array().into_iter().flatten());
            next += 1;
        }
        steps
    }

    #[track_caller]
    fn uses(&self, index: &str) {
        let steps = self.steps();
        let is_scan =
            |step: &&&Value| step["Node Type"].as_str().is_some_and(|kind| kind.contains("Seq Scan"));
        assert!(!steps.iter().any(|step| is_scan(&step)), "{:#}", self.0);
        assert!(steps.iter().any(|step| step["Index Name"] == index), "{index} in {:#}", self.0);
    }

    /// Rows that were read in vain.
    fn wasted(&self) -> i64 {
        let wasted = |step: &Value| step["Rows Removed by Filter"].as_i64().unwrap_or_default();
        self.steps().into_iter().map(wasted).sum()
    }

    /// Blocks that were read.
    fn blocks(&self) -> i64 {
        let blocks = |kind: &str| self.0[kind].as_i64().unwrap_or_default();
        blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
    }
}

#[tokio::test]
async fn every_list_of_visits_is_read_from_an_index() {
    let bench = Bench::set_up().await;
    let (doctor, patient) = (bench.doctor.to_string(), bench.patient.to_string());
    let connection = bench.store.connection().await.unwrap();
    let now = connection.now().await.unwrap();
    drop(connection);
    let (from, until) = (now, now + SignedDuration::from_hours(24));
    let (from_text, until_text) = (from.to_string(), until.to_string());
    let page = Filter { limit: 51, ..Filter::default() };
    let within = Filter { from: Some(from), until: Some(until), ..page.clone() };
    let of_doctor = |filter: &Filter| Filter { doctor_id: Some(bench.doctor), ..filter.clone() };
    let of_patient = |filter: &Filter| Filter { patient_id: Some(bench.patient), ..filter.clone() };
    let lists = [
        (Filter { is_unresolved: true, ..page.clone() }, vec!["51"], "appointments_unresolved"),
        (of_patient(&page), vec![patient.as_str(), "51"], "appointments_by_patient"),
        (of_doctor(&page), vec![doctor.as_str(), "51"], "appointments_by_doctor"),
        (page, vec!["51"], "appointments_by_start"),
        (of_patient(&within), vec![&patient, &from_text, &until_text, "51"], "appointments_by_patient"),
        (of_doctor(&within), vec![&doctor, &from_text, &until_text, "51"], "appointments_by_doctor"),
        (within, vec![&from_text, &until_text, "51"], "appointments_by_start"),
    ];
    for (filter, values, index) in lists {
        let listed = bench.store.connection().await.unwrap().list(&filter).await.unwrap();
        assert!(!listed.is_empty());
        let plan = bench.plan(&values).await;
        plan.uses(index);
        assert_eq!(plan.wasted(), 0);
    }
}

#[tokio::test]
async fn a_late_page_costs_what_the_first_costs() {
    let bench = Bench::set_up().await;
    let doctor = bench.doctor.to_string();
    for (doctor_id, index) in
        [(None, "appointments_by_start"), (Some(bench.doctor), "appointments_by_doctor")]
    {
        let first = Filter { doctor_id, limit: 51, ..Filter::default() };
        bench.store.connection().await.unwrap().list(&first).await.unwrap();
        let values: Vec<_> = doctor_id.map(|_| doctor.as_str()).into_iter().collect();
        let first_page = bench.plan(&[&values[..], &["51"]].concat()).await;

        let (start, id) = bench.late(doctor_id).await;
        let late = Filter { after: Some(Position(start, id)), ..first };
        let listed = bench.store.connection().await.unwrap().list(&late).await.unwrap();
        assert_eq!(listed.len(), 51);
        let (start, id) = (start.to_string(), id.to_string());
        let late_page = bench.plan(&[&values[..], &[&start, &id, "51"]].concat()).await;

        for page in [&first_page, &late_page] {
            page.uses(index);
            assert_eq!(page.wasted(), 0);
        }
        let (first, late) = (first_page.blocks(), late_page.blocks());
        assert!(late <= first + first / 5 + 5, "{late} blocks instead of {first}");
    }
}

#[tokio::test]
async fn what_a_booking_looks_at_is_read_from_an_index() {
    let bench = Bench::set_up().await;
    let (doctor, patient) = (bench.doctor, bench.patient);
    let (doctor_text, patient_text) = (doctor.to_string(), patient.to_string());
    let mut connection = bench.store.connection().await.unwrap();
    let now = connection.now().await.unwrap();
    let week = Interval { start: now, end: now + SignedDuration::from_hours(7 * 24) };
    let look = Look { resources: &[doctor.0], patient: Some(patient), span: week, excluding: None };
    let taken = connection.taken(look).await.unwrap();
    assert!(taken.len() > 100);
    drop(connection);
    let reach = week.start - LONGEST;
    let plan = bench
        .plan(&[
            &format!("{{{doctor_text}}}"),
            &reach.to_string(),
            &week.start.to_string(),
            &week.end.to_string(),
            &Uuid::nil().to_string(),
            &patient_text,
        ])
        .await;
    plan.uses("claims_by_resource");
    plan.uses("claims_by_patient");
    assert!(plan.wasted() < 100, "what begins too early to reach the week, not all that the doctor ever did");

    connection = bench.store.connection().await.unwrap();
    let tx = connection.begin().await.unwrap();
    assert!(!tx.open_visits_of_doctor(doctor).await.unwrap().is_empty());
    drop(tx);
    drop(connection);
    bench.plan(&[&doctor_text]).await.uses("appointments_by_doctor");

    connection = bench.store.connection().await.unwrap();
    let tx = connection.begin().await.unwrap();
    assert!(!tx.open_visits_of_patient(patient).await.unwrap().is_empty());
    drop(tx);
    drop(connection);
    bench.plan(&[&patient_text]).await.uses("appointments_by_patient");

    connection = bench.store.connection().await.unwrap();
    assert!(!connection.treated(doctor, 365).await.unwrap().is_empty());
    drop(connection);
    bench.plan(&[&doctor_text, "365"]).await.uses("appointments_care");
}
