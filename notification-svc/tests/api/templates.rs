//! What messages say, in which language, and in whose words.
use crate::neighbours::Visit;
use crate::refused;
use crate::service::{Ground, PATIENCE, Service};
use local::mail::Message;
use notification_svc::domain::Language;
use platform::caller::Role;
use platform::fault::reason;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::notification::{
    DeleteTemplateOverrideRequest, GetTemplateOverrideRequest, ListTemplateOverridesRequest,
    ListTemplatesRequest, PreviewMessageRequest, PreviewMessageResponse, RecipientKind,
    SetTemplateOverrideRequest, TemplateOverride,
};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

impl Service {
    async fn preview(&self, kind: &str, language: &str) -> Result<PreviewMessageResponse, Status> {
        let preview = PreviewMessageRequest {
            kind: kind.to_owned(),
            language: language.to_owned(),
            ..PreviewMessageRequest::default()
        };
        let preview = self.templates.clone().preview_message(self.ask(Role::Staff, preview)).await;
        preview.map(tonic::Response::into_inner)
    }

    async fn set(&self, message: &str, language: &str, pattern: &str) -> Result<TemplateOverride, Status> {
        let set = SetTemplateOverrideRequest {
            message: message.to_owned(),
            language: language.to_owned(),
            pattern: pattern.to_owned(),
        };
        let set = self.templates.clone().set_template_override(self.ask(Role::Admin, set)).await;
        set.map(tonic::Response::into_inner)
    }

    async fn overrides(&self) -> Vec<TemplateOverride> {
        let list = self.ask(Role::Admin, ListTemplateOverridesRequest {});
        self.templates.clone().list_template_overrides(list).await.unwrap().into_inner().overrides
    }

    /// A visit whose patient and doctor speak these languages.
    fn visit_of(&self, patient: &str, doctor: &[&str]) -> Visit {
        let visit = self.ground.neighbours.visit();
        self.ground.neighbours.now_know(|known| {
            let told = known.patients.get_mut(&visit.patient.to_string()).unwrap();
            patient.clone_into(&mut told.language);
            let told = known.doctors.get_mut(&visit.doctor.to_string()).unwrap();
            told.languages = doctor.iter().map(|tag| (*tag).to_owned()).collect();
        });
        visit
    }

    /// The mails to patient and doctor about the booking of `visit`.
    async fn booked(&self, visit: Visit) -> [Message; 2] {
        self.publish("booked", visit, 1, "scheduled").await;
        let told = self.until_told(visit).await;
        let to = |kind| told.iter().find(|message| message.recipient_kind() == kind).unwrap();
        [self.mail_of(to(RecipientKind::Patient)).await, self.mail_of(to(RecipientKind::Doctor)).await]
    }
}

fn language_of(mail: &Message) -> &str {
    let header = mail.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-language"));
    header.map(|(_, value)| value.trim()).unwrap()
}

#[tokio::test]
async fn everybody_is_written_to_in_a_language_of_theirs_or_else_in_the_clinics() {
    let settings = [("--default-language", "es"), ("--clinic-name", "Praxis am Lindenhof")];
    let service = Ground::prepare_with(&settings).await.serve().await;
    let [patient, doctor] = service.booked(service.visit_of("de-AT", &["pt", "fr-CA", "en"])).await;
    assert_eq!((patient.subject.as_str(), language_of(&patient)), ("Ihr Termin ist gebucht", "de"));
    assert!(patient.text.starts_with("Guten Tag Ada Lovelace,"), "{}", patient.text);
    assert!(patient.html.contains("<html lang=\"de\"") && patient.html.contains("Montag, 7. Januar 2030"));
    assert!(patient.text.contains("Praxis am Lindenhof") && patient.html.contains("Praxis am Lindenhof"));
    assert_eq!((doctor.subject.as_str(), language_of(&doctor)), ("Nouveau rendez-vous", "fr"));

    let [patient, doctor] = service.booked(service.visit_of("", &["ja"])).await;
    assert_eq!((patient.subject.as_str(), language_of(&patient)), ("Su cita está reservada", "es"));
    assert_eq!((doctor.subject.as_str(), language_of(&doctor)), ("Nueva cita", "es"));
}

