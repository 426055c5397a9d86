use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, date_in, free_starts, instant, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, text};
use tests::rest::{Answer, Rest};

/// Half an hour that only `doctor` offers.
async fn half_an_hour(admin: &Admin, doctor: &Doctor) -> String {
    let name = format!("Check-up {}", uuid::Uuid::now_v7().simple());
    let offered = json!({ "name": name, "duration_minutes": 30, "doctor_ids": [doctor.id] });
    text(&admin.post("/api/visit-types", offered).await.created(), "id")
}

/// A visit of whoever asks for it.
fn visit(doctor: &Doctor, visit_type: &str, start: Timestamp) -> Value {
    json!({ "doctor_id": doctor.id, "visit_type_id": visit_type, "start_time": start.to_string() })
}

fn wish(doctor: &Doctor, visit_type: &str) -> Value {
    json!({ "visit_type_id": visit_type, "doctor_ids": [doctor.id] })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

/// Puts whoever asks on the waitlist; where the entry is.
async fn waits(caller: &Rest, wish: Value) -> String {
    format!("/api/waitlist/{}", text(&caller.post("/api/waitlist", wish).await.created(), "id"))
}

/// What is offered to an entry, once something is.
async fn offered(caller: &Rest, entry: &str) -> Value {
    let entry = caller.get_until(entry, |entry| !entry["open_offer"].is_null()).await;
    entry["open_offer"].clone()
}

async fn answers(caller: &Rest, offer: &Value, answer: &str) -> Answer {
    let path = format!("/api/waitlist/offers/{}/{answer}", text(offer, "id"));
    caller.send(Method::POST, &path, None, &[]).await
}

/// One member of each item of a list.
fn each(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| text(item, member)).collect()
}

#[tokio::test]
async fn a_time_goes_to_the_most_urgent_and_then_to_whoever_waits_longest() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, staff) = (admin.doctor().await, admin.staff().await);
    let (ann, bob) = (admin.patient().await, admin.patient().await);
    let (cid, eve) = (admin.patient().await, admin.patient().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let nine = at(3, 9, 0);
    let taken = bob.post("/api/appointments/", visit(&doctor, &visit_type, nine)).await.created();
    let anns = waits(&ann, wish(&doctor, &visit_type)).await;
    let cids = waits(&cid, wish(&doctor, &visit_type)).await;
    let urgent = with(wish(&doctor, &visit_type), "priority", json!("urgent"));
    let eves = waits(&staff, with(urgent, "patient_id", json!(eve.id))).await;
    // Others may wait for anyone.
    let of_type = format!("/api/waitlist?doctor_id={}&visit_type_id={visit_type}", doctor.id);
    let order = staff.get(&of_type).await.ok();
    assert_eq!(each(&order, "patient_id"), [eve.id.as_str(), &ann.id, &cid.id]);

    bob.cancels(&taken).await.ok();
    let first = offered(&eve, &eves).await;
    assert_eq!((instant(&first["start_time"]), text(&first, "time_zone")), (nine, "UTC".to_owned()));
    assert_eq!((text(&first, "mode"), text(&first, "priority")), ("cascade".to_owned(), "urgent".to_owned()));
    assert!(!free_starts(&bob, &doctor.id, date_in(3)).await.contains(&nine), "it is kept");
    for (other, entry) in [(&ann, &anns), (&cid, &cids)] {
        assert_eq!(other.get(entry).await.ok()["open_offer"], Value::Null);
        answers(other, &first, "accept").await.refused(404, "waitlist_offer_not_found");
    }

    let declined = answers(&eve, &first, "decline").await.ok();
    assert_eq!(
        (text(&declined, "state"), declined["answered_at"].is_string()),
        ("declined".to_owned(), true)
    );
    assert_eq!(answers(&eve, &first, "decline").await.ok(), declined, "twice is once");
    answers(&eve, &first, "accept").await.refused(409, "offer_closed");

    let second = offered(&ann, &anns).await;
    let booked = answers(&ann, &second, "accept").await.ok();
    assert_eq!((text(&booked, "patient_id"), instant(&booked["start_time"])), (ann.id.clone(), nine));
    assert_eq!(text(&booked, "status"), "scheduled");
    assert_eq!(answers(&ann, &second, "accept").await.ok()["id"], booked["id"], "twice is once");
    assert_eq!(ann.get(&path(&booked)).await.ok()["visit_type_id"], json!(visit_type));
    let entry = ann.get(&anns).await.ok();
    assert_eq!((text(&entry, "state"), &entry["open_offer"]), ("fulfilled".to_owned(), &Value::Null));
    assert_eq!(entry["fulfilled_appointment_id"], booked["id"]);
    assert_eq!(eve.get(&eves).await.ok()["state"], "waiting");
    assert_eq!(cid.get(&cids).await.ok()["open_offer"], Value::Null);

    let report = staff.get(&format!("/api/waitlist/offers?doctor_id={}", doctor.id)).await.ok();
    assert_eq!(each(&report, "patient_id"), [ann.id.as_str(), &eve.id]);
    assert_eq!(each(&report, "state"), ["accepted", "declined"]);
    assert_eq!(each(&report, "priority"), ["routine", "urgent"]);
    assert_eq!(each(&report, "freed_appointment_id"), [text(&taken, "id"), text(&taken, "id")]);
    let own = ann.get(&format!("{anns}/offers")).await.ok();
    assert_eq!(
        (each(&own, "id"), &own[0]["freed_appointment_id"]),
        (vec![text(&second, "id")], &Value::Null)
    );
}

