//! What mail servers do, and what becomes of a message then.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
use lettre::message::Mailbox;
use notification_svc::channel::Letter;
use notification_svc::channel::email::Email;
use notification_svc::config::{Smtp, SmtpTls};
use notification_svc::domain::Failure;
use notification_svc::templates::Content;
use proto::ids::NotificationId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A mail server that answers what a test tells it to.
struct MailServer {
    port: u16,
    connections: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

/// The reply to a command, or to the message itself, which is `.`; empty to stay silent.
type Reply = fn(&str) -> &'static str;

impl MailServer {
    async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut talking = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, SeqCst);
                talking.spawn(talk(stream, reply));
            }
        });
        Self { port, connections, _running: running }
    }

    fn email(&self) -> Email {
        Email::new(&Smtp {
            smtp_server: "127.0.0.1".to_owned(),
            smtp_port: self.port,
            smtp_username: None,
            smtp_password: None,
            smtp_tls: SmtpTls::None,
            smtp_timeout_seconds: 1,
            email_from: Mailbox::new(None, "clinic@example.com".parse().unwrap()),
        })
        .unwrap()
    }
}

async fn talk(mut stream: TcpStream, reply: Reply) {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let mut in_message = false;
    write.write_all(b"220 ready\r\n").await.unwrap();
    while let Ok(Some(command)) = lines.next_line().await {
        if in_message && command != "." {
            continue;
        }
        in_message = command == "DATA";
        let reply = reply(&command);
        if !reply.is_empty() {
            write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    }
}

fn friendly(command: &str) -> &'static str {
    if command == "DATA" { "354 go on" } else { "250 ok" }
}

fn letter() -> Letter {
    let content = Content { subject: "subject", text: "text".to_owned(), html: "<p>html</p>".to_owned() };
    Letter { id: NotificationId::random(), to: "ada@example.com".to_owned(), content }
}

async fn send(email: &Email) -> Result<(), Failure> {
    email.send(letter(), "2030-01-07T08:00:00Z".parse().unwrap()).await
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = MailServer::start(friendly).await;
    let email = server.email();
    assert_eq!(send(&email).await, Ok(()));
    assert_eq!(send(&email).await, Ok(()));
    assert_eq!(server.connections.load(SeqCst), 1);
}

#[tokio::test]
async fn an_unknown_mailbox_is_final_and_a_full_one_is_not() {
    let unknown = |command: &str| {
        if command.starts_with("RCPT") { "550 5.1.1 no such mailbox" } else { friendly(command) }
    };
    let full = |command: &str| if command == "." { "452 4.2.2 mailbox full" } else { friendly(command) };
    assert_eq!(send(&MailServer::start(unknown).await.email()).await, Err(Failure::SmtpPermanent));
    assert_eq!(send(&MailServer::start(full).await.email()).await, Err(Failure::SmtpTransient));
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_fails_no_message_for_good() {
    let closed = |command: &str| {
        if command.starts_with("MAIL") { "530 5.7.0 authentication required" } else { friendly(command) }
    };
    let failure = send(&MailServer::start(closed).await.email()).await.unwrap_err();
    assert_eq!(failure, Failure::SmtpDenied);
    assert!(!failure.is_permanent());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again_later() {
    let server = MailServer::start(friendly).await;
    let email = server.email();
    drop(server);
    assert_eq!(send(&email).await, Err(Failure::SmtpRefused));
}

/// Its late reply would be read as the reply to the next message.
#[tokio::test]
async fn a_connection_that_was_too_slow_is_not_used_again() {
    let tarpit = |command: &str| if command == "." { "" } else { friendly(command) };
    let server = MailServer::start(tarpit).await;
    let email = server.email();
    assert_eq!(send(&email).await, Err(Failure::SmtpTimeout));
    assert_eq!(send(&email).await, Err(Failure::SmtpTimeout));
    assert_eq!(server.connections.load(SeqCst), 2);
}
