//! The services that notification-svc asks, as far as it asks them: auth-svc, appointment-svc, patient-svc and
//! doctor-svc, in one process.
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Router;
use axum::routing::post_service;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::Request;
use jsonwebtoken::EncodingKey;
use platform::admission::bearer;
use platform::caller::{Caller, User};
use platform::clock::Clock;
use platform::secrets::RootSecret;

use platform::token::{self, Claims, Verifier};
use prost_types::Timestamp;
use proto::appointment::AppointmentAction::{Cancel, Confirm, Reschedule};
use proto::appointment::{AppointmentStatus, AppointmentSummary, GetAppointmentSummaryRequest};
use proto::appointment::{GetWaitlistOfferRequest, WaitlistOffer, WaitlistOfferMode, WaitlistOfferState};
use proto::appointment::{ListAppointmentSummariesRequest, ListAppointmentSummariesResponse};
use proto::auth::{AccountMessage, GetAccountMessageRequest, GetJwksRequest, Jwk, Jwks};
use proto::auth::{ListReviewersRequest, ListReviewersResponse};
use proto::doctor::{BatchGetDoctorsRequest, BatchGetDoctorsResponse, Doctor};
use proto::doctor::{DoctorContact, GetDoctorContactRequest, ReminderOffsets};
use proto::doctor::{ListVisitTypesRequest, ListVisitTypesResponse, VisitType};
use proto::ids::{AppointmentId, DoctorId, PatientId, UserId, WaitlistEntryId, WaitlistOfferId};
use proto::patient::{ContactPreference, GetPatientContactRequest, PatientContact};
use proto::time::to_wire;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::server::Grpc;
use tonic::service::Routes;
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Code, Response, Status};
use tonic_prost::ProstCodec;

const KEY_ID: &str = "test";

pub(crate) struct Neighbours {
    pub(crate) url: String,
    known: Arc<Mutex<Known>>,
    key: EncodingKey,
    _running: JoinSet<()>,
}

/// What the neighbours know.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) visits: HashMap<String, AppointmentSummary>,
    pub(crate) offers: HashMap<String, WaitlistOffer>,
    /// Open messages about accounts, by the account and the token.
    pub(crate) accounts: HashMap<(String, String), AccountMessage>,
    /// Who reviews what doctors do in emergencies; while it is none, auth-svc cannot say.
    pub(crate) reviewers: Option<Vec<UserId>>,
    pub(crate) patients: HashMap<String, PatientContact>,
    pub(crate) doctors: HashMap<String, DoctorContact>,
    /// Who can still be written to, and is not there any more.
    pub(crate) deleted_doctors: HashSet<String>,
    pub(crate) visit_types: Vec<VisitType>,
    /// Whether patient-svc is away.
    pub(crate) no_patients: bool,
}

/// Somebody with a visit to somebody.
#[derive(Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) id: AppointmentId,
    pub(crate) patient: PatientId,
    pub(crate) doctor: DoctorId,
}

/// A time with somebody that is offered to somebody.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) id: WaitlistOfferId,
    pub(crate) entry: WaitlistEntryId,
    pub(crate) patient: PatientId,
    pub(crate) doctor: DoctorId,
}

