//! What can be done from messages, without an account.
use crate::neighbours::Visit;
use crate::refused;
use crate::service::{Ground, SENT, SKIPPED, Service};
use local::mail::Message;
use notification_svc::config::Command;
use platform::caller::Role;
use proto::appointment::AppointmentStatus;
use proto::notification::{
    FollowLinkRequest, LinkAction, LinkOutcome, LinkPage, NotificationKind, OpenLinkRequest, RecipientKind,
};
use secrecy::SecretString;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

fn header<'m>(mail: &'m Message, name: &str) -> Option<&'m str> {
    let found = mail.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// The token of the links in `mail` that lead to `page`.
fn token(mail: &Message, page: &str) -> String {
    let start = format!("https://clinic.example/{page}/");
    let rest = mail.text.split(&start).nth(1).unwrap_or_else(|| panic!("no {page}: {}", mail.text));
    rest.split(|c: char| c.is_whitespace() || c == '/').next().unwrap().to_owned()
}

impl Service {
    /// The mail that tells the patient of `visit` that it is booked.
    async fn mail_about(&self, visit: Visit) -> Message {
        self.publish("booked", visit, 1, "scheduled").await;
        let told = self.until_told(visit).await;
        let patient = told.iter().find(|message| message.recipient_kind() == RecipientKind::Patient);
        self.mail_of(patient.unwrap()).await
    }

    async fn open(&self, token: &str, action: LinkAction, languages: &[&str]) -> LinkPage {
        let languages = languages.iter().map(|tag| (*tag).to_owned()).collect();
        let (token, action) = (token.to_owned(), action.into());
        let ask = OpenLinkRequest { token, action, languages, ..OpenLinkRequest::default() };
        self.links.clone().open_link(ask).await.unwrap().into_inner()
    }

    async fn follow(&self, token: &str, action: LinkAction) -> Result<LinkPage, Status> {
        let (token, action) = (token.to_owned(), action.into());
        let ask = FollowLinkRequest { token, action, ..FollowLinkRequest::default() };
        self.links.clone().follow_link(ask).await.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn a_patient_is_offered_what_they_may_do_and_a_doctor_nothing() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.publish("booked", visit, 1, "scheduled").await;
    for message in service.until_told(visit).await {
        let mail = service.mail_of(&message).await;
        let offered = ["confirm", "move", "cancel", "arrive"].map(|action| {
            let is_link = |body: &str| {
                body.split(|c: char| c.is_whitespace() || c == '"').any(|word| {
                    word.starts_with("https://clinic.example/visits/")
                        && word.ends_with(&format!("/{action}"))
                })
            };
            assert_eq!(is_link(&mail.text), is_link(&mail.html), "{action}");
            is_link(&mail.text)
        });
        let expected = match message.recipient_kind() {
            RecipientKind::Patient => [true, true, true, false],
            _ => [false; 4],
        };
        assert_eq!(offered, expected);
        let unsubscribe = header(&mail, "list-unsubscribe");
        assert_eq!(unsubscribe.is_some(), message.recipient_kind() == RecipientKind::Patient);
        if let Some(unsubscribe) = unsubscribe {
            let url = unsubscribe.trim_start_matches('<').trim_end_matches('>');
            assert!(mail.text.contains(url) && mail.html.contains(url), "{unsubscribe}");
            assert_eq!(header(&mail, "list-unsubscribe-post"), Some("List-Unsubscribe=One-Click"));
        }
    }

    service.ground.neighbours.change(visit, 2, AppointmentStatus::Cancelled);
    service.ground.neighbours.change_visit(visit, |visit| visit.patient_actions.clear());
    service.publish("cancelled", visit, 2, "cancelled").await;
    let of_both = service.until(visit, |messages| {
        messages.len() == 4 && messages.iter().all(|message| message.state() == SENT)
    });
    for message in &of_both.await[..2] {
        let mail = service.mail_of(message).await;
        assert!(
            !mail.text.contains("https://") && header(&mail, "list-unsubscribe").is_none(),
            "{}",
            mail.text
        );
    }
}

#[tokio::test]
async fn one_click_ends_messages_of_one_kind_and_another_brings_them_back() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let token = token(&service.mail_about(visit).await, "unsubscribe");
    let shown = service.open(&token, LinkAction::Unspecified, &[]).await;
    assert_eq!((shown.outcome(), shown.title.as_str()), (LinkOutcome::Shown, "Stop these e-mails?"));
    assert_eq!(shown.button.map(|button| button.action()), Some(LinkAction::Unsubscribe));
    let wanted = async || {
        let wanted = service.preferences(Role::Staff, visit.patient).await.unwrap();
        [wanted.visit_changes, wanted.reminders, wanted.offers].map(|choice| choice.unwrap().email)
    };
    assert_eq!(wanted().await, [true, true, true], "looking changes nothing");