#[tokio::test]
async fn a_preview_is_of_nobody_and_in_the_language_that_is_asked_for() {
    let service = Service::start().await;
    for (language, spoken, subject) in [
        ("", "en", "Your appointment is booked"),
        ("de-CH", "de", "Ihr Termin ist gebucht"),
        ("es-419", "es", "Su cita está reservada"),
        ("fr", "fr", "Votre rendez-vous est réservé"),
    ] {
        let preview = service.preview("booked", language).await.unwrap();
        assert_eq!((preview.subject.as_str(), preview.language.as_str()), (subject, spoken));
        assert!(preview.text.contains("Ada Lovelace") && preview.html.contains("Ada Lovelace"));
    }
    let preview = PreviewMessageRequest {
        kind: "booked".to_owned(),
        recipient_kind: RecipientKind::Doctor.into(),
        ..PreviewMessageRequest::default()
    };
    let preview = service.ask(Role::Admin, preview);
    let preview = service.templates.clone().preview_message(preview).await.unwrap().into_inner();
    assert_eq!(preview.subject, "New appointment");

    let unknown = service.preview("birthday", "de").await.err().unwrap();
    assert_eq!((unknown.code(), reason(&unknown).as_deref()), (Code::NotFound, Some("TEMPLATE_NOT_FOUND")));
    let unspoken = service.preview("booked", "pt-BR").await.err().unwrap();
    assert_eq!(unspoken.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn every_template_that_is_listed_can_be_seen_and_tells_what_it_is_made_of() {
    let service = Service::start().await;
    service.set("reminder-patient-subject", "de", "Bis bald!").await.unwrap();
    let list = service.ask(Role::Staff, ListTemplatesRequest { language: "de".to_owned() });
    let listed = service.templates.clone().list_templates(list).await.unwrap().into_inner();
    assert_eq!((listed.language.as_str(), listed.templates[0].kind.as_str()), ("de", "letter"));
    for template in &listed.templates[1..] {
        assert!(service.preview(&template.kind, "de").await.is_ok(), "{}", template.kind);
        assert!(template.words.len() >= 3, "{}", template.kind);
    }
    let words = |message: &str| {
        let all = listed.templates.iter().flat_map(|template| &template.words);
        let found: Vec<_> = all.filter(|words| words.message == message).collect();
        assert_eq!(found.len(), 1, "{message}");
        (found[0].pattern.as_str(), found[0].is_overridden, found[0].variables.join(" "))
    };
    assert_eq!(words("reminder-patient-subject"), ("Bis bald!", true, "clinic".to_owned()));
    assert_eq!(words("greeting-patient"), ("Guten Tag { $name },", false, "clinic name".to_owned()));
    let (days, _, variables) = words("reminder-patient-opening_days");
    assert!(days.starts_with("{ $days ->\n    [one] Wir freuen uns") && days.ends_with('}'), "{days}");
    assert_eq!(variables, "clinic days");
}

#[tokio::test]
async fn words_of_the_clinic_stand_in_mails_until_they_are_taken_away() {
    let service = Service::start().await;
    let set = service.set("greeting-patient", "de", "Grüß Gott { $name },").await.unwrap();
    assert!(set.fits && set.update_time.is_some());
    let [patient, _] = service.booked(service.visit_of("de", &[])).await;
    assert!(patient.text.starts_with("Grüß Gott Ada Lovelace,"), "{}", patient.text);
    assert!(patient.html.contains("Grüß Gott Ada Lovelace,"));

    let again = service.set("greeting-patient", "de", "Servus { $name }!").await.unwrap();
    assert_eq!(again.pattern, "Servus { $name }!");
    assert_eq!(service.overrides().await.len(), 1);
    let which = ("greeting-patient".to_owned(), "de".to_owned());
    let get = GetTemplateOverrideRequest { message: which.0.clone(), language: which.1.clone() };
    let there = service.templates.clone().get_template_override(service.ask(Role::Admin, get.clone())).await;
    assert_eq!(there.unwrap().into_inner().pattern, "Servus { $name }!");
    let delete = DeleteTemplateOverrideRequest { message: which.0, language: which.1 };
    let delete = || service.ask(Role::Admin, delete.clone());
    let removed = service.templates.clone().delete_template_override(delete()).await.unwrap().into_inner();
    assert_eq!(removed.pattern, "Servus { $name }!");
    let [patient, _] = service.booked(service.visit_of("de", &[])).await;
    assert!(patient.text.starts_with("Guten Tag Ada Lovelace,"), "{}", patient.text);
    for gone in [
        refused(service.templates.clone().delete_template_override(delete()).await),
        refused(service.templates.clone().get_template_override(service.ask(Role::Admin, get)).await),
    ] {
        assert_eq!((gone.code(), reason(&gone).as_deref()), (Code::NotFound, Some("OVERRIDE_NOT_FOUND")));
    }
}

#[tokio::test]
async fn what_is_said_by_sms_is_seen_before_and_put_in_other_words_as_all_is() {
    let service = Service::start().await;
    let told = |preview: PreviewMessageResponse| preview.sms;
    let expected =
        "Clinic: your appointment is booked: 9:00 am on Monday, 7 January 2030, with Dr. Grace Hopper.";
    assert_eq!(told(service.preview("booked", "en").await.unwrap()), expected);
    assert_eq!(told(service.preview("no_show", "en").await.unwrap()), "", "that goes by e-mail only");
    service.set("booked-patient-sms", "en", "{ $clinic } expects you: { $when }").await.unwrap();
    let own = told(service.preview("booked", "en").await.unwrap());
    assert!(own.starts_with("Clinic expects you: 9:00 am on Monday"), "{own}");

    let name = service.set("booked-patient-sms", "en", "{ $name }, come { $when }").await.err().unwrap();
    let long = service.set("booked-patient-sms", "en", &"x".repeat(241)).await.err().unwrap();
    for (refused, reason) in [(name, "line 1: $name is not a variable"), (long, "must come out at most 240")]
    {
        let wrong = refused.get_error_details().bad_request().unwrap().field_violations[0].clone();
        assert!(wrong.description.starts_with(reason), "{}", wrong.description);
    }
}

#[tokio::test]
async fn words_that_another_replica_was_given_stand_in_mails_within_seconds() {
    let service = Service::start().await;
    let store = service.ground.store();
    service.booked(service.visit_of("en", &[])).await;
    store
        .set_wording("greeting-patient", Language::English, "Good day { $name },", UserId::random())
        .await
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let [patient, _] = service.booked(service.visit_of("en", &[])).await;
        if patient.text.starts_with("Good day Ada Lovelace,") {
            break;
        }
        assert!(Instant::now() < deadline, "{}", patient.text);
        sleep(std::time::Duration::from_millis(500)).await;
    }
}

/// As if a release had taken a variable away since.
#[tokio::test]
async fn words_that_no_longer_fit_are_told_as_such_and_not_said() {
    let ground = Ground::prepare().await;
    let store = ground.store();
    for (message, pattern) in [("greeting-patient", "Dear { $title },"), ("greeting-friend", "Hi!")] {
        store.set_wording(message, Language::English, pattern, UserId::random()).await.unwrap();
    }
    let service = ground.serve().await;
    let [patient, _] = service.booked(service.visit_of("en", &[])).await;
    assert!(patient.text.starts_with("Dear Ada Lovelace,"), "{}", patient.text);
    let overrides = service.overrides().await;
    assert!(overrides.len() == 2 && overrides.iter().all(|one| !one.fits));
}

#[tokio::test]
async fn words_that_do_not_fit_are_refused_with_the_reason_and_change_nothing() {
    let service = Service::start().await;
    for (message, language, pattern, field, told) in [
        ("greeting-patient", "de", "Hallo {", "pattern", "line 1: is not Fluent"),
        ("greeting-patient", "de", "Hallo\n{ $patient }", "pattern", "line 2: $patient is not a variable"),
        ("booked-patient-subject", "de", "{ $name }: gebucht", "pattern", "line 1: $name is not a variable"),
        ("greeting-patient", "de", "", "pattern", "must be 1 to 2000 characters long"),
        ("greeting-patient", "de", "Hallo \u{202E}", "pattern", "line 1: must not contain"),
        ("greeting-patient", "de-AT", "Hallo", "language", "must be one of en, es, de, fr"),
        ("greeting-patient", "pt", "Hallo", "language", "must be one of en, es, de, fr"),
    ] {
        let refused = service.set(message, language, pattern).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument, "{pattern}");
        let wrong = refused.get_error_details().bad_request().unwrap().field_violations[0].clone();
        assert_eq!(wrong.field, field, "{pattern}");
        assert!(wrong.description.starts_with(told), "{pattern}: {}", wrong.description);
    }
    for message in ["greeting-patient", "greeting", "\0"] {
        let delete = DeleteTemplateOverrideRequest { message: message.to_owned(), language: "de".to_owned() };
        let delete =
            service.templates.clone().delete_template_override(service.ask(Role::Admin, delete)).await;
        assert_eq!(refused(delete).code(), Code::NotFound, "{message:?}");
    }
    let unknown = service.set("greeting", "de", "Hallo").await.err().unwrap();
    assert_eq!((unknown.code(), reason(&unknown).as_deref()), (Code::NotFound, Some("MESSAGE_NOT_FOUND")));
    assert!(service.overrides().await.is_empty());
}

#[tokio::test]
async fn staff_see_what_messages_say_and_only_admins_change_it() {
    let service = Service::start().await;
    let mut client = service.templates.clone();
    for role in [Role::Patient(PatientId::random()), Role::Doctor(DoctorId::random()), Role::Auditor] {
        let refused = [
            client.list_templates(service.ask(role, ListTemplatesRequest::default())).await.err(),
            client.preview_message(service.ask(role, PreviewMessageRequest::default())).await.err(),
        ];
        assert_eq!(refused.map(|status| status.unwrap().code()), [Code::PermissionDenied; 2]);
    }
    let staff = Role::Staff;
    let refused = [
        client.list_template_overrides(service.ask(staff, ListTemplateOverridesRequest {})).await.err(),
        client.set_template_override(service.ask(staff, SetTemplateOverrideRequest::default())).await.err(),
        client
            .delete_template_override(service.ask(staff, DeleteTemplateOverrideRequest::default()))
            .await
            .err(),
    ];
    assert_eq!(refused.map(|status| status.unwrap().code()), [Code::PermissionDenied; 3]);
}
