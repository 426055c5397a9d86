//! The process of auth-svc.
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    use auth_svc::{command, migrate, serve};
    platform::run::service_with("auth-svc", migrate, serve, command).await
}
