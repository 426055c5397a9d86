//! What messages say: who, what, do, reply.
use crate::convert::templates::{language, language_read, preview, template, templates};
use crate::error::Error;
use crate::phrasebook::Phrasebook;
use pb::template_service_server::TemplateService;
use platform::caller::User;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct TemplateApi {
    phrasebook: Phrasebook,
}

impl TemplateApi {
    pub fn new(phrasebook: Phrasebook) -> Self {
        Self { phrasebook }
    }
}

#[tonic::async_trait]
impl TemplateService for TemplateApi {
    async fn list_templates(
        &self,
        request: Request<pb::ListTemplatesRequest>,
    ) -> Result<Response<pb::ListTemplatesResponse>> {
        let language = language_read(&request.get_ref().language)?;
        let wordings = self.phrasebook.list().await?;
        let voice = self.phrasebook.speaking(language).await?;
        Ok(Response::new(templates(&voice, &wordings)))
    }

    async fn preview_message(
        &self,
        request: Request<pb::PreviewMessageRequest>,
    ) -> Result<Response<pb::PreviewMessageResponse>> {
        let language = language_read(&request.get_ref().language)?;
        let template = template(request.get_ref()).ok_or(Error::NoTemplate)?;
        let voice = self.phrasebook.speaking(language).await?;
        Ok(Response::new(preview(template, &voice)))
    }

    async fn list_template_overrides(
        &self,
        _: Request<pb::ListTemplateOverridesRequest>,
    ) -> Result<Response<pb::ListTemplateOverridesResponse>> {
        let overrides = self.phrasebook.list().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListTemplateOverridesResponse { overrides }))
    }

    async fn get_template_override(
        &self,
        request: Request<pb::GetTemplateOverrideRequest>,
    ) -> Result<Response<pb::TemplateOverride>> {
        let pb::GetTemplateOverrideRequest { message, language: tag } = request.into_inner();
        let there = self.phrasebook.find(&message, language(&tag)?).await?;
        Ok(Response::new(there.into()))
    }

    async fn set_template_override(
        &self,
        request: Request<pb::SetTemplateOverrideRequest>,
    ) -> Result<Response<pb::TemplateOverride>> {
        let user = User::of(&request)?;
        let pb::SetTemplateOverrideRequest { message, language: tag, pattern } = request.into_inner();
        let set = self.phrasebook.set(&message, language(&tag)?, &pattern, user.id).await?;
        Ok(Response::new(set.into()))
    }

    async fn delete_template_override(
        &self,
        request: Request<pb::DeleteTemplateOverrideRequest>,
    ) -> Result<Response<pb::TemplateOverride>> {
        let pb::DeleteTemplateOverrideRequest { message, language: tag } = request.into_inner();
        let removed = self.phrasebook.remove(&message, language(&tag)?).await?;
        Ok(Response::new(removed.into()))
    }
}
