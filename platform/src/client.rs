//! The gRPC client stack: replicas in turn, the caller's identity, trace and deadline on each call.
use crate::mtls::Mtls;
use crate::propagation;
use crate::{context, deadline, fault};
use http::{HeaderName, HeaderValue, Request, Response, Uri, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, ConnectError, Status};
use tower::Service;
use tracing::Instrument as _;

/// Time for a call that is not part of a request with a deadline of its own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Says who calls, to the service of the name it is given.
pub type Identity = Arc<dyn Fn(&'static str) -> HeaderValue + Send + Sync>;

/// The header in which a process says who it is when it calls in the name of somebody else.
pub const THROUGH: &str = "through-authorization";

/// The replicas of one service.
///
/// Calls go to each in turn. One that certainly has not begun the call, because it cannot be connected to or is
/// about to stop, is passed over at once: trying the next is safe for every call.
#[derive(Clone)]
pub struct Peer {
    name: &'static str,
    replicas: Arc<[Channel]>,
    turn: Arc<AtomicUsize>,
    identity: Option<Identity>,
}

impl Peer {
    /// `urls` are separated by commas, for instance `http://10.0.0.1:50051,http://10.0.0.2:50051`; with `https://` when
    /// services show each other certificates, and only then.
    /// Nothing is connected until the first call.
    pub fn new(name: &'static str, urls: &str, identity: Option<Identity>) -> anyhow::Result<Self> {
        let mtls = Mtls::of_process();
        let replicas = urls.split(',').map(|url| {
            let (endpoint, mtls) = (endpoint(bare(url.trim(), mtls.is_some())?.as_str())?, mtls.clone());
            let connector = tower::service_fn(move |uri| connect(name, uri, mtls.clone()));
            Ok(endpoint.connect_with_connector_lazy(connector))
        });
        let replicas: Arc<[Channel]> = replicas.collect::<anyhow::Result<Vec<_>>>()?.into();
        Ok(Self { name, replicas, turn: Arc::default(), identity })
    }

    /// Tries the replicas in turn, starting with the next.
    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (parts, body) = request.into_parts();
        // Kept in memory, so that it can be sent again to the next replica.
        let body = body.collect().await?.to_bytes();
        let first = self.turn.fetch_add(1, Relaxed);
        let mut refused = None;
        for attempt in 0..self.replicas.len() {
            let mut replica = self.replicas[(first + attempt) % self.replicas.len()].clone();
            let request = Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
            let answer = match std::future::poll_fn(|cx| replica.poll_ready(cx)).await {
                Ok(()) => replica.call(request).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(response) => return Ok(response),
                Err(error) if never_begun(&error) => refused = Some(error),
                Err(error) => return Err(fault::unavailable(self.name, self.name, &error)),
            }
        }
        let Some(error) = refused else {
            return Err(Status::new(Code::Unavailable, format!("{} has no replicas", self.name)));
        };
        Err(fault::unavailable(self.name, self.name, &error))
    }
}

/// The URL without TLS, which is ours to add: the library has no say in which server it is.
fn bare(url: &str, is_encrypted: bool) -> anyhow::Result<String> {
    let scheme = if is_encrypted { "https://" } else { "http://" };
    match url.strip_prefix(scheme) {
        Some(rest) => Ok(format!("http://{rest}")),
        None => anyhow::bail!(
            "{url} must begin with {scheme}, as services {} each other certificates",
            if is_encrypted { "show" } else { "do not show" }
        ),
    }
}

fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(Endpoint::from_shared(url.to_owned())?
        .connect_timeout(Duration::from_millis(500))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true))
}

/// Bytes in and out, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Connection = Box<dyn Stream>;

/// A connection to a server that has spoken, as one does at once in HTTP/2 (RFC 9113, section 3.4).
///
/// Otherwise one that stops before it has seen the connection, which the kernel accepts for it, could not be told
/// from one that dies at work.
async fn connect(name: &'static str, uri: Uri, mtls: Option<Mtls>) -> io::Result<TokioIo<Connection>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    if let Some(mtls) = mtls {
        return Ok(TokioIo::new(Box::new(mtls.connect(name, stream).await?)));
    }
    match stream.peek(&mut [0]).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(TokioIo::new(Box::new(stream))),
    }
}

/// Whether the server has certainly done nothing about the call that failed with `error`.
fn never_begun(error: &tonic::transport::Error) -> bool {
    let first: &(dyn Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |&cause| cause.source());
    causes.any(|cause| {
        cause.is::<ConnectError>()
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(was_turned_away)
    })
}

/// Whether the server said that it has not looked at a stream (RFC 9113, sections 6.8 and 8.7). Of streams that it
/// has begun, one hears differently.
fn was_turned_away(error: &h2::Error) -> bool {
    let said_no = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
        || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && said_no
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = futures::future::BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = tracing::info_span!(
            "grpc.client",
            otel.name = method,
            otel.kind = "client",
            rpc.system = "grpc",
            peer.service = self.name
        );
        let left = deadline::remaining().unwrap_or(DEFAULT_DEADLINE);
        if let Ok(value) = HeaderValue::from_str(&deadline::to_header(left)) {
            request.headers_mut().insert("grpc-timeout", value);
        }
        if let Some(identity) = &self.identity {
            let for_itself = !request.headers().contains_key(AUTHORIZATION);
            let header = if for_itself { AUTHORIZATION } else { HeaderName::from_static(THROUGH) };
            request.headers_mut().insert(header, identity(self.name));
        }
        context::inject(request.headers_mut());
        span.in_scope(|| propagation::inject(request.headers_mut()));
        let (name, peer) = (self.name, self.clone());
        let call = async move {
            let late = |_| Status::new(Code::DeadlineExceeded, format!("{name} did not answer in time"));
            tokio::time::timeout(left, peer.send(request)).await.map_err(late)?
        };
        Box::pin(call.instrument(span))
    }
}
