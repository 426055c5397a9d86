//! The two neighbours, at the boundary of the process: only the methods that are called, only what is told.
use futures::future::BoxFuture;
use platform::shutdown::Shutdown;
use prost::Message;
use proto::appointment as pb;
use proto::auth::{ClaimCode, IssueClaimCodeRequest};
use proto::auth::{
    ErasePatientAccountRequest, ErasePatientAccountResponse, GetJwksRequest, Jwk, Jwks,
    RuleOutPatientAccountRequest, RuleOutPatientAccountResponse,
};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::patient::PatientParty;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

/// The code that is made for everyone.
pub(crate) const CODE: &str = "7K3M-9QXT-2VBN-D4HW";

/// Answers one request by `answer`.
async fn unary<Q, A>(
    request: http::Request<Body>,
    answer: impl Fn(Q) -> Result<A, Status> + Send + 'static,
) -> http::Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
{
    let service = tower::service_fn(move |request: Request<Q>| {
        let answer = answer(request.into_inner()).map(Response::new);
        async move { answer }
    });
    Grpc::new(ProstCodec::<A, Q>::default()).unary(service, request).await
}

/// Serves `service` on a free port; its address.
async fn serve<S>(service: S, shutdown: &Shutdown) -> String
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    shutdown.spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
    url
}

/// auth-svc, as far as it publishes one key, says who has an account, and forgets whose that was.
#[derive(Clone)]
pub(crate) struct Keys(Jwk, Arc<Mutex<Accounts>>);

#[derive(Default)]
struct Accounts {
    known: HashSet<String>,
    erased: HashSet<String>,
    are_away: bool,
}

impl Keys {
    pub(crate) fn new(key: Jwk) -> Self {
        Self(key, Arc::default())
    }

    /// From now on somebody logs in as `patient`.
    pub(crate) fn has_account(&self, patient: PatientId) {
        self.1.lock().unwrap().known.insert(patient.to_string());
    }

    /// Whether it was told to forget who logs in as `patient`.
    pub(crate) fn erased(&self, patient: PatientId) -> bool {
        self.1.lock().unwrap().erased.contains(&patient.to_string())
    }

    pub(crate) fn go_away(&self, are_away: bool) {
        self.1.lock().unwrap().are_away = are_away;
    }

    pub(crate) async fn serve(&self, shutdown: &Shutdown) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let both = Server::builder().add_service(self.clone()).add_service(Codes(self.1.clone()));
        shutdown.spawn(both.serve_with_incoming(TcpIncoming::from(listener)));
        url
    }
}

/// auth-svc, as far as it makes codes for those who have no account.
#[derive(Clone)]
struct Codes(Arc<Mutex<Accounts>>);

impl NamedService for Codes {
    const NAME: &'static str = "healthcare.auth.v1.AccountService";
}

impl Service<http::Request<Body>> for Codes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let accounts = self.0.clone();
        Box::pin(async move {
            let answer = move |asked: IssueClaimCodeRequest| {
                if accounts.lock().unwrap().known.contains(&asked.patient_id) {
                    return Err(Status::already_exists("somebody logs in as that patient"));
                }
                Ok(ClaimCode { code: CODE.to_owned(), expire_time: Some(prost_types::Timestamp::default()) })
            };
            Ok(unary(request, answer).await)
        })
    }
}

impl NamedService for Keys {
    const NAME: &'static str = "healthcare.auth.v1.AuthService";
}

impl Service<http::Request<Body>> for Keys {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (keys, accounts) = (Jwks { keys: vec![self.0.clone()] }, self.1.clone());
        Box::pin(async move {
            let path = request.uri().path();
            Ok(if path.ends_with("/RuleOutPatientAccount") {
                let answer = move |asked: RuleOutPatientAccountRequest| {
                    let has_account = accounts.lock().unwrap().known.contains(&asked.patient_id);
                    Ok(RuleOutPatientAccountResponse { has_account })
                };
                unary(request, answer).await
            } else if path.ends_with("/ErasePatientAccount") {
                let answer = move |asked: ErasePatientAccountRequest| {
                    let mut accounts = accounts.lock().unwrap();
                    if accounts.are_away {
                        return Err(Status::unavailable("away"));
                    }
                    accounts.erased.insert(asked.patient_id);
                    Ok(ErasePatientAccountResponse {})
                };
                unary(request, answer).await
            } else {
                unary(request, move |_: GetJwksRequest| Ok(keys.clone())).await
            })
        })
    }
}

/// appointment-svc, as far as it is asked about patients.
#[derive(Clone, Default)]
pub(crate) struct Calendar(Arc<Mutex<State>>, Arc<watch::Sender<()>>);

#[derive(Default)]
struct State {
    care: HashSet<(String, String)>,
    visits: HashMap<String, pb::AppointmentSummary>,
    booked: HashSet<String>,
    parties: HashMap<String, PatientParty>,
    mood: Mood,
}

impl State {
    /// Keeps `party` if it is newer; the version in force.
    fn learn(&mut self, party: PatientParty) -> i64 {
        let known = self.parties.entry(party.id.clone()).or_default();
        if party.version > known.version {
            *known = party;
        }
        known.version
    }
}

