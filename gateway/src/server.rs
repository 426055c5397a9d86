//! Connections: accepted up to a number, held to their time, ended in order.
use crate::connection::{self, Activity};
use crate::origin::Encrypted;
use crate::router::Service;
use crate::tls;
use crate::unread::heard;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use platform::shutdown::Shutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

/// Time that a client has to send the headers of a request, and to answer a ping.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);
/// With room for the longest query there is, which names 500 doctors.
const MAX_HEADER_BYTES: u32 = 32 * 1024;
const MAX_HEADERS: usize = 64;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// Pause after the system could not give a connection, for instance for want of file descriptors.
const RESPITE: Duration = Duration::from_millis(100);

/// Serves until shutdown is requested, then lets requests in flight finish for at most `grace`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<tls::Settings>,
    service: Service,
    max_connections: u32,
    shutdown: &Shutdown,
    grace: Duration,
) {
    let http = Arc::new(http());
    let free = Arc::new(Semaphore::new(max_connections as usize));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = shutdown.requested() => break,
        };
        let (stream, address, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not accept a connection");
                shutdown.pause(RESPITE).await;
                continue;
            }
        };
        let connection =
            Connection { address, http: http.clone(), service: service.clone(), stop: shutdown.clone() };
        let tls = tls.clone();
        shutdown.spawn(async move {
            match tls {
                None => connection.run(stream, false).await,
                Some(tls) => {
                    if let Some(stream) = tls::begun(&tls, stream).await {
                        connection.run(stream, true).await;
                    }
                }
            }
            drop(permit);
        });
    }
    // A connection gives its permit back when it ends.
    if tokio::time::timeout(grace, free.acquire_many(max_connections)).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// What a connection is served with.
struct Connection {
    address: SocketAddr,
    http: Arc<Builder<TokioExecutor>>,
    service: Service,
    stop: Shutdown,
}

impl Connection {
    async fn run<S>(self, stream: S, is_encrypted: bool)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { address, http, service, stop } = self;
        let activity = Activity::begin();
        let requests = activity.clone();
        let tasks = stop.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let in_flight = requests.request();
            request.extensions_mut().insert(ConnectInfo(address));
            if is_encrypted {
                request.extensions_mut().insert(Encrypted);
            }
            let answer = service.clone().oneshot(heard(request, &tasks));
            async move {
                let answer = answer.await;
                drop(in_flight);
                answer
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer).into_owned();
        connection::run(connection, &activity, stop.requested()).await;
    }
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = free.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, permit))
}

/// Without a timer hyper has no time-outs at all.
fn http() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_buf_size(MAX_HEADER_BYTES as usize)
        .max_headers(MAX_HEADERS);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEADER_PATIENCE)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES);
    http
}
