//! Medical records as the REST face shows them.
use crate::patch::{Clearable, Edit, Mask};
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::patient as pb;
use proto::scalars::{ClinicalText, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod labels; // how far a record is, and which doctors read it

pub use labels::{Confidentiality, NewState, RecordState};

/// What was found and done at a visit. Never overwritten: an amendment is a new revision.
#[derive(Serialize, ToSchema)]
pub struct MedicalRecord {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    /// The visit it belongs to.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<String>,
    /// The doctor who wrote it.
    #[schema(value_type = Uuid)]
    pub author_doctor_id: String,
    #[schema(example = "Mild hypertension")]
    pub diagnosis: Option<String>,
    #[schema(example = "Less salt, more sleep")]
    pub treatment: Option<String>,
    #[schema(example = "Ramipril 2.5 mg, one each morning")]
    pub prescription: Option<String>,
    #[schema(example = "Recheck in six weeks")]
    pub notes: Option<String>,
    /// Why this revision was made; null for the first.
    #[schema(example = "Wrong dosage noted")]
    pub amendment_reason: Option<String>,
    pub created_at: Instant,
    /// When this revision was made.
    pub updated_at: Instant,
    /// Its author says that it should never have been written: `amendment_reason` says why.
    pub entered_in_error: bool,
    pub state: RecordState,
    pub confidentiality: Confidentiality,
    /// Why the patient does not read the record; null when they do.
    #[schema(example = "Psychotherapy notes")]
    pub withheld_reason: Option<String>,
    /// When its author signed this revision; null for a draft.
    pub signed_at: Option<Instant>,
    /// Another doctor, who is to sign as well.
    #[schema(value_type = Option<Uuid>)]
    pub cosigner_doctor_id: Option<String>,
    /// When the co-signer signed this revision.
    pub cosigned_at: Option<Instant>,
    /// It is signed, and its co-signer has not signed this revision.
    pub awaits_cosignature: bool,
    /// The number of this revision, from 1; the ETag.
    #[schema(minimum = 1, example = 1)]
    pub version: i32,
}

impl Resource for MedicalRecord {
    const VERSION: Option<fn(&Self) -> i64> = Some(|record| record.version.into());

    fn location(&self) -> String {
        format!("/api/records/{}", self.id)
    }
}

impl TryFrom<pb::MedicalRecord> for MedicalRecord {
    type Error = Garbled;

    fn try_from(record: pb::MedicalRecord) -> Result<Self, Garbled> {
        let (state, confidentiality) = (record.state().try_into()?, record.confidentiality().try_into()?);
        let pb::MedicalRecord {
            id,
            patient_id,
            appointment_id,
            author_doctor_id,
            diagnosis,
            treatment,
            prescription,
            notes,
            revision,
            amendment_reason,
            create_time,
            update_time,
            entered_in_error,
            state: _,
            cosigner_doctor_id,
            confidentiality: _,
            withheld_reason,
            sign_time,
            cosign_time,
            awaits_cosignature,
        } = record;
        Ok(Self {
            id,
            patient_id,
            appointment_id: given(appointment_id),
            author_doctor_id,
            diagnosis: given(diagnosis),
            treatment: given(treatment),
            prescription: given(prescription),
            notes: given(notes),
            amendment_reason: given(amendment_reason),
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            entered_in_error,
            state,
            confidentiality,
            withheld_reason: given(withheld_reason),
            signed_at: Instant::maybe_utc("sign_time", sign_time)?,
            cosigner_doctor_id: given(cosigner_doctor_id),
            cosigned_at: Instant::maybe_utc("cosign_time", cosign_time)?,
            awaits_cosignature,
            version: revision,
        })
    }
}

/// A record to be written; at least one of its texts must be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMedicalRecord {
    /// A visit of the same patient to the same doctor.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<AppointmentId>,
    pub diagnosis: Option<ClinicalText>,
    pub treatment: Option<ClinicalText>,
    pub prescription: Option<ClinicalText>,
    pub notes: Option<ClinicalText>,
    /// `signed` when absent.
    pub state: Option<NewState>,
    /// Another doctor who treats the patient and is to sign as well.
    #[schema(value_type = Option<Uuid>)]
    pub cosigner_doctor_id: Option<DoctorId>,
    /// `normal` when absent.
    pub confidentiality: Option<Confidentiality>,
    /// Why the patient is not to read it, for instance psychotherapy notes; they do when it is absent.
    pub withheld_reason: Option<Reason>,
}

