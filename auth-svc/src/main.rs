//! The process of auth-svc.
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    platform::run::service("auth-svc", auth_svc::migrate, auth_svc::serve).await
}