#[tokio::test]
async fn a_later_visit_is_moved_and_its_time_goes_to_the_next() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor().await;
    let (ann, bob, cid) = (admin.patient().await, admin.patient().await, admin.patient().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let (sooner, later) = (at(3, 9, 0), at(5, 14, 0));
    let taken = bob.post("/api/appointments/", visit(&doctor, &visit_type, sooner)).await.created();
    let anns_visit = ann.post("/api/appointments/", visit(&doctor, &visit_type, later)).await.created();
    let earlier = with(wish(&doctor, &visit_type), "appointment_id", anns_visit["id"].clone());
    let anns = waits(&ann, earlier).await;
    let cids = waits(&cid, wish(&doctor, &visit_type)).await;

    bob.cancels(&taken).await.ok();
    let offer = offered(&ann, &anns).await;
    let moved = answers(&ann, &offer, "accept").await.ok();
    assert_eq!((&moved["id"], instant(&moved["start_time"])), (&anns_visit["id"], sooner));
    assert_eq!(ann.get(&anns).await.ok()["fulfilled_appointment_id"], anns_visit["id"]);

    let offer = offered(&cid, &cids).await;
    assert_eq!(instant(&offer["start_time"]), later);
    let booked = answers(&cid, &offer, "accept").await.ok();
    assert_eq!((text(&booked, "patient_id"), instant(&booked["start_time"])), (cid.id.clone(), later));
}

#[tokio::test]
async fn whoever_waits_no_more_leaves_the_offer_to_the_next() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor().await;
    let (ann, bob, cid) = (admin.patient().await, admin.patient().await, admin.patient().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let nine = at(3, 9, 0);
    let taken = bob.post("/api/appointments/", visit(&doctor, &visit_type, nine)).await.created();
    let anns = waits(&ann, wish(&doctor, &visit_type)).await;
    let cids = waits(&cid, wish(&doctor, &visit_type)).await;
    bob.cancels(&taken).await.ok();
    let offer = offered(&ann, &anns).await;

    let left = ann.delete(&anns).await.ok();
    assert_eq!((text(&left, "state"), &left["open_offer"]), ("cancelled".to_owned(), &Value::Null));
    assert_eq!(ann.delete(&anns).await.ok()["version"], left["version"], "twice is once");
    answers(&ann, &offer, "accept").await.refused(409, "offer_closed");
    ann.put(&anns, json!({ "notice_minutes": 60 })).await.refused(409, "waitlist_entry_closed");
    assert_eq!(each(&ann.get(&format!("{anns}/offers")).await.ok(), "state"), ["withdrawn"]);
    assert_eq!(ann.get("/api/waitlist").await.ok(), json!([]));
    assert_eq!(each(&ann.get("/api/waitlist?state=cancelled").await.ok(), "id"), [text(&left, "id")]);
    assert_eq!(instant(&offered(&cid, &cids).await["start_time"]), nine);
}