impl Neighbours {
    pub(crate) async fn start(root: &RootSecret) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let jwks = Jwks {
            keys: vec![Jwk {
                kid: KEY_ID.to_owned(),
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                x: BASE64_URL_SAFE_NO_PAD.encode(pair.public_key()),
            }],
        };
        let known = Arc::new(Mutex::new(Known::default()));
        let (accounts, visits, offers, patients, doctors) =
            (known.clone(), known.clone(), known.clone(), known.clone(), known.clone());
        let (reviewers, listed, named, typed) = (known.clone(), known.clone(), known.clone(), known.clone());
        let ours = |name| Some(Verifier::new(name, root, None, Clock::system()));
        let router = Router::new()
            .route_service(
                "/healthcare.auth.v1.AuthService/GetJwks",
                unary(None, move |_: GetJwksRequest| Ok(jwks.clone())),
            )
            .route_service(
                "/healthcare.auth.v1.AccountService/GetAccountMessage",
                unary(ours("auth-svc"), move |ask: GetAccountMessageRequest| {
                    found(accounts.lock().unwrap().accounts.get(&(ask.user_id, ask.token_id)))
                }),
            )
            .route_service(
                "/healthcare.auth.v1.AccountService/ListReviewers",
                unary(ours("auth-svc"), move |_: ListReviewersRequest| {
                    let known = reviewers.lock().unwrap().reviewers.clone();
                    let known = known.ok_or_else(|| Status::unavailable("away"))?;
                    Ok(ListReviewersResponse { user_ids: known.iter().map(ToString::to_string).collect() })
                }),
            )
            .route_service(
                "/healthcare.appointment.v1.AppointmentService/GetAppointmentSummary",
                unary(ours("appointment-svc"), move |ask: GetAppointmentSummaryRequest| {
                    found(visits.lock().unwrap().visits.get(&ask.id))
                }),
            )
            .route_service(
                "/healthcare.appointment.v1.AppointmentService/ListAppointmentSummaries",
                unary(ours("appointment-svc"), move |ask: ListAppointmentSummariesRequest| {
                    Ok(one_of(&listed.lock().unwrap().visits, &ask))
                }),
            )
            .route_service(
                "/healthcare.doctor.v1.DoctorService/BatchGetDoctors",
                unary(ours("doctor-svc"), move |ask: BatchGetDoctorsRequest| {
                    let known = named.lock().unwrap();
                    let doctors = ask.ids.iter().filter_map(|id| known.doctors.get(id));
                    let named = |doctor: &DoctorContact| {
                        named_doctor(doctor, known.deleted_doctors.contains(&doctor.doctor_id))
                    };
                    Ok(BatchGetDoctorsResponse { doctors: doctors.map(named).collect() })
                }),
            )
            .route_service(
                "/healthcare.doctor.v1.DoctorService/ListVisitTypes",
                unary(ours("doctor-svc"), move |ask: ListVisitTypesRequest| {
                    assert!(ask.include_inactive);
                    Ok(ListVisitTypesResponse { visit_types: typed.lock().unwrap().visit_types.clone() })
                }),
            )
            .route_service(
                "/healthcare.appointment.v1.WaitlistService/GetWaitlistOffer",
                unary(ours("appointment-svc"), move |ask: GetWaitlistOfferRequest| {
                    found(offers.lock().unwrap().offers.get(&ask.id))
                }),
            )
            .route_service(
                "/healthcare.patient.v1.PatientService/GetPatientContact",
                unary(ours("patient-svc"), move |ask: GetPatientContactRequest| {
                    let known = patients.lock().unwrap();
                    if known.no_patients {
                        return Err(Status::unavailable("away"));
                    }
                    found(known.patients.get(&ask.id))
                }),
            )
            .route_service(
                "/healthcare.doctor.v1.DoctorService/GetDoctorContact",
                unary(ours("doctor-svc"), move |ask: GetDoctorContactRequest| {
                    found(doctors.lock().unwrap().doctors.get(&ask.doctor_id))
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Server::builder().add_routes(Routes::from(router));
        let mut running = JoinSet::new();
        running.spawn(async move {
            serving.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        let key = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
        Self { url, known, key, _running: running }
    }

    /// Changes what they know.
    pub(crate) fn now_know(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap());
    }

    /// A visit of Ada Lovelace to Dr. Grace Hopper, on Monday at nine in Berlin.
    pub(crate) fn visit(&self) -> Visit {
        let (patient, doctor) = self.people();
        let visit = Visit { id: AppointmentId::random(), patient, doctor };
        let summary = AppointmentSummary {
            id: visit.id.to_string(),
            patient_id: visit.patient.to_string(),
            doctor_id: visit.doctor.to_string(),
            start_time: Some(to_wire("2030-01-07T08:00:00Z".parse().unwrap())),
            end_time: Some(to_wire("2030-01-07T08:30:00Z".parse().unwrap())),
            time_zone: "Europe/Berlin".to_owned(),
            status: AppointmentStatus::Scheduled.into(),
            version: 1,
            schedule_version: 1,
            reminder_offsets_minutes: Some(ReminderOffsets::default()),
            patient_actions: [Confirm, Reschedule, Cancel].map(Into::into).into(),
            update_time: Some(to_wire("2029-12-01T00:00:00Z".parse().unwrap())),
            ..AppointmentSummary::default()
        };
        self.now_know(|known| drop(known.visits.insert(summary.id.clone(), summary)));
        visit
    }

    /// That time, offered to Ada Lovelace alone, until Sunday at half past six.
    pub(crate) fn offer(&self) -> Offer {
        let (patient, doctor) = self.people();
        let (id, entry) = (WaitlistOfferId::random(), WaitlistEntryId::random());
        let offer = WaitlistOffer {
            id: id.to_string(),
            entry_id: entry.to_string(),
            patient_id: patient.to_string(),
            doctor_id: doctor.to_string(),
            start_time: Some(to_wire("2030-01-07T08:00:00Z".parse().unwrap())),
            end_time: Some(to_wire("2030-01-07T08:30:00Z".parse().unwrap())),
            time_zone: "Europe/Berlin".to_owned(),
            mode: WaitlistOfferMode::Cascade.into(),
            state: WaitlistOfferState::Open.into(),
            expire_time: Some(to_wire("2030-01-06T17:30:00Z".parse().unwrap())),
            ..WaitlistOffer::default()
        };
        self.now_know(|known| drop(known.offers.insert(offer.id.clone(), offer)));
        Offer { id, entry, patient, doctor }
    }

    fn people(&self) -> (PatientId, DoctorId) {
        let (patient_id, doctor_id) = (PatientId::random(), DoctorId::random());
        let patient = PatientContact {
            id: patient_id.to_string(),
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            email: "ada@example.com".to_owned(),
            contact_preference: ContactPreference::Email.into(),
            ..PatientContact::default()
        };
        let doctor = DoctorContact {
            doctor_id: doctor_id.to_string(),
            first_name: "Grace".to_owned(),
            last_name: "Hopper".to_owned(),
            email: "grace@example.com".to_owned(),
            ..DoctorContact::default()
        };
        self.now_know(|known| {
            known.patients.insert(patient.id.clone(), patient);
            known.doctors.insert(doctor.doctor_id.clone(), doctor);
        });
        (patient_id, doctor_id)
    }

    /// The visit has changed since.
    pub(crate) fn change_visit(&self, visit: Visit, change: impl FnOnce(&mut AppointmentSummary)) {
        self.now_know(|known| change(known.visits.get_mut(&visit.id.to_string()).unwrap()));
    }

    /// The offer has changed since.
    pub(crate) fn change_offer(&self, offer: Offer, change: impl FnOnce(&mut WaitlistOffer)) {
        self.now_know(|known| change(known.offers.get_mut(&offer.id.to_string()).unwrap()));
    }

    /// The visit has changed since.
    pub(crate) fn change(&self, visit: Visit, version: i64, status: AppointmentStatus) {
        self.now_know(|known| {
            let summary = known.visits.get_mut(&visit.id.to_string()).unwrap();
            summary.version = version;
            summary.set_status(status);
        });
    }

    /// An access token of a person with `role`.
    pub(crate) fn token_of(&self, user: User) -> String {
        token::sign(&self.key, KEY_ID, &Claims::of(user, Clock::system().now(), 900)).unwrap()
    }
}

fn found<T: Clone>(answer: Option<&T>) -> Result<T, Status> {
    answer.cloned().ok_or_else(|| Status::not_found("unknown"))
}

/// One method; with `services`, for notification-svc only.
fn unary<Q, A>(
    services: Option<Verifier>,
    answer: impl Fn(Q) -> Result<A, Status> + Clone + Send + Sync + 'static,
) -> axum::routing::MethodRouter
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
{
    post_service(tower::service_fn(move |request: Request<axum::body::Body>| {
        let (services, answer) = (services.clone(), answer.clone());
        async move {
            if let Some(services) = services {
                let token = bearer(request.headers()).unwrap_or_default();
                if services.verify(token).await != Ok(Caller::Service("notification-svc".to_owned())) {
                    return Ok(Status::new(Code::PermissionDenied, "not for you").into_http());
                }
            }
            let method = tower::service_fn(move |request: tonic::Request<Q>| {
                std::future::ready(answer(request.into_inner()).map(Response::new))
            });
            Ok::<_, Infallible>(Grpc::new(ProstCodec::<A, Q>::default()).unary(method, request).await)
        }
    }))
}

/// The visits of one doctor or patient by start, one on each page.
fn one_of(
    visits: &HashMap<String, AppointmentSummary>,
    ask: &ListAppointmentSummariesRequest,
) -> ListAppointmentSummariesResponse {
    let start = |visit: &AppointmentSummary| visit.start_time.map_or(0, |time| time.seconds);
    let is_asked = |visit: &&AppointmentSummary| {
        (visit.doctor_id == ask.doctor_id || visit.patient_id == ask.patient_id)
            && start(visit) >= ask.start_time_from.map_or(0, |time| time.seconds)
            && start(visit) < ask.start_time_until.map_or(0, |time| time.seconds)
    };
    let mut found: Vec<&AppointmentSummary> = visits.values().filter(is_asked).collect();
    found.sort_by_key(|visit| start(visit));
    let done: usize = ask.page_token.parse().unwrap_or_default();
    let next_page_token = if done + 1 < found.len() { (done + 1).to_string() } else { String::new() };
    let summaries = found.into_iter().skip(done).take(1).cloned().collect();
    ListAppointmentSummariesResponse { summaries, next_page_token }
}

fn named_doctor(contact: &DoctorContact, is_deleted: bool) -> Doctor {
    Doctor {
        id: contact.doctor_id.clone(),
        first_name: contact.first_name.clone(),
        last_name: contact.last_name.clone(),
        languages: contact.languages.clone(),
        delete_time: is_deleted.then(Timestamp::default),
        ..Doctor::default()
    }
}
