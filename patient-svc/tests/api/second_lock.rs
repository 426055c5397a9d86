//! What the database shows of medical records to a statement that has forgotten whose they are.
use crate::clinic::{Clinic, id_of, named};
use patient_svc::domain::access::Reading;
use patient_svc::store::{SCHEMA, Sighting};
use proto::ids::{DoctorId, MedicalRecordId, PatientId};
use proto::patient as pb;
use refinery::{Migration, Runner};
use tokio_postgres::Client;

/// Tables that hold what is sealed, or keys, or that belong to a record.
const SENSITIVE: &str = "
    WITH RECURSIVE about (id) AS (
        SELECT 'patient.medical_records'::regclass::oid
         UNION
        SELECT conrelid FROM pg_constraint JOIN about ON confrelid = about.id WHERE contype = 'f')
    SELECT relname::text, relrowsecurity AND relforcerowsecurity AS is_locked
      FROM pg_class
     WHERE relnamespace = 'patient'::regnamespace AND relkind IN ('r', 'p')
       -- Events as they came, and who signed the audit log before: they hold nothing of patients.
       AND relname NOT IN ('dead_letters', 'former_signers')
       AND (oid IN (SELECT id FROM about)
            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND atttypid = 'bytea'::regtype))";

/// Two patients, and a record of each that a second doctor has signed as well.
struct Records {
    clinic: Clinic,
    doctor: DoctorId,
    ada: (PatientId, MedicalRecordId),
    bob: (PatientId, MedicalRecordId),
}

impl Records {
    async fn written() -> Self {
        let clinic = Clinic::open().await;
        let (ada, doctor) = clinic.couple().await;
        let bob = id_of(&clinic.admits(named("Bob", "Babbage")).await);
        clinic.calendar.relates(doctor, bob);
        let (ada, bob) = (cosigned(&clinic, ada, doctor).await, cosigned(&clinic, bob, doctor).await);
        Self { clinic, doctor, ada, bob }
    }
}

async fn cosigned(clinic: &Clinic, patient: PatientId, author: DoctorId) -> (PatientId, MedicalRecordId) {
    let senior = DoctorId::random();
    clinic.calendar.relates(senior, patient);
    let record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: "Flu".to_owned(),
        cosigner_doctor_id: senior.to_string(),
        ..Default::default()
    };
    let request = pb::CreateMedicalRecordRequest { medical_record: Some(record) };
    let id = clinic.doctor(author).create_medical_record(request).await.unwrap().into_inner().id;
    let cosign = pb::CosignMedicalRecordRequest { id: id.clone(), expected_revision: 1 };
    clinic.doctor(senior).cosign_medical_record(cosign).await.unwrap();
    (patient, id.parse().unwrap())
}

async fn sensitive(database: &Client) -> Vec<(String, bool)> {
    let tables = database.query(SENSITIVE, &[]).await.unwrap();
    tables.iter().map(|table| (table.get(0), table.get(1))).collect()
}

