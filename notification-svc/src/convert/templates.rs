//! What messages say, as the wire shows and takes it.
use crate::domain::{Language, Wording};
use crate::templates::{Content, TEMPLATES, Template};
use crate::words::{Message, Voice, check, messages};
use platform::violations::Violations;
use proto::notification as pb;
use proto::time::to_wire;

/// A language that somebody reads, by any BCP 47 tag; none when nothing is said.
pub fn language_read(tag: &str) -> Result<Option<Language>, Violations> {
    if tag.is_empty() {
        return Ok(None);
    }
    tag.parse().map(Some).map_err(|unknown| Violations::of("language", unknown))
}

/// A language that words are in, by its own tag.
pub fn language(tag: &str) -> Result<Language, Violations> {
    Language::tagged(tag).ok_or_else(|| Violations::of("language", "must be one of en, es, de, fr"))
}

/// The message of this kind to such recipients, or to the first of those who get it; none when there is none.
pub fn template(request: &pb::PreviewMessageRequest) -> Option<&'static Template> {
    let recipient = request.recipient_kind();
    let fits = |template: &&Template| {
        template.kind == request.kind
            && (recipient == pb::RecipientKind::Unspecified || recipient == recipient_kind(template.reader))
    };
    TEMPLATES.iter().find(fits)
}

pub fn preview(template: &Template, voice: &Voice) -> pb::PreviewMessageResponse {
    // Visits of nobody are in nobody's calendar.
    let Content { language, subject, text, html, invite: _, unsubscribe: _ } = (template.preview)(voice);
    pb::PreviewMessageResponse {
        kind: template.kind.to_owned(),
        language: language.tag().to_owned(),
        recipient_kind: recipient_kind(template.reader).into(),
        subject,
        text,
        html,
        sms: template.text(voice).unwrap_or_default(),
    }
}

/// Every message with its words in one language, of which `wordings` are the clinic's own; first what all have.
pub fn templates(voice: &Voice, wordings: &[Wording]) -> pb::ListTemplatesResponse {
    let language = voice.language();
    let words = |message: &Message| words(message, language, wordings);
    let is_of =
        |template: &Template, message: &Message| {
            message.id.strip_prefix(template.kind).and_then(|rest| rest.strip_prefix('-')).is_some_and(
                |rest| rest.strip_prefix(template.reader).is_some_and(|rest| rest.starts_with('-')),
            )
        };
    let of_all = messages().filter(|message| !TEMPLATES.iter().any(|template| is_of(template, message)));
    let letter = pb::Template {
        kind: "letter".to_owned(),
        recipient_kind: pb::RecipientKind::Unspecified.into(),
        words: of_all.map(words).collect(),
    };
    let own = TEMPLATES.iter().map(|template| pb::Template {
        kind: template.kind.to_owned(),
        recipient_kind: recipient_kind(template.reader).into(),
        words: messages().filter(|message| is_of(template, message)).map(words).collect(),
    });
    pb::ListTemplatesResponse {
        language: language.tag().to_owned(),
        templates: std::iter::once(letter).chain(own).collect(),
    }
}

fn words(message: &Message, language: Language, wordings: &[Wording]) -> pb::TemplateWords {
    let own = wordings.iter().find(|own| own.message == message.id && own.language == language && fits(own));
    pb::TemplateWords {
        message: message.id.to_owned(),
        variables: message.variables.iter().map(|name| (*name).to_owned()).collect(),
        pattern: own.map_or_else(|| message.pattern(language).to_owned(), |own| own.pattern.clone()),
        is_overridden: own.is_some(),
        max_length: i32::try_from(message.longest()).unwrap_or(i32::MAX),
    }
}

fn fits(Wording { message, language, pattern, .. }: &Wording) -> bool {
    check(message, *language, pattern).is_ok()
}

impl From<Wording> for pb::TemplateOverride {
    fn from(wording: Wording) -> Self {
        let fits = fits(&wording);
        let Wording { message, language, pattern, updated_at, updated_by } = wording;
        Self {
            message,
            language: language.tag().to_owned(),
            pattern,
            fits,
            update_time: Some(to_wire(updated_at)),
            updated_by_user_id: updated_by.to_string(),
        }
    }
}

fn recipient_kind(reader: &str) -> pb::RecipientKind {
    match reader {
        "patient" => pb::RecipientKind::Patient,
        "doctor" => pb::RecipientKind::Doctor,
        _ => pb::RecipientKind::Account,
    }
}
