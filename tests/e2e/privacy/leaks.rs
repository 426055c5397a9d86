//! Where it must not be.
use super::canary::Canary;
use local::programs::Program;
use local::service::{SCHEMAS, Service};
use tests::mesh::Mesh;

/// The tables that hold what people wrote. In all others, outboxes among them, are only ids, times and codes.
const WRITTEN: [&str; 8] = [
    "appointment.appointment_events",
    "appointment.appointments",
    "auth.users",
    "doctor.time_off",
    "patient.identifiers",
    "patient.legal_holds",
    "patient.merges",
    "patient.patients",
];

/// Of every process, by its service.
pub(crate) async fn metrics(mesh: &Mesh) -> Vec<(Service, String)> {
    let mut all = Vec::new();
    for service in Service::ALL {
        for replica in mesh.processes.of(service) {
            let answer = reqwest::get(format!("http://{}/metrics", replica.admin)).await.unwrap();
            all.push((service, answer.text().await.unwrap()));
        }
    }
    all
}

/// Every key with its value, whatever kind it is of.
pub(crate) async fn redis(url: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let url = url.to_owned();
    let read = move || {
        let mut redis = redis::Client::open(url)?.get_connection()?;
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut redis)?;
        let mut all = Vec::new();
        for key in keys {
            let kind: String = redis::cmd("TYPE").arg(&key).query(&mut redis)?;
            let command = match kind.as_str() {
                "string" => redis::cmd("GET").arg(&key).to_owned(),
                "hash" => redis::cmd("HGETALL").arg(&key).to_owned(),
                "set" => redis::cmd("SMEMBERS").arg(&key).to_owned(),
                "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).to_owned(),
                "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).to_owned(),
                // Gone in the meantime.
                "none" => continue,
                other => panic!("nobody looks into a {other} yet"),
            };
            let value: redis::Value = command.query(&mut redis)?;
            all.push((key, bytes(value)));
        }
        redis::RedisResult::Ok(all)
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

fn bytes(value: redis::Value) -> Vec<u8> {
    match value {
        redis::Value::BulkString(bytes) => bytes,
        redis::Value::Array(items) => items.into_iter().flat_map(bytes).collect(),
        other => format!("{other:?}").into_bytes(),
    }
}

/// Looks into every row of every table.
pub(crate) async fn tables(mesh: &Mesh, canary: &Canary) {
    let database = mesh.database().await;
    let tables =
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1";
    let tables = database.query(tables, &[&SCHEMAS.as_slice()]).await.unwrap();
    assert!(tables.len() > 20, "{}", tables.len());
    let (mut outboxes, mut wrong) = (0, Vec::new());
    for table in tables {
        let table: String = table.get(0);
        let rows = database.query(&format!("SELECT t::text FROM {table} AS t"), &[]).await.unwrap();
        outboxes += if table.ends_with(".outbox") { rows.len() } else { 0 };
        let is_in = rows.iter().any(|row| canary.is_in(row.get::<_, &str>(0).as_bytes()));
        if is_in && !WRITTEN.contains(&table.as_str()) {
            wrong.push(table);
        }
    }
    assert!(outboxes > 10, "events were written");
    assert!(wrong.is_empty(), "these tables hold what is the patient's: {wrong:?}");
}

/// What whoever steals a backup has of the medical records.
pub(crate) async fn dump_of_records(mesh: &Mesh) -> String {
    let program = Program::Postgres.found().unwrap().join("pg_dump");
    let mut dump = tokio::process::Command::new(program);
    dump.arg("--table=patient.medical_record*").arg(mesh.ground.database.admin_url());
    let dump = dump.output().await.unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    String::from_utf8(dump.stdout).unwrap()
}
