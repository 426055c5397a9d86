use local::mail::Message;
use reqwest::Method;
use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::PATIENCE;

#[tokio::test]
async fn a_doctor_writes_a_record_amends_it_and_the_patient_reads_both() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(5, 9, 0)).await.created();
    let records = format!("/api/patients/{}/records", patient.id);
    let record = json!({ "appointment_id": visit["id"], "diagnosis": "Hypertension", "treatment": "Rest" });
    let made = doctor.post(&records, record).await.created();
    let path = format!("/api/records/{}", text(&made, "id"));

    let read = patient.get(&path).await;
    let etag = read.header("etag").to_owned();
    assert_eq!(read.ok()["diagnosis"], "Hypertension");

    let amendment = json!({ "diagnosis": "Mild hypertension", "reason": "Second reading" });
    doctor.put(&path, amendment.clone()).await.is(428);
    let seen = [("if-match", etag.as_str())];
    let amended = doctor.send(Method::PUT, &path, Some(amendment.clone()), &seen).await.ok();
    assert_eq!(
        (amended["diagnosis"].as_str(), amended["treatment"].as_str()),
        (Some("Mild hypertension"), Some("Rest"))
    );
    doctor.send(Method::PUT, &path, Some(amendment), &seen).await.refused(412, "version_mismatch");

    let revisions = patient.get(&format!("{path}/revisions")).await.ok();
    let diagnoses: Vec<_> =
        revisions.as_array().unwrap().iter().map(|revision| text(revision, "diagnosis")).collect();
    assert_eq!(diagnoses, ["Mild hypertension", "Hypertension"]);
    let of_visit = patient.get(&format!("/api/appointments/{}/records", text(&visit, "id"))).await.ok();
    assert_eq!(of_visit.as_array().map(Vec::len), Some(1));
    let of_patient = doctor.get(&records).await.ok();
    assert_eq!(of_patient[0]["id"], made["id"]);
}

#[tokio::test]
async fn what_was_entered_in_error_stays_to_be_read() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    patient.books(&doctor, at(5, 9, 0)).await.created();
    let records = format!("/api/patients/{}/records", patient.id);
    let made = doctor.post(&records, json!({ "diagnosis": "Broken leg" })).await.created();
    let path = format!("/api/records/{}", text(&made, "id"));
    assert_eq!(made["entered_in_error"], false);

    let mark = format!("{path}/entered-in-error");
    doctor.post(&mark, json!({})).await.invalid(&["/reason"]);
    let marked = doctor.post(&mark, json!({ "reason": "Another patient's leg" })).await.ok();
    assert_eq!(marked["entered_in_error"], true);
    let seen = patient.get(&records).await.ok();
    assert_eq!(
        (&seen[0]["entered_in_error"], &seen[0]["diagnosis"], &seen[0]["amendment_reason"]),
        (&json!(true), &json!("Broken leg"), &json!("Another patient's leg"))
    );
    let again = [("if-match", "\"v2\"")];
    let amendment = Some(json!({ "diagnosis": "Broken arm", "reason": "Looked again" }));
    doctor.send(Method::PUT, &path, amendment, &again).await.refused(409, "entered_in_error");
    doctor.delete(&path).await.is(405);
}

#[tokio::test]
async fn a_record_belongs_to_a_visit_of_the_same_patient_and_doctor() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, other) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    patient.books(&doctor, at(5, 9, 0)).await.created();
    let foreign = other.books(&doctor, at(5, 10, 0)).await.created();
    let record = json!({ "appointment_id": foreign["id"], "notes": "mixed up" });
    doctor.post(&format!("/api/patients/{}/records", patient.id), record).await.invalid(&["/appointment_id"]);
}

#[tokio::test]
async fn a_visit_that_only_the_doctor_entered_opens_no_chart() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = tests::clinic::visit(&patient.id, &doctor.id, at(6, 9, 0));
    let visit = doctor.post("/api/appointments/", visit).await.created();
    let chart = format!("/api/patients/{}/records", patient.id);
    doctor.get(&chart).await.refused(403, "relationship_required");

    let staff = admin.staff().await;
    let status = format!("{}/status?status=confirmed", tests::clinic::path(&visit));
    staff.send(Method::PUT, &status, None, &[]).await.ok();
    doctor.get(&chart).await.ok();

    patient.cancels(&visit).await.ok();
    doctor.get(&chart).await.refused(403, "relationship_required");
}

