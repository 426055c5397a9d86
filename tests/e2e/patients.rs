use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};

#[tokio::test]
async fn a_patient_is_made_read_changed_and_deleted() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let id = admin.patient_record(&fresh_email("p")).await;
    let path = format!("/api/patients/{id}");
    let read = admin.get(&path).await;
    let etag = read.header("etag").to_owned();
    let before = read.ok();
    assert_eq!(before["insurance_provider"], json!(null));

    let change =
        json!({ "phone": null, "insurance_provider": "Acme Health", "insurance_id": "ACME-1234567" });
    let after = admin.put(&path, change).await.ok();
    assert_eq!(after["phone"], json!(null), "null clears");
    assert_eq!(after["insurance_provider"], "Acme Health");
    assert_eq!(after["last_name"], before["last_name"], "absent stays");

    let stale = [("if-match", etag.as_str())];
    let body = Some(json!({ "phone": "+49 30 1" }));
    admin.send(reqwest::Method::PUT, &path, body, &stale).await.refused(412, "version_mismatch");
    admin.send(reqwest::Method::DELETE, &path, None, &stale).await.refused(412, "version_mismatch");

    let deleted = admin.delete(&path).await.ok();
    assert_eq!(deleted["id"], id);
    admin.get(&path).await.is(404);
}

#[tokio::test]
async fn a_list_comes_in_pages_that_do_not_overlap() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    for _ in 0..7 {
        admin.patient_record(&fresh_email("page")).await;
    }
    let mut seen = std::collections::HashSet::new();
    let mut next = Some("/api/patients/?limit=2".to_owned());
    for _ in 0..3 {
        let page = admin.get(&next.expect("another page")).await;
        let link = page.header("link").to_owned();
        assert!(link.ends_with("; rel=\"next\""), "{link}");
        let url = link.trim_start_matches('<').split('>').next().unwrap();
        next = Some(url[url.find("/api").unwrap()..].to_owned());
        for patient in page.ok().as_array().unwrap() {
            assert!(seen.insert(text(patient, "id")), "twice: {patient}");
        }
    }
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn a_patient_is_found_by_name_mail_phone_and_identifier() {
    let mesh = Mesh::shared().await;
    let staff = mesh.admin().await.staff().await;
    let tag = uuid::Uuid::now_v7().simple().to_string();
    let patient = json!({
        "first_name": "Zoë",
        "last_name": format!("Quill{}", &tag[20..]),
        "date_of_birth": "1975-05-05",
        "email": format!("zoe.{tag}@example.com"),
        "phone": format!("+44 20 {}", u32::from_str_radix(&tag[25..], 16).unwrap()),
        "identifiers": [{ "system": "mrn", "value": format!("MRN-{tag}") }],
    });
    let made = staff.post("/api/patients/", patient.clone()).await.created();
    let phone_digits: String = text(&patient, "phone").chars().filter(char::is_ascii_digit).collect();
    for query in [
        text(&patient, "last_name").to_lowercase(),
        text(&patient, "email"),
        phone_digits,
        format!("mrn-{tag}"),
    ] {
        let found = staff.get(&format!("/api/patients/search/?query={query}")).await.ok();
        assert_eq!(found[0]["id"], made["id"], "{query}");
        let found = staff.post("/api/patients/search", json!({ "query": query })).await.ok();
        assert_eq!(found[0]["id"], made["id"], "{query}");
    }
    staff.get("/api/patients/search/?query=ab").await.is(422);
    let nobody = staff.get("/api/patients/search/?query=%25%25%25%25").await.ok();
    assert_eq!(nobody, json!([]), "a wildcard is a character like any other");
}

#[tokio::test]
async fn a_patient_with_a_visit_ahead_stays() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(4, 9, 0)).await.created();
    admin.delete(&format!("/api/patients/{}", patient.id)).await.refused(409, "has_active_appointments");
    patient.cancels(&visit).await.ok();
    admin.delete(&format!("/api/patients/{}", patient.id)).await.ok();
    let gone = tests::clinic::visit(&patient.id, &doctor.id, at(4, 9, 0));
    admin.post("/api/appointments/", gone).await.invalid(&["/patient_id"]);
}

#[tokio::test]
async fn a_patient_who_may_be_here_already_is_told_to_the_reception_only() {
    let mesh = Mesh::shared().await;
    let staff = mesh.admin().await.staff().await;
    let tag = uuid::Uuid::now_v7().simple().to_string();
    let last_name = format!("Quill{tag}");
    let patient = |first_name: &str| json!({ "first_name": first_name, "last_name": last_name, "date_of_birth": "1961-04-12" });
    let known = staff.post("/api/patients/", patient("Zoë")).await.created();
    let problem = staff.post("/api/patients/", patient("Zoe")).await.refused(409, "possible_duplicate");
    assert_eq!(problem["patient_ids"], json!([known["id"]]));
    assert!(!problem.to_string().contains(&tag), "ids only: {problem}");

    let mut twin = patient("Zoe");
    twin["confirm_new"] = json!(true);
    staff.post("/api/patients/", twin).await.created();

    let email = fresh_email("newcomer");
    let account = json!({ "email": email, "password": PASSWORD });
    mesh.anyone().post("/api/auth/register", account).await.created();
    log_in(&mesh.anyone(), &email, PASSWORD).await.post("/api/patients/", patient("Zoë")).await.created();
}

