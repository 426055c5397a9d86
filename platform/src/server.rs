//! The gRPC server stack, the same for every service.
use crate::admission::{self, admit};
use crate::audit;
use crate::bulkhead::Bulkheads;
use crate::config;
use crate::deadline;
use crate::fault::{DOMAIN, fault};
use crate::mtls::Mtls;
use crate::propagation;
use crate::shutdown::Shutdown;
use crate::token::Verifier;
use deadpool_postgres::Pool;
use http::{Request, Response};
use metrics::Histogram;
use proto::access;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Code, Status};
use tower::Service;
use tracing::{Instrument as _, Span, field::Empty};

/// Largest request message, in bytes. Each service sets it on its own server.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The gRPC services of one process.
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
}

impl Services {
    pub fn of<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self { routes: Routes::new(service), names: vec![S::NAME] }
    }

    #[must_use]
    pub fn and<S>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let Self { routes, mut names } = self;
        names.push(S::NAME);
        Self { routes: routes.add_service(service), names }
    }
}

/// How a service's methods are served.
pub struct Stack {
    pub verifier: Verifier,
    pub settings: config::Grpc,
    /// Where refusals are noted.
    pub audit: Pool,
    pub shutdown: Shutdown,
    /// Time for calls in flight after a request to stop.
    pub grace: Duration,
}

impl Stack {
    /// Serves `services`, their health and, if set, reflection on `listener` until shutdown is requested.
    pub async fn serve(self, listener: TcpListener, services: Services) -> anyhow::Result<()> {
        let Services { routes, names } = services;
        let (health, health_service) = tonic_health::server::health_reporter();
        for name in &names {
            health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
        }
        let mut routes = routes.add_service(health_service);
        if self.settings.grpc_reflection {
            // Stock clients still ask for the alpha version, newer ones for the other.
            let reflection = || reflection(&names);
            routes = routes.add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
        }
        self.verifier.follow(&self.shutdown);
        let (shutdown, grace) = (self.shutdown.clone(), self.grace);
        let stopping = shutdown.clone();
        let shared = Arc::new(Shared {
            verifier: self.verifier,
            deadline: Duration::from_secs(self.settings.grpc_deadline_seconds),
            bulkheads: Bulkheads::new(self.audit.status().max_size),
            audit: self.audit,
            shutdown: self.shutdown,
        });
        let router = Server::builder()
            .max_concurrent_streams(1000)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_max_header_list_size(16 * 1024)
            .layer(tower::layer::layer_fn(move |inner| Guarded { inner, stack: shared.clone() }))
            .add_routes(routes);
        let stop = async move { stopping.requested().await };
        // It would make the future of every `main` large.
        let serving = Box::pin(async {
            if let Some(mtls) = Mtls::of_process() {
                return router.serve_with_incoming_shutdown(mtls.incoming(listener, &shutdown), stop).await;
            }
            // Otherwise the end of an answer waits for its beginning to be acknowledged, 40 ms.
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            router.serve_with_incoming_shutdown(incoming, stop).await
        });
        // A peer that opened a connection and says nothing would hold up the graceful end for ever.
        let cut_off = async {
            shutdown.requested().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            served = serving => served?,
            () = cut_off => tracing::warn!("closed connections that did not end in time"),
        }
        Ok(())
    }
}

