//! Posting to programs of others. What a name leads to is looked up here, each address is held against the rule, and the
//! connection goes to exactly that address: nobody else is asked again, no proxy, no redirect is followed. Of the answer,
//! only the status and one header are read.
use super::http::{authorities, talk, tls};
use crate::domain::webhook::{Answer, Failure, Host, Reach, Target};
use http::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper::body::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::ServerName;

/// Longest time to find and reach the receiver.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time to find out where a name leads before it is taken.
const CHECK: Duration = Duration::from_secs(2);
/// Longest time for all of it.
pub const TOTAL: Duration = Duration::from_secs(15);
/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// What is posted.
pub struct Post {
    pub url: String,
    pub id: String,
    /// Seconds since 1970.
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

#[derive(Clone)]
pub struct Courier {
    reach: Reach,
    tls: TlsConnector,
}

impl Courier {
    /// Believes whom browsers believe.
    pub fn new(reach: Reach) -> Self {
        Self::trusting(authorities(), reach)
    }

    /// Believes certificates of `authorities` only.
    pub fn trusting(authorities: RootCertStore, reach: Reach) -> Self {
        Self { reach, tls: tls(authorities) }
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether the name of `target` leads to what may be posted to, as far as that is known now.
    pub async fn check(&self, target: &Target) -> Result<(), Failure> {
        let found = timeout(CHECK, self.addresses(target)).await.map_err(|_| Failure::Unresolved)?;
        found.map(drop)
    }

    pub async fn post(&self, post: Post, now: Timestamp) -> Result<Answer, Failure> {
        timeout(TOTAL, self.exchange(post, now)).await.map_err(|_| Failure::Timeout)?
    }

    async fn exchange(&self, post: Post, now: Timestamp) -> Result<Answer, Failure> {
        let target = Target::parse(&post.url, self.reach).map_err(|_| Failure::UrlRefused)?;
        let request = request(&target, post)?;
        let stream = timeout(CONNECT, self.connect(&target)).await.map_err(|_| Failure::Unreachable)??;
        if !target.is_encrypted() {
            return ask(stream, request, now).await;
        }
        let name = match target.host() {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Failure::UrlRefused)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|_| Failure::TlsFailed)?;
        ask(stream, request, now).await
    }

    /// To exactly one of the addresses that were found good.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Failure> {
        for address in self.addresses(target).await? {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Ok(stream);
            }
        }
        Err(Failure::Unreachable)
    }

    /// A name that leads to what is ours, too, is not trusted at all.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Failure> {
        let port = target.port();
        let mut found: Vec<SocketAddr> = match target.host() {
            Host::Address(address) => vec![(*address, port).into()],
            Host::Name(name) => lookup_host((name.as_str(), port))
                .await
                .map_err(|_: io::Error| Failure::Unresolved)?
                .collect(),
        };
        if found.is_empty() {
            return Err(Failure::Unresolved);
        }
        if !found.iter().all(|address| self.reach.covers(*address)) {
            return Err(Failure::AddressRefused);
        }
        found.truncate(MAX_ADDRESSES);
        Ok(found)
    }
}

fn request(target: &Target, post: Post) -> Result<Request<Full<Bytes>>, Failure> {
    let Post { url: _, id, timestamp, signature, body } = post;
    Request::post(target.path_and_query())
        .header(HOST, target.authority())
        .header(USER_AGENT, concat!("healthcare-webhooks/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/cloudevents+json")
        .header(CONNECTION, "close")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(Full::from(body))
        .map_err(|_| Failure::UrlRefused)
}

/// One request and the head of its answer.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let answer = talk(stream, request).await.map_err(|_| Failure::Interrupted)?;
    Ok(Answer { status: answer.status.as_u16(), retry_after: retry_after(&answer.headers, now) })
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    date.duration_since(now).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_back_in_seconds_or_by_the_clock() {
        let now: Timestamp = "2026-05-04T08:30:00Z".parse().unwrap();
        let said =
            |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now);
        assert_eq!(said("120"), Some(Duration::from_secs(120)));
        assert_eq!(said("Mon, 04 May 2026 08:31:00 GMT"), Some(Duration::from_secs(60)));
        for nonsense in ["Mon, 04 May 2026 08:29:00 GMT", "-1", "soon", ""] {
            assert_eq!(said(nonsense), None, "{nonsense}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_where_only_the_public_may_be_reached() {
        let strict = Courier::new(Reach::Public);
        let here = Target::parse("https://localhost/", Reach::Public).unwrap();
        assert_eq!(strict.check(&here).await, Err(Failure::AddressRefused));
        assert_eq!(Courier::new(Reach::Anywhere).check(&here).await, Ok(()));
    }
}
