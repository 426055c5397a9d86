//! Neighbours at the process boundary: servers that know the one method that is asked of them.
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use jsonwebtoken::EncodingKey;
use platform::fault::fault_with;
use platform::token::{self, Claims};
use proto::appointment::{ApplyDoctorRulesRequest, ApplyDoctorRulesResponse};
use proto::auth::{GetJwksRequest, Jwk, Jwks};
use proto::doctor::DoctorRules;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

/// One method of a gRPC service.
pub(crate) trait Method: Clone + Send + Sync + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    type Request: prost::Message + Default;
    type Response: prost::Message + Default;

    fn answer(&self, request: Self::Request) -> Result<Self::Response, Status>;
}

/// A server of one method, which can be stopped and started again in its place.
pub(crate) struct Peer<M> {
    method: M,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinSet<()>)>,
}

impl<M: Method> Peer<M> {
    pub(crate) async fn start(method: M) -> Self {
        let mut peer = Self { method, address: SocketAddr::from(([127, 0, 0, 1], 0)), running: None };
        peer.start_again().await;
        peer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let service = Served(self.method.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let stopped = async { drop(stopped.await) };
            let server = Server::builder().add_service(service);
            server.serve_with_incoming_shutdown(TcpIncoming::from(listener), stopped).await.unwrap();
        });
        self.running = Some((stop, serving));
    }

    /// Nothing listens there afterwards.
    pub(crate) async fn stop(&mut self) {
        let (stop, serving) = self.running.take().unwrap();
        stop.send(()).unwrap();
        serving.join_all().await;
    }
}

#[derive(Clone)]
struct Served<M>(M);

impl<M: Method> NamedService for Served<M> {
    const NAME: &'static str = M::SERVICE;
}

impl<M: Method> Service<http::Request<Body>> for Served<M> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        assert_eq!(request.uri().path(), format!("/{}/{}", M::SERVICE, M::NAME));
        let method = self.0.clone();
        let answer = tower::service_fn(move |request: Request<M::Request>| {
            let answer = method.answer(request.into_inner());
            async move { answer.map(Response::new) }
        });
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<M::Response, M::Request>::default());
            Ok(grpc.unary(answer, request).await)
        })
    }
}

/// The keys of auth-svc.
#[derive(Clone)]
pub(crate) struct Keys {
    pair: Arc<Ed25519KeyPair>,
}

const KEY_ID: &str = "test";

impl Keys {
    pub(crate) fn generate() -> Self {
        Self { pair: Arc::new(Ed25519KeyPair::generate().unwrap()) }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let key = EncodingKey::from_ed_der(self.pair.to_pkcs8().unwrap().as_ref());
        token::sign(&key, KEY_ID, claims).unwrap()
    }
}

impl Method for Keys {
    const SERVICE: &'static str = "healthcare.auth.v1.AuthService";
    const NAME: &'static str = "GetJwks";
    type Request = GetJwksRequest;
    type Response = Jwks;

    fn answer(&self, _: GetJwksRequest) -> Result<Jwks, Status> {
        let key = Jwk {
            kid: KEY_ID.to_owned(),
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key()),
        };
        Ok(Jwks { keys: vec![key] })
    }
}

/// The calendars of appointment-svc: applies rules that are newer, or does what it was told to do instead.
#[derive(Clone)]
pub(crate) struct Calendars {
    state: Arc<Mutex<State>>,
    applied: Arc<watch::Sender<Vec<DoctorRules>>>,
}

#[derive(Default)]
struct State {
    asked: Vec<ApplyDoctorRulesRequest>,
    mood: Mood,
}

#[derive(Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Fine,
    /// Visits with these ids are booked, so nothing may be taken away.
    Booked(String),
    /// Applies what it is asked, and the answer is lost.
    Mute,
}

impl Calendars {
    pub(crate) fn empty() -> Self {
        Self { state: Arc::default(), applied: Arc::new(watch::Sender::default()) }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// All that was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<ApplyDoctorRulesRequest> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    /// The rules of the doctor that are in force.
    pub(crate) fn in_force(&self, doctor_id: &str) -> Option<DoctorRules> {
        find(&self.applied.borrow(), doctor_id).cloned()
    }

    /// Waits for rules of the doctor that are later than `version`.
    pub(crate) async fn later_than(&self, doctor_id: &str, version: i64) -> DoctorRules {
        let mut applied = self.applied.subscribe();
        let is_later =
            |rules: &Vec<DoctorRules>| find(rules, doctor_id).is_some_and(|rules| rules.version > version);
        let rules = applied.wait_for(is_later).await.unwrap();
        find(&rules, doctor_id).cloned().unwrap()
    }
}

fn find<'a>(rules: &'a [DoctorRules], doctor_id: &str) -> Option<&'a DoctorRules> {
    rules.iter().rfind(|rules| rules.doctor_id == doctor_id)
}

impl Method for Calendars {
    const SERVICE: &'static str = "healthcare.appointment.v1.AppointmentService";
    const NAME: &'static str = "ApplyDoctorRules";
    type Request = ApplyDoctorRulesRequest;
    type Response = ApplyDoctorRulesResponse;

    fn answer(&self, request: ApplyDoctorRulesRequest) -> Result<ApplyDoctorRulesResponse, Status> {
        let mood = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(request.clone());
            state.mood.clone()
        };
        let rules = request.rules.unwrap();
        if let (Mood::Booked(ids), true) = (&mood, request.refuse_if_booked) {
            let reason = "HAS_ACTIVE_APPOINTMENTS";
            let facts = [("appointment_ids", ids.clone())];
            return Err(fault_with(
                Code::FailedPrecondition,
                "appointment.healthcare",
                reason,
                "visits are booked",
                facts,
            ));
        }
        if let Some(newer) = self.in_force(&rules.doctor_id).filter(|newer| newer.version >= rules.version) {
            return Ok(ApplyDoctorRulesResponse { version: newer.version });
        }
        let version = rules.version;
        self.applied.send_modify(|applied| applied.push(rules));
        if matches!(mood, Mood::Mute) {
            return Err(Status::unavailable("the answer was lost"));
        }
        Ok(ApplyDoctorRulesResponse { version })
    }
}
