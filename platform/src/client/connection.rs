//! A connection to one replica, and what its end tells of the calls on it.
use crate::mtls::Mtls;
use http::Uri;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tonic::ConnectError;
use tonic::transport::{Channel, Endpoint};

/// Time to connect, and to hear the first word.
pub(super) const CONNECT: Duration = Duration::from_millis(500);

/// A channel to the replica of `service` at `address`. Nothing is connected until the first call.
pub(super) fn channel(
    service: &'static str,
    address: SocketAddr,
) -> Result<Channel, tonic::transport::Error> {
    let mtls = Mtls::of_process();
    let connector = tower::service_fn(move |uri| connect(service, uri, mtls.clone()));
    // Without TLS, which is ours to add: the library has no say in which server it is.
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_with_connector_lazy(connector))
}

/// Bytes in and out, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Connection = Box<dyn Stream>;

/// A connection to a server that has spoken, as one does at once in HTTP/2 (RFC 9113, section 3.4).
///
/// Otherwise one that stops before it has seen the connection, which the kernel accepts for it, could not be told
/// from one that dies at work.
async fn connect(service: &'static str, uri: Uri, mtls: Option<Mtls>) -> io::Result<TokioIo<Connection>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    if let Some(mtls) = mtls {
        let mut stream = BufReader::new(mtls.connect(service, stream).await?);
        return match stream.fill_buf().await? {
            [] => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(TokioIo::new(Box::new(stream))),
        };
    }
    match stream.peek(&mut [0]).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(TokioIo::new(Box::new(stream))),
    }
}

/// Whether the server has certainly done nothing about the call that failed with `error`.
pub(super) fn never_begun(error: &tonic::transport::Error) -> bool {
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
