//! Which method lets whom in: every gRPC method of the contract, called by everyone, with an empty request. What the
//! methods let them see and do then is in the other matrices (`objects`, `authorization`).
mod objects; // whose they may be asked about

use local::service::Service;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::token::service_identity;
use std::collections::{BTreeMap, BTreeSet};
use tests::grpc::by;
use tests::mesh::Mesh;
use tests::rest::Rest;

use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

/// One row a method, with those whom it lets in. Everyone else is turned away: UNAUTHENTICATED without a token that
/// is valid, PERMISSION_DENIED with one. (`ListWaitlistOffers` lets patients and doctors in, too, when they name an
/// entry.)
const MATRIX: &str = "
    auth.v1.AuthService/Login                                   anyone
    auth.v1.AuthService/Register                                anyone
    auth.v1.AuthService/RefreshToken                            anyone
    auth.v1.AuthService/Logout                                  anyone
    auth.v1.AuthService/GetJwks                                 anyone
    auth.v1.AuthService/GetCurrentUser                          patient doctor staff admin auditor
    auth.v1.AuthService/ChangePassword                          patient doctor staff admin auditor
    auth.v1.AuthService/ListSessions                            patient doctor staff admin auditor
    auth.v1.AuthService/RevokeSession                           patient doctor staff admin auditor
    auth.v1.AuthService/GetUser                                 admin
    auth.v1.AuthService/ListUsers                               admin
    auth.v1.AuthService/UpdateUser                              staff admin
    auth.v1.AuthService/RevokeUserSessions                      admin
    auth.v1.AuthService/WatchEndedSessions                      appointment-svc doctor-svc gateway notification-svc patient-svc
    auth.v1.AuthService/RuleOutPatientAccount                   patient-svc
    auth.v1.ApiClientService/IssueToken                         anyone
    auth.v1.ApiClientService/CreateApiClient                    admin
    auth.v1.ApiClientService/ListApiClients                     admin
    auth.v1.ApiClientService/GetApiClient                       admin
    auth.v1.ApiClientService/RotateApiClientSecret              admin
    auth.v1.ApiClientService/DisableApiClient                   admin
    auth.v1.AuthService/ErasePatientAccount                     patient-svc
    auth.v1.AccountService/RequestPasswordReset                 anyone
    auth.v1.AccountService/ResetPassword                        anyone
    auth.v1.AccountService/VerifyEmail                          anyone
    auth.v1.AccountService/AcceptInvitation                     anyone
    auth.v1.AccountService/ResendEmailVerification              patient doctor staff admin auditor
    auth.v1.AccountService/InviteUser                           admin
    auth.v1.AccountService/ClaimPatient                         patient
    auth.v1.AccountService/IssueClaimCode                       patient-svc
    auth.v1.AccountService/GetAccountMessage                    notification-svc
    auth.v1.AccountService/ListReviewers                        notification-svc
    auth.v1.ProxyService/GrantProxy                             staff admin
    auth.v1.ProxyService/ListProxies                            patient staff admin
    auth.v1.ProxyService/RevokeProxy                            patient staff admin
    auth.v1.ProxyService/ListActingFor                          patient doctor staff admin auditor
    auth.v1.ProxyService/ActFor                                 patient doctor staff admin auditor
    auth.v1.SecondFactorService/CompleteLogin                   anyone
    auth.v1.SecondFactorService/EnrolTotp                       patient doctor staff admin auditor
    auth.v1.SecondFactorService/ConfirmTotp                     patient doctor staff admin auditor
    auth.v1.SecondFactorService/RemoveTotp                      patient doctor staff admin auditor
    auth.v1.SecondFactorService/RenewRecoveryCodes              patient doctor staff admin auditor
    auth.v1.SecondFactorService/RemoveUserTotp                  admin

    patient.v1.PatientService/CreatePatient                     patient staff admin
    patient.v1.PatientService/GetPatient                        patient doctor staff admin
    patient.v1.PatientService/ListPatients                      doctor staff admin
    patient.v1.PatientService/SearchPatients                    doctor staff admin
    patient.v1.PatientService/BatchGetPatients                  patient doctor staff admin
    patient.v1.PatientService/UpdatePatient                     patient staff admin
    patient.v1.PatientService/DeletePatient                     patient admin
    patient.v1.PatientService/MergePatient                      patient staff admin
    patient.v1.PatientService/UnmergePatient                    patient staff admin
    patient.v1.PatientService/CreateClaimCode                   patient staff admin
    patient.v1.PatientService/GetLegalHold                      patient admin
    patient.v1.PatientService/PlaceLegalHold                    patient admin
    patient.v1.PatientService/LiftLegalHold                     patient admin
    patient.v1.PatientService/ErasePatient                      patient admin
    patient.v1.PatientService/CreateMedicalRecord               patient doctor
    patient.v1.PatientService/GetMedicalRecord                  patient doctor
    patient.v1.PatientService/ListMedicalRecords                patient doctor
    patient.v1.PatientService/ListMedicalRecordRevisions        patient doctor
    patient.v1.PatientService/AmendMedicalRecord                patient doctor
    patient.v1.PatientService/MarkMedicalRecordEnteredInError   patient doctor
    patient.v1.PatientService/SignMedicalRecord                 patient doctor
    patient.v1.PatientService/CosignMedicalRecord               patient doctor
    patient.v1.PatientService/BatchGetPatientNames              appointment-svc
    patient.v1.PatientService/GetPatientContact                 notification-svc
    patient.v1.PatientService/CheckPatientRecord                auth-svc
    patient.v1.PatientService/GetPatientParty                   appointment-svc

    patient.v1.BreakGlassService/BreakGlass                     patient doctor
    patient.v1.BreakGlassService/GetBreakGlassGrant             admin auditor
    patient.v1.BreakGlassService/ListBreakGlassGrants           admin auditor
    patient.v1.BreakGlassService/ReviewBreakGlassGrant          admin auditor
    patient.v1.AuditService/ListAuditEntries                    admin auditor
    patient.v1.AuditService/ListPatientAccesses                 patient admin auditor

    doctor.v1.DoctorService/GetDoctor                           patient doctor staff admin auditor
    doctor.v1.DoctorService/ListDoctors                         patient doctor staff admin auditor
    doctor.v1.DoctorService/BatchGetDoctors                     patient doctor staff admin auditor appointment-svc notification-svc
    doctor.v1.DoctorService/ListAvailabilities                  patient doctor staff admin auditor
    doctor.v1.DoctorService/ListAvailabilityOverrides           patient doctor staff admin auditor
    doctor.v1.DoctorService/ListTimeOff                         patient doctor staff admin auditor
    doctor.v1.DoctorService/GetVisitType                        patient doctor staff admin auditor
    doctor.v1.DoctorService/ListVisitTypes                      patient doctor staff admin auditor notification-svc
    doctor.v1.DoctorService/GetLocation                         patient doctor staff admin auditor
    doctor.v1.DoctorService/ListLocations                       patient doctor staff admin auditor
    doctor.v1.DoctorService/ListHolidays                        patient doctor staff admin auditor
    doctor.v1.DoctorService/CreateDoctor                        admin
    doctor.v1.DoctorService/UpdateDoctor                        doctor admin
    doctor.v1.DoctorService/DeleteDoctor                        admin
    doctor.v1.DoctorService/CreateAvailability                  doctor staff admin
    doctor.v1.DoctorService/UpdateAvailability                  doctor staff admin
    doctor.v1.DoctorService/DeleteAvailability                  doctor staff admin
    doctor.v1.DoctorService/SetAvailabilityOverride             doctor staff admin
    doctor.v1.DoctorService/DeleteAvailabilityOverride          doctor staff admin
    doctor.v1.DoctorService/CreateTimeOff                       doctor staff admin
    doctor.v1.DoctorService/DeleteTimeOff                       doctor staff admin
    doctor.v1.DoctorService/CreateVisitType                     admin
    doctor.v1.DoctorService/UpdateVisitType                     admin
    doctor.v1.DoctorService/DeleteVisitType                     admin
    doctor.v1.DoctorService/CreateLocation                      admin
    doctor.v1.DoctorService/UpdateLocation                      admin
    doctor.v1.DoctorService/DeleteLocation                      admin
    doctor.v1.DoctorService/CreateRoom                          admin
    doctor.v1.DoctorService/DeleteRoom                          admin
    doctor.v1.DoctorService/CreateHoliday                       admin
    doctor.v1.DoctorService/DeleteHoliday                       admin
    doctor.v1.DoctorService/GetClinicRules                      appointment-svc
    doctor.v1.DoctorService/GetDoctorRules                      appointment-svc
    doctor.v1.DoctorService/GetDoctorContact                    notification-svc

    appointment.v1.AppointmentService/ListAvailableSlots        patient doctor staff admin
    appointment.v1.AppointmentService/SearchSlots               patient doctor staff admin
    appointment.v1.AppointmentService/ListDaySummaries          patient doctor staff admin
    appointment.v1.AppointmentService/ExplainSlot               patient doctor staff admin
    appointment.v1.AppointmentService/BookAppointment           patient doctor staff admin
    appointment.v1.AppointmentService/CreateHold                patient doctor staff admin
    appointment.v1.AppointmentService/RenewHold                 patient doctor staff admin
    appointment.v1.AppointmentService/ReleaseHold               patient doctor staff admin
    appointment.v1.AppointmentService/GetAppointment            patient doctor staff admin
    appointment.v1.AppointmentService/ListAppointments          patient doctor staff admin
    appointment.v1.AppointmentService/UpdateAppointment         patient doctor staff admin
    appointment.v1.AppointmentService/UpdateAppointmentStatus   patient doctor staff admin
    appointment.v1.AppointmentService/CancelAppointment         patient doctor staff admin
    appointment.v1.AppointmentService/UndoAppointmentChange     patient staff admin
    appointment.v1.AppointmentService/SetSubStatus              patient doctor staff admin
    appointment.v1.AppointmentService/ListUnresolvedAppointments doctor staff admin
    appointment.v1.AppointmentService/GetPatientAttendance      patient doctor staff admin
    appointment.v1.AppointmentService/ListAppointmentEvents     patient doctor staff admin
    appointment.v1.AppointmentService/PlanAbsence               doctor staff admin
    appointment.v1.AppointmentService/ApplyAbsencePlan          doctor staff admin
    appointment.v1.AppointmentService/ImportAppointment         admin
    appointment.v1.AppointmentService/CreateSeries              patient doctor staff admin
    appointment.v1.AppointmentService/GetSeries                 patient doctor staff admin
    appointment.v1.AppointmentService/UpdateSeries              patient doctor staff admin
    appointment.v1.AppointmentService/CancelSeries              patient doctor staff admin
    appointment.v1.AppointmentService/ApplyDoctorRules          doctor-svc
    appointment.v1.AppointmentService/ApplyClinicRules          doctor-svc
    appointment.v1.AppointmentService/ApplyPatientParty         patient-svc
    appointment.v1.AppointmentService/CheckCareRelationship     patient-svc
    appointment.v1.AppointmentService/ListCarePatients          patient-svc
    appointment.v1.AppointmentService/GetAppointmentSummary     notification-svc patient-svc
    appointment.v1.AppointmentService/ListAppointmentSummaries  notification-svc
    appointment.v1.WaitlistService/CreateWaitlistEntry          patient doctor staff admin
    appointment.v1.WaitlistService/GetWaitlistEntry             patient doctor staff admin
    appointment.v1.WaitlistService/ListWaitlistEntries          patient doctor staff admin
    appointment.v1.WaitlistService/UpdateWaitlistEntry          patient doctor staff admin
    appointment.v1.WaitlistService/ResumeWaitlistEntry          patient doctor staff admin
    appointment.v1.WaitlistService/CancelWaitlistEntry          patient doctor staff admin
    appointment.v1.WaitlistService/ListWaitlistOffers           staff admin
    appointment.v1.WaitlistService/AcceptWaitlistOffer          patient doctor staff admin
    appointment.v1.WaitlistService/DeclineWaitlistOffer         patient doctor staff admin
    appointment.v1.WaitlistService/GetWaitlistOffer             notification-svc
    appointment.v1.VisitLinkService/GetLinkedVisit              notification-svc
    appointment.v1.VisitLinkService/ListLinkedSlots             notification-svc
    appointment.v1.VisitLinkService/ChangeLinkedVisit           notification-svc
    appointment.v1.VisitLinkService/MoveLinkedVisit             notification-svc

    notification.v1.LinkService/OpenLink                        anyone
    notification.v1.LinkService/FollowLink                      anyone
    notification.v1.NotificationService/ListNotifications       staff admin
    notification.v1.NotificationService/GetNotification         staff admin
    notification.v1.NotificationService/ResendNotification      staff admin
    notification.v1.PreferenceService/GetPreferences            patient staff admin
    notification.v1.PreferenceService/UpdatePreferences         patient staff admin
    notification.v1.CalendarFeedService/GetPatientCalendarFeed    patient staff admin
    notification.v1.CalendarFeedService/RotatePatientCalendarFeed patient staff admin
    notification.v1.CalendarFeedService/DeletePatientCalendarFeed patient staff admin
    notification.v1.CalendarFeedService/GetDoctorCalendarFeed     doctor staff admin
    notification.v1.CalendarFeedService/RotateDoctorCalendarFeed  doctor staff admin
    notification.v1.CalendarFeedService/DeleteDoctorCalendarFeed  doctor staff admin
    notification.v1.CalendarFeedService/GetCalendar               anyone

    events.v1.DeadLetterService/ListDeadLetters                 admin
    events.v1.DeadLetterService/GetDeadLetter                   admin
    events.v1.DeadLetterService/ReplayDeadLetter                admin
    events.v1.DeadLetterService/DiscardDeadLetter               admin
    notification.v1.TemplateService/ListTemplates               staff admin
    notification.v1.TemplateService/PreviewMessage              staff admin
    notification.v1.TemplateService/ListTemplateOverrides       admin
    notification.v1.TemplateService/GetTemplateOverride         admin
    notification.v1.TemplateService/SetTemplateOverride         admin
    notification.v1.TemplateService/DeleteTemplateOverride      admin

    notification.v1.WebhookService/CreateWebhook                admin
    notification.v1.WebhookService/GetWebhook                   admin
    notification.v1.WebhookService/ListWebhooks                 admin
    notification.v1.WebhookService/UpdateWebhook                admin
    notification.v1.WebhookService/DeleteWebhook                admin
    notification.v1.WebhookService/RotateWebhookSecret          admin
    notification.v1.WebhookService/TestWebhook                  admin
    notification.v1.WebhookService/ListWebhookDeliveries        admin
    notification.v1.WebhookService/ReplayWebhookDelivery        admin

    auth.v1.AuthService/RevokeAllSessions                       patient doctor staff admin auditor
