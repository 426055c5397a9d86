//! What leaves the service.
use crate::clinic::{Clinic, ada, delete, id_of, update};
use platform::broker::Broker;
use platform::config;
use platform::inbox::{self, Handler, Refused};
use platform::outbox::Envelope;
use platform::shutdown::Shutdown;
use proto::patient as pb;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Whoever is interested.
struct Listener(mpsc::UnboundedSender<Envelope>);

impl Handler for Listener {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        self.0.send(event).map_err(|error| Refused::Never(error.into()))
    }
}

#[tokio::test]
async fn others_learn_ids_and_versions_in_order() {
    let rabbitmq_url = local::testing::vhost().await.unwrap();
    let (told, mut events) = mpsc::unbounded_channel();
    let shutdown = Shutdown::default();
    let broker = Broker::new(
        &config::Broker { rabbitmq_url: rabbitmq_url.clone().into(), rabbitmq_ca_file: None },
        "listener",
    )
    .unwrap();
    inbox::consume(broker, "listener", &["patient.*"], Arc::new(Listener(told)), &shutdown);

    let clinic = Clinic::with_broker(&rabbitmq_url).await;
    let patient = clinic.admits(ada()).await;
    let moved = pb::Patient { address: "1 Main Street".to_owned(), ..patient.clone() };
    clinic.staff().update_patient(update(moved, &["address"])).await.unwrap();
    clinic.admin().delete_patient(delete(id_of(&patient))).await.unwrap();

    let created_as = clinic_party_version(&clinic, &patient).await;
    let mut party_versions = Vec::new();
    for (kind, version) in [("created", 1), ("updated", 2), ("deleted", 3)] {
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await.unwrap().unwrap();
        assert_eq!(event.event_type, format!("healthcare.patient.{kind}.v1"));
        let party_version = event.data["party_version"].clone();
        let data = json!({ "patient_id": patient.id, "version": version, "party_version": party_version });
        assert_eq!(event.data, data);
        party_versions.push(party_version.as_i64().unwrap());
    }
    assert_eq!(party_versions[0], party_versions[1]);
    assert_eq!(party_versions[2], created_as);
    assert!(party_versions[2] > party_versions[1]);
    shutdown.request();
}

async fn clinic_party_version(clinic: &Clinic, patient: &pb::Patient) -> i64 {
    let request = pb::GetPatientPartyRequest { id: patient.id.clone() };
    clinic.service("appointment-svc").get_patient_party(request).await.unwrap().into_inner().version
}
