//! The words of medical records, sealed. Each patient has a data key; it is stored wrapped by a key derived
//! from the root secret. Deleting a patient's keys makes their records unreadable for good, in backups too, once the
//! root secret is another than that of the backup.
use crate::domain::record::{Content, MedicalRecord};
use aws_lc_rs::rand;
use platform::secrets::{NotSealed, RootSecret, Sealer};
use proto::ids::{MedicalRecordId, PatientId};
use std::sync::Arc;
use uuid::Uuid;

/// Makes and opens data keys.
#[derive(Clone)]
pub struct Keyring(Arc<Sealer>);

/// A patient's data key as it is stored.
pub struct WrappedKey {
    pub id: Uuid,
    pub patient_id: PatientId,
    pub wrapped: Vec<u8>,
}

/// A patient's data key, ready for use.
pub struct DataKey {
    pub id: Uuid,
    sealer: Sealer,
}

impl Keyring {
    pub fn new(root: &RootSecret) -> Self {
        Self(Arc::new(root.sealer("patient-data-keys")))
    }

    /// A fresh random key.
    pub fn make(&self, patient_id: PatientId) -> (WrappedKey, DataKey) {
        let mut secret = [0; 32];
        rand::fill(&mut secret).expect("the system gives random bytes");
        let id = Uuid::now_v7();
        let wrapped = self.0.seal(&key_context(id, patient_id), &secret);
        (WrappedKey { id, patient_id, wrapped }, DataKey { id, sealer: Sealer::new(&secret) })
    }

    pub fn unwrap(&self, key: &WrappedKey) -> Result<DataKey, NotSealed> {
        let secret = self.0.open(&key_context(key.id, key.patient_id), &key.wrapped)?;
        let secret = secret.try_into().map_err(|_| NotSealed)?;
        Ok(DataKey { id: key.id, sealer: Sealer::new(&secret) })
    }

    /// The key as this root secret wraps it; none when it is wrapped so already.
    pub fn rewrap(&self, key: &WrappedKey) -> Result<Option<Vec<u8>>, NotSealed> {
        self.0.reseal(&key_context(key.id, key.patient_id), &key.wrapped)
    }
}

impl DataKey {
    pub fn seal(&self, record: &MedicalRecord) -> Vec<u8> {
        let plain = serde_json::to_vec(&record.content).expect("a record's content is plain data");
        self.sealer.seal(&revision_context(record.id, record.revision), &plain)
    }

    pub fn open(&self, id: MedicalRecordId, revision: i32, sealed: &[u8]) -> Result<Content, NotSealed> {
        let plain = self.sealer.open(&revision_context(id, revision), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| NotSealed)
    }
}

/// What ties a wrapped key to its row, so that rows cannot be exchanged.
fn key_context(id: Uuid, patient_id: PatientId) -> [u8; 32] {
    let mut context = [0; 32];
    context[..16].copy_from_slice(id.as_bytes());
    context[16..].copy_from_slice(patient_id.0.as_bytes());
    context
}

/// What ties sealed words to their revision.
fn revision_context(id: MedicalRecordId, revision: i32) -> [u8; 20] {
    let mut context = [0; 20];
    context[..16].copy_from_slice(id.0.as_bytes());
    context[16..].copy_from_slice(&revision.to_be_bytes());
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::{Confidentiality, NewRecord, Sections};
    use proto::ids::DoctorId;

    fn keyring() -> Keyring {
        let secret = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned();
        Keyring::new(&RootSecret::new(&secret.into()).unwrap())
    }

    #[test]
    fn a_key_is_wrapped_anew_and_opens_the_same() {
        let old = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let new = RootSecret::new(&"Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let both = new.clone().accepting(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let patient = PatientId::random();
        let (before, key) = Keyring::new(&old).make(patient);
        let record = record(patient);
        let sealed = key.seal(&record);
        let between = Keyring::new(&both);
        assert!(between.unwrap(&before).is_ok());
        let wrapped = between.rewrap(&before).unwrap().unwrap();
        let after = WrappedKey { wrapped, ..before };
        assert_eq!(between.rewrap(&after), Ok(None), "once is enough");
        assert!(Keyring::new(&old).rewrap(&after).is_err());
        let key = Keyring::new(&new).unwrap(&after).unwrap();
        assert_eq!(key.open(record.id, 1, &sealed), Ok(record.content));
    }

    fn record(patient_id: PatientId) -> MedicalRecord {
        let diagnosis = Some("Mild hypertension".to_owned().try_into().unwrap());
        let sections = Sections { diagnosis, ..Sections::default() };
        let new = NewRecord {
            appointment_id: None,
            is_draft: false,
            sections,
            cosigner: None,
            confidentiality: Confidentiality::Normal,
            withheld_reason: None,
        };
        MedicalRecord::first(new, patient_id, DoctorId::random(), jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn sealed_words_open_in_their_own_revision_only() {
        let patient = PatientId::random();
        let (wrapped, key) = keyring().make(patient);
        let record = record(patient);
        let sealed = key.seal(&record);
        assert!(!sealed.windows(12).any(|bytes| bytes == b"hypertension"));
        let key = keyring().unwrap(&wrapped).unwrap();
        assert_eq!(key.open(record.id, 1, &sealed), Ok(record.content));
        assert_eq!(key.open(record.id, 2, &sealed), Err(NotSealed));
        assert_eq!(key.open(MedicalRecordId::random(), 1, &sealed), Err(NotSealed));
    }

    #[test]
    fn a_key_is_one_patients() {
        let (mut wrapped, _) = keyring().make(PatientId::random());
        wrapped.patient_id = PatientId::random();
        assert!(keyring().unwrap(&wrapped).is_err());
    }
}