impl CreateMedicalRecord {
    pub fn of(self, patient_id: PatientId) -> pb::CreateMedicalRecordRequest {
        let Self {
            appointment_id,
            diagnosis,
            treatment,
            prescription,
            notes,
            state,
            cosigner_doctor_id,
            confidentiality,
            withheld_reason,
        } = self;
        let medical_record = pb::MedicalRecord {
            patient_id: patient_id.to_string(),
            appointment_id: appointment_id.map(|id| id.to_string()).unwrap_or_default(),
            diagnosis: diagnosis.map(Into::into).unwrap_or_default(),
            treatment: treatment.map(Into::into).unwrap_or_default(),
            prescription: prescription.map(Into::into).unwrap_or_default(),
            notes: notes.map(Into::into).unwrap_or_default(),
            state: pb::MedicalRecordState::from(state.unwrap_or_default()).into(),
            cosigner_doctor_id: cosigner_doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            confidentiality: confidentiality.map_or(0, |label| pb::Confidentiality::from(label).into()),
            withheld_reason: withheld_reason.map(Into::into).unwrap_or_default(),
            ..pb::MedicalRecord::default()
        };
        pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) }
    }
}

/// A new revision of a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendMedicalRecord {
    #[serde(default)]
    #[schema(value_type = Option<ClinicalText>)]
    pub diagnosis: Clearable<ClinicalText>,
    #[serde(default)]
    #[schema(value_type = Option<ClinicalText>)]
    pub treatment: Clearable<ClinicalText>,
    #[serde(default)]
    #[schema(value_type = Option<ClinicalText>)]
    pub prescription: Clearable<ClinicalText>,
    #[serde(default)]
    #[schema(value_type = Option<ClinicalText>)]
    pub notes: Clearable<ClinicalText>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub cosigner_doctor_id: Clearable<DoctorId>,
    #[serde(default)]
    #[schema(value_type = Option<Confidentiality>)]
    pub confidentiality: Edit<Confidentiality>,
    /// Why the patient is not to read it; null lets them.
    #[serde(default)]
    #[schema(value_type = Option<Reason>)]
    pub withheld_reason: Clearable<Reason>,
    /// Why the record is amended; only a draft may be changed without.
    pub reason: Option<Reason>,
}

impl AmendMedicalRecord {
    pub fn of(self, id: MedicalRecordId, expected_revision: i32) -> pb::AmendMedicalRecordRequest {
        let Self {
            diagnosis,
            treatment,
            prescription,
            notes,
            cosigner_doctor_id,
            confidentiality,
            withheld_reason,
            reason,
        } = self;
        let mut mask = Mask::default();
        let medical_record = pb::MedicalRecord {
            id: id.to_string(),
            diagnosis: mask.text("diagnosis", diagnosis),
            treatment: mask.text("treatment", treatment),
            prescription: mask.text("prescription", prescription),
            notes: mask.text("notes", notes),
            cosigner_doctor_id: mask
                .value("cosigner_doctor_id", cosigner_doctor_id)
                .map(|id| id.to_string())
                .unwrap_or_default(),
            confidentiality: mask
                .value("confidentiality", confidentiality)
                .map_or(0, |label| pb::Confidentiality::from(label).into()),
            withheld_reason: mask.text("withheld_reason", withheld_reason),
            ..pb::MedicalRecord::default()
        };
        pb::AmendMedicalRecordRequest {
            medical_record: Some(medical_record),
            update_mask: Some(mask.into()),
            reason: reason.map(Into::into).unwrap_or_default(),
            expected_revision,
        }
    }
}

/// Why a record should never have been written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkEnteredInError {
    pub reason: Reason,
}

impl MarkEnteredInError {
    pub fn of(
        self,
        id: MedicalRecordId,
        expected_revision: i32,
    ) -> pb::MarkMedicalRecordEnteredInErrorRequest {
        let reason = self.reason.into();
        pb::MarkMedicalRecordEnteredInErrorRequest { id: id.to_string(), reason, expected_revision }
    }
}