async fn count(database: &Client, table: &str) -> i64 {
    let rows = format!("SELECT count(*) FROM patient.{table}");
    database.query_one(&rows, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_table_that_belongs_to_records_is_locked_for_its_owner_too() {
    let records = Records::written().await;
    let tables = sensitive(&records.clinic.superuser().await).await;
    assert!(tables.len() >= 4, "{tables:?}");
    assert!(tables.iter().all(|(_, is_locked)| *is_locked), "{tables:?}");
}

#[tokio::test]
async fn whoever_names_nobody_sees_and_writes_nothing() {
    let records = Records::written().await;
    let superuser = records.clinic.superuser().await;
    let (service, owner) = (records.clinic.runtime().await, records.clinic.owner().await);
    // After a transaction that named somebody as well.
    let named = format!("BEGIN; SET LOCAL app.patients = '{{{}}}'; COMMIT", records.ada.0);
    service.batch_execute(&named).await.unwrap();
    for (table, _) in sensitive(&superuser).await {
        assert_eq!(count(&superuser, &table).await, 2, "{table}");
        for somebody in [&service, &owner] {
            assert_eq!(count(somebody, &table).await, 0, "{table}");
        }
        // Rows of the superuser's choice, under other keys.
        let columns = "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
              FROM information_schema.columns WHERE table_schema = 'patient' AND table_name = $1";
        let columns: String = superuser.query_one(columns, &[&table]).await.unwrap().get(0);
        let (first, others) = columns.split_once(", ").unwrap();
        let row = format!("SELECT row_to_json(t)::text FROM patient.{table} AS t LIMIT 1");
        let row: String = superuser.query_one(&row, &[]).await.unwrap().get(0);
        let key = if first == "id" { "gen_random_uuid()" } else { first };
        let insert = format!(
            "INSERT INTO patient.{table} ({columns})
             SELECT {key}, {others} FROM json_populate_record(NULL::patient.{table}, $1::text::json)"
        );
        let refused = service.execute(&insert, &[&row]).await.unwrap_err();
        let message = refused.as_db_error().unwrap().message();
        assert!(message.contains("row-level security"), "{table}: {message}");
    }
    for change in ["UPDATE patient.medical_records SET revision = 9", "DELETE FROM patient.data_keys"] {
        assert_eq!(service.execute(change, &[]).await.unwrap(), 0, "{change}");
    }
}

#[tokio::test]
async fn whoever_names_a_patient_sees_and_changes_theirs_only() {
    let records = Records::written().await;
    let mut service = records.clinic.runtime().await;
    let (ada, _) = records.ada;
    let tx = service.transaction().await.unwrap();
    tx.batch_execute(&format!("SET LOCAL app.patients = '{{{ada}}}'")).await.unwrap();
    for (table, _) in sensitive(&records.clinic.superuser().await).await {
        assert_eq!(count(tx.client(), &table).await, 1, "{table}");
    }
    let whose = "SELECT DISTINCT patient_id FROM patient.medical_records NATURAL FULL JOIN patient.data_keys";
    let whose: Vec<uuid::Uuid> = tx.query(whose, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(whose, [ada.0]);
    for change in ["UPDATE patient.medical_records SET revision = 9", "DELETE FROM patient.data_keys"] {
        assert_eq!(tx.execute(change, &[]).await.unwrap(), 1, "{change}");
    }
}

#[tokio::test]
async fn what_was_judged_for_one_patient_opens_no_record_of_another() {
    let records = Records::written().await;
    let store = records.clinic.store();
    let reading = Reading::Doctor { id: records.doctor, treats: true };
    let ((ada, hers), (bob, his)) = (records.ada, records.bob);
    assert!(matches!(store.record(ada, hers, reading).await.unwrap(), Some(Sighting::Open(_))));
    assert_eq!(store.record(ada, his, reading).await.unwrap(), None);
    assert!(store.revisions(bob, hers, reading, None, 10).await.unwrap().is_empty());
    assert_eq!(store.patient_of_record(hers).await.unwrap(), Some(ada));
}

#[tokio::test]
async fn later_migrations_see_everything() {
    let records = Records::written().await;
    let mut migrations: Vec<Migration> = patient_svc::migrations::runner().get_migrations().clone();
    let later = "CREATE TABLE seen AS SELECT count(*) AS records FROM medical_records;
         UPDATE data_keys SET retired_at = now()";
    migrations.push(Migration::unapplied("V99__later", later).unwrap());
    let settings = &records.clinic.config.postgres;
    platform::postgres::migrate(settings, SCHEMA, &Runner::new(&migrations)).await.unwrap();
    let superuser = records.clinic.superuser().await;
    let seen = "SELECT records, (SELECT count(retired_at) FROM patient.data_keys) FROM patient.seen";
    let seen = superuser.query_one(seen, &[]).await.unwrap();
    assert_eq!((seen.get::<_, i64>(0), seen.get::<_, i64>(1)), (2, 2));
}
