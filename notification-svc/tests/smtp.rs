//! What mail servers do, and what becomes of a message then.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod mail_server;

use crate::mail_server::{MailServer, friendly};
use lettre::message::Mailbox;
use notification_svc::channel::Letter;
use notification_svc::channel::email::Email;
use notification_svc::config::{Smtp, SmtpTls};
use notification_svc::domain::{Failure, Language};
use notification_svc::templates::Content;
use proto::ids::NotificationId;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for anything but the last reply.
const SHORT: Duration = Duration::from_secs(1);

fn email(server: &MailServer, acceptance: Duration) -> Email {
    Email::new(&Smtp {
        smtp_server: "127.0.0.1".to_owned(),
        smtp_port: server.port,
        smtp_username: None,
        smtp_password: None,
        smtp_tls: SmtpTls::None,
        smtp_timeout_seconds: SHORT.as_secs(),
        smtp_acceptance_timeout_seconds: acceptance.as_secs(),
        email_from: Mailbox::new(None, "clinic@example.com".parse().unwrap()),
    })
    .unwrap()
}

fn letter() -> Letter {
    let content = Content {
        language: Language::English,
        subject: "subject".to_owned(),
        text: "text".to_owned(),
        html: "<p>html</p>".to_owned(),
        invite: None,
        unsubscribe: None,
    };
    Letter { id: NotificationId::random(), to: "ada@example.com".to_owned(), content }
}

async fn send(email: &Email) -> Result<(), Failure> {
    email.send(letter(), "2030-01-07T08:00:00Z".parse().unwrap()).await
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = MailServer::start(friendly).await;
    let email = email(&server, SHORT);
    assert_eq!(send(&email).await, Ok(()));
    assert_eq!(send(&email).await, Ok(()));
    assert_eq!((server.connections(), server.messages()), (1, 2));
}

#[tokio::test]
async fn an_unknown_mailbox_is_final_and_a_full_one_is_not() {
    let unknown = |command: &str| {
        if command.starts_with("RCPT") { "550 5.1.1 no such mailbox" } else { friendly(command) }
    };
    let full = |command: &str| if command == "." { "452 4.2.2 mailbox full" } else { friendly(command) };
    let server = MailServer::start(unknown).await;
    assert_eq!(send(&email(&server, SHORT)).await, Err(Failure::SmtpPermanent));
    let server = MailServer::start(full).await;
    assert_eq!(send(&email(&server, SHORT)).await, Err(Failure::SmtpTransient));
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_fails_no_message_for_good() {
    let closed = |command: &str| {
        if command.starts_with("MAIL") { "530 5.7.0 authentication required" } else { friendly(command) }
    };
    let server = MailServer::start(closed).await;
    let failure = send(&email(&server, SHORT)).await.unwrap_err();
    assert_eq!(failure, Failure::SmtpDenied);
    assert!(!failure.is_permanent());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again_later() {
    let server = MailServer::start(friendly).await;
    let email = email(&server, SHORT);
    drop(server);
    assert_eq!(send(&email).await, Err(Failure::SmtpRefused));
}

/// Its late reply would be read as the reply to the next message.
#[tokio::test]
async fn a_connection_that_was_too_slow_is_not_used_again() {
    let tarpit = |command: &str| if command == "." { "" } else { friendly(command) };
    let server = MailServer::start(tarpit).await;
    let email = email(&server, SHORT);
    assert_eq!(send(&email).await, Err(Failure::SmtpUnanswered));
    assert_eq!(send(&email).await, Err(Failure::SmtpUnanswered));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_server_that_does_not_agree_to_take_a_message_is_not_waited_for() {
    let deaf = |command: &str| if command == "DATA" { "" } else { friendly(command) };
    let server = MailServer::start(deaf).await;
    let email = email(&server, Duration::from_secs(600));
    let sent = timeout(SHORT * 10, send(&email)).await;
    assert_eq!(sent, Ok(Err(Failure::SmtpTimeout)));
}

/// The refusal is what counts, also of a server that does not say goodbye.
#[tokio::test]
async fn a_refusal_is_not_forgotten_over_a_slow_goodbye() {
    let rude = |command: &str| match command {
        "QUIT" => "",
        command if command.starts_with("RCPT") => "550 5.1.1 no such mailbox",
        command => friendly(command),
    };
    let server = MailServer::start(rude).await;
    assert_eq!(send(&email(&server, SHORT)).await, Err(Failure::SmtpPermanent));
}

#[tokio::test]
async fn a_server_that_looks_through_a_message_for_long_gets_it_once() {
    let server = MailServer::start(friendly).await;
    let email = email(&server, Duration::from_secs(600));
    server.hold();
    {
        let mut sending = pin!(send(&email));
        assert!(timeout(SHORT * 2, &mut sending).await.is_err(), "it is still being looked through");
        server.release();
        assert_eq!(sending.await, Ok(()));
    }
    assert_eq!(send(&email).await, Ok(()));
    assert_eq!((server.connections(), server.messages()), (1, 2));
}
