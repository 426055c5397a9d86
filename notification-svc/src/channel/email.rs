//! Mail over SMTP.
//!
//! Connections are kept for the next message, except those on which anything went wrong or took too long: a
//! late reply would be taken for the reply to the next command, and a message that was refused for one that
//! was sent.
//!
//! A mail server that has all of a message may look through it for long before it replies, and has accepted it
//! when we no longer listen. So the last reply is waited for much longer than the others (RFC 5321, 4.5.3.2.6).
use super::Letter;
use crate::calendar::Invite;
use crate::config::{Smtp, SmtpTls};
use crate::domain::Failure;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, response::Code};
use lettre::{Address, Message, address::Envelope};
use secrecy::ExposeSecret as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A connection that was not used for this long is not used again.
const IDLE: Duration = Duration::from_secs(20);
/// Keeps holiday replies away (RFC 3834).
const AUTOMATIC: &str = "auto-generated";
/// Mail programs may end a subscription by a POST of this (RFC 8058).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
/// How long a server may take to part from us.
const FAREWELL: Duration = Duration::from_secs(1);

/// Sends mail; clones share their connections.
#[derive(Clone)]
pub struct Email(Arc<Inner>);

struct Inner {
    server: String,
    port: u16,
    encryption: SmtpTls,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    /// Longest time to be let in, and again until the server agrees to take a message.
    patience: Duration,
    /// Longest time until the server has accepted a message that it was given.
    patience_at_the_end: Duration,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Email {
    pub fn new(settings: &Smtp) -> anyhow::Result<Self> {
        let credentials = settings.smtp_username.clone().zip(settings.smtp_password.as_ref());
        let credentials = credentials
            .map(|(username, password)| Credentials::new(username, password.expose_secret().to_owned()));
        Ok(Self(Arc::new(Inner {
            server: settings.smtp_server.clone(),
            port: settings.smtp_port,
            encryption: settings.smtp_tls,
            tls: TlsParameters::new(settings.smtp_server.clone())?,
            credentials,
            hello: ClientId::default(),
            from: settings.email_from.clone(),
            patience: Duration::from_secs(settings.smtp_timeout_seconds),
            patience_at_the_end: Duration::from_secs(settings.smtp_acceptance_timeout_seconds),
            idle: Mutex::default(),
        })))
    }

    /// Hands `letter` to the mail server, dated `now`. The same letter has the same Message-ID whenever it is
    /// sent, so that a mailbox can tell a repetition.
    #[tracing::instrument(
        name = "smtp.send",
        skip_all,
        fields(otel.kind = "client", notification.id = %letter.id, server.address = self.0.server)
    )]
    pub async fn send(&self, letter: Letter, now: Timestamp) -> Result<(), Failure> {
        let message = compose(&self.0.from, letter, now)?;
        let connection = timeout(self.0.patience, self.connection()).await;
        let mut connection = connection.map_err(|_| Failure::SmtpTimeout)??;
        let sent = self.transmit(&mut connection, &message).await;
        match sent {
            Ok(()) => self.idle().push(Idle { connection, since: Instant::now() }),
            // Who owes us a reply is not asked once more.
            Err(Failure::SmtpTimeout | Failure::SmtpUnanswered) => {}
            // The refusal counts, however long the goodbye takes.
            Err(_) => drop(timeout(FAREWELL, connection.abort()).await),
        }
        sent
    }

    async fn transmit(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
        let content = message.formatted();
        let offered = timeout(self.0.patience, offer(connection, message.envelope(), &content)).await;
        offered.map_err(|_| Failure::SmtpTimeout)??;
        let accepted = timeout(self.0.patience_at_the_end, connection.message(&content)).await;
        accepted.map_err(|_| Failure::SmtpUnanswered)?.map_err(|error| not_sent(&error))?;
        Ok(())
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        match self.kept().await {
            Some(connection) => Ok(connection),
            None => self.connect().await.map_err(|error| not_connected(&error)),
        }
    }

    /// A connection from before that still answers.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle { mut connection, since } = self.idle().pop()?;
            if since.elapsed() < IDLE && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let Inner { server, port, encryption, tls, credentials, hello, patience, .. } = &*self.0;
        let from_the_start = (*encryption == SmtpTls::Tls).then(|| tls.clone());
        let address = (server.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(*patience), hello, from_the_start, None)
                .await?;
        if *encryption == SmtpTls::Starttls {
            connection.starttls(tls.clone(), hello).await?;
        }
        if let Some(credentials) = credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the mail server agree to take `content`.