#[tokio::test]
async fn what_is_waited_for_is_changed_in_part() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let morning = json!({ "day_of_week": 0, "start_time": "09:00", "end_time": "12:00" });
    let wish = with(wish(&doctor, &visit_type), "windows", json!([morning]));
    let wish = with(wish, "earliest_date", json!(date_in(10).to_string()));
    let named = [("idempotency-key", "8f3e2c1a-4b5d")];
    let create = async || ann.send(Method::POST, "/api/waitlist", Some(wish.clone()), &named).await;
    let (first, again) = (create().await, create().await);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let entry = first.created();
    assert_eq!(again.created()["id"], entry["id"]);
    assert_eq!(
        (text(&entry, "priority"), text(&entry, "state")),
        ("routine".to_owned(), "waiting".to_owned())
    );
    assert_eq!(entry["windows"][0]["end_time"], "12:00:00");

    let address = format!("/api/waitlist/{}", text(&entry, "id"));
    let read = ann.get(&address).await;
    let seen = [("if-match", read.header("etag"))];
    let change = json!({ "windows": null, "latest_date": date_in(20).to_string(), "notice_minutes": 120 });
    let changed = ann.send(Method::PUT, &address, Some(change), &seen).await.ok();
    assert_eq!((&changed["windows"], &changed["earliest_date"]), (&json!([]), &entry["earliest_date"]));
    assert_eq!((&changed["notice_minutes"], &changed["created_at"]), (&json!(120), &entry["created_at"]));
    let cleared = ann.put(&address, json!({ "earliest_date": null, "doctor_ids": null })).await.ok();
    assert_eq!((&cleared["earliest_date"], &cleared["doctor_ids"]), (&Value::Null, &json!([])));
    for (method, path) in [(Method::POST, format!("{address}/resume")), (Method::DELETE, address.clone())] {
        ann.send(method, &path, None, &seen).await.refused(412, "version_mismatch");
    }
    let resumed = ann.send(Method::POST, &format!("{address}/resume"), None, &[]).await.ok();
    assert_eq!(resumed, cleared, "nothing was paused");

    ann.put(&address, json!({ "priority": "urgent" })).await.refused(403, "forbidden");
    assert_eq!(staff.put(&address, json!({ "priority": "soon" })).await.ok()["priority"], "soon");
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_told_by_name() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let window =
        |day: i32, end: &str| json!([{ "day_of_week": day, "start_time": "09:00", "end_time": end }]);
    for (member, value, pointer) in [
        ("visit_type_id", json!("x"), "/visit_type_id"),
        ("doctor_ids", json!([doctor.id, "x"]), "/doctor_ids/1"),
        ("location_ids", json!("x"), "/location_ids"),
        ("earliest_date", json!("2030-02-30"), "/earliest_date"),
        ("windows", window(7, "12:00"), "/windows/0/day_of_week"),
        ("windows", window(0, "noon"), "/windows/0/end_time"),
        ("windows", window(0, "09:00"), "/windows/0/end_time"),
        ("priority", json!("now"), "/priority"),
        ("notice_minutes", json!(43_201), "/notice_minutes"),
        ("expires_at", json!("2030-01-07T09:00"), "/expires_at"),
        ("modality", json!("in_person"), "/modality"),
    ] {
        let body = with(wish(&doctor, &visit_type), member, value);
        ann.post("/api/waitlist", body).await.invalid(&[pointer]);
    }
    let backwards = with(wish(&doctor, &visit_type), "earliest_date", json!(date_in(9).to_string()));
    let backwards = with(backwards, "latest_date", json!(date_in(8).to_string()));
    ann.post("/api/waitlist", backwards).await.invalid(&["/latest_date"]);
    ann.post("/api/waitlist", json!({})).await.invalid(&["/visit_type_id"]);
    staff.post("/api/waitlist", wish(&doctor, &visit_type)).await.invalid(&["/patient_id"]);
    let urgent = with(wish(&doctor, &visit_type), "priority", json!("urgent"));
    ann.post("/api/waitlist", urgent).await.refused(403, "forbidden");
    assert_eq!(ann.get("/api/waitlist").await.ok(), json!([]), "nothing was written");

    ann.get("/api/waitlist?state=lost").await.invalid(&["/state"]);
    let backwards = format!("start_date={}&end_date={}", date_in(9), date_in(8));
    staff.get(&format!("/api/waitlist/offers?{backwards}")).await.invalid(&["/end_date"]);
    let unknown = json!({ "id": uuid::Uuid::now_v7().to_string() });
    for answer in ["accept", "decline"] {
        answers(&ann, &unknown, answer).await.refused(404, "waitlist_offer_not_found");
    }
    let nobodys = format!("/api/waitlist/{}", text(&unknown, "id"));
    ann.get(&nobodys).await.refused(404, "waitlist_entry_not_found");
}

