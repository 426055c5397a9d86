use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    platform::run::service("doctor-svc", doctor_svc::migrate, doctor_svc::serve).await
}
