//! What messages say as the REST face shows and takes it.
use crate::reply::Resource;
use crate::routes::notifications::model::RecipientKind;
use crate::times::{Garbled, Instant};
use proto::notification as pb;
use proto::scalars::Language;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A language that messages are written in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageLanguage {
    En,
    Es,
    De,
    Fr,
}

impl MessageLanguage {
    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    fn tagged(tag: &str) -> Result<Self, Garbled> {
        [Self::En, Self::Es, Self::De, Self::Fr]
            .into_iter()
            .find(|language| language.tag() == tag)
            .ok_or(Garbled("language"))
    }
}

/// One kind of message to one kind of recipients.
#[derive(Serialize, ToSchema)]
pub struct MessageTemplate {
    /// What it tells; `letter` for the words that every message has.
    #[schema(example = "booked")]
    pub kind: String,
    /// Null for `letter`.
    pub recipient_kind: Option<RecipientKind>,
    pub language: MessageLanguage,
    /// What it is put together from.
    pub words: Vec<MessageWords>,
}

/// Words that can be replaced.
#[derive(Serialize, ToSchema)]
pub struct MessageWords {
    #[schema(example = "booked-patient-opening")]
    pub message: String,
    /// What they may name, and nothing else.
    #[schema(example = json!(["clinic"]))]
    pub variables: Vec<String>,
    /// The words in force: a pattern of Fluent.
    #[schema(example = "Your appointment has been booked.")]
    pub pattern: String,
    /// Whether they are the clinic's own.
    pub is_overridden: bool,
    /// Most characters that they may come out with.
    #[schema(minimum = 1, example = 1000)]
    pub max_length: i32,
}

impl MessageTemplate {
    pub fn of(template: pb::Template, language: &str) -> Result<Self, Garbled> {
        let recipient_kind = match template.recipient_kind() {
            pb::RecipientKind::Unspecified => None,
            kind => Some(kind.try_into()?),
        };
        let pb::Template { kind, recipient_kind: _, words } = template;
        let words = words.into_iter().map(|words| {
            let pb::TemplateWords { message, variables, pattern, is_overridden, max_length } = words;
            MessageWords { message, variables, pattern, is_overridden, max_length }
        });
        Ok(Self {
            kind,
            recipient_kind,
            language: MessageLanguage::tagged(language)?,
            words: words.collect(),
        })
    }
}

/// A message as it would be sent.
#[derive(Serialize, ToSchema)]
pub struct MessagePreview {
    #[schema(example = "booked")]
    pub kind: String,
    pub recipient_kind: RecipientKind,
    pub language: MessageLanguage,
    #[schema(example = "Your appointment is booked")]
    pub subject: String,
    pub text: String,
    pub html: String,
    /// What is sent by SMS; null when it only goes by e-mail.
    pub sms: Option<String>,
}

impl TryFrom<pb::PreviewMessageResponse> for MessagePreview {
    type Error = Garbled;

    fn try_from(preview: pb::PreviewMessageResponse) -> Result<Self, Garbled> {
        let recipient_kind = preview.recipient_kind().try_into()?;
        let pb::PreviewMessageResponse { kind, language, recipient_kind: _, subject, text, html, sms } =
            preview;
        let language = MessageLanguage::tagged(&language)?;
        let sms = Some(sms).filter(|sms| !sms.is_empty());
        Ok(Self { kind, recipient_kind, language, subject, text, html, sms })
    }
}

/// Words that the clinic has put in place of those that are built in.
#[derive(Serialize, ToSchema)]
pub struct MessageOverride {
    #[schema(example = "greeting-patient")]
    pub message: String,
    pub language: MessageLanguage,
    /// A pattern of Fluent.
    #[schema(example = "Good day { $name },")]
    pub pattern: String,
    /// False when a release has changed what the words may name, and those that are built in are in force again.
    pub fits: bool,
    pub updated_at: Instant,
    /// The account that set them.
    #[schema(value_type = Uuid)]
    pub updated_by_user_id: String,
}

impl Resource for MessageOverride {
    fn location(&self) -> String {
        format!("/api/message-overrides/{}/{}", self.message, self.language.tag())
    }
}

impl TryFrom<pb::TemplateOverride> for MessageOverride {
    type Error = Garbled;

    fn try_from(there: pb::TemplateOverride) -> Result<Self, Garbled> {
        let pb::TemplateOverride { message, language, pattern, fits, update_time, updated_by_user_id } =
            there;
        Ok(Self {
            message,
            language: MessageLanguage::tagged(&language)?,
            pattern,
            fits,
            updated_at: Instant::utc("update_time", update_time)?,
            updated_by_user_id,
        })
    }
}

/// Words to stand in place of those that are built in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMessageOverride {
    /// A pattern of Fluent.
    #[schema(min_length = 1, max_length = 2000, example = "Good day { $name },")]
    pub pattern: String,
}

impl SetMessageOverride {
    pub fn of(self, message: String, language: MessageLanguage) -> pb::SetTemplateOverrideRequest {
        pb::SetTemplateOverrideRequest { message, language: language.tag().to_owned(), pattern: self.pattern }
    }
}

/// In which language.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMessageTemplates {
    /// A language tag, for instance `de-AT`; the clinic's language when absent.
    #[param(value_type = Option<Language>, inline)]
    language: Option<Language>,
}

impl ListMessageTemplates {
    pub fn language(self) -> String {
        self.language.map(String::from).unwrap_or_default()
    }
}

/// In which language, and to whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PreviewMessage {
    /// A language tag, for instance `de-AT`; the clinic's language when absent.
    #[param(value_type = Option<Language>, inline)]
    language: Option<Language>,
    /// The first of patients, doctors and owners of accounts who get the message when absent.
    #[param(inline)]
    recipient_kind: Option<RecipientKind>,
}

impl PreviewMessage {
    pub fn of(self, kind: String) -> pb::PreviewMessageRequest {
        let Self { language, recipient_kind } = self;
        let recipient_kind = recipient_kind.map_or(pb::RecipientKind::Unspecified, Into::into);
        let language = language.map(String::from).unwrap_or_default();
        pb::PreviewMessageRequest { kind, language, recipient_kind: recipient_kind.into() }
    }
}
