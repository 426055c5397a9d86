use local::service::Service;
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::{BookAppointmentRequest, CheckCareRelationshipRequest, ListAvailableSlotsRequest};
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::{LoginRequest, LogoutRequest, RuleOutPatientAccountRequest};
use proto::doctor::ListDoctorsRequest;
use proto::doctor::doctor_service_client::DoctorServiceClient;
use std::time::Duration;
use tests::clinic::date_in;
use tests::grpc::by;
use tests::mesh::Mesh;
use tests::people::PASSWORD;
use tonic::{Code, Response, Status};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;

/// Why a call was refused. Messages have no `Debug`, which `unwrap_err` would ask for.
#[track_caller]
fn refused<T>(answer: Result<Response<T>, Status>) -> Status {
    answer.err().expect("the call is refused")
}

#[tokio::test]
async fn a_program_logs_in_finds_a_slot_and_books_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let mut auth = AuthServiceClient::new(mesh.channel(Service::Auth).await);
    let login =
        LoginRequest { username: patient.email.clone(), password: PASSWORD.to_owned(), ..Default::default() };
    let token = auth.login(login).await.unwrap().into_inner().access_token;

    let mut appointments = AppointmentServiceClient::new(mesh.channel(Service::Appointment).await);
    let request = ListAvailableSlotsRequest {
        doctor_id: doctor.id.clone(),
        date: date_in(3).to_string(),
        ..Default::default()
    };
    let slots = appointments.list_available_slots(by(&token, request)).await.unwrap().into_inner().slots;
    let book = BookAppointmentRequest {
        patient_id: patient.id.clone(),
        doctor_id: doctor.id.clone(),
        start_time: slots[0].start_time,
        ..Default::default()
    };
    let visit = appointments.book_appointment(by(&token, book.clone())).await.unwrap().into_inner();
    assert_eq!(visit.end_time, slots[0].end_time);

    let taken = refused(appointments.book_appointment(by(&token, book)).await);
    assert_eq!(taken.code(), Code::AlreadyExists);
    let info = taken.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SLOT_TAKEN", "appointment.healthcare"));
}

#[tokio::test]
async fn wrong_fields_are_told_all_at_once() {
    let mesh = Mesh::shared().await;
    let patient = mesh.admin().await.patient().await;
    let mut appointments = AppointmentServiceClient::new(mesh.channel(Service::Appointment).await);
    let request =
        by(patient.token().unwrap(), BookAppointmentRequest { patient_id: "x".into(), ..Default::default() });
    let status = refused(appointments.book_appointment(request).await);
    let fields: Vec<_> =
        status.get_details_bad_request().unwrap().field_violations.into_iter().map(|v| v.field).collect();
    assert_eq!(
        (status.code(), fields),
        (Code::InvalidArgument, vec!["patient_id".into(), "doctor_id".into(), "start_time".into()])
    );
}

#[tokio::test]
async fn no_service_trusts_its_network() {
    let mesh = Mesh::shared().await;
    let mut doctors = DoctorServiceClient::new(mesh.channel(Service::Doctor).await);
    let anonymous = refused(doctors.list_doctors(ListDoctorsRequest::default()).await);
    assert_eq!(anonymous.code(), Code::Unauthenticated);
    let forged = refused(doctors.list_doctors(by("forged", ListDoctorsRequest::default())).await);
    assert_eq!(forged.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn what_is_for_services_only_is_not_for_people() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let mut appointments = AppointmentServiceClient::new(mesh.channel(Service::Appointment).await);
    let request = by(admin.token().unwrap(), CheckCareRelationshipRequest::default());
    let status = refused(appointments.check_care_relationship(request).await);
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut auth = AuthServiceClient::new(mesh.channel(Service::Auth).await);
    let request = by(admin.token().unwrap(), RuleOutPatientAccountRequest::default());
    let status = refused(auth.rule_out_patient_account(request).await);
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn every_service_describes_itself_and_tells_its_health() {
    let mesh = Mesh::shared().await;
    for service in Service::GRPC {
        let channel = mesh.channel(service).await;
        let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
        let answer =
            health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap().into_inner();
        assert_eq!(
            answer.status,
            tonic_health::pb::health_check_response::ServingStatus::Serving as i32,
            "{service}"
        );

        let ask = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut reflection = ServerReflectionClient::new(channel);
        let mut answers =
            reflection.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::ListServicesResponse(list) = answer else {
            panic!("{service} lists no services")
        };
        let own = format!("healthcare.{}.v1", service.schema().unwrap());
        assert!(list.service.iter().any(|listed| listed.name.starts_with(&own)), "{service}");
    }
}

/// Lists doctors until the token is refused because its session has ended.
async fn is_shut_out(mesh: &Mesh, token: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let asking = async {
        loop {
            looks.tick().await;
            let mut doctors = DoctorServiceClient::new(mesh.channel(Service::Doctor).await);
            if let Err(status) = doctors.list_doctors(by(token, ListDoctorsRequest::default())).await {
                return status;
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(5), asking).await.expect("shut out within seconds");
    let info = status.get_details_error_info().unwrap();
    assert_eq!((status.code(), info.reason.as_str()), (Code::Unauthenticated, "SESSION_ENDED"));
}

#[tokio::test]
async fn a_service_refuses_tokens_of_ended_sessions_also_when_it_has_just_started() {
    let mesh = Mesh::start(|_| {}).await;
    let patient = mesh.admin().await.patient().await;
    let mut auth = AuthServiceClient::new(mesh.channel(Service::Auth).await);
    let login =
        LoginRequest { username: patient.email.clone(), password: PASSWORD.to_owned(), ..Default::default() };
    let tokens = auth.login(login).await.unwrap().into_inner();
    let mut doctors = DoctorServiceClient::new(mesh.channel(Service::Doctor).await);
    doctors.list_doctors(by(&tokens.access_token, ListDoctorsRequest::default())).await.unwrap();

    auth.logout(LogoutRequest { refresh_token: tokens.refresh_token }).await.unwrap();
    is_shut_out(&mesh, &tokens.access_token).await;
    for replica in mesh.processes.of(Service::Doctor) {
        replica.server.stop().await;
        replica.server.start().await.unwrap();
    }
    is_shut_out(&mesh, &tokens.access_token).await;
}
