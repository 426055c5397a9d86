//! Neighbours at the process boundary: servers that know the one method that is asked of them.
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use jsonwebtoken::EncodingKey;
use platform::token::{self, Claims};
use proto::auth::{GetJwksRequest, Jwk, Jwks};
use proto::doctor::{DoctorRules, GetDoctorRulesRequest};
use proto::patient::{GetPatientPartyRequest, PatientParty};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
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
        if request.uri().path() != format!("/{}/{}", M::SERVICE, M::NAME) {
            // Names to show beside visits, which nothing here needs.
            return Box::pin(async { Ok(Status::unimplemented("not known here").into_http()) });
        }
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

/// What doctor-svc knows of its doctors.
pub(crate) type Doctors = Register<DoctorRules>;
/// What patient-svc knows of its patients.
pub(crate) type Patients = Register<PatientParty>;

/// What a neighbour knows, by id, and who was asked for.
#[derive(Clone)]
pub(crate) struct Register<T>(Arc<Mutex<Known<T>>>);

struct Known<T> {
    entries: HashMap<String, T>,
    asked: Vec<String>,
    ailment: Option<Code>,
}

impl<T: Clone> Register<T> {
    pub(crate) fn empty() -> Self {
        Self(Arc::new(Mutex::new(Known { entries: HashMap::new(), asked: Vec::new(), ailment: None })))
    }

    /// From now on `id` is known as `entry`.
    pub(crate) fn put(&self, id: &impl ToString, entry: T) {
        self.0.lock().unwrap().entries.insert(id.to_string(), entry);
    }

    /// From now on every question fails with this code, if it is given.
    pub(crate) fn fail(&self, ailment: Option<Code>) {
        self.0.lock().unwrap().ailment = ailment;
    }

    /// The ids that were asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn find(&self, id: String) -> Result<T, Status> {
        let mut known = self.0.lock().unwrap();
        if let Some(ailment) = known.ailment {
            return Err(Status::new(ailment, "failing"));
        }
        let entry = known.entries.get(&id).cloned();
        known.asked.push(id);
        entry.ok_or_else(|| Status::not_found("unknown"))
    }
}

impl Method for Doctors {
    const SERVICE: &'static str = "healthcare.doctor.v1.DoctorService";
    const NAME: &'static str = "GetDoctorRules";
    type Request = GetDoctorRulesRequest;
    type Response = DoctorRules;

    fn answer(&self, request: GetDoctorRulesRequest) -> Result<DoctorRules, Status> {
        self.find(request.doctor_id)
    }
}

impl Method for Patients {
    const SERVICE: &'static str = "healthcare.patient.v1.PatientService";
    const NAME: &'static str = "GetPatientParty";
    type Request = GetPatientPartyRequest;
    type Response = PatientParty;

    fn answer(&self, request: GetPatientPartyRequest) -> Result<PatientParty, Status> {
        self.find(request.id)
    }
}
