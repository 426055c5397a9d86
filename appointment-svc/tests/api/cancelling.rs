use crate::clinic::Clinic;
use crate::past::{People, begins_in, has_policy};
use crate::wishes::{cancel, change, fact, refusal, wrong_fields};
use platform::caller::Role;
use proto::appointment::AppointmentStatus::{Cancelled, Completed, Confirmed, NoShow};
use proto::appointment::{
    CancelAppointmentRequest, GetPatientAttendanceRequest, ListAppointmentEventsRequest,
};
use proto::ids::{DoctorId, PatientId};
use serde_json::{Value, json};
use tonic::Code;

fn policy(notice: u32, late_cancel: &str) -> Value {
    json!({
        "cancel_notice": notice,
        "reschedule_notice": 60,
        "max_reschedules": 3,
        "late_cancel": late_cancel,
        "no_show_grace": 15,
    })
}

#[tokio::test]
async fn a_late_patient_frees_the_time_and_is_flagged() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 600).await;
    let late = cancel(&mut people.patient, &visit.id).await.unwrap();
    assert_eq!(
        (late.status(), late.is_late_cancel, late.cancellation_reason.as_str()),
        (Cancelled, true, "pat")
    );
    let again = cancel(&mut people.patient, &visit.id).await.unwrap();
    assert_eq!((again.version, again.is_late_cancel), (late.version, true), "twice is once");

    let visit = people.visit_in(&clinic, 600).await;
    let by_practice = cancel(&mut people.staff, &visit.id).await.unwrap();
    assert_eq!((by_practice.is_late_cancel, by_practice.cancellation_reason.as_str()), (false, "prov"));
}

#[tokio::test]
async fn terms_under_which_a_visit_was_booked_may_refuse_a_late_patient() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    for late_cancel in ["refuse", "ask_staff"] {
        let visit = people.visit_in(&clinic, 90).await;
        has_policy(&clinic, &visit.id, policy(120, late_cancel)).await;
        change(&mut people.patient, &visit.id, Confirmed).await.unwrap();
        let refused = cancel(&mut people.patient, &visit.id).await;
        let violation = (Code::FailedPrecondition, "POLICY_VIOLATION".to_owned());
        assert_eq!(refusal(refused.clone()), violation);
        assert_eq!(fact(refused.clone(), "rule").unwrap(), "cancel_notice");
        assert_eq!(fact(refused.clone(), "limit").unwrap(), "120");
        assert_eq!(fact(refused, "actual").unwrap(), "89");
        cancel(&mut people.doctor, &visit.id).await.unwrap();

        let visit = people.visit_in(&clinic, 121).await;
        has_policy(&clinic, &visit.id, policy(120, late_cancel)).await;
        assert!(!cancel(&mut people.patient, &visit.id).await.unwrap().is_late_cancel);
    }
}

#[tokio::test]
async fn a_reason_is_a_code_and_words_that_the_practice_alone_reads() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 3000).await;
    let with = |reason: &str, note: &str| CancelAppointmentRequest {
        id: visit.id.clone(),
        reason_code: reason.to_owned(),
        note: note.to_owned(),
        ..CancelAppointmentRequest::default()
    };
    for wrong in ["prov-pers", "bored"] {
        assert_eq!(wrong_fields(people.patient.cancel_appointment(with(wrong, "")).await), ["reason_code"]);
    }
    let long = "x".repeat(501);
    assert_eq!(wrong_fields(people.patient.cancel_appointment(with("pat-fb", &long)).await), ["note"]);
    let request = with("pat-fb", "my back is fine again");
    let cancelled = people.patient.cancel_appointment(request).await.unwrap().into_inner();
    assert_eq!(cancelled.cancellation_reason, "pat-fb");

    let history = ListAppointmentEventsRequest { id: visit.id.clone() };
    let mut last = Vec::new();
    for client in [&mut people.doctor, &mut people.patient] {
        let events = client.list_appointment_events(history.clone()).await.unwrap().into_inner().events;
        let event = events.into_iter().last().unwrap();
        last.push((event.kind, event.reason_code, event.note));
    }
    let told = |note: &str| ("cancelled".to_owned(), "pat-fb".to_owned(), note.to_owned());
    assert_eq!(last, [told("my back is fine again"), told("")]);
    let outbox = "SELECT count(*) FROM appointment.outbox WHERE data::text LIKE '%back%'";
    let told: i64 = clinic.sql.query_one(outbox, &[]).await.unwrap().get(0);
    assert_eq!(told, 0, "no other service hears the words");
}

#[tokio::test]
async fn what_a_patient_kept_to_is_counted_for_those_whom_it_concerns() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    for (minutes, status) in [(-600, Completed), (-500, NoShow), (-400, Completed)] {
        let visit = people.visit_in(&clinic, minutes).await;
        change(&mut people.doctor, &visit.id, status).await.unwrap();
    }
    let late = people.visit_in(&clinic, 100).await;
    cancel(&mut people.patient, &late.id).await.unwrap();
    let in_time = people.visit_in(&clinic, 3000).await;
    cancel(&mut people.patient, &in_time.id).await.unwrap();
    let by_practice = people.visit_in(&clinic, 100).await;
    cancel(&mut people.staff, &by_practice.id).await.unwrap();
    begins_in(&clinic, &by_practice.id, 100).await;

    let request = GetPatientAttendanceRequest { patient_id: people.patient_id.to_string() };
    for client in [&mut people.patient, &mut people.doctor, &mut people.staff, &mut people.admin] {
        let counts = client.get_patient_attendance(request.clone()).await.unwrap().into_inner();
        assert_eq!((counts.kept, counts.late_cancelled, counts.no_show), (2, 1, 1));
    }
    let stranger =
        clinic.by(Role::Patient(PatientId::random())).get_patient_attendance(request.clone()).await;
    assert_eq!(refusal(stranger), (Code::NotFound, "PATIENT_NOT_FOUND".to_owned()));
    let unknown = GetPatientAttendanceRequest { patient_id: PatientId::random().to_string() };
    for client in [&mut people.staff, &mut people.admin] {
        let refused = client.get_patient_attendance(unknown.clone()).await;
        assert_eq!(refusal(refused), (Code::NotFound, "PATIENT_NOT_FOUND".to_owned()));
    }
    for role in [Role::Doctor(DoctorId::random()), Role::Auditor] {
        let refused = clinic.by(role).get_patient_attendance(request.clone()).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    }
}
