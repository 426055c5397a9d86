//! One connection: how long it may be without a request.
use hyper_util::server::graceful::GracefulConnection;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Time from the beginning of a connection to the end of its first request's headers.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// Time between an answer and the end of the next request's headers, and for the client to read the answer.
const NEXT_REQUEST: Duration = Duration::from_secs(60);
/// Time that a connection has to end once it was told to.
const FAREWELL: Duration = Duration::from_secs(10);

/// What goes on on a connection. Nobody is woken by a request: whoever waits for the end looks when it may have come.
#[derive(Clone)]
pub struct Activity(Arc<Mutex<State>>);

struct State {
    in_flight: usize,
    /// When the connection has been without a request for too long; of no consequence while one is in flight.
    deadline: Instant,
}

/// A request that is not answered yet.
pub struct InFlight(Activity);

impl Activity {
    /// Of a connection that begins now.
    pub fn begin() -> Self {
        Self(Arc::new(Mutex::new(State { in_flight: 0, deadline: Instant::now() + FIRST_REQUEST })))
    }

    /// A request has come. It is in flight until what this returns is dropped.
    pub fn request(&self) -> InFlight {
        self.state().in_flight += 1;
        InFlight(self.clone())
    }

    fn allow(&self, time: Duration) {
        self.state().deadline = Instant::now() + time;
    }

    /// Resolves when no request is in flight and none was for too long.
    async fn ceased(&self) {
        loop {
            let now = Instant::now();
            let next = {
                let state = self.state();
                match state.in_flight {
                    0 if state.deadline <= now => return,
                    0 => state.deadline,
                    // When it is answered now, its connection has that long.
                    _ => now + NEXT_REQUEST,
                }
            };
            sleep_until(next).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        state.deadline = Instant::now() + NEXT_REQUEST;
    }
}

/// Runs `connection` until it ends, has ceased to be used, or `stop` resolves. It is told to end then, which
/// lets requests in flight finish, and dropped when it does not.
pub async fn run<C: GracefulConnection>(connection: C, activity: &Activity, stop: impl Future<Output = ()>) {
    let mut connection = pin!(connection);
    // How a connection ends is its peer's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = activity.ceased() => {}
        () = stop => {}
    }
    connection.as_mut().graceful_shutdown();
    activity.allow(FAREWELL);
    tokio::select! {
        _ = connection => {}
        () = activity.ceased() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::{Request, Response};
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use std::convert::Infallible;
    use tokio::io::AsyncWriteExt as _;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// Seconds until the connection ends of a client that sends `bytes` and neither reads nor goes away; an answer
    /// takes `work`.
    async fn seconds(bytes: &[u8], work: Duration) -> u64 {
        let started = Instant::now();
        let (mut client, server) = tokio::io::duplex(1024);
        client.write_all(bytes).await.unwrap();
        let activity = Activity::begin();
        let requests = activity.clone();
        let answer = service_fn(move |_: Request<Incoming>| {
            let in_flight = requests.request();
            async move {
                tokio::time::sleep(work).await;
                drop(in_flight);
                Ok::<_, Infallible>(Response::new(Body::from(vec![0; 100_000])))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(hyper_util::rt::TokioTimer::new())
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(server), answer);
        run(connection, &activity, std::future::pending()).await;
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_ends() {
        for silent in [b"".as_slice(), b"P", b"GET / HTTP/1.1\r\nhost:"] {
            assert!((10..=20).contains(&seconds(silent, Duration::ZERO).await));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_keeps_its_connection_and_an_unread_answer_does_not() {
        assert_eq!(seconds(REQUEST, Duration::from_secs(200)).await, 270);
    }
}
