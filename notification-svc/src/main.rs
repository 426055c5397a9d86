use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    use notification_svc::{command, migrate, serve};
    Box::pin(platform::run::service_with("notification-svc", migrate, serve, command)).await
}
