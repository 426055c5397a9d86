//! What patients do by the links in mails, without an account.
use local::service::Service;
use serde_json::{Value, json};
use tests::clinic::{at, path};
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::Answer;

/// The path of a link in the text of a mail, by how it begins and ends.
fn link(mail: &str, start: &str, end: &str) -> Option<String> {
    let urls = mail.split_whitespace().filter_map(|word| word.find(start).map(|at| &word[at..]));
    urls.into_iter().find(|path| path.ends_with(end)).map(str::to_owned)
}

/// A page that was answered with `status`, as HTML.
#[track_caller]
fn page(answer: Answer, status: u16) -> String {
    let kind = answer.headers["content-type"].to_str().unwrap().to_owned();
    let caching = answer.headers["cache-control"].to_str().unwrap().to_owned();
    assert_eq!((kind.as_str(), caching.as_str()), ("text/html; charset=utf-8", "no-store"));
    answer.is(status).as_str().unwrap().to_owned()
}

/// What stands in the attribute `value` of every field with this `name`.
fn values<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!("name=\"{name}\" value=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn a_patient_confirms_moves_and_cancels_by_the_links_of_mails() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, rival) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let browser = mesh.anyone();
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let status = async || text(&patient.get(&path(&visit)).await.ok(), "status");
    let mail = mesh.mail_to(&patient.email, "booked").await.text;

    let confirm = link(&mail, "/visits/", "/confirm").unwrap();
    let shown = page(browser.get(&confirm).await, 200);
    for told in ["Will you come?", "9:00 am to 9:30 am", "Dora Doctor", "<button>I will come</button>"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("Paula") && !shown.contains("<script"), "{shown}");
    assert_eq!(status().await, "scheduled", "looking changes nothing");
    for _ in 0..2 {
        let done = page(browser.post_form(&confirm, &[("version", values(&shown, "version")[0])]).await, 200);
        assert!(done.contains("role=\"status\"") && done.contains("Thank you"), "{done}");
    }
    assert_eq!(status().await, "confirmed");
    let confirmed = mesh.mail_to(&patient.email, "confirmed").await.text;
    assert!(link(&confirmed, "/visits/", "/confirm").is_none(), "{confirmed}");

    let choose = link(&confirmed, "/visits/", "/move").unwrap();
    let shown = page(browser.get(&choose).await, 200);
    let (version, times) = (values(&shown, "version")[0], values(&shown, "start_time"));
    assert!(times.len() > 5 && shown.contains("Later times"), "{shown}");
    let nothing = page(browser.post_form(&choose, &[("version", version)]).await, 409);
    assert!(nothing.contains("Please choose a time") && !values(&nothing, "start_time").is_empty());
    rival.books(&doctor, times[3].parse().unwrap()).await.created();
    let taken = [("version", version), ("start_time", times[3])];
    let refused = page(browser.post_form(&choose, &taken).await, 409);
    assert!(refused.contains("no longer available") && !values(&refused, "start_time").contains(&times[3]));
    for _ in 0..2 {
        let chosen = [("version", version), ("start_time", times[4])];
        let moved = page(browser.post_form(&choose, &chosen).await, 200);
        assert!(moved.contains("This is the new time"), "{moved}");
    }
    let now = patient.get(&path(&visit)).await.ok();
    let start = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(
        (now["status"].as_str(), start(&text(&now, "start_time"))),
        (Some("scheduled"), start(times[4]))
    );

    let moved = mesh.mail_to(&patient.email, "new time").await.text;
    let cancel = link(&moved, "/visits/", "/cancel").unwrap();
    let stale = page(browser.post_form(&cancel, &[("version", "1")]).await, 409);
    assert!(stale.contains("has changed since you opened this page"), "{stale}");
    let shown = page(browser.get(&cancel).await, 200);
    let version = values(&shown, "version")[0];
    let done = page(browser.post_form(&cancel, &[("version", version)]).await, 200);
    assert!(done.contains("The appointment is cancelled"), "{done}");
    let now = admin.get(&path(&visit)).await.ok();
    let ended = [&now["status"], &now["cancellation_reason"]];
    assert_eq!(ended, [&json!("cancelled"), &json!("pat-crs")]);
    let events = admin.get(&format!("{}/events", path(&visit))).await.ok();
    let last = events.as_array().unwrap().last().unwrap();
    let link_holder = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    assert_eq!([&last["actor_id"], &last["actor_role"]], [&json!(link_holder), &json!("patient")]);

    // Old links show how it is now, and do nothing.
    let old = page(browser.get(&confirm).await, 200);
    assert!(old.contains("is cancelled and will not take place") && !old.contains("<form"), "{old}");
    page(browser.post_form(&confirm, &[("version", "9")]).await, 409);
    assert_eq!(status().await, "cancelled");
}

