//! Neighbours at the process boundary: servers that know the methods that are asked of them.
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use jsonwebtoken::EncodingKey;
use platform::fault::fault_with;
use platform::token::{self, Claims};
use proto::appointment::{
    ApplyClinicRulesRequest, ApplyClinicRulesResponse, ApplyDoctorRulesRequest, ApplyDoctorRulesResponse,
};
use proto::auth::{GetJwksRequest, Jwk, Jwks};
use proto::doctor::{ClinicRules, DoctorRules};
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

/// The methods of a gRPC service that are asked for.
pub(crate) trait Methods: Clone + Send + Sync + 'static {
    const SERVICE: &'static str;

    /// Carries out the method of that name.
    fn call(self, method: &str, request: http::Request<Body>) -> Answering;
}

type Answering = BoxFuture<'static, http::Response<Body>>;

/// A server of some methods, which can be stopped and started again in its place.
pub(crate) struct Peer<M> {
    methods: M,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinSet<()>)>,
}

impl<M: Methods> Peer<M> {
    pub(crate) async fn start(methods: M) -> Self {
        let mut peer = Self { methods, address: SocketAddr::from(([127, 0, 0, 1], 0)), running: None };
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
        let service = Served(self.methods.clone());
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

impl<M: Methods> NamedService for Served<M> {
    const NAME: &'static str = M::SERVICE;
}

impl<M: Methods> Service<http::Request<Body>> for Served<M> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap();
        assert_eq!(service, M::SERVICE);
        let answering = self.0.clone().call(method, request);
        Box::pin(async { Ok(answering.await) })
    }
}

/// Answers one request as `answer` says.
fn unary<Q, A>(
    request: http::Request<Body>,
    answer: impl Fn(Q) -> Result<A, Status> + Send + Sync + 'static,
) -> Answering
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
{
    let answer = tower::service_fn(move |request: Request<Q>| {
        let answer = answer(request.into_inner());
        async move { answer.map(Response::new) }
    });
    Box::pin(async move { Grpc::new(ProstCodec::<A, Q>::default()).unary(answer, request).await })
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

impl Methods for Keys {
    const SERVICE: &'static str = "healthcare.auth.v1.AuthService";

    fn call(self, method: &str, request: http::Request<Body>) -> Answering {
        assert_eq!(method, "GetJwks");
        unary(request, move |_: GetJwksRequest| {
            let key = Jwk {
                kid: KEY_ID.to_owned(),
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                x: BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key()),
            };
            Ok(Jwks { keys: vec![key] })
        })
    }
}

/// The calendars of appointment-svc: applies rules that are newer, or does what it was told to do instead.
#[derive(Clone)]
pub(crate) struct Calendars {
    state: Arc<Mutex<State>>,
    doctors: Arc<watch::Sender<Vec<DoctorRules>>>,
    clinic: Arc<watch::Sender<ClinicRules>>,
}

#[derive(Default)]
struct State {
    asked: Vec<ApplyDoctorRulesRequest>,
    asked_of_clinic: Vec<ApplyClinicRulesRequest>,
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
        Self { state: Arc::default(), doctors: Arc::default(), clinic: Arc::default() }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// All that was asked about doctors since the last time.
    pub(crate) fn asked(&self) -> Vec<ApplyDoctorRulesRequest> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    /// All that was asked about the clinic since the last time.
    pub(crate) fn asked_of_clinic(&self) -> Vec<ApplyClinicRulesRequest> {
        std::mem::take(&mut self.state.lock().unwrap().asked_of_clinic)
    }

    /// The rules of the doctor that are in force.
    pub(crate) fn in_force(&self, doctor_id: &str) -> Option<DoctorRules> {
        find(&self.doctors.borrow(), doctor_id).cloned()
    }

    /// The rules of the clinic that are in force.
    pub(crate) fn clinic_in_force(&self) -> ClinicRules {
        self.clinic.borrow().clone()
    }

    /// Waits for rules of the doctor that are later than `version`.
    pub(crate) async fn later_than(&self, doctor_id: &str, version: i64) -> DoctorRules {
        let mut applied = self.doctors.subscribe();
        let is_later =
            |rules: &Vec<DoctorRules>| find(rules, doctor_id).is_some_and(|rules| rules.version > version);
        let rules = applied.wait_for(is_later).await.unwrap();
        find(&rules, doctor_id).cloned().unwrap()
    }

    /// Waits for rules of the clinic that are later than `version`.
    pub(crate) async fn clinic_later_than(&self, version: i64) -> ClinicRules {
        self.clinic.subscribe().wait_for(|rules| rules.version > version).await.unwrap().clone()
    }

    fn apply_doctor(&self, request: ApplyDoctorRulesRequest) -> Result<ApplyDoctorRulesResponse, Status> {
        self.state.lock().unwrap().asked.push(request.clone());
        let rules = request.rules.unwrap();
        let current = self.in_force(&rules.doctor_id).map_or(0, |rules| rules.version);
        let version = self.apply(current, rules.version, request.refuse_if_booked, || {
            self.doctors.send_modify(|applied| applied.push(rules));
        })?;
        Ok(ApplyDoctorRulesResponse { version })
    }

    fn apply_clinic(&self, request: ApplyClinicRulesRequest) -> Result<ApplyClinicRulesResponse, Status> {
        self.state.lock().unwrap().asked_of_clinic.push(request.clone());
        let rules = request.rules.unwrap();
        let current = self.clinic_in_force().version;
        let version = self.apply(current, rules.version, request.refuse_if_booked, || {
            self.clinic.send_replace(rules);
        })?;
        Ok(ApplyClinicRulesResponse { version })
    }

    /// The version that is in force afterwards.
    fn apply(
        &self,
        current: i64,
        new: i64,
        refuse_if_booked: bool,
        put: impl FnOnce(),
    ) -> Result<i64, Status> {
        let mood = self.state.lock().unwrap().mood.clone();
        if let (Mood::Booked(ids), true) = (&mood, refuse_if_booked) {
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
        if current >= new {
            return Ok(current);
        }
        put();
        if matches!(mood, Mood::Mute) {
            return Err(Status::unavailable("the answer was lost"));
        }
        Ok(new)
    }
}

fn find<'a>(rules: &'a [DoctorRules], doctor_id: &str) -> Option<&'a DoctorRules> {
    rules.iter().rfind(|rules| rules.doctor_id == doctor_id)
}

impl Methods for Calendars {
    const SERVICE: &'static str = "healthcare.appointment.v1.AppointmentService";

    fn call(self, method: &str, request: http::Request<Body>) -> Answering {
        match method {
            "ApplyDoctorRules" => unary(request, move |asked| self.apply_doctor(asked)),
            "ApplyClinicRules" => unary(request, move |asked| self.apply_clinic(asked)),
            other => panic!("nobody asks for {other}"),
        }
    }
}