/// Describes the whole contract, and lists what is served here.
fn reflection(services: &[&'static str]) -> tonic_reflection::server::Builder<'static> {
    let described = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    services.iter().fold(described, |described, service| described.with_service_name(*service))
}

struct Shared {
    verifier: Verifier,
    deadline: Duration,
    bulkheads: Bulkheads,
    audit: Pool,
    shutdown: Shutdown,
}

/// The layers around every method, outermost first: a span that continues the caller's trace; a task of its
/// own, so that a caller who hangs up does not stop a write half-way; the deadline; who is asking; how many do.
#[derive(Clone)]
struct Guarded<S> {
    inner: S,
    stack: Arc<Shared>,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone is the service that was polled ready, the original waits for its own turn.
        let waiting = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, waiting);
        if is_infrastructure(request.uri().path()) {
            let mut inner = inner;
            return Box::pin(inner.call(request));
        }
        let span = server_span(&request);
        let stack = self.stack.clone();
        let call = answer(inner, stack.clone(), request).instrument(span);
        let task = stack.shutdown.spawn(call);
        Box::pin(async move {
            Ok(task.await.unwrap_or_else(|_panicked| {
                fault(Code::Internal, DOMAIN, "INTERNAL", "internal error").into_http()
            }))
        })
    }
}

async fn answer<S>(mut inner: S, stack: Arc<Shared>, mut request: Request<Body>) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let started = Instant::now();
    let asked =
        request.headers().get("grpc-timeout").and_then(|value| deadline::from_header(value.to_str().ok()?));
    let limit = started + asked.map_or(stack.deadline, |asked| asked.min(stack.deadline));
    let method = known_method(request.uri().path());
    let work = async {
        let (access, context) = match admission::identify(&stack.verifier, &mut request).await {
            Ok(identified) => identified,
            Err(status) => return status.into_http(),
        };
        let call = async {
            let admitted = admit(&request, &access);
            let place = match admitted {
                Ok(()) => stack.bulkheads.enter(method).await,
                Err(status) => Err(status),
            };
            let response = match place {
                Ok(_place) => inner.call(request).await.unwrap_or_else(|never| match never {}),
                Err(status) => status.into_http(),
            };
            if let Some(status) = Status::from_header_map(response.headers()) {
                audit::note_refusal(&stack.audit, method, &status).await;
            }
            response
        };
        context.scope(call).await
    };
    let response = deadline::within(limit, work).await.unwrap_or_else(|_| {
        fault(Code::DeadlineExceeded, DOMAIN, "DEADLINE_EXCEEDED", "the request took too long").into_http()
    });
    tell(method, &response, started.elapsed());
    response
}

/// Methods that there are none of are not told apart in logs and metrics: whoever makes up names must not fill our
/// memory.
fn known_method(path: &str) -> &'static str {
    access::of(path).map_or("_OTHER", |(path, _)| path)
}

/// Health and reflection: asked by probes and tools, many times a minute, without a token.
fn is_infrastructure(path: &str) -> bool {
    path.starts_with("/grpc.")
}

fn server_span(request: &Request<Body>) -> Span {
    let method = known_method(request.uri().path()).trim_start_matches('/');
    let span = tracing::info_span!(
        "grpc.server",
        otel.name = method,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.grpc.status_code = Empty,
        otel.status_code = Empty
    );
    propagation::continue_from_headers(&span, request.headers());
    span
}

/// One log line and one measurement a call.
fn tell(method: &'static str, response: &Response<Body>, took: Duration) {
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
    let span = Span::current();
    span.record("rpc.grpc.status_code", code as i32);
    if matches!(code, Code::Internal | Code::Unknown | Code::Unavailable | Code::DeadlineExceeded) {
        span.record("otel.status_code", "error");
    }
    durations(method, code).record(took.as_secs_f64());
    tracing::info!(rpc.method = method, rpc.code = ?code, duration_ms = took.as_secs_f64() * 1000.0, "answered");
}

thread_local! {
    /// What was found by its labels: a line for each method and what came of it.
    static DURATIONS: RefCell<HashMap<(&'static str, i32), Histogram>> = RefCell::default();
}

/// The measurement of all calls with these labels.
fn durations(method: &'static str, code: Code) -> Histogram {
    let find = || {
        let labels = [("rpc_method", method.to_owned()), ("rpc_code", format!("{code:?}"))];
        metrics::histogram!("rpc_server_duration_seconds", &labels)
    };
    DURATIONS.with_borrow_mut(|known| known.entry((method, code as i32)).or_insert_with(find).clone())
}
