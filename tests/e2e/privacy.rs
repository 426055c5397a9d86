//! A word in every field that somebody can write about a patient, sent through the main stories; afterwards it is
//! looked for wherever it must not be.
use local::service::Service;
use tests::collector::Collector;
use tests::mesh::Mesh;

mod canary; // the word, and what it can look like
mod events; // all that goes through the broker
mod leaks; // where it must not be
mod story; // everything that is done with it

use canary::Canary;
use events::Events;

#[tokio::test]
async fn nothing_about_a_patient_is_where_it_does_not_belong() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let mesh = Mesh::with_own_stores(|options| {
        options.env.push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), endpoint));
    })
    .await;
    let events = Events::listen(&mesh.ground.rabbitmq_url).await;
    let canary = Canary::random();
    let story = story::tell(&mesh, &canary).await;

    for (what, told) in &story.told_to_others {
        assert!(!told.is_empty());
        canary.must_not_be_in(what, told.as_bytes());
    }
    for (service, text) in leaks::metrics(&mesh).await {
        assert!(text.contains("# TYPE"), "{service} measures nothing: {text}");
        canary.must_not_be_in(&format!("the metrics of {service}"), text.as_bytes());
    }
    let redis = leaks::redis(&mesh.ground.redis.url()).await;
    assert!(!redis.is_empty(), "there is something in Redis");
    for (key, value) in redis {
        canary.must_not_be_in(&format!("Redis at {}", key.escape_ascii()), &[key, value].concat());
    }
    let published = events.so_far();
    assert!(published.len() > 10, "{}", published.len());
    for event in published {
        for part in [&event.routing_key, &event.properties, &event.body] {
            canary.must_not_be_in("an event", part.as_bytes());
        }
        let body = serde_json::from_str(&event.body).unwrap();
        assert_eq!(tests::events::complaints(&event.routing_key, &body), [""; 0]);
    }
    leaks::tables(&mesh, &canary).await;
    let dump = leaks::dump_of_records(&mesh).await;
    assert!(dump.contains(&story.record), "the record is in the dump:\n{dump}");
    canary.must_not_be_in("the dump of medical records", dump.as_bytes());

    // What is buffered is written when a process ends.
    mesh.processes.shut_down().await;
    let exported = format!("{:?}", collector.exported());
    assert!(exported.contains("http.route"), "traces were exported");
    canary.must_not_be_in("the traces", exported.as_bytes());
    for service in Service::ALL {
        let log = mesh.logged(service);
        assert!(log.contains("serving"), "{service} logs what it does");
        canary.must_not_be_in(&format!("the log of {service}"), log.as_bytes());
    }
    let postgres = std::fs::read(mesh.stores.as_ref().unwrap().postgres.log()).unwrap();
    canary.must_not_be_in("the log of PostgreSQL", &postgres);
    let rabbitmq = std::fs::read(mesh.stores.as_ref().unwrap().rabbitmq.log()).unwrap();
    canary.must_not_be_in("the log of RabbitMQ", &rabbitmq);
}