#[tokio::test]
async fn everyone_sees_those_who_wait_for_them() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, staff) = (admin.doctor().await, admin.staff().await);
    let (ann, bob) = (admin.patient().await, admin.patient().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let anns = waits(&ann, wish(&doctor, &visit_type)).await;
    let bobs = waits(&bob, json!({ "visit_type_id": visit_type })).await;
    assert_eq!(each(&ann.get("/api/waitlist").await.ok(), "patient_id"), [ann.id.as_str()]);
    assert_eq!(each(&doctor.get("/api/waitlist").await.ok(), "patient_id"), [ann.id.as_str()]);
    doctor.get(&anns).await.ok();
    doctor.get(&bobs).await.is(403);
    ann.get(&bobs).await.refused(404, "waitlist_entry_not_found");

    let page = staff.get(&format!("/api/waitlist?visit_type_id={visit_type}&limit=1")).await;
    let next = page.header("link").trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(each(&page.ok(), "patient_id"), [ann.id.as_str()]);
    let last = staff.get(&next).await;
    assert!(!last.headers.contains_key("link"));
    assert_eq!(each(&last.ok(), "patient_id"), [bob.id.as_str()]);
}

#[tokio::test]
async fn a_patient_is_told_of_the_offer_and_until_when_it_holds() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let visit_type = half_an_hour(&admin, &doctor).await;
    let nine = visit(&doctor, &visit_type, at(3, 9, 0));
    let taken = bob.post("/api/appointments/", nine).await.created();
    let anns = waits(&ann, wish(&doctor, &visit_type)).await;
    bob.cancels(&taken).await.ok();
    let offer = offered(&ann, &anns).await;
    let mail = mesh.mail_to(&ann.email, "a time has come free").await;
    let until = instant(&offer["expires_at"]).to_zoned(jiff::tz::TimeZone::UTC);
    for told in ["Dora Doctor", "9:00", "UTC", &until.strftime("%-I:%M %P").to_string()] {
        assert!(mail.text.contains(told) && mail.html.contains(told), "no {told} in {}", mail.text);
    }
    assert!(!mail.subject.contains("Dora") && !mail.subject.contains("Paula"), "{}", mail.subject);
}
