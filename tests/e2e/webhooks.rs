//! Programs of others that are told of events.
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::PATIENCE;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// What was posted.
pub(crate) struct Post {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Takes one post, as a program without any library would.
pub(crate) async fn taken(stream: TcpStream) -> Post {
    let mut stream = BufReader::new(stream);
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.parse::<HeaderName>().unwrap(), value.trim().parse().unwrap());
        }
    }
    let mut body = vec![0; headers["content-length"].to_str().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    Post { headers, body }
}

/// The next post about `subject`: other tests book visits as well.
async fn next_about(listener: &TcpListener, subject: &str) -> (Post, Value) {
    let waiting = async {
        loop {
            let post = taken(listener.accept().await.unwrap().0).await;
            let event: Value = serde_json::from_slice(&post.body).unwrap();
            if event["subject"] == subject {
                return (post, event);
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("it is posted")
}

#[tokio::test]
async fn a_program_that_an_admin_registers_hears_of_a_visit_and_not_of_its_patient() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/clinic", listener.local_addr().unwrap());
    let wish = json!({ "url": url, "events": ["appointment.*"], "description": "Registry" });
    let answer = admin.post("/api/webhooks", wish).await;
    assert_eq!(answer.header("etag"), "\"v1\"");
    let new = answer.created();
    let webhook = format!("/api/webhooks/{}", text(&new, "id"));

    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = text(&patient.books(&doctor, at(3, 9, 0)).await.created(), "id");
    let (post, event) = next_about(&listener, &visit).await;
    Webhook::new(&text(&new, "secret")).unwrap().verify(&post.body, &post.headers).unwrap();
    assert_eq!(event["type"], "appointment.booked.v1");
    let link = text(&event["data"]["links"], "self");
    assert_eq!(event["data"], json!({ "id": visit, "version": 1, "links": { "self": link } }));
    let all = String::from_utf8_lossy(&post.body).to_lowercase();
    for secret in [&patient.id, &patient.email, "paula", "patient"] {
        assert!(!all.contains(&secret.to_lowercase()), "{secret} in {all}");
    }
    // Whoever may read it finds the visit there.
    let path = &link[link.find("/api/").unwrap()..];
    assert_eq!(admin.get(path).await.ok()["id"], visit.as_str());

    let delivered = format!("{webhook}/deliveries?state=delivered");
    let of_visit = |all: &Value| all.as_array().unwrap().iter().any(|one| one["subject"] == visit.as_str());
    let list = admin.get_until(&delivered, of_visit).await;
    let told = list.as_array().unwrap().iter().find(|one| one["subject"] == visit.as_str()).unwrap();
    assert_eq!((&told["attempts"], &told["last_status"]), (&json!(1), &json!(204)));
    assert_eq!(post.headers["webhook-id"], text(told, "id").as_str());

    let replay = format!("{webhook}/deliveries/{}/replay", text(told, "id"));
    assert_eq!(admin.post(&replay, json!({})).await.ok()["attempts"], 0);
    let (again, _) = next_about(&listener, &visit).await;
    assert_eq!(
        (again.headers["webhook-id"].clone(), again.body),
        (post.headers["webhook-id"].clone(), post.body)
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_named_and_who_has_not_seen_it_last_does_not_change_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let wrong = json!({ "url": "https://me:secret@receiver.example/", "events": ["patient.*"] });
    let problem = admin.post("/api/webhooks", wrong).await;
    let pointers: Vec<&Value> =
        problem.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/url", "/events"]);
    problem.refused(422, "validation_failed");

    let new = json!({ "url": "http://127.0.0.1:1/", "events": ["doctor.deleted"] });
    let new = admin.post("/api/webhooks", new).await.created();
    let webhook = format!("/api/webhooks/{}", text(&new, "id"));
    let stale = [("if-match", "\"v9\"")];
    let off = Some(json!({ "enabled": false }));
    let put = reqwest::Method::PUT;
    admin.send(put.clone(), &webhook, off.clone(), &stale).await.refused(412, "version_mismatch");
    let seen = [("if-match", "\"v1\"")];
    let changed = admin.send(put, &webhook, off, &seen).await;
    assert_eq!(changed.header("etag"), "\"v2\"");
    let changed = changed.ok();
    assert_eq!((&changed["enabled"], &changed["disabled_reason"]), (&json!(false), &json!("admin")));
    admin.post(&format!("{webhook}/test"), json!({})).await.refused(409, "webhook_disabled");
    admin.delete(&webhook).await.ok();
    admin.get(&webhook).await.refused(404, "webhook_not_found");

    for (action, fields) in [("create", json!([])), ("update", json!(["enabled"])), ("delete", json!([]))] {
        let noted = admin.get(&format!("/api/admin/audit?action={action}&limit=200")).await.ok();
        let of_it = |entry: &&Value| entry["resource_ids"] == json!([new["id"]]);
        let noted: Vec<&Value> = noted.as_array().unwrap().iter().filter(of_it).collect();
        assert_eq!(noted.len(), 1, "{action}");
        assert_eq!((&noted[0]["resource"], &noted[0]["fields"]), (&json!("webhook"), &fields));
    }
}