";

/// Who calls, in words of the matrix, and their tokens. Tokens of services are for one of them.
enum Token {
    None,
    Given(String),
    OfService(&'static str),
}

/// The last method logs everyone out.
fn rows() -> impl Iterator<Item = (String, Vec<&'static str>)> {
    MATRIX.lines().filter_map(|row| {
        let mut words = row.split_whitespace();
        Some((format!("/healthcare.{}", words.next()?), words.collect()))
    })
}

/// Whose method it is; of several who have it, one.
pub(crate) fn serving(path: &str) -> Service {
    if path.starts_with("/healthcare.events.") {
        return Service::Notification;
    }
    let own = |service: &&Service| path.starts_with(&format!("/healthcare.{}.", service.schema().unwrap()));
    *Service::GRPC.iter().find(own).expect("a service of ours")
}

/// A token of the service `name` for `audience`.
pub(crate) fn of_service(mesh: &Mesh, name: &'static str, audience: &'static str) -> String {
    let root = RootSecret::new(&mesh.ground.options().secrets.secret_key.into()).unwrap();
    let header = service_identity(&root, name, Clock::system()).unwrap()(audience);
    header.to_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

async fn call(channel: &Channel, path: &str, request: Request<()>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("the service answers");
    let path = path.parse().unwrap();
    // Also of methods that answer once: those that refuse do so before the first message.
    client.server_streaming(request, path, ProstCodec::<(), ()>::default()).await.map(|_| ())
}

fn given(person: &Rest) -> Token {
    Token::Given(person.token().unwrap().to_owned())
}

async fn callers(mesh: &Mesh) -> Vec<(&'static str, Token)> {
    let admin = mesh.admin().await;
    let other = admin.another().await;
    let mut callers = vec![
        ("nobody", Token::None),
        ("bad token", Token::Given("not.a.token".to_owned())),
        ("patient", given(&admin.patient().await.rest)),
        ("doctor", given(&admin.doctor().await.rest)),
        ("staff", given(&admin.staff().await.rest)),
        ("admin", given(&other)),
        ("auditor", given(&admin.auditor().await.rest)),
    ];
    callers.extend(Service::ALL.map(|service| (service.name(), Token::OfService(service.name()))));
    callers
}

#[tokio::test]
async fn every_method_lets_in_whom_the_matrix_says_and_nobody_else() {
    let mesh = Mesh::shared().await;
    let callers = callers(&mesh).await;
    let mut channels = BTreeMap::new();
    for service in Service::GRPC {
        channels.insert(service.name(), mesh.channel(service).await);
    }
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for (path, let_in) in rows() {
        let service = serving(&path).name();
        for (name, token) in &callers {
            let request = match token {
                Token::None => Request::new(()),
                Token::Given(token) => by(token, ()),
                Token::OfService(name) => by(&of_service(&mesh, name, service), ()),
            };
            let code =
                call(&channels[service], &path, request).await.err().map_or(Code::Ok, |status| status.code());
            let known = !["nobody", "bad token"].contains(name);
            let fits = if let_in.contains(name) || let_in == ["anyone"] {
                use Code::{
                    Internal, PermissionDenied, Unauthenticated, Unavailable, Unimplemented, Unknown,
                };
                // A log-in or a refresh with nothing in it is told so in the words of a wrong password.
                let told = let_in == ["anyone"] && code == Unauthenticated;
                told || ![Internal, PermissionDenied, Unauthenticated, Unavailable, Unimplemented, Unknown]
                    .contains(&code)
            } else {
                code == if known { Code::PermissionDenied } else { Code::Unauthenticated }
            };
            cells += 1;
            if !fits {
                wrong.push(format!("{path} by {name}: {code:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    println!("{cells} cells");
}

#[test]
fn every_method_of_the_contract_has_a_row() {
    let rows: BTreeSet<String> = rows().map(|(path, _)| path).collect();
    let methods: BTreeSet<String> = proto::access::methods().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(rows, methods);
}

#[tokio::test]
async fn only_the_gateway_calls_in_the_name_of_people_and_tokens_of_services_are_for_one_of_them() {
    let mesh = Mesh::shared().await;
    let patient = mesh.admin().await.patient().await;
    let channel = mesh.channel(Service::Doctor).await;
    let path = "/healthcare.doctor.v1.DoctorService/ListDoctors";
    let through = async |token: String| {
        let mut request = by(patient.token().unwrap(), ());
        request.metadata_mut().insert("through-authorization", format!("Bearer {token}").parse().unwrap());
        call(&channel, path, request).await.err().map_or(Code::Ok, |status| status.code())
    };
    assert_eq!(through(of_service(&mesh, "gateway", "doctor-svc")).await, Code::Ok);
    assert_eq!(through(of_service(&mesh, "patient-svc", "doctor-svc")).await, Code::PermissionDenied);
    assert_eq!(through(patient.token().unwrap().to_owned()).await, Code::PermissionDenied);
    assert_eq!(through(of_service(&mesh, "gateway", "patient-svc")).await, Code::Unauthenticated);
    assert_eq!(through("forged".to_owned()).await, Code::Unauthenticated);
    let for_another = by(&of_service(&mesh, "notification-svc", "patient-svc"), ());
    let contact = "/healthcare.doctor.v1.DoctorService/GetDoctorContact";
    assert_eq!(call(&channel, contact, for_another).await.unwrap_err().code(), Code::Unauthenticated);
    let unknown = call(&channel, "/healthcare.doctor.v1.DoctorService/Nothing", Request::new(())).await;
    let unknown = unknown.unwrap_err();
    let info = unknown.get_details_error_info().unwrap();
    assert_eq!((unknown.code(), info.reason.as_str()), (Code::Unimplemented, "UNKNOWN_METHOD"));
}
