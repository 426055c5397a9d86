//! The gRPC face: who, what, do, reply. No rules, no SQL.
use crate::charts::Charts;
use crate::claiming::Claiming;
use crate::convert::{self, ListedOf};
use crate::erasing::Erasing;
use crate::holding::Holding;
use crate::merging::Merging;
use crate::pages::AskedPage;
use crate::registry::Registry;
use crate::writing::Writing;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use pb::patient_service_server::PatientService;
use platform::caller::User;
use platform::clock::Clock;
use proto::patient as pb;
use tonic::{Request, Response, Result};

pub struct Api {
    pub registry: Registry,
    pub claiming: Claiming,
    pub merging: Merging,
    pub holding: Holding,
    pub erasing: Erasing,
    pub charts: Charts,
    pub writing: Writing,
    pub clock: Clock,
}

impl Api {
    /// The time to the microsecond, which is what the store keeps.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.round(TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Trunc)).unwrap_or(now)
    }
}

#[tonic::async_trait]
impl PatientService for Api {
    async fn create_patient(
        &self,
        request: Request<pb::CreatePatientRequest>,
    ) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let now = self.now();
        let pb::CreatePatientRequest { patient, confirm_new } = request.into_inner();
        let patient = patient.unwrap_or_default();
        let asked = convert::asked_id(&patient)?;
        let profile = convert::profile(patient, now);
        let patient = self.registry.create(user, asked, profile, confirm_new, now).await?;
        Ok(Response::new(patient.into()))
    }

    async fn get_patient(&self, request: Request<pb::GetPatientRequest>) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let id = convert::patient_id("id", &request.into_inner().id)?;
        let patient = self.registry.find(user, id).await?;
        Ok(Response::new(patient.into()))
    }

    async fn list_patients(
        &self,
        request: Request<pb::ListPatientsRequest>,
    ) -> Result<Response<pb::ListPatientsResponse>> {
        let user = User::of(&request)?;
        let pb::ListPatientsRequest { page_size, page_token } = request.into_inner();
        let page = AskedPage { size: page_size, token: page_token };
        let (patients, next_page_token) = self.registry.list(user, page).await?;
        let patients = patients.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListPatientsResponse { patients, next_page_token }))
    }

    async fn update_patient(
        &self,
        request: Request<pb::UpdatePatientRequest>,
    ) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let now = self.now();
        let pb::UpdatePatientRequest { patient, update_mask, expected_version } = request.into_inner();
        let patient = patient.unwrap_or_default();
        let id = convert::patient_id("patient.id", &patient.id)?;
        let expected = convert::expected("expected_version", expected_version)?;
        let changes = convert::changes(&patient, update_mask, now);
        let patient = self.registry.update(user, id, expected, changes, now).await?;
        Ok(Response::new(patient.into()))
    }

    async fn delete_patient(
        &self,
        request: Request<pb::DeletePatientRequest>,
    ) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let pb::DeletePatientRequest { id, expected_version } = request.into_inner();
        let id = convert::patient_id("id", &id)?;
        let expected = convert::expected("expected_version", expected_version)?;
        let patient = self.registry.delete(user, id, expected, self.now()).await?;
        Ok(Response::new(patient.into()))
    }

    async fn merge_patient(
        &self,
        request: Request<pb::MergePatientRequest>,
    ) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let pb::MergePatientRequest { id, into_patient_id, reason, expected_version } = request.into_inner();
        let id = convert::patient_id("id", &id)?;
        let expected = convert::expected("expected_version", expected_version)?;
        let asked = convert::merger(id, &into_patient_id, reason);
        let patient = self.merging.merge(user, id, expected, asked, self.now()).await?;
        Ok(Response::new(patient.into()))
    }

    async fn unmerge_patient(
        &self,
        request: Request<pb::UnmergePatientRequest>,
    ) -> Result<Response<pb::Patient>> {
        let user = User::of(&request)?;
        let pb::UnmergePatientRequest { id, reason } = request.into_inner();
        let id = convert::patient_id("id", &id)?;
        let patient = self.merging.unmerge(user, id, convert::reason(reason), self.now()).await?;
        Ok(Response::new(patient.into()))
    }

    async fn get_legal_hold(
        &self,
        request: Request<pb::GetLegalHoldRequest>,
    ) -> Result<Response<pb::LegalHold>> {
        let user = User::of(&request)?;
        let id = convert::patient_id("patient_id", &request.into_inner().patient_id)?;
        let hold = self.holding.find(user, id).await?;
        Ok(Response::new(hold.into()))
    }

    async fn place_legal_hold(
        &self,
        request: Request<pb::PlaceLegalHoldRequest>,
    ) -> Result<Response<pb::LegalHold>> {
        let user = User::of(&request)?;
        let pb::PlaceLegalHoldRequest { patient_id, reason } = request.into_inner();
        let id = convert::patient_id("patient_id", &patient_id)?;
        let hold = self.holding.place(user, id, convert::reason(reason), self.now()).await?;
        Ok(Response::new(hold.into()))
    }

    async fn lift_legal_hold(
        &self,
        request: Request<pb::LiftLegalHoldRequest>,
    ) -> Result<Response<pb::LegalHold>> {
        let user = User::of(&request)?;
        let id = convert::patient_id("patient_id", &request.into_inner().patient_id)?;
        let hold = self.holding.lift(user, id, self.now()).await?;
        Ok(Response::new(hold.into()))
    }

    async fn erase_patient(
        &self,
        request: Request<pb::ErasePatientRequest>,
    ) -> Result<Response<pb::PatientErasure>> {
        let user = User::of(&request)?;
        let pb::ErasePatientRequest { patient_id, reason } = request.into_inner();
        let id = convert::patient_id("patient_id", &patient_id)?;
        let erasure = self.erasing.erase(user, id, convert::reason(reason), self.now()).await?;
        Ok(Response::new(erasure.into()))
    }

    async fn create_claim_code(
        &self,
        request: Request<pb::CreateClaimCodeRequest>,
    ) -> Result<Response<pb::ClaimCode>> {
        let user = User::of(&request)?;
        let id = convert::patient_id("patient_id", &request.into_inner().patient_id)?;
        let code = self.claiming.issue(user, id).await?;
        Ok(Response::new(code.into()))
    }

    async fn search_patients(
        &self,
        request: Request<pb::SearchPatientsRequest>,
    ) -> Result<Response<pb::ListPatientsResponse>> {
        let user = User::of(&request)?;
        let query = convert::query(&request.into_inner());
        let patients = self.registry.search(user, query).await?;
        let patients = patients.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListPatientsResponse { patients, next_page_token: String::new() }))
    }

    async fn batch_get_patients(
        &self,
        request: Request<pb::BatchGetPatientsRequest>,
    ) -> Result<Response<pb::BatchGetPatientsResponse>> {
        let user = User::of(&request)?;
        let ids = convert::patient_ids(&request.into_inner().ids);
        let patients = self.registry.among(user, ids).await?;
        let patients = patients.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::BatchGetPatientsResponse { patients }))
    }

    async fn create_medical_record(
        &self,
        request: Request<pb::CreateMedicalRecordRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let record = request.into_inner().medical_record.unwrap_or_default();
        let patient = convert::patient_id("medical_record.patient_id", &record.patient_id)?;
        let new = convert::new_record(record);
        let record = self.writing.write(user, patient, new, self.now()).await?;
        Ok(Response::new(record.into()))
    }

    async fn get_medical_record(
        &self,
        request: Request<pb::GetMedicalRecordRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let id = convert::record_id("id", &request.into_inner().id)?;
        let record = self.charts.find(user, id).await?;
        Ok(Response::new(record.into()))
    }

    async fn list_medical_records(
        &self,
        request: Request<pb::ListMedicalRecordsRequest>,
    ) -> Result<Response<pb::ListMedicalRecordsResponse>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let of = convert::listed_of(&request)?;
        let page = AskedPage { size: request.page_size, token: request.page_token };
        let (records, next_page_token) = match of {
            ListedOf::Patient(id) => self.charts.list_of_patient(user, id, page).await?,
            ListedOf::Visit(id) => self.charts.list_of_visit(user, id, page).await?,
        };
        let medical_records = records.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListMedicalRecordsResponse { medical_records, next_page_token }))
    }

    async fn list_medical_record_revisions(
        &self,
        request: Request<pb::ListMedicalRecordRevisionsRequest>,
    ) -> Result<Response<pb::ListMedicalRecordsResponse>> {
        let user = User::of(&request)?;
        let pb::ListMedicalRecordRevisionsRequest { id, page_size, page_token } = request.into_inner();
        let id = convert::record_id("id", &id)?;
        let page = AskedPage { size: page_size, token: page_token };
        let (revisions, next_page_token) = self.charts.revisions(user, id, page).await?;
        let medical_records = revisions.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListMedicalRecordsResponse { medical_records, next_page_token }))
    }

    async fn amend_medical_record(
        &self,
        request: Request<pb::AmendMedicalRecordRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        let record = request.medical_record.as_ref().map_or("", |record| record.id.as_str());
        let id = convert::record_id("medical_record.id", record)?;
        let expected = convert::expected("expected_revision", request.expected_revision.into())?;
        let amendment = |state| convert::amendment(request, state);
        let record = self.writing.amend(user, id, expected, amendment, self.now()).await?;
        Ok(Response::new(record.into()))
    }

    async fn sign_medical_record(
        &self,
        request: Request<pb::SignMedicalRecordRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let pb::SignMedicalRecordRequest { id, expected_revision } = request.into_inner();
        let id = convert::record_id("id", &id)?;
        let expected = convert::expected("expected_revision", expected_revision.into())?;
        let record = self.writing.sign(user, id, expected, self.now()).await?;
        Ok(Response::new(record.into()))
    }

    async fn cosign_medical_record(
        &self,
        request: Request<pb::CosignMedicalRecordRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let pb::CosignMedicalRecordRequest { id, expected_revision } = request.into_inner();
        let id = convert::record_id("id", &id)?;
        let expected = convert::expected("expected_revision", expected_revision.into())?;
        let record = self.writing.cosign(user, id, expected, self.now()).await?;
        Ok(Response::new(record.into()))
    }

    async fn mark_medical_record_entered_in_error(
        &self,
        request: Request<pb::MarkMedicalRecordEnteredInErrorRequest>,
    ) -> Result<Response<pb::MedicalRecord>> {
        let user = User::of(&request)?;
        let pb::MarkMedicalRecordEnteredInErrorRequest { id, reason, expected_revision } =
            request.into_inner();
        let id = convert::record_id("id", &id)?;
        let expected = convert::expected("expected_revision", expected_revision.into())?;
        let reason = convert::reason(reason);
        let record = self.writing.mark_entered_in_error(user, id, expected, reason, self.now()).await?;
        Ok(Response::new(record.into()))
    }

    async fn batch_get_patient_names(
        &self,
        request: Request<pb::BatchGetPatientNamesRequest>,
    ) -> Result<Response<pb::BatchGetPatientNamesResponse>> {
        let ids = convert::patient_ids(&request.into_inner().ids)?;
        let patients = self.registry.all_among(&ids).await?;
        let names = patients.into_iter().map(convert::name).collect();
        Ok(Response::new(pb::BatchGetPatientNamesResponse { names }))
    }

    async fn get_patient_contact(
        &self,
        request: Request<pb::GetPatientContactRequest>,
    ) -> Result<Response<pb::PatientContact>> {
        let id = convert::patient_id("id", &request.into_inner().id)?;
        let patient = self.registry.one(id).await?;
        Ok(Response::new(convert::contact(patient)))
    }

    async fn check_patient_record(
        &self,
        request: Request<pb::CheckPatientRecordRequest>,
    ) -> Result<Response<pb::CheckPatientRecordResponse>> {
        let id = convert::patient_id("patient_id", &request.into_inner().patient_id)?;
        let (exists, is_present) = self.claiming.look_up(id).await?;
        Ok(Response::new(pb::CheckPatientRecordResponse { exists, is_present }))
    }

    async fn get_patient_party(
        &self,
        request: Request<pb::GetPatientPartyRequest>,
    ) -> Result<Response<pb::PatientParty>> {
        let id = convert::patient_id("id", &request.into_inner().id)?;
        let patient = self.registry.one_of_all(id).await?;
        Ok(Response::new(convert::party(patient.party())))
    }
}
