//! `gateway` serves, `gateway openapi` prints the document.
use clap::{Args as _, Command, FromArgMatches as _};
use gateway::config::Config;
use platform::config::secrets_in_files;
use platform::run;
use std::io::Write as _;
use std::process::ExitCode;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let openapi = Command::new("openapi").about("Print the OpenAPI document, then exit");
    let gateway = Command::new("gateway")
        .about("The REST face of the mesh")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(openapi)
        // The document needs no settings.
        .subcommand_negates_reqs(true);
    let matches = secrets_in_files(Config::augment_args(gateway)).get_matches();
    if matches.subcommand_matches("openapi").is_some() {
        return print_document();
    }
    match Config::from_arg_matches(&matches) {
        Ok(config) => serve(config).await,
        Err(error) => error.exit(),
    }
}

fn print_document() -> ExitCode {
    let document = gateway::router::document().to_pretty_json().expect("the document is plain data");
    match writeln!(std::io::stdout(), "{document}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_closed) => ExitCode::FAILURE,
    }
}

async fn serve(config: Config) -> ExitCode {
    let process = config.process.clone();
    run::run("gateway", &process, async |readiness, shutdown| {
        run::in_private(&config.process, config.tls.files().is_some())?;
        run::tell_root_secret(&config.process)?;
        let listener = TcpListener::bind(config.process.listen).await?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        let serving = gateway::serve(config.clone(), listener, readiness, shutdown.clone());
        run::supervise(serving, &shutdown).await
    })
    .await
}
