//! What is noted of what is done, and that nothing is done which cannot be noted.
use crate::clinic::{Clinic, ada, create, delete, get, id_of, refused, update};
use platform::caller::Role;
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use tokio_postgres::Client;
use tonic::Code;

/// What was noted since it was asked last, in the order in which it was done: action, resource, role, reason, fields.
pub(crate) async fn noted(log: &Client) -> Vec<String> {
    let entries = "
        SELECT concat_ws(' ', action, resource, 'by', role, reason, nullif(array_to_string(fields, ','), ''))
          FROM audit.entries WHERE at > (SELECT at FROM audit_seen) ORDER BY at";
    let rows = log.query(entries, &[]).await.unwrap();
    log.execute("UPDATE audit_seen SET at = coalesce((SELECT max(at) FROM audit.entries), at)", &[])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

pub(crate) async fn log_of(clinic: &Clinic) -> Client {
    let log = clinic.superuser().await;
    log.batch_execute("CREATE TEMP TABLE audit_seen AS SELECT '-infinity'::timestamptz AS at").await.unwrap();
    log
}

fn search(query: &str) -> pb::SearchPatientsRequest {
    pb::SearchPatientsRequest { query: query.to_owned(), page_size: 0 }
}

#[tokio::test]
async fn whatever_is_done_with_a_patient_is_noted_once() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let (mut staff, mut admin) = (clinic.staff(), clinic.admin());
    let patient = clinic.admits(ada()).await;
    let id = id_of(&patient);
    assert_eq!(noted(&log).await, ["create patient by staff"]);
    staff.get_patient(get(id)).await.unwrap();
    assert_eq!(noted(&log).await, ["read patient by staff"]);
    staff.list_patients(pb::ListPatientsRequest::default()).await.unwrap();
    assert_eq!(noted(&log).await, ["list patient by staff"]);
    staff.search_patients(search("lovelace")).await.unwrap();
    assert_eq!(noted(&log).await, ["search patient by staff"]);
    let batch = pb::BatchGetPatientsRequest { ids: vec![id.to_string()] };
    staff.batch_get_patients(batch).await.unwrap();
    assert_eq!(noted(&log).await, ["read patient by staff"]);

    let moved = pb::Patient { address: "Elsewhere".to_owned(), phone: String::new(), ..patient.clone() };
    let request = update(moved.clone(), &["address", "phone", "email"]);
    staff.update_patient(request).await.unwrap();
    assert_eq!(noted(&log).await, ["update patient by staff phone,address"]);
    clinic.patient(id).update_patient(update(moved, &["address"])).await.unwrap();
    assert_eq!(noted(&log).await, ["update patient by patient"], "nothing was another");

    let place =
        |reason: &str| pb::PlaceLegalHoldRequest { patient_id: id.to_string(), reason: reason.to_owned() };
    admin.place_legal_hold(place("Claim 12")).await.unwrap();
    admin.place_legal_hold(place("Claim 12")).await.unwrap();
    admin.get_legal_hold(pb::GetLegalHoldRequest { patient_id: id.to_string() }).await.unwrap();
    admin.lift_legal_hold(pb::LiftLegalHoldRequest { patient_id: id.to_string() }).await.unwrap();
    let held = ["place", "read", "read", "lift"].map(|action| format!("{action} legal_hold by admin"));
    assert_eq!(noted(&log).await, held);

    admin.delete_patient(delete(id)).await.unwrap();
    admin.delete_patient(delete(id)).await.unwrap();
    assert_eq!(noted(&log).await, ["delete patient by admin", "read patient by admin"]);
}

#[tokio::test]
async fn a_merge_is_noted_of_both_and_other_services_of_nobody() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let (id, into) = (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await));
    noted(&log).await;
    let reason = "registered twice".to_owned();
    let merge = pb::MergePatientRequest {
        id: id.to_string(),
        into_patient_id: into.to_string(),
        reason: reason.clone(),
        expected_version: 0,
    };
    clinic.staff().merge_patient(merge).await.unwrap();
    let ask = pb::ListPatientAccessesRequest { patient_id: into.to_string(), ..Default::default() };
    let told = clinic.log(Role::Patient(into)).list_patient_accesses(ask).await.unwrap().into_inner();
    let told: Vec<&str> = told.accesses.iter().map(|access| access.action.as_str()).collect();
    assert_eq!(told, ["merge", "create", "create"], "also what was done under the record that was merged");
    noted(&log).await;
    clinic.staff().unmerge_patient(pb::UnmergePatientRequest { id: id.to_string(), reason }).await.unwrap();
    assert_eq!(noted(&log).await, ["unmerge patient by staff"]);
    let both = "SELECT count(*) FROM audit.entries
        WHERE action IN ('merge', 'unmerge') AND subjects @> ARRAY[$1::uuid, $2] AND resource_ids = ARRAY[$1::uuid, $2]";
    assert_eq!(log.query_one(both, &[&id.0, &into.0]).await.unwrap().get::<_, i64>(0), 2);

    let names = pb::BatchGetPatientNamesRequest { ids: vec![id.to_string()] };
    clinic.service("appointment-svc").batch_get_patient_names(names).await.unwrap();
    let contact = pb::GetPatientContactRequest { id: id.to_string() };
    clinic.service("notification-svc").get_patient_contact(contact).await.unwrap();
    assert_eq!(noted(&log).await, [""; 0]);
}