#[tokio::test]
async fn who_agrees_to_what_has_changed_is_told_so_and_a_doctor_who_is_away_has_no_name() {
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let mail = mesh.mail_to(&patient.email, "booked").await.text;
    let confirm = link(&mail, "/visits/", "/confirm").unwrap();
    let browser = mesh.anyone();
    page(browser.get(&confirm).await, 200);
    admin.put(&path(&visit), json!({ "start_time": at(4, 9, 0).to_string() })).await.ok();
    admin.put(&format!("{}/status", path(&visit)), json!({ "status": "confirmed" })).await.ok();
    let told = page(browser.post_form(&confirm, &[("version", "1")]).await, 409);
    assert!(told.contains("has changed since you opened this page"), "{told}");

    mesh.processes.kill(Service::Doctor).await;
    let shown = page(browser.get(&confirm).await, 200);
    assert!(shown.contains("Thank you for telling us") && !shown.contains("Dora"), "{shown}");
    let cancel = confirm.replace("/confirm", "/cancel");
    let done = page(browser.post_form(&cancel, &[("version", "3")]).await, 200);
    assert!(done.contains("The appointment is cancelled"), "{done}");
}

#[tokio::test]
async fn a_link_that_is_not_ours_opens_nothing() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(4, 9, 0)).await.created();
    let mail = mesh.mail_to(&patient.email, "booked").await.text;
    let cancel = link(&mail, "/visits/", "/cancel").unwrap();
    let token = cancel.trim_start_matches("/visits/").trim_end_matches("/cancel");
    let other = token.replace(&token[10..14], "AAAA");
    let browser = mesh.anyone();
    let german = [("accept-language", "de-AT,en;q=0.5")];
    for dead in [
        format!("/visits/{other}"),
        format!("/visits/{other}/cancel"),
        format!("/unsubscribe/{token}"),
        "/visits/%C3%A9%22%3E%3Cb%3E".to_owned(),
        format!("/visits/{token}/delete"),
    ] {
        let shown = page(browser.send(reqwest::Method::GET, &dead, None, &german).await, 404);
        assert!(shown.contains("Dieser Link funktioniert nicht mehr") && !shown.contains("<b>"), "{shown}");
    }
    page(browser.post_form(&format!("/visits/{other}/cancel"), &[("version", "1")]).await, 404);
    let strange = [&[][..], &[("version", "x")], &[("version", "0")]];
    for form in strange {
        let shown = page(browser.post_form(&cancel, form).await, 422);
        assert!(shown.contains("Cancel the appointment?") && shown.contains("<form"), "{shown}");
    }
    page(browser.get(&cancel.replace("/cancel", "/move?from=noon")).await, 200);
    assert_eq!(text(&patient.get(&path(&visit)).await.ok(), "status"), "scheduled");
}

#[tokio::test]
async fn one_click_of_a_mail_program_ends_reminders_or_news_and_nothing_else() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(5, 9, 0)).await.created();
    let mail = mesh.mail_to(&patient.email, "booked").await;
    let header = |name: &str| {
        let found = mail.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned()).unwrap()
    };
    assert_eq!(header("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
    let unsubscribe = link(header("list-unsubscribe").trim_end_matches('>'), "/unsubscribe/", "").unwrap();
    let browser = mesh.anyone();
    let shown = page(browser.get(&unsubscribe).await, 200);
    assert!(shown.contains("no longer get e-mails about changes of your appointments"), "{shown}");
    let preferences = format!("/api/patients/{}/message-preferences", patient.id);
    let wanted = async || patient.get(&preferences).await.ok()["visit_changes"]["email"].clone();
    assert_eq!(wanted().await, json!(true));
    let one_click = [("List-Unsubscribe", "One-Click")];
    page(browser.post_form(&unsubscribe, &one_click).await, 200);
    assert_eq!(wanted().await, json!(false));

    admin.put(&format!("{}/status", path(&visit)), json!({ "status": "confirmed" })).await.ok();
    let skipped = |all: &Value| all.as_array().unwrap().iter().any(|one| one["state"] == "skipped");
    admin.get_until(&format!("/api/notifications?appointment_id={}", text(&visit, "id")), skipped).await;
    patient.cancels(&visit).await.ok();
    mesh.mail_to(&patient.email, "cancelled").await;
    assert_eq!(mesh.mails_to(&patient.email).len(), 2, "booked, and what everybody is told");

    page(browser.post_form(&format!("{unsubscribe}/undo"), &[]).await, 200);
    assert_eq!(wanted().await, json!(true));
}