async fn offer(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    content: &[u8],
) -> Result<(), Failure> {
    let mut needs = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to()).map(AsRef::<str>::as_ref);
    if !addresses.all(str::is_ascii) {
        needs.push((Extension::SmtpUtfEight, MailParameter::SmtpUtfEight));
    }
    if !content.is_ascii() {
        needs.push((Extension::EightBitMime, MailParameter::Body(MailBodyParameter::EightBitMime)));
    }
    let (extensions, parameters): (Vec<_>, _) = needs.into_iter().unzip();
    if !extensions.into_iter().all(|extension| connection.server_info().supports_feature(extension)) {
        return Err(Failure::Unsendable);
    }
    let refused = |error| not_sent(&error);
    connection.command(Mail::new(envelope.from().cloned(), parameters)).await.map_err(refused)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(refused)?;
    }
    connection.command(Data).await.map_err(refused)?;
    Ok(())
}

fn compose(from: &Mailbox, letter: Letter, now: Timestamp) -> Result<Message, Failure> {
    let Letter { id, to, content } = letter;
    let to: Address = to.parse().map_err(|_| Failure::Unsendable)?;
    let told = MultiPart::alternative_plain_html(content.text, content.html);
    let body = match content.invite {
        Some(invite) => with_invite(told, &invite, from, &to, now).ok_or(Failure::Unsendable)?,
        None => told,
    };
    let mut message = Message::builder()
        .from(from.clone())
        .to(to.into())
        .subject(content.subject)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .date(now.into())
        .raw_header(header("Auto-Submitted", AUTOMATIC))
        .raw_header(header("Content-Language", content.language.tag()));
    if let Some(url) = content.unsubscribe {
        message = message
            .raw_header(header("List-Unsubscribe", &format!("<{url}>")))
            .raw_header(header("List-Unsubscribe-Post", ONE_CLICK));
    }
    message.multipart(body).map_err(|_| Failure::Unsendable)
}

/// The invitation is there twice: as one way to read the mail, which mail programs look for, and as a file, for those that
/// do not.
fn with_invite(
    told: MultiPart,
    invite: &Invite,
    from: &Mailbox,
    to: &Address,
    now: Timestamp,
) -> Option<MultiPart> {
    let calendar = invite.write(from, to, now);
    let of_method = format!("text/calendar; method={}; charset=utf-8", invite.method().name());
    let inline = SinglePart::builder()
        .content_type(ContentType::parse(&of_method).ok()?)
        // Its lines end as they must whatever servers do to text.
        .header(ContentTransferEncoding::Base64)
        .body(calendar.clone());
    let file = Attachment::new("invite.ics".to_owned())
        .body(calendar.into_bytes(), ContentType::parse("application/ics").ok()?);
    Some(MultiPart::mixed().multipart(told.singlepart(inline)).singlepart(file))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn not_connected(error: &smtp::Error) -> Failure {
    if error.is_permanent() || error.is_client() {
        Failure::SmtpDenied
    } else if error.is_transient() {
        Failure::SmtpTransient
    } else {
        Failure::SmtpRefused
    }
}

fn not_sent(error: &smtp::Error) -> Failure {
    if error.is_client() {
        return Failure::Unsendable;
    }
    match error.status().map(code) {
        // About us, not about the recipient: log in first, wrong password, and their kin (RFC 4954).
        Some(530 | 534 | 535 | 538) => Failure::SmtpDenied,
        Some(_) if error.is_permanent() => Failure::SmtpPermanent,
        Some(_) => Failure::SmtpTransient,
        None => Failure::SmtpInterrupted,
    }
}

fn code(code: Code) -> u16 {
    code.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;
    use crate::templates::Content;

    fn letter(to: &str) -> Letter {
        let content = Content {
            language: Language::German,
            subject: "Your appointment is booked".into(),
            text: "text".into(),
            html: "<p>html".into(),
            invite: None,
            unsubscribe: Some("https://clinic.example/unsubscribe/token".into()),
        };
        Letter { id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(), to: to.to_owned(), content }
    }

    fn formatted(letter: Letter) -> String {
        let from = "Clinic <noreply@clinic.example>".parse().unwrap();
        let message = compose(&from, letter, "2030-01-07T08:00:00Z".parse().unwrap()).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_repeated_message_has_the_same_message_id() {
        let message = formatted(letter("ada@example.com"));
        assert!(message.contains("Message-ID: <01890a5d-ac96-774b-bcce-b302099a8057@clinic.example>\r\n"));
        assert!(message.contains("Date: Mon, 07 Jan 2030 08:00:00 +0000\r\n"));
        assert!(message.contains("Auto-Submitted: auto-generated\r\n"));
        assert!(message.contains("Content-Language: de\r\n"));
        assert!(message.contains("List-Unsubscribe: <https://clinic.example/unsubscribe/token>\r\n"));
        assert!(message.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        assert!(message.contains("text/plain") && message.contains("text/html"));
    }

    #[test]
    fn an_address_that_is_none_is_not_tried_again() {
        let from = "noreply@clinic.example".parse().unwrap();
        let composed = compose(&from, letter("not an address"), Timestamp::UNIX_EPOCH);
        assert_eq!(composed.err(), Some(Failure::Unsendable));
        assert!(Failure::Unsendable.is_permanent());
    }
}
