//! The gRPC client stack: replicas in turn, the caller's identity, trace and deadline on each call.
mod connection; // to one replica, and what its end tells of calls
mod replica; // one, and how it does
mod replicas; // those that there are

use crate::mtls::Mtls;
use crate::propagation;
use crate::{context, deadline, fault};
use http::{HeaderName, HeaderValue, Request, Response, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use metrics::Counter;
use replica::{Failure, Replica, State};
use replicas::{Replicas, by_system};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tower::retry::budget::{Budget as _, TpsBudget};
use tracing::Instrument as _;

pub use replicas::Lookup;

/// Time for a call that is not part of a request with a deadline of its own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Calls to one service that wait for their answers at once. A service that is slow takes no more of a process than that.
const MOST_CALLS: usize = 256;

/// Reads that may be repeated in ten seconds: a tenth of all, and ten a second besides, so that a service that fails is
/// not asked twice as much.
const BUDGET: (Duration, u32, f32) = (Duration::from_secs(10), 10, 0.1);

tokio::task_local! {
    static REPEATABLE: ();
}

/// Runs `work`, whose calls change nothing: those that a replica does not answer are put to the next. Only where a request
/// enters the mesh: were every hop to try twice, a request would become many.
pub async fn repeatable<F: Future>(work: F) -> F::Output {
    REPEATABLE.scope((), work).await
}

/// Says who calls, to the service of the name it is given.
pub type Identity = Arc<dyn Fn(&'static str) -> HeaderValue + Send + Sync>;

/// The header in which a process says who it is when it calls in the name of somebody else.
pub const THROUGH: &str = "through-authorization";

/// The replicas of one service.
///
/// Calls go to each in turn. One that certainly has not begun the call, because it cannot be connected to or is
/// about to stop, is passed over at once: trying the next is safe for every call. One that does not answer is asked whether
/// it lives, and gets no calls until it does.
#[derive(Clone)]
pub struct Peer {
    name: &'static str,
    identity: Option<Identity>,
    shared: Arc<Shared>,
}

struct Shared {
    replicas: Arc<Replicas>,
    turn: AtomicUsize,
    places: Arc<Semaphore>,
    budget: TpsBudget,
}

impl Peer {
    /// `urls` are separated by commas, for instance `http://10.0.0.1:50051,http://10.0.0.2:50051`; with `https://` when
    /// services show each other certificates, and only then. A name stands for all its addresses, which are looked up
    /// anew every few seconds.
    /// Nothing is connected until the first call.
    pub fn new(name: &'static str, urls: &str, identity: Option<Identity>) -> anyhow::Result<Self> {
        Self::resolved_by(by_system(), name, urls, identity)
    }

    /// [`Self::new`], where names are resolved by `lookup`.
    pub fn resolved_by(
        lookup: Lookup,
        name: &'static str,
        urls: &str,
        identity: Option<Identity>,
    ) -> anyhow::Result<Self> {
        for counted in [refused(name), repeated(name)] {
            counted.increment(0);
        }
        let scheme = if Mtls::of_process().is_some() { "https" } else { "http" };
        let (period, always, share) = BUDGET;
        let shared = Shared {
            replicas: Arc::new(Replicas::new(name, urls, scheme, lookup)?),
            turn: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(MOST_CALLS)),
            budget: TpsBudget::new(period, always, share),
        };
        Ok(Self { name, identity, shared: Arc::new(shared) })
    }

    /// Tries the replicas in turn, starting with the next.
    async fn send(self, request: Request<Body>, until: Instant) -> Result<Response<Body>, Status> {
        let Ok(_place) = self.shared.places.try_acquire() else {
            refused(self.name).increment(1);
            return Err(fault::overloaded(self.name, format!("{} is slow, and many wait for it", self.name)));
        };
        let is_repeatable = REPEATABLE.try_with(|()| ()).is_ok();
        if is_repeatable {
            self.shared.budget.deposit();
        }
        let (parts, body) = request.into_parts();
        // Kept in memory, so that it can be sent again to the next replica.
        let body = body.collect().await?.to_bytes();
        let replicas = self.shared.replicas.now().await;
        let mut turns = Turns::new(&replicas, self.shared.turn.fetch_add(1, Relaxed));
        let mut failed = None;
        while let Some(replica) = turns.next() {
            let mut request = Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
            let left = until.saturating_duration_since(Instant::now());
            if let Ok(value) = HeaderValue::from_str(&deadline::to_header(left)) {
                request.headers_mut().insert("grpc-timeout", value);
            }
            match replica.call(request).await {
                Ok(response) => return Ok(self.all_or_unknown(response)),
                Err(Failure::NeverBegun(error)) => {
                    failed = Some(fault::unavailable(self.name, self.name, &error));
                }
                Err(failure) => {
                    if let Failure::Broken(error) = failure {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, dependency = self.name, "a call broke off");
                    }
                    if !is_repeatable {
                        return Err(fault::unknown_outcome(self.name, self.name));
                    }
                    failed = Some(fault::away(self.name, self.name));
                    if !self.shared.budget.withdraw() {
                        break;
                    }
                    repeated(self.name).increment(1);
                }
            }
        }
        Err(failed.unwrap_or_else(|| fault::away(self.name, self.name)))
    }

    /// An answer whose end may be missing: what was done is not known then, and is not what the library makes of it.
    fn all_or_unknown(&self, response: Response<Body>) -> Response<Body> {
        let name = self.name;
        response.map(|body| {
            Body::new(body.map_err(move |error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    dependency = name,
                    "an answer broke off"
                );
                fault::unknown_outcome(name, name)
            }))
        })
    }
}

fn refused(peer: &'static str) -> Counter {
    metrics::counter!("rpc_client_refused_total", "peer" => peer)
}

fn repeated(peer: &'static str) -> Counter {
    metrics::counter!("rpc_client_repeated_total", "peer" => peer)
}

/// The order in which replicas are tried: from `first` on those that are well, then those that may be back. Each once.
struct Turns<'a> {
    replicas: &'a [Arc<Replica>],
    first: usize,
    tried: Vec<usize>,
}

impl<'a> Turns<'a> {
    fn new(replicas: &'a [Arc<Replica>], first: usize) -> Self {
        Self { replicas, first, tried: Vec::new() }
    }

    fn next(&mut self) -> Option<&'a Arc<Replica>> {
        let count = self.replicas.len();
        let in_turn = |wanted: State| {
            let mut turns = (0..count).map(|turn| (self.first.wrapping_add(turn)) % count);
            turns.find(|index| !self.tried.contains(index) && self.replicas[*index].state() == wanted)
        };
        let index = in_turn(State::Well).or_else(|| in_turn(State::Away))?;
        self.tried.push(index);
        Some(&self.replicas[index])
    }
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
        let until = Instant::now() + deadline::remaining().unwrap_or(DEFAULT_DEADLINE);
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
            timeout_at(until, peer.send(request, until)).await.map_err(late)?
        };
        Box::pin(call.instrument(span))
    }
}