/// How the calendar answers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It cannot be reached.
    Away,
    /// It does what it is told, but the answer gets lost.
    Mute,
}

impl Calendar {
    pub(crate) async fn serve(&self, shutdown: &Shutdown) -> String {
        serve(self.clone(), shutdown).await
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    /// From now on `doctor` treats `patient`.
    pub(crate) fn relates(&self, doctor: DoctorId, patient: PatientId) {
        self.0.lock().unwrap().care.insert((doctor.to_string(), patient.to_string()));
    }

    /// From now on there is a visit.
    pub(crate) fn has_visit(
        &self,
        doctor: DoctorId,
        patient: PatientId,
        status: pb::AppointmentStatus,
    ) -> AppointmentId {
        let id = AppointmentId::random();
        let summary = pb::AppointmentSummary {
            id: id.to_string(),
            patient_id: patient.to_string(),
            doctor_id: doctor.to_string(),
            status: status.into(),
            ..Default::default()
        };
        self.0.lock().unwrap().visits.insert(id.to_string(), summary);
        id
    }

    /// From now on `patient` has visits ahead.
    pub(crate) fn has_booked(&self, patient: PatientId) {
        self.0.lock().unwrap().booked.insert(patient.to_string());
    }

    /// The calendar was told something by a process that is no more.
    pub(crate) fn told(&self, party: PatientParty) {
        self.0.lock().unwrap().learn(party);
    }

    /// What the calendar was told last about `patient`.
    pub(crate) fn party(&self, patient: PatientId) -> Option<PatientParty> {
        self.0.lock().unwrap().parties.get(&patient.to_string()).cloned()
    }

    /// Waits until the calendar was told that `patient` may be booked, or may not.
    pub(crate) async fn knows(&self, patient: PatientId, is_active: bool) -> PatientParty {
        let mut told = self.1.subscribe();
        let waiting = async {
            loop {
                match self.party(patient) {
                    Some(party) if party.is_active == is_active => return party,
                    _ => told.changed().await.unwrap(),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the calendar is told in time")
    }

    fn apply(&self, request: pb::ApplyPatientPartyRequest) -> Result<pb::ApplyPatientPartyResponse, Status> {
        let mut state = self.0.lock().unwrap();
        if state.mood == Mood::Away {
            return Err(away());
        }
        let party = request.party.unwrap();
        if request.refuse_if_booked && state.booked.contains(&party.id) {
            let ids = [("appointment_ids", "a,b".to_owned())];
            let domain = "appointment.healthcare";
            let reason = "HAS_ACTIVE_APPOINTMENTS";
            return Err(platform::fault::fault_with(Code::FailedPrecondition, domain, reason, "booked", ids));
        }
        let version = state.learn(party);
        self.1.send_replace(());
        if state.mood == Mood::Mute {
            return Err(away());
        }
        Ok(pb::ApplyPatientPartyResponse { version })
    }

    fn treats(
        &self,
        request: pb::CheckCareRelationshipRequest,
    ) -> Result<pb::CheckCareRelationshipResponse, Status> {
        let state = self.reachable()?;
        let treats = state.care.contains(&(request.doctor_id, request.patient_id));
        Ok(pb::CheckCareRelationshipResponse { treats })
    }

    fn panel(&self, request: &pb::ListCarePatientsRequest) -> Result<pb::ListCarePatientsResponse, Status> {
        let state = self.reachable()?;
        let of_doctor = state.care.iter().filter(|(doctor, _)| *doctor == request.doctor_id);
        let patient_ids = of_doctor.map(|(_, patient)| patient.clone()).collect();
        Ok(pb::ListCarePatientsResponse { patient_ids })
    }

    fn summary(&self, request: &pb::GetAppointmentSummaryRequest) -> Result<pb::AppointmentSummary, Status> {
        let state = self.reachable()?;
        let unknown = || Status::new(Code::NotFound, "no such appointment");
        state.visits.get(&request.id).cloned().ok_or_else(unknown)
    }

    fn reachable(&self) -> Result<std::sync::MutexGuard<'_, State>, Status> {
        let state = self.0.lock().unwrap();
        if state.mood == Mood::Well { Ok(state) } else { Err(away()) }
    }
}

fn away() -> Status {
    Status::new(Code::Unavailable, "away")
}

impl NamedService for Calendar {
    const NAME: &'static str = "healthcare.appointment.v1.AppointmentService";
}

impl Service<http::Request<Body>> for Calendar {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let calendar = self.clone();
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            Ok(match method.as_str() {
                "ApplyPatientParty" => unary(request, move |asked| calendar.apply(asked)).await,
                "CheckCareRelationship" => unary(request, move |asked| calendar.treats(asked)).await,
                "ListCarePatients" => unary(request, move |asked| calendar.panel(&asked)).await,
                "GetAppointmentSummary" => unary(request, move |asked| calendar.summary(&asked)).await,
                _ => Status::new(Code::Unimplemented, method).into_http(),
            })
        })
    }
}
