//! Calendars that programs subscribe to by their address alone.
use local::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::{Answer, Rest};

/// Longest wait for a line in a log.
const PATIENCE: Duration = Duration::from_secs(30);

/// The path of an address that was told.
fn path(told: &Value) -> String {
    let url = text(told, "url");
    let start = url.find("/calendars/").unwrap();
    url[start..].to_owned()
}

fn calendar(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "private, max-age=300");
    answer.body.as_str().unwrap()
}

/// As a program that has read it before.
async fn again(anyone: &Rest, path: &str, tag: &str) -> Answer {
    anyone.send(Method::GET, path, None, &[("if-none-match", tag)]).await
}

#[tokio::test]
async fn a_program_follows_a_patients_calendar_until_its_address_ends() {
    let mesh = Mesh::shared().await;
    let (admin, anyone) = (mesh.admin().await, mesh.anyone());
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let feed = format!("/api/patients/{}/calendar-feed", patient.id);
    patient.get(&feed).await.refused(404, "calendar_feed_not_found");
    let first = path(&patient.put(&feed, json!({})).await.ok());

    let read = anyone.get(&first).await;
    let (text, tag) = (calendar(&read), read.header("etag"));
    let uid = format!("UID:{}\r\n", visit["id"].as_str().unwrap());
    assert!(text.contains(&uid) && text.contains("STATUS:CONFIRMED"), "{text}");
    assert!(text.contains("SUMMARY:Appointment – Dr. ") && !text.contains("Patient"), "{text}");
    let same = again(&anyone, &first, tag).await;
    assert_eq!((same.status, same.header("cache-control")), (304, "private, max-age=300"));
    let head = anyone.send(Method::HEAD, &first, None, &[]).await;
    assert_eq!((head.status, head.header("etag"), &head.body), (200, tag, &Value::Null));
    let seen = patient.get(&feed).await.ok();
    assert!(seen["last_fetched_at"].is_string() && seen["url"].is_null(), "{seen}");

    patient.cancels(&visit).await.ok();
    let read = again(&anyone, &first, tag).await;
    assert!(calendar(&read).contains("STATUS:CANCELLED"), "{}", read.body);

    let second = path(&patient.put(&feed, json!({ "titles": "visit_type" })).await.ok());
    anyone.get(&first).await.refused(404, "calendar_not_found");
    calendar(&anyone.get(&second).await);
    patient.delete(&feed).await.is(204);
    anyone.get(&second).await.refused(404, "calendar_not_found");

    let third = path(&admin.put(&feed, json!({})).await.ok());
    calendar(&anyone.get(&third).await);
    admin.delete(&format!("/api/patients/{}", patient.id)).await.ok();
    let last = anyone.get(&third).await;
    let id = last.header("x-request-id").to_owned();
    last.refused(404, "calendar_not_found");

    // Once that one is in the log, those before it are.
    mesh.until_logged(Service::Gateway, &id, PATIENCE).await;
    for service in Service::ALL {
        for address in [&first, &second, &third] {
            let token = address.trim_start_matches("/calendars/").trim_end_matches(".ics");
            assert!(!mesh.logged(service).contains(token), "{service} has logged the secret");
        }
    }
}

#[tokio::test]
async fn a_doctors_calendar_says_when_and_never_who() {
    let mesh = Mesh::shared().await;
    let (admin, anyone) = (mesh.admin().await, mesh.anyone());
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(4, 9, 0)).await.created();
    let feed = format!("/api/doctors/{}/calendar-feed", doctor.id);
    let address = path(&doctor.put(&feed, json!({ "titles": "visit_type" })).await.ok());
    let read = anyone.get(&address).await;
    let text = calendar(&read);
    assert!(text.contains(&format!("UID:{}\r\n", visit["id"].as_str().unwrap())), "{text}");
    assert!(text.contains("SUMMARY:Appointment\r\n"), "{text}");
    assert!(!text.contains("Paula") && !text.contains(&patient.id) && !text.contains("ATTENDEE"), "{text}");
    anyone.get("/calendars/nonsense.ics").await.refused(404, "calendar_not_found");
    anyone.get(address.trim_end_matches(".ics")).await.refused(404, "calendar_not_found");

    admin.delete(&format!("/api/appointments/{}", visit["id"].as_str().unwrap())).await.ok();
    admin.delete(&format!("/api/doctors/{}", doctor.id)).await.ok();
    anyone.get(&address).await.refused(404, "calendar_not_found");
}