#[tokio::test]
async fn a_search_is_noted_by_whom_it_found_and_not_by_its_words() {
    let clinic = Clinic::open().await;
    let log = clinic.superuser().await;
    let (one, other) = (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await));
    for query in ["lovelace", "lovelace", "love", "nobody has this name"] {
        clinic.staff().search_patients(search(query)).await.unwrap();
    }
    let rows =
        "SELECT criteria, subjects, resource_ids FROM audit.entries WHERE action = 'search' ORDER BY at";
    let rows = log.query(rows, &[]).await.unwrap();
    let digests: Vec<Vec<u8>> = rows.iter().map(|row| row.get("criteria")).collect();
    assert!(
        digests[0] == digests[1] && digests[1] != digests[2] && digests.iter().all(|one| one.len() == 32)
    );
    let mut both = vec![one.0, other.0];
    both.sort_unstable();
    let subjects: Vec<Vec<uuid::Uuid>> = rows.iter().map(|row| row.get("subjects")).collect();
    assert_eq!(subjects, [both.clone(), both.clone(), both, Vec::new()]);
    let everything = "SELECT string_agg(entries::text, ' ') FROM audit.entries";
    let everything: String = log.query_one(everything, &[]).await.unwrap().get(0);
    let everything = everything.to_lowercase();
    for part in ["lovelace", "love", "example.com", "123-456"] {
        assert!(!everything.contains(part), "{part} is in the log");
    }
    // Ids and digests have these letters and digits in them.
    for word in everything.split(|c: char| !c.is_alphanumeric()) {
        assert!(!["ada", "1985"].contains(&word), "{word} is in the log");
    }
}

#[tokio::test]
async fn who_may_not_is_noted_with_whose_data_it_was() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let id = id_of(&clinic.admits(ada()).await);
    noted(&log).await;
    let stranger = DoctorId::random();
    let answer = clinic.doctor(stranger).get_patient(get(id)).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    refused(clinic.staff().delete_patient(delete(id)).await, Code::PermissionDenied, "FORBIDDEN");
    let called = "call healthcare.patient.v1.PatientService";
    let expected = [
        format!("{called}/GetPatient by doctor RELATIONSHIP_REQUIRED"),
        format!("{called}/DeletePatient by staff FORBIDDEN"),
    ];
    assert_eq!(noted(&log).await, expected);
    let of_whom = "SELECT count(*) FROM audit.entries
        WHERE decision = 'denied' AND subjects = ARRAY[$1::uuid] AND resource_ids = ARRAY[$1::uuid]
          AND actor_id IS NOT NULL AND session_id IS NOT NULL";
    // Whom the method is not for at all, staff here, does not get as far as to say whose.
    assert_eq!(log.query_one(of_whom, &[&id.0]).await.unwrap().get::<_, i64>(0), 1);
    // Whoever is nobody, or asks for what is hidden, is told nothing and noted nowhere.
    refused(clinic.stranger().get_patient(get(id)).await, Code::Unauthenticated, "UNAUTHENTICATED");
    let other = clinic.patient(PatientId::random()).get_patient(get(id)).await;
    refused(other, Code::NotFound, "PATIENT_NOT_FOUND");
    assert_eq!(noted(&log).await, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_noted_is_neither_told_nor_done() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(ada()).await;
    let id = id_of(&patient);
    let log = clinic.superuser().await;
    log.batch_execute("REVOKE EXECUTE ON FUNCTION audit.append(jsonb) FROM patient_rw").await.unwrap();
    let mut staff = clinic.staff();
    let moved = pb::Patient { address: "Elsewhere".to_owned(), ..patient };
    let unavailable = "DEPENDENCY_UNAVAILABLE";
    refused(staff.get_patient(get(id)).await, Code::Unavailable, unavailable);
    let list = staff.list_patients(pb::ListPatientsRequest::default()).await;
    refused(list, Code::Unavailable, unavailable);
    refused(staff.search_patients(search("lovelace")).await, Code::Unavailable, unavailable);
    refused(staff.update_patient(update(moved, &["address"])).await, Code::Unavailable, unavailable);
    refused(staff.create_patient(create(ada())).await, Code::Unavailable, unavailable);
    // A refusal stays one, noted or not.
    refused(staff.delete_patient(delete(id)).await, Code::PermissionDenied, "FORBIDDEN");
    log.batch_execute("GRANT EXECUTE ON FUNCTION audit.append(jsonb) TO patient_rw").await.unwrap();
    assert_eq!(staff.get_patient(get(id)).await.unwrap().into_inner().address, "");
    let all = staff.list_patients(pb::ListPatientsRequest::default()).await.unwrap().into_inner();
    assert_eq!(all.patients.len(), 1);
}