#[tokio::test]
async fn a_draft_is_signed_and_co_signed_before_the_patient_reads_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, senior, patient) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    patient.books(&doctor, at(5, 9, 0)).await.created();
    patient.books(&senior, at(5, 10, 0)).await.created();
    let records = format!("/api/patients/{}/records", patient.id);
    let draft = json!({ "notes": "to be checked", "state": "draft", "cosigner_doctor_id": senior.id });
    let made = doctor.post(&records, draft).await.created();
    let path = format!("/api/records/{}", text(&made, "id"));
    assert_eq!((&made["state"], &made["signed_at"]), (&json!("draft"), &json!(null)));
    patient.get(&path).await.refused(404, "medical_record_not_found");
    assert_eq!(patient.get(&records).await.ok(), json!([]));
    senior.get(&path).await.ok();

    let first = [("if-match", "\"v1\"")];
    let change = Some(json!({ "notes": "checked" }));
    doctor.send(Method::PUT, &path, change, &first).await.ok();
    let sign = format!("{path}/sign");
    doctor.post(&sign, json!(null)).await.is(428);
    doctor.send(Method::POST, &sign, None, &first).await.refused(412, "version_mismatch");
    let second = [("if-match", "\"v2\"")];
    let signed = doctor.send(Method::POST, &sign, None, &second).await.ok();
    assert_eq!((&signed["state"], &signed["awaits_cosignature"]), (&json!("signed"), &json!(true)));
    let third = [("if-match", "\"v3\"")];
    let unexplained = Some(json!({ "notes": "more" }));
    doctor.send(Method::PUT, &path, unexplained, &third).await.invalid(&["/reason"]);
    let cosigned = senior.send(Method::POST, &format!("{path}/cosign"), None, &third).await.ok();
    assert_eq!(cosigned["awaits_cosignature"], false);
    let read = patient.get(&path).await.ok();
    assert_eq!((&read["notes"], &read["cosigned_at"]), (&json!("checked"), &cosigned["cosigned_at"]));
    let revisions = patient.get(&format!("{path}/revisions")).await.ok();
    assert_eq!(revisions.as_array().map(Vec::len), Some(1), "drafts stay hidden");
}

#[tokio::test]
async fn a_doctor_breaks_the_glass_and_somebody_reviews_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, stranger, patient) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    let auditor = admin.auditor().await;
    patient.books(&doctor, at(5, 9, 0)).await.created();
    let own = format!("/api/patients/{}", patient.id);
    let records = format!("{own}/records");
    let secret =
        json!({ "notes": "secret", "confidentiality": "restricted", "withheld_reason": "may do harm" });
    let secret = doctor.post(&records, secret).await.created();
    let secret = format!("/api/records/{}", text(&secret, "id"));
    patient.get(&secret).await.refused(404, "medical_record_not_found");
    patient.books(&stranger, at(5, 10, 0)).await.created();
    stranger.get(&secret).await.refused(403, "restricted_record");
    assert_eq!(stranger.get(&records).await.ok(), json!([]));

    let glass = format!("{own}/break-glass");
    stranger.post(&glass, json!({ "reason": "urgent" })).await.invalid(&["/reason"]);
    let reason = json!({ "reason": "Unconscious on arrival" });
    let grant = stranger.post(&glass, reason.clone()).await.created();
    assert_eq!(stranger.post(&glass, reason.clone()).await.created()["id"], grant["id"]);
    assert_eq!(stranger.get(&secret).await.ok()["notes"], "secret");

    let path = format!("/api/break-glass/{}", text(&grant, "id"));
    let is_about_it =
        |mail: &Message| mail.envelope_recipients == [auditor.email.as_str()] && mail.text.contains(&path);
    let mail = mesh.ground.mail.wait_for(PATIENCE, is_about_it).await.expect("auditors are told");
    assert_eq!(mail.subject, "A doctor broke the glass");
    assert!(
        mail.text.contains(&format!("{path}/review")) && mail.text.contains(&stranger.id),
        "{}",
        mail.text
    );
    for hidden in [patient.id.as_str(), "Paula", "Unconscious"] {
        assert!(!mail.text.contains(hidden) && !mail.html.contains(hidden), "{hidden}: {}", mail.text);
    }
    assert_eq!(auditor.get(&path).await.ok()["outcome"], json!(null));
    let review = json!({ "outcome": "justified", "note": "The patient could not be asked" });
    stranger.post(&format!("{path}/review"), review.clone()).await.is(403);
    let reviewed = auditor.post(&format!("{path}/review"), review).await.ok();
    assert_eq!(reviewed["outcome"], "justified");
    let other = json!({ "outcome": "unjustified", "note": "Looked again" });
    admin.post(&format!("{path}/review"), other.clone()).await.refused(409, "already_reviewed");
    assert_eq!(mesh.ground.mail.messages().iter().filter(|mail| is_about_it(mail)).count(), 1);

    let elsewhere = format!("/api/patients/{}", admin.anybody().await);
    let glass = format!("{elsewhere}/break-glass");
    let grant = stranger.post(&glass, reason.clone()).await.created();
    auditor.post(&format!("/api/break-glass/{}/review", text(&grant, "id")), other).await.ok();
    stranger.get(&elsewhere).await.refused(403, "relationship_required");
    stranger.post(&glass, reason).await.refused(409, "glass_withdrawn");
}
