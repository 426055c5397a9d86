//! Settings that no process may start with. None of them needs a server for it.
use local::places::binaries;
use local::service::Service;
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;

pub(crate) const STRONG: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

/// A program with all that it asks for, at which nobody answers; only a secret is missing.
pub(crate) fn program(service: Service) -> Command {
    let mut program = Command::new(binaries().unwrap().join(service.name()));
    program.env_clear().kill_on_drop(true);
    program.envs([("DATABASE_URL", "postgres://x:x@127.0.0.1:1/x"), ("REDIS_URL", "redis://127.0.0.1:1")]);
    program.envs([("RABBITMQ_URL", "amqp://127.0.0.1:1"), ("EMAIL_FROM", "clinic@example.com")]);
    program.env("PUBLIC_URL", "http://127.0.0.1:1");
    program.envs([("SMTP_SERVER", "127.0.0.1"), ("SMTP_PORT", "1"), ("LOG_FORMAT", "text")]);
    program.envs(Service::GRPC.map(|other| (other.url_variable().unwrap(), "http://127.0.0.1:1")));
    program
}

/// How a program ends with all that it asks for, at which nobody answers, and these settings besides.
async fn ends(service: Service, settings: &[(&str, &str)]) -> Output {
    let mut program = program(service);
    program.envs(settings.iter().copied());
    let ended = tokio::time::timeout(Duration::from_secs(20), program.output()).await;
    ended.unwrap_or_else(|_| panic!("{service} goes on with {settings:?}")).unwrap()
}

fn said(output: &Output) -> String {
    [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat()
}

#[tokio::test]
async fn nothing_starts_with_a_weak_secret() {
    for service in Service::ALL {
        for weak in ["brief", "your-secret-key-your-secret-key-0123456789", &"a".repeat(64)] {
            let ended = ends(service, &[("SECRET_KEY", weak)]).await;
            let said = said(&ended);
            assert_eq!(ended.status.code(), Some(2), "{service}: {said}");
            assert!(said.contains("SECRET_KEY is") && !said.contains(weak), "{service}: {said}");
        }
        let ended = ends(service, &[]).await;
        assert_eq!(ended.status.code(), Some(2), "{service}: {}", said(&ended));
    }
}

#[tokio::test]
async fn a_secret_may_be_in_a_file() {
    let file = std::env::temp_dir().join(format!("secret-{}", uuid::Uuid::now_v7()));
    std::fs::write(&file, "too short a secret\n").unwrap();
    for service in Service::ALL {
        let ended = ends(service, &[("SECRET_KEY_FILE", file.to_str().unwrap())]).await;
        let said = said(&ended);
        assert!(said.contains("SECRET_KEY is too short"), "{service}: {said}");
        assert!(!said.contains("too short a secret"), "{service}: {said}");
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn nothing_is_served_in_the_clear_where_others_can_listen_in() {
    for service in Service::ALL {
        let ended = ends(service, &[("SECRET_KEY", STRONG), ("LISTEN", "0.0.0.0:0")]).await;
        let said = said(&ended);
        assert_eq!(ended.status.code(), Some(1), "{service}: {said}");
        assert!(said.contains("NETWORK_IS_PRIVATE"), "{service}: {said}");
    }
}