#[tokio::test]
async fn what_was_not_done_is_not_noted() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let patient = clinic.admits(ada()).await;
    noted(&log).await;
    let stale = pb::UpdatePatientRequest { expected_version: 9, ..update(patient, &["address"]) };
    refused(clinic.staff().update_patient(stale).await, Code::Aborted, "VERSION_MISMATCH");
    let again = pb::CreatePatientRequest { patient: Some(ada()), confirm_new: false };
    refused(clinic.staff().create_patient(again).await, Code::AlreadyExists, "POSSIBLE_DUPLICATE");
    assert_eq!(noted(&log).await, [""; 0]);
}

#[tokio::test]
async fn patients_see_who_looked_at_them_and_why() {
    let clinic = Clinic::open().await;
    let (patient, doctor) = clinic.couple().await;
    clinic.doctor(doctor).get_patient(get(patient)).await.unwrap();
    let _ = clinic.doctor(DoctorId::random()).get_patient(get(patient)).await;
    clinic.staff().search_patients(search("lovelace")).await.unwrap();
    let ask = |page_size, page_token: &str| pb::ListPatientAccessesRequest {
        patient_id: patient.to_string(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let mut own = clinic.log(Role::Patient(patient));
    let first = own.list_patient_accesses(ask(3, "")).await.unwrap().into_inner();
    let told = |access: &pb::PatientAccess| format!("{} {} {}", access.role, access.action, access.reason);
    let seen: Vec<String> = first.accesses.iter().map(told).collect();
    assert_eq!(seen, ["staff search ", "doctor call RELATIONSHIP_REQUIRED", "doctor read "]);
    assert!(first.accesses.iter().all(|access| !access.actor_id.is_empty()));
    let rest = own.list_patient_accesses(ask(3, &first.next_page_token)).await.unwrap().into_inner();
    let rest: Vec<String> = rest.accesses.iter().map(told).collect();
    assert_eq!(rest, ["staff create "]);
    // That the patient looked is noted, too.
    let auditors = clinic.log(Role::Auditor).list_patient_accesses(ask(1, "")).await.unwrap();
    assert_eq!(told(&auditors.into_inner().accesses[0]), "patient read ");

    let hidden = clinic.log(Role::Patient(PatientId::random())).list_patient_accesses(ask(1, "")).await;
    refused(hidden, Code::NotFound, "PATIENT_NOT_FOUND");
    for role in [Role::Staff, Role::Doctor(doctor)] {
        let answer = clinic.log(role).list_patient_accesses(ask(1, "")).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
    }
    let nobody = pb::ListPatientAccessesRequest { patient_id: PatientId::random().to_string(), ..ask(1, "") };
    let answer = clinic.log(Role::Admin).list_patient_accesses(nobody).await;
    refused(answer, Code::NotFound, "PATIENT_NOT_FOUND");
}

#[tokio::test]
async fn auditors_narrow_the_log_and_read_it_page_by_page() {
    let clinic = Clinic::open().await;
    let (one, other) = (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await));
    for id in [one, one, other] {
        clinic.staff().get_patient(get(id)).await.unwrap();
    }
    let mut auditor = clinic.log(Role::Auditor);
    let mut asked =
        pb::ListAuditEntriesRequest { patient_id: one.to_string(), page_size: 2, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = auditor.list_audit_entries(asked.clone()).await.unwrap().into_inner();
        seen.extend(page.entries);
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    let actions: Vec<&str> = seen.iter().map(|entry| entry.action.as_str()).collect();
    // The second look is noted after the first page and before the second, which goes on from the first.
    assert_eq!(actions, ["read", "read", "create"]);
    assert!(seen.iter().all(|entry| entry.writer == "patient_rw" && entry.subject_ids == [one.to_string()]));

    let reads = pb::ListAuditEntriesRequest { action: "read".to_owned(), ..Default::default() };
    let page = auditor.list_audit_entries(reads).await.unwrap().into_inner();
    assert_eq!(page.entries.len(), 3);
    let of_one =
        pb::ListAuditEntriesRequest { actor_id: page.entries[0].actor_id.clone(), ..Default::default() };
    assert_eq!(auditor.list_audit_entries(of_one).await.unwrap().into_inner().entries.len(), 1);
    let earlier = pb::ListAuditEntriesRequest { time_until: seen[2].time, ..Default::default() };
    assert!(auditor.list_audit_entries(earlier).await.unwrap().into_inner().entries.is_empty());
    let since = pb::ListAuditEntriesRequest { time_from: page.entries[0].time, ..Default::default() };
    let since = auditor.list_audit_entries(since).await.unwrap().into_inner().entries;
    let since: Vec<String> =
        since.iter().map(|entry| format!("{} {}", entry.action, entry.resource)).collect();
    assert_eq!(since.last().map(String::as_str), Some("read patient"));
    assert!(since[..since.len() - 1].iter().all(|entry| entry == "search audit"), "{since:?}");

    for role in [Role::Staff, Role::Patient(one), Role::Doctor(DoctorId::random())] {
        let answer = clinic.log(role).list_audit_entries(pb::ListAuditEntriesRequest::default()).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
    }
}
