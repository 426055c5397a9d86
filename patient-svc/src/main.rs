use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    use patient_svc::{SERVICE, command, migrate, serve};
    platform::run::service_with(SERVICE, migrate, serve, command).await
}
