use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    use appointment_svc::{command, migrate, serve};
    platform::run::service_with("appointment-svc", migrate, serve, command).await
}
