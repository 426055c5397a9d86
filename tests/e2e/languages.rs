//! Mails in the language of whoever reads them, in the words of the clinic.
use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;

/// A mesh of its own: words are everyone's.
#[tokio::test]
async fn a_patient_who_speaks_german_reads_german_in_the_clinics_own_words() {
    let mesh = Mesh::start(|options| {
        options.env.push(("CLINIC_NAME".to_owned(), "Praxis am Lindenhof".to_owned()));
    })
    .await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    patient.put(&format!("/api/patients/{}", patient.id), json!({ "language": "de-AT" })).await.ok();
    let greeting = "/api/message-overrides/greeting-patient/de";

    let bad = admin.put(greeting, json!({ "pattern": "Grüß Gott,\n{ $patient }" })).await;
    assert_eq!((bad.status, &bad.body["code"]), (422, &json!("validation_failed")));
    let wrong = &bad.body["errors"][0];
    assert_eq!(wrong["pointer"], "/pattern");
    let told = wrong["detail"].as_str().unwrap();
    assert_eq!(told, "line 2: $patient is not a variable of this message; it has $clinic, $name");
    let subject = "/api/message-overrides/booked-patient-subject/de";
    assert_eq!(admin.put(subject, json!({ "pattern": "Termin für { $name }" })).await.status, 422);
    assert_eq!(admin.get("/api/message-overrides").await.ok(), json!([]));

    let set = admin.put(greeting, json!({ "pattern": "Grüß Gott { $name }," })).await.ok();
    assert_eq!(
        (&set["language"], &set["fits"], &set["updated_by_user_id"]),
        (&json!("de"), &json!(true), &json!(admin.id))
    );
    let preview = admin.get("/api/message-templates/booked/preview?language=de-AT").await.ok();
    assert!(preview["text"].as_str().unwrap().starts_with("Grüß Gott Ada Lovelace,"), "{preview}");

    patient.books(&doctor, at(3, 9, 0)).await.created();
    let mail = mesh.mail_to(&patient.email, "ihr termin ist gebucht").await;
    assert!(mail.text.starts_with("Grüß Gott Paula Patient,"), "{}", mail.text);
    assert!(
        mail.text.contains("9:00 bis 9:30") && mail.text.contains("Praxis am Lindenhof"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("<html lang=\"de\"") && mail.html.contains("Grüß Gott Paula Patient,"));
    let mut headers = mail.headers.iter();
    assert!(
        headers.any(|(name, value)| name.eq_ignore_ascii_case("content-language") && value.trim() == "de")
    );
    mesh.mail_to(&doctor.email, "new appointment").await;

    let removed = admin.delete(greeting).await.ok();
    assert_eq!(removed["pattern"], "Grüß Gott { $name },");
    assert_eq!(admin.get(greeting).await.status, 404);
    let of_words = format!("/api/admin/audit?actor_id={}&limit=50", admin.id);
    let noted = admin.get(&of_words).await.ok();
    let noted = noted.as_array().unwrap().iter().filter(|entry| entry["resource"] == "template_override");
    let noted: Vec<_> = noted.map(|entry| (entry["action"].clone(), entry["fields"].clone())).collect();
    let which = json!(["greeting-patient:de"]);
    assert_eq!(noted, [(json!("delete"), which.clone()), (json!("set"), which)]);
}
