use platform::broker::{Broker, Message};
use platform::config;
use serde_json::json;
use tests::mesh::Mesh;
use tests::people::text;
use uuid::Uuid;

/// Where those of notification-svc are.
pub(crate) const LETTERS: &str = "/api/admin/dead-letters/notification-svc";

/// Puts what is no event into a queue of notification-svc; the id of its dead letter, once there is one.
pub(crate) async fn dead_letter(mesh: &Mesh, admin: &tests::people::Admin) -> String {
    let settings =
        config::Broker { rabbitmq_url: mesh.ground.rabbitmq_url.clone().into(), rabbitmq_ca_file: None };
    let publisher = Broker::new(&settings, "test").unwrap().publisher().await.unwrap();
    let id = Uuid::now_v7().to_string();
    let message = Message {
        id: id.clone(),
        routing_key: "notification-svc.appointments",
        body: b"no event".to_vec(),
        traceparent: None,
    };
    publisher.send_to_queue(&message).await.unwrap().confirmed().await.unwrap();
    let list = format!("{LETTERS}?state=dead&limit=200");
    let is_it = |letter: &serde_json::Value| letter["message_id"] == id.as_str();
    let letters = admin.get_until(&list, |letters| letters.as_array().unwrap().iter().any(is_it)).await;
    text(letters.as_array().unwrap().iter().find(|letter| is_it(letter)).unwrap(), "id")
}

#[tokio::test]
async fn an_admin_sees_what_no_service_could_take_and_decides() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let path = format!("{LETTERS}/{}", dead_letter(&mesh, &admin).await);
    let letter = admin.get(&path).await.ok();
    assert_eq!((&letter["reason"], &letter["body"]), (&json!("rejected"), &json!("no event")));
    assert_eq!((&letter["event_type"], &letter["deaths"]), (&json!(null), &json!(1)));

    assert_eq!(admin.post(&format!("{path}/replay"), json!({})).await.ok()["state"], "replayed");
    // It makes no more sense than before.
    admin.get_until(&path, |letter| letter["deaths"] == 2 && letter["state"] == "dead").await;
    for _ in 0..2 {
        assert_eq!(admin.delete(&path).await.ok()["state"], "discarded");
    }
    admin.post(&format!("{path}/replay"), json!({})).await.refused(409, "not_dead");

    let nowhere = path.replace("notification-svc", "appointment-svc");
    admin.get(&nowhere).await.refused(404, "dead_letter_not_found");
    let unknown = path.replace("notification-svc", "gateway");
    admin.get(&unknown).await.refused(400, "malformed_request");
    for action in ["replay", "discard"] {
        let noted = admin.get(&format!("/api/admin/audit?action={action}&limit=200")).await.ok();
        let id = text(&letter, "id");
        let of_it = |entry: &&serde_json::Value| entry["resource_ids"] == json!([id]);
        assert_eq!(noted.as_array().unwrap().iter().filter(of_it).count(), 1, "{noted}");
    }
}
