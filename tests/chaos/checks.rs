//! What must be so once it is quiet.
use crate::load::Booked;
use local::places::binaries;
use local::service::Service;
use tests::clinic::{all_is_told, instant};
use tests::mesh::Mesh;

/// Every visit is as it was acknowledged, and there is no other; no time is taken twice; everybody is told of every change
/// once.
pub(crate) async fn all_is_well(mesh: &Mesh, visits: &[Booked]) {
    let database = mesh.database().await;
    all_is_told(&database).await;
    let staff = mesh.admin().await;
    for visit in visits {
        let seen = staff.get(&visit.path).await.ok();
        assert_eq!(
            (seen["status"].as_str(), instant(&seen["start_time"])),
            (Some(visit.status), visit.start),
            "{seen}"
        );
    }
    let count = "SELECT count(*) FROM appointment.appointments WHERE status <> 'held'";
    let count: i64 = database.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(count, i64::try_from(visits.len()).unwrap(), "a visit that nobody has heard of");
    verify(mesh, Service::Appointment).await;
    let told = "
        SELECT count(*) FILTER (WHERE kind = 'booked'), count(*) FILTER (WHERE kind = 'rescheduled')
             , count(*) FILTER (WHERE kind = 'cancelled')
          FROM notification.notifications WHERE appointment_id = $1 AND recipient_kind = 'patient'";
    let told = database.prepare(told).await.unwrap();
    for visit in visits {
        let id: uuid::Uuid = visit.id.parse().unwrap();
        let row = database.query_one(&told, &[&id]).await.unwrap();
        let counts: [i64; 3] = std::array::from_fn(|index| row.get(index));
        assert_eq!(counts, [1, visit.moves, i64::from(visit.status == "cancelled")], "{visit:?}");
    }
}

/// What a program finds wrong with its own tables.
async fn verify(mesh: &Mesh, service: Service) {
    let program = binaries().unwrap().join(service.name());
    let mut command = tokio::process::Command::new(program);
    command.arg("verify").env("DATABASE_URL", mesh.ground.database.runtime_url(service));
    command.env("DATABASE_OWNER_URL", mesh.ground.database.owner_url(service));
    command
        .env("SECRET_KEY", &mesh.ground.options().secrets.secret_key)
        .env("RABBITMQ_URL", &mesh.ground.rabbitmq_url);
    for other in Service::GRPC {
        command.env(other.url_variable().unwrap(), "http://127.0.0.1:1");
    }
    let found = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&found.stdout).into_owned() + &String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{text}");
}
