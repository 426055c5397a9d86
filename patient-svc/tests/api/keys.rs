//! Secrets and keys, exchanged while everything goes on.
use crate::clinic::{Clinic, Person};
use patient_svc::config::{Command, Config, KeysCommand};
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use secrecy::SecretString;

pub(crate) const ANOTHER: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
pub(crate) const THIRD: &str = "Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

async fn writes(doctor: &mut Person, patient: PatientId, diagnosis: &str) {
    let medical_record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: diagnosis.to_owned(),
        ..Default::default()
    };
    let request = pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) };
    doctor.create_medical_record(request).await.unwrap();
}

/// What the doctor reads, newest first.
async fn reads(clinic: &Clinic, doctor: DoctorId, patient: PatientId) -> Vec<String> {
    let request = pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() };
    let list = clinic.doctor(doctor).list_medical_records(request).await.unwrap().into_inner();
    list.medical_records.into_iter().map(|record| record.diagnosis).collect()
}

pub(crate) fn with_secrets(config: &Config, own: SecretString, accepted: Option<SecretString>) -> Config {
    let mut config = config.clone();
    config.process.secret_key = own;
    config.process.secret_key_accepted = accepted;
    config
}

pub(crate) async fn reseal(config: &Config) -> anyhow::Result<()> {
    patient_svc::command(config.clone(), Command::Reseal).await
}

#[tokio::test]
async fn the_root_secret_is_exchanged_while_records_are_read() {
    let mut clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    writes(&mut clinic.doctor(by), patient, "Flu").await;
    let old = clinic.config.process.secret_key.clone();
    let both = with_secrets(&clinic.config, ANOTHER.into(), Some(old));
    clinic.goes_on_with(both.clone()).await;
    assert_eq!(reads(&clinic, by, patient).await, ["Flu"]);

    let lost = with_secrets(&clinic.config, THIRD.into(), Some(ANOTHER.into()));
    assert!(reseal(&lost).await.is_err(), "neither opens the key");
    reseal(&both).await.unwrap();
    reseal(&both).await.unwrap();
    let new = with_secrets(&clinic.config, ANOTHER.into(), None);
    clinic.goes_on_with(new).await;
    assert_eq!(reads(&clinic, by, patient).await, ["Flu"]);
}

#[tokio::test]
async fn a_patient_gets_another_key_and_what_was_written_stays_readable() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let renew = || {
        let command = Command::Keys(KeysCommand::Renew { patient_id: patient });
        patient_svc::command(clinic.config.clone(), command)
    };
    renew().await.unwrap();
    writes(&mut clinic.doctor(by), patient, "Flu").await;
    renew().await.unwrap();
    writes(&mut clinic.doctor(by), patient, "Cold").await;
    assert_eq!(reads(&clinic, by, patient).await, ["Cold", "Flu"]);
    let used = "SELECT count(DISTINCT key_id) FROM patient.medical_record_revisions";
    let used: i64 = clinic.superuser().await.query_one(used, &[]).await.unwrap().get(0);
    assert_eq!(used, 2);
}
