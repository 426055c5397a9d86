//! The process of auth-svc.
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    use auth_svc::{command, migrate, serve};
    Box::pin(platform::run::service_with("auth-svc", migrate, serve, command)).await
}
