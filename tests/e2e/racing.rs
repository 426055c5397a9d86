use futures::future::join_all;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use tests::clinic::{at, visit_of};
use tests::mesh::Mesh;
use tests::rest::{Answer, in_time};

const RACERS: usize = 50;
const ROUNDS: i8 = 20;

/// How often each status came.
fn tally(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(answer.status).or_default() += 1;
    }
    tally
}

async fn deadlocks(mesh: &Mesh) -> i64 {
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    mesh.database().await.query_one(deadlocks, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn of_fifty_who_want_one_time_exactly_one_gets_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor().await;
    let patients = join_all((0..RACERS).map(|_| admin.anybody())).await;
    for round in 0..ROUNDS {
        // Every other round they want overlapping times rather than the same.
        let start = |racer: usize| {
            let shift = if round % 2 == 0 { 0 } else { 5 * i64::try_from(racer % 6).unwrap() };
            at(10 + i64::from(round), 9, 0) + SignedDuration::from_mins(shift)
        };
        let attempts = patients.iter().enumerate().map(|(racer, patient)| {
            let body = visit_of(patient, &doctor.id, start(racer), SignedDuration::from_mins(30));
            let admin = admin.clone();
            async move { in_time(async || admin.post("/api/appointments/", body.clone()).await).await }
        });
        let answers = join_all(attempts).await;
        assert_eq!(tally(&answers), BTreeMap::from([(201, 1), (409, RACERS - 1)]), "round {round}");
        for loser in answers.iter().filter(|answer| answer.status == 409) {
            assert_eq!(loser.body["code"], "slot_taken", "{}", loser.body);
            assert_eq!(loser.body["alternatives"].as_array().map(Vec::len), Some(3), "{}", loser.body);
        }
    }
    assert_eq!(deadlocks(&mesh).await, 0);
}

#[tokio::test]
async fn one_patient_who_books_with_two_doctors_at_once_gets_one() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (one, two, patient) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    for round in 0..ROUNDS {
        let start = at(10 + i64::from(round), 9, 0);
        let answers = join_all([&one, &two, &one, &two].map(|doctor| patient.books(doctor, start))).await;
        assert_eq!(tally(&answers), BTreeMap::from([(201, 1), (409, 3)]), "round {round}");
    }
    assert_eq!(deadlocks(&mesh).await, 0);
}

#[tokio::test]
async fn visits_that_swap_places_never_overlap_and_never_deadlock() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let of_ann = ann.books(&doctor, at(9, 9, 0)).await.created();
    let of_bob = bob.books(&doctor, at(9, 10, 0)).await.created();
    let moved = |visit: &serde_json::Value, hour| {
        (tests::clinic::path(visit), serde_json::json!({ "start_time": at(9, hour, 0).to_string() }))
    };
    for round in 0..ROUNDS {
        let (to_ann, to_bob) = if round % 2 == 0 { (10, 9) } else { (9, 10) };
        let ((a, ann_moves), (b, bob_moves)) = (moved(&of_ann, to_ann), moved(&of_bob, to_bob));
        let (first, second) = tokio::join!(ann.put(&a, ann_moves), bob.put(&b, bob_moves));
        assert!([200, 409].contains(&first.status) && [200, 409].contains(&second.status));
        let (first, second) = (ann.get(&a).await.ok(), bob.get(&b).await.ok());
        assert_ne!(first["start_time"], second["start_time"]);
    }
    assert_eq!(deadlocks(&mesh).await, 0);
}
