use local::places::binaries;
use local::service::Service;
use proto::appointment::ListAppointmentsRequest;
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::auth::GetCurrentUserRequest;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::doctor::ListDoctorsRequest;
use proto::doctor::doctor_service_client::DoctorServiceClient;
use proto::notification::ListNotificationsRequest;
use proto::notification::notification_service_client::NotificationServiceClient;
use proto::patient::ListPatientsRequest;
use proto::patient::patient_service_client::PatientServiceClient;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tests::grpc::by;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, text};
use tests::rest::Rest;
use tonic::Code;

/// What `auth-svc keys …` writes, a key a line.
fn keys(mesh: &Mesh, arguments: &[&str]) -> Vec<String> {
    let options = mesh.ground.options();
    let ran = Command::new(binaries().unwrap().join("auth-svc"))
        .env("DATABASE_URL", options.database.runtime_url(Service::Auth))
        .env("DATABASE_OWNER_URL", options.database.owner_url(Service::Auth))
        .env("SECRET_KEY", &options.secrets.secret_key)
        .env("RABBITMQ_URL", "amqp://127.0.0.1:1")
        .env("PATIENT_URL", "http://127.0.0.1:1")
        .env("KEY_RIPENING", "4s")
        .arg("keys")
        .args(arguments)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect()
}

async fn logs_in(anyone: &Rest, email: &str) -> Value {
    anyone.post("/api/auth/login", json!({ "username": email, "password": PASSWORD })).await.ok()
}

/// The `kid` of an access token.
fn kid(tokens: &Value) -> String {
    let header = text(tokens, "access_token").split('.').next().unwrap().to_owned();
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, header).unwrap();
    text(&serde_json::from_slice(&bytes).unwrap(), "kid")
}

/// Something of every service that looks at tokens.
const EVERYWHERE: [&str; 5] =
    ["/api/auth/me", "/api/doctors", "/api/patients", "/api/appointments", "/api/notifications"];

/// How `caller` is answered by each service, by each replica.
async fn answers(caller: &Rest) -> Vec<u16> {
    let mut answers = Vec::new();
    for path in EVERYWHERE {
        for _ in 0..4 {
            answers.push(caller.get(path).await.status);
        }
    }
    answers
}

/// Each service refuses `token` by itself, whatever the gateway does.
async fn are_refused_by_services(mesh: &Mesh, token: &str) {
    let mut doctors = DoctorServiceClient::new(mesh.channel(Service::Doctor).await);
    let mut patients = PatientServiceClient::new(mesh.channel(Service::Patient).await);
    let mut visits = AppointmentServiceClient::new(mesh.channel(Service::Appointment).await);
    let mut messages = NotificationServiceClient::new(mesh.channel(Service::Notification).await);
    let mut accounts = AuthServiceClient::new(mesh.channel(Service::Auth).await);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answers = [
            doctors.list_doctors(by(token, ListDoctorsRequest::default())).await.err(),
            patients.list_patients(by(token, ListPatientsRequest::default())).await.err(),
            visits.list_appointments(by(token, ListAppointmentsRequest::default())).await.err(),
            messages.list_notifications(by(token, ListNotificationsRequest::default())).await.err(),
            accounts.get_current_user(by(token, GetCurrentUserRequest {})).await.err(),
        ];
        if answers.iter().flatten().filter(|status| status.code() == Code::Unauthenticated).count() == 5 {
            return;
        }
        assert!(Instant::now() < deadline, "some service still takes what a revoked key has signed");
    }
}

#[tokio::test]
async fn keys_are_followed_without_anyone_noticing_and_revoked_everywhere_at_once() {
    let mesh = Mesh::start(|options| {
        options.replicas = 2;
        options.env_of.push((Service::Auth, "KEY_RIPENING".to_owned(), "4s".to_owned()));
    })
    .await;
    let anyone = mesh.anyone();
    let staff = mesh.admin().await.staff().await;
    let before = logs_in(&anyone, &staff.email).await;
    let first = anyone.with_token(&text(&before, "access_token"));
    assert!(answers(&first).await.iter().all(|status| *status == 200));

    keys(&mesh, &["rotate"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    let after = loop {
        let tokens = logs_in(&anyone, &staff.email).await;
        // Whatever key signs, its tokens are taken everywhere.
        let caller = anyone.with_token(&text(&tokens, "access_token"));
        assert!(answers(&caller).await.iter().all(|status| *status == 200));
        if kid(&tokens) != kid(&before) {
            break tokens;
        }
        assert!(Instant::now() < deadline, "the next key does not take over");
        // Not so often that the account meets one of its limits.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let still = answers(&first).await;
    assert!(still.iter().all(|status| *status == 200), "{still:?}");

    let left = keys(&mesh, &["revoke", &kid(&before)]);
    assert!(left.len() == 1 && left[0].starts_with(&kid(&after)), "{left:?}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while answers(&first).await.iter().any(|status| *status != 401) {
        assert!(Instant::now() < deadline, "some service still takes what a revoked key has signed");
    }
    are_refused_by_services(&mesh, first.token().unwrap()).await;
    let second = anyone.with_token(&text(&after, "access_token"));
    assert!(answers(&second).await.iter().all(|status| *status == 200));
    // The session of the first goes on with another key.
    let refresh = json!({ "refresh_token": before["refresh_token"] });
    let renewed = anyone.post("/api/auth/refresh", refresh).await.ok();
    assert_eq!(kid(&renewed), kid(&after));
    let caller = anyone.with_token(&text(&renewed, "access_token"));
    assert!(answers(&caller).await.iter().all(|status| *status == 200));

    // Also the last one, at once: nobody can log in with what it has signed, and everybody with the next.
    keys(&mesh, &["revoke", &kid(&after)]);
    let deadline = Instant::now() + Duration::from_secs(10);
    while answers(&second).await.iter().any(|status| *status != 401) {
        assert!(Instant::now() < deadline, "some service still takes what a revoked key has signed");
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let caller = anyone.with_token(&text(&logs_in(&anyone, &staff.email).await, "access_token"));
        if answers(&caller).await.iter().all(|status| *status == 200) {
            break;
        }
        // A replica that has not looked yet signs with what it has, for a second.
        assert!(Instant::now() < deadline, "nobody gets in with the next key");
    }
}
