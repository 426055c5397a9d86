//! The gRPC face of what patients want to be told of: who, what, do, reply.
use crate::choosing::Choosing;
use crate::convert::preferences::{Update, patient_id, preferences};
use crate::domain::Preferences;
use pb::preference_service_server::PreferenceService;
use platform::caller::User;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct PreferenceApi {
    choosing: Choosing,
}

impl PreferenceApi {
    pub fn new(choosing: Choosing) -> Self {
        Self { choosing }
    }

    fn told(&self, found: &Preferences) -> Response<pb::Preferences> {
        Response::new(preferences(found, self.choosing.quiet_hours(found)))
    }
}

#[tonic::async_trait]
impl PreferenceService for PreferenceApi {
    async fn get_preferences(
        &self,
        request: Request<pb::GetPreferencesRequest>,
    ) -> Result<Response<pb::Preferences>> {
        let user = User::of(&request)?;
        let patient = patient_id(&request.into_inner().patient_id)?;
        Ok(self.told(&self.choosing.find(user, patient).await?))
    }

    async fn update_preferences(
        &self,
        request: Request<pb::UpdatePreferencesRequest>,
    ) -> Result<Response<pb::Preferences>> {
        let user = User::of(&request)?;
        let Update { patient_id, edits, fields, expected_version } = request.into_inner().try_into()?;
        let changed = self.choosing.change(user, patient_id, &edits, fields, expected_version).await?;
        Ok(self.told(&changed))
    }
}