    for _ in 0..2 {
        let done = service.follow(&token, LinkAction::Unsubscribe).await.unwrap();
        assert_eq!((done.outcome(), done.title.as_str()), (LinkOutcome::Done, "These e-mails have stopped"));
        assert_eq!(done.button.map(|button| button.action()), Some(LinkAction::Subscribe));
    }
    assert_eq!(wanted().await, [false, true, true]);
    let noted = service.ground.noted(visit.patient.0).await;
    assert!(noted.contains(&"update nobody visit_changes".to_owned()), "{noted:?}");
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Confirmed);
    service.publish("status_changed", visit, 2, "confirmed").await;
    let told = service.until(visit, |messages| {
        messages.len() == 4 && messages.iter().all(|message| [SENT, SKIPPED].contains(&message.state()))
    });
    let skipped: Vec<_> = told.await.into_iter().filter(|message| message.state() == SKIPPED).collect();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].recipient_kind(), RecipientKind::Patient);
    assert_eq!(skipped[0].kind(), NotificationKind::StatusChanged);

    let again = service.follow(&token, LinkAction::Subscribe).await.unwrap();
    assert_eq!((again.outcome(), wanted().await), (LinkOutcome::Done, [true, true, true]));
}

#[tokio::test]
async fn a_link_that_is_of_no_use_says_so_in_the_language_of_its_reader() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let mail = service.mail_about(visit).await;
    let (of_visit, of_messages) = (token(&mail, "visits"), token(&mail, "unsubscribe"));
    for dead in ["", "x", &of_visit[1..], &format!("{of_visit}AAAA"), "é\u{0}"] {
        let page = service.open(dead, LinkAction::Unspecified, &["xx", "de-AT", "fr"]).await;
        assert_eq!((page.outcome(), page.language.as_str()), (LinkOutcome::Dead, "de"), "{dead}");
        assert!(page.facts.is_empty() && page.button.is_none() && page.others.is_empty());
        assert_eq!(service.follow(dead, LinkAction::Unsubscribe).await.unwrap().outcome(), LinkOutcome::Dead);
    }
    // What is for one thing is not for another.
    assert_eq!(service.open(&of_visit, LinkAction::Unsubscribe, &[]).await.outcome(), LinkOutcome::Dead);
    assert_eq!(service.open(&of_messages, LinkAction::Cancel, &[]).await.outcome(), LinkOutcome::Dead);
    let wrong = refused(
        service
            .links
            .clone()
            .follow_link(FollowLinkRequest {
                token: of_visit,
                action: LinkAction::Cancel.into(),
                ..FollowLinkRequest::default()
            })
            .await,
    );
    let fields = wrong.get_details_bad_request().unwrap().field_violations;
    assert_eq!((wrong.code(), fields[0].field.as_str()), (Code::InvalidArgument, "version"));

    service.ground.neighbours.now_know(|known| known.patients.clear());
    for action in [LinkAction::Unsubscribe, LinkAction::Subscribe] {
        assert_eq!(service.follow(&of_messages, action).await.unwrap().outcome(), LinkOutcome::Dead);
    }
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    assert_eq!(
        refused(
            service
                .links
                .clone()
                .follow_link(FollowLinkRequest {
                    token: of_messages,
                    action: LinkAction::Unsubscribe.into(),
                    ..FollowLinkRequest::default()
                })
                .await
        )
        .code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn links_that_were_ended_stay_so_however_often_the_rest_is_sealed_anew() {
    let ground = Ground::prepare().await;
    let store = ground.store();
    let mut config = ground.config.clone();
    let old = config.process.secret_key.clone();
    let mut reseal = async |own: &str, accepted: &SecretString, end_links| {
        config.process.secret_key = own.into();
        config.process.secret_key_accepted = Some(accepted.clone());
        notification_svc::command(config.clone(), Command::Reseal { end_links }).await.unwrap();
        store.former_link_keys().await.unwrap().len()
    };
    let (another, third) = ("Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!", "Bq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
    assert_eq!(reseal(another, &old, false).await, 1);
    assert_eq!(reseal(another, &old, true).await, 0);
    assert_eq!(reseal(another, &old, false).await, 0, "it was to end");
    // Those of the next are kept.
    assert_eq!(reseal(third, &another.into(), false).await, 1);
    assert_eq!(reseal(third, &another.into(), false).await, 1);
    assert_eq!(reseal(third, &old, false).await, 1, "also when it is accepted once more");
}
