//! What `cargo dev check` says of a system.
use local::check::{Finding, Grade, Target};
use local::running::Running;
use local::service::Service;
use nix::sys::signal::Signal;
use std::cell::RefCell;
use tests::mesh::Mesh;

impl Checked {
    async fn of(mesh: &Mesh) -> Self {
        let options = mesh.ground.options();
        let running = Running {
            database_url: options.database.admin_url(),
            redis_url: options.redis_url,
            rabbitmq_url: options.rabbitmq_url,
            broker: Some(local::testing::stores().rabbitmq.clone()),
            servers: vec!["redis".to_owned()],
            processes: Running::processes_of(&mesh.processes),
            is_encrypted: false,
        };
        let places = mesh.ground.places.clone();
        options.secrets.keep(&places.secrets()).unwrap();
        let port = local::ports::free().unwrap();
        let none = || None;
        let target = Target {
            places,
            running: Some(running),
            database_url: none(),
            redis_url: none(),
            rabbitmq_url: none(),
            port,
        };
        let found = RefCell::new(Vec::new());
        target.look(|_, part| found.borrow_mut().extend_from_slice(part)).await;
        Self(found.into_inner())
    }

    fn wrong(&self) -> Vec<&str> {
        let wrong = self.0.iter().filter(|finding| finding.grade == Grade::Wrong);
        wrong.map(|finding| finding.what.as_str()).collect()
    }
}

struct Checked(Vec<Finding>);

/// The servers of the tests may lose everything.
const OF_TESTS: &str = "what is committed may be lost";

#[tokio::test]
async fn a_system_is_well_until_something_breaks_which_is_named_then() {
    let mesh = Mesh::start(|_| {}).await;
    let checked = Checked::of(&mesh).await;
    assert_eq!(checked.wrong(), [OF_TESTS]);
    for part in
        ["gateway is ready", "visits: verified", "audit log: verified", "PostgreSQL 1", "Redis ", "RabbitMQ "]
    {
        assert!(checked.0.iter().any(|finding| finding.what.starts_with(part)), "{part}");
    }

    let sql = mesh.database().await;
    let broken = "
        INSERT INTO notification.dead_letters (id, queue, message_id, reason, body)
        VALUES (gen_random_uuid(), 'notification.visits', 'x', 'rejected', '');
        INSERT INTO doctor.outbox (event_id, aggregate_id, event_type, data, occurred_at)
        VALUES (gen_random_uuid(), gen_random_uuid(), 'doctor.updated', '{}', now() - interval '1 hour');
        DELETE FROM auth.schema_history WHERE version = 2;
        ALTER TABLE patient.medical_records NO FORCE ROW LEVEL SECURITY";
    // Nobody publishes it.
    mesh.processes.of(Service::Doctor)[0].server.signal(Signal::SIGSTOP);
    mesh.processes.kill(Service::Notification).await;
    sql.batch_execute(broken).await.unwrap();
    let checked = Checked::of(&mesh).await;
    mesh.processes.of(Service::Doctor)[0].server.signal(Signal::SIGCONT);
    let wrong = checked.wrong();
    for part in [
        OF_TESTS,
        "doctor-svc was stopped",
        "notification-svc does not run",
        "doctor-svc has not told others yet: 1 events, the oldest for 36",
        "dead letters of notification-svc: 1 in notification.visits",
        "the schema auth lacks V2",
        "open: patient.medical_records is not protected",
    ] {
        assert!(wrong.iter().any(|what| what.starts_with(part)), "{part}: {wrong:#?}");
    }
    assert_eq!(wrong.len(), 7, "{wrong:#?}");
    let advised = checked.0.iter().filter(|finding| finding.grade != Grade::Well);
    assert!(advised.into_iter().all(|finding| !finding.advice.is_empty()));
}