#[tokio::test]
async fn who_is_held_stays_and_only_admins_read_why() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let path = format!("/api/patients/{}", admin.anybody().await);
    let hold = format!("{path}/legal-hold");
    admin.get(&hold).await.refused(404, "legal_hold_not_found");
    let placed = admin.put(&hold, json!({ "reason": "Claim 12-345 is pending" })).await.ok();
    assert_eq!(placed["placed_by_user_id"], json!(admin.id));
    assert_eq!(admin.get(&hold).await.ok(), placed);
    let problem = admin.delete(&path).await.refused(409, "legal_hold");
    assert!(!problem.to_string().contains("12-345"), "{problem}");
    admin.put(&hold, json!({ "reason": "" })).await.invalid(&["/reason"]);
    assert_ne!(admin.delete(&hold).await.ok()["lifted_at"], json!(null));
    admin.delete(&path).await.ok();
}

#[tokio::test]
async fn two_records_of_one_person_become_one_and_two_again() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let staff = admin.staff().await;
    let (doctor, survivor) = (admin.doctor().await, admin.patient().await);
    let id = admin.anybody().await;
    let path = format!("/api/patients/{id}");
    let visit = tests::clinic::visit(&id, &doctor.id, at(7, 9, 0));
    let visit = staff.post("/api/appointments/", visit).await.created();
    let merge = json!({ "into_patient_id": survivor.id, "reason": "registered twice" });
    let problem = staff.post(&format!("{path}/merge"), merge.clone()).await;
    let problem = problem.refused(409, "has_active_appointments");
    assert_eq!(problem["appointment_ids"], json!([visit["id"]]));
    let note = json!({ "notes": "allergic to nuts" });
    doctor.post(&format!("{path}/records"), note).await.created();
    staff.delete(&tests::clinic::path(&visit)).await.ok();

    let back = json!({ "into_patient_id": id, "reason": "the other way round" });
    let own = format!("/api/patients/{}/merge", survivor.id);
    staff.post(&own, back).await.refused(409, "has_account");
    let merged = staff.post(&format!("{path}/merge"), merge.clone()).await.ok();
    assert_eq!(merged["merged_into"], json!(survivor.id));
    assert_eq!(staff.get(&path).await.ok()["merged_into"], json!(survivor.id));
    let records = format!("/api/patients/{}/records", survivor.id);
    assert_eq!(survivor.get(&records).await.ok()[0]["notes"], "allergic to nuts");
    let gone = tests::clinic::visit(&id, &doctor.id, at(7, 9, 0));
    admin.post("/api/appointments/", gone.clone()).await.invalid(&["/patient_id"]);

    // Nobody comes to log in as who was merged.
    let account = json!({
        "email": fresh_email("merged"), "password": PASSWORD, "role": "patient", "patient_id": id,
    });
    admin.post("/api/auth/register", account).await.invalid(&["/patient_id"]);

    let parted = json!({ "reason": "father and son" });
    let parted = staff.post(&format!("{path}/unmerge"), parted).await.ok();
    assert_eq!((&parted["merged_into"], &parted["deleted_at"]), (&json!(null), &json!(null)));
    assert_eq!(survivor.get(&records).await.ok(), json!([]));
    admin.post("/api/appointments/", gone).await.created();
}

#[tokio::test]
async fn an_identifier_is_one_patients() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let patient = |value: &str| {
        json!({
            "first_name": "Ida",
            "last_name": "Dent",
            "date_of_birth": "1999-09-09",
            "identifiers": [{ "system": "mrn", "value": value }],
        })
    };
    let value = uuid::Uuid::now_v7().to_string();
    admin.post("/api/patients/", patient(&value)).await.created();
    admin.post("/api/patients/", patient(&value)).await.refused(409, "identifier_taken");
}

#[tokio::test]
async fn everything_about_a_patient_is_exported() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(5, 9, 0)).await.created();
    let records = format!("/api/patients/{}/records", patient.id);
    let told = json!({ "appointment_id": visit["id"], "diagnosis": "Flu <A>" });
    let told = doctor.post(&records, told).await.created();
    let first = [("if-match", "\"v1\"")];
    let amendment = Some(json!({ "treatment": "Rest", "reason": "Forgotten" }));
    let path = format!("/api/records/{}", text(&told, "id"));
    doctor.send(reqwest::Method::PUT, &path, amendment, &first).await.ok();
    let withheld = json!({ "notes": "secret", "withheld_reason": "may do harm" });
    doctor.post(&records, withheld).await.created();
    doctor.post(&records, json!({ "notes": "secret", "state": "draft" })).await.created();

    let export = format!("/api/patients/{}/export", patient.id);
    let bundle = patient.get(&export).await.ok();
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("collection")));
    assert_eq!(kinds(&bundle), ["Patient", "Appointment", "Composition", "Composition"]);
    let resources: Vec<&serde_json::Value> =
        bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect();
    assert_eq!(resources[0]["birthDate"], "1980-02-29");
    assert_eq!((&resources[1]["id"], &resources[1]["status"]), (&visit["id"], &json!("booked")));
    let states: Vec<_> = resources[2..].iter().map(|record| text(record, "status")).collect();
    assert_eq!(states, ["amended", "final"]);
    assert!(text(&resources[3]["section"][0]["text"], "div").contains("Flu &lt;A&gt;"));
    assert!(!bundle.to_string().contains("secret"));

    let staff = admin.staff().await;
    assert_eq!(kinds(&staff.get(&export).await.ok()), ["Patient", "Appointment"], "not for the practice");
    doctor.get(&export).await.refused(403, "forbidden");
}

/// What is in a bundle.
fn kinds(bundle: &serde_json::Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().unwrap();
    entries.iter().map(|entry| text(&entry["resource"], "resourceType")).collect()
}
