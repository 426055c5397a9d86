//! Short messages to phones, by whoever sends them for the clinic: `docs/sms.md` is the contract. What is tried again has
//! the key of before, so that a provider which keeps to it sends nothing twice.
mod file; // where messages are written instead, for tries

use super::http::{authorities, talk, tls};
use crate::config;
use crate::domain::webhook::{Host, Target};
use crate::domain::{Failure, PhoneNumber};
use anyhow::Context as _;
use file::File;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use proto::ids::NotificationId;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Longest time to reach the provider.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time until the provider has said what becomes of a message.
const ANSWER: Duration = Duration::from_secs(15);

/// A short message with a number on it.
pub struct Text {
    pub id: NotificationId,
    pub to: PhoneNumber,
    pub text: String,
}

/// As it is posted and written.
#[derive(Serialize)]
struct Body<'a> {
    id: String,
    to: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
}

/// Sends short messages.
#[derive(Clone)]
pub struct Sms(Arc<Way>);

enum Way {
    Provider(Provider),
    File(File),
}

struct Provider {
    url: Target,
    authorization: HeaderValue,
    from: Option<String>,
    tls: TlsConnector,
}

impl Sms {
    /// None when the settings have neither a provider nor a file.
    pub fn new(settings: &config::Sms) -> anyhow::Result<Option<Self>> {
        let way = match (&settings.sms_provider_url, &settings.sms_provider_token, &settings.sms_file) {
            (Some(url), Some(token), _) => {
                let bearer = format!("Bearer {}", token.expose_secret());
                let mut authorization: HeaderValue =
                    bearer.parse().context("SMS_PROVIDER_TOKEN does not fit into a header")?;
                authorization.set_sensitive(true);
                let (url, from) = (url.clone(), settings.sms_from.clone());
                Way::Provider(Provider { url, authorization, from, tls: tls(authorities()) })
            }
            (_, _, Some(path)) => Way::File(File::new(path.clone())),
            _ => return Ok(None),
        };
        Ok(Some(Self(Arc::new(way))))
    }

    #[tracing::instrument(name = "sms.send", skip_all, fields(otel.kind = "client", notification.id = %text.id))]
    pub async fn send(&self, text: Text) -> Result<(), Failure> {
        match &*self.0 {
            Way::Provider(provider) => provider.send(&text).await,
            Way::File(file) => file.keep(text).await,
        }
    }
}

impl Text {
    fn body<'a>(&'a self, from: Option<&'a str>) -> Body<'a> {
        Body { id: self.id.to_string(), to: self.to.as_str(), text: &self.text, from }
    }
}

impl Provider {
    async fn send(&self, text: &Text) -> Result<(), Failure> {
        let request = self.request(text)?;
        let connecting = timeout(CONNECT, self.connect()).await;
        let stream = connecting.map_err(|_| Failure::SmsUnreachable)??;
        let answer = timeout(ANSWER, self.exchange(stream, request)).await;
        verdict(answer.map_err(|_| Failure::SmsUnanswered)??)
    }

    fn request(&self, text: &Text) -> Result<Request<Full<Bytes>>, Failure> {
        let body = serde_json::to_vec(&text.body(self.from.as_deref())).map_err(|_| Failure::Unsendable)?;
        Request::post(self.url.path_and_query())
            .header(HOST, self.url.authority())
            .header(USER_AGENT, concat!("healthcare-sms/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .header("idempotency-key", text.id.to_string())
            .body(Full::from(body))
            .map_err(|_| Failure::Unsendable)
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let port = self.url.port();
        let stream = match self.url.host() {
            Host::Name(name) => TcpStream::connect((name.as_str(), port)).await,
            Host::Address(address) => TcpStream::connect((*address, port)).await,
        };
        stream.map_err(|_| Failure::SmsUnreachable)
    }

    async fn exchange(
        &self,
        stream: TcpStream,
        request: Request<Full<Bytes>>,
    ) -> Result<StatusCode, Failure> {
        if !self.url.is_encrypted() {
            return ask(stream, request).await;
        }
        let name = match self.url.host() {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Failure::SmsUnreachable)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|_| Failure::SmsUnreachable)?;
        ask(stream, request).await
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, Failure> {
    let answer = talk(stream, request).await.map_err(|_| Failure::SmsInterrupted)?;
    Ok(answer.status)
}

/// What an answer means for the message.
fn verdict(status: StatusCode) -> Result<(), Failure> {
    match status {
        _ if status.is_success() => Ok(()),
        // The same message is under way already, or it is too early or too much.
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::CONFLICT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => Err(Failure::SmsTransient),
        // About us, not about the message: others after it would fare no better.
        StatusCode::UNAUTHORIZED
        | StatusCode::PAYMENT_REQUIRED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED => Err(Failure::SmsDenied),
        _ if status.is_client_error() => Err(Failure::SmsRefused),
        // Nobody here follows a redirect.
        _ if status.is_redirection() => Err(Failure::SmsDenied),
        _ => Err(Failure::SmsTransient),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_about_the_message_about_us_or_about_now() {
        let told = |status| verdict(StatusCode::from_u16(status).unwrap());
        for accepted in [200, 201, 202, 204] {
            assert_eq!(told(accepted), Ok(()), "{accepted}");
        }
        for (statuses, failure) in [
            (&[400, 410, 413, 415, 422][..], Failure::SmsRefused),
            (&[301, 308, 401, 402, 403, 404, 405], Failure::SmsDenied),
            (&[408, 409, 425, 429, 500, 502, 503, 504, 599], Failure::SmsTransient),
        ] {
            for status in statuses {
                assert_eq!(told(*status), Err(failure), "{status}");
            }
            assert_eq!(failure.is_permanent(), failure == Failure::SmsRefused);
        }
    }
}
