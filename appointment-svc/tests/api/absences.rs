use crate::clinic::{Client, Clinic};
use crate::looking_back::as_of;
use crate::wishes::{at, book, date_in, fact, hours, refusal, wrong_fields};
use jiff::Timestamp;
use platform::caller::Role;
use proto::appointment::{
    AbsencePlan, ApplyAbsencePlanRequest, Appointment, AppointmentStatus, ListAppointmentEventsRequest,
    PlanAbsenceRequest, PlannedMove, UndoAppointmentChangeRequest,
};
use proto::doctor::DoctorRules;
use proto::ids::DoctorId;
use proto::time::{from_wire, to_wire};
use tonic::{Code, Response, Status};
use uuid::Uuid;

/// A doctor with a colleague of the same specialization, and one of another.
async fn practice(clinic: &Clinic) -> (DoctorId, DoctorId) {
    let of = |specialization: &str| DoctorRules {
        specialization: specialization.to_owned(),
        ..hours("UTC", "09:00", "12:00")
    };
    clinic.hire(of("Dermatology")).await;
    (clinic.hire(of("Cardiology")).await, clinic.hire(of("Cardiology")).await)
}

async fn plan(
    client: &mut Client,
    doctor: DoctorId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<PlannedMove>, Status> {
    let request = PlanAbsenceRequest {
        doctor_id: doctor.to_string(),
        start_time: Some(to_wire(from)),
        end_time: Some(to_wire(until)),
        ..PlanAbsenceRequest::default()
    };
    client.plan_absence(request).await.map(|plan| {
        let AbsencePlan { moves } = plan.into_inner();
        moves
    })
}

async fn apply(
    client: &mut Client,
    doctor: DoctorId,
    (from, until): (Timestamp, Timestamp),
    moves: Vec<PlannedMove>,
) -> Result<Vec<Appointment>, Status> {
    let request = ApplyAbsencePlanRequest {
        doctor_id: doctor.to_string(),
        start_time: Some(to_wire(from)),
        end_time: Some(to_wire(until)),
        moves,
        ..ApplyAbsencePlanRequest::default()
    };
    client.apply_absence_plan(request).await.map(Response::into_inner).map(|answer| answer.appointments)
}

fn target(planned: &PlannedMove) -> (DoctorId, Timestamp) {
    (planned.new_doctor_id.parse().unwrap(), from_wire(planned.new_start_time).unwrap())
}

#[tokio::test]
async fn every_visit_of_an_absence_gets_the_nearest_time_and_all_move_at_once() {
    let clinic = Clinic::open().await;
    let (doctor, colleague) = practice(&clinic).await;
    let mut staff = clinic.staff();
    let day = (at(3, 0, 0), at(4, 0, 0));
    let first = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let second = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 30)).await.unwrap();
    let elsewhere = book(&mut staff, clinic.patient().await, doctor, at(4, 9, 0)).await.unwrap();
    // The colleague is taken at the time of the second, and its patient has another visit right before.
    book(&mut staff, clinic.patient().await, colleague, at(3, 9, 30)).await.unwrap();
    let busy = clinic.doctor().await;
    book(&mut staff, second.patient_id.parse().unwrap(), busy, at(3, 10, 0)).await.unwrap();

    let moves = plan(&mut staff, doctor, day).await.unwrap();
    let ids: Vec<_> = moves.iter().map(|planned| planned.appointment_id.clone()).collect();
    assert_eq!(ids, [first.id.clone(), second.id.clone()]);
    assert_eq!(target(&moves[0]), (colleague, at(3, 9, 0)));
    assert_eq!(target(&moves[1]), (colleague, at(3, 10, 30)));

    let moved = apply(&mut staff, doctor, day, moves.clone()).await.unwrap();
    for (visit, planned) in moved.iter().zip(&moves) {
        assert_eq!(visit.id, planned.appointment_id);
        assert_eq!((visit.doctor_id.as_str(), visit.version), (planned.new_doctor_id.as_str(), 2));
        assert_eq!(visit.start_time, planned.new_start_time);
    }
    // Who it was with before is not forgotten, and nobody is put back into the diary of who is away.
    let history = ListAppointmentEventsRequest { id: first.id.clone() };
    let history = staff.list_appointment_events(history).await.unwrap().into_inner().events;
    assert_eq!(history.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["booked", "reassigned"]);
    for (event, with) in history.iter().zip([doctor, colleague]) {
        let seen = as_of(&mut staff, &first.id, from_wire(event.time).unwrap()).await.unwrap();
        assert_eq!(seen.doctor_id, with.to_string());
    }
    let told = "SELECT data->>'doctor_id', data->>'previous_doctor_id' FROM appointment.outbox
                 WHERE aggregate_id = $1 AND event_type = 'appointment.rescheduled'";
    let told = clinic.sql.query_one(told, &[&first.id.parse::<Uuid>().unwrap()]).await.unwrap();
    let told: [Option<String>; 2] = [told.get(0), told.get(1)];
    assert_eq!(told, [colleague, doctor].map(|doctor| Some(doctor.to_string())));
    let undo =
        UndoAppointmentChangeRequest { id: first.id.clone(), ..UndoAppointmentChangeRequest::default() };
    assert_eq!(refusal(staff.undo_appointment_change(undo).await).1, "NOTHING_TO_UNDO");

    assert!(plan(&mut staff, doctor, day).await.unwrap().is_empty());
    // What was given up is free again, and what was taken is not.
    book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let taken = book(&mut staff, clinic.patient().await, colleague, at(3, 10, 30)).await;
    assert_eq!(refusal(taken).1, "SLOT_TAKEN");
    assert_eq!(elsewhere.version, 1);

    // Once more, and there is nothing left to move.
    let again = apply(&mut staff, doctor, day, moves).await;
    assert_eq!(refusal(again), (Code::FailedPrecondition, "PLAN_OUTDATED".to_owned()));
}

#[tokio::test]
async fn a_plan_that_no_longer_fits_changes_nothing() {
    let clinic = Clinic::open().await;
    let (doctor, colleague) = practice(&clinic).await;
    let mut staff = clinic.staff();
    let day = (at(3, 0, 0), at(4, 0, 0));
    let mut booked = Vec::new();
    for hour in [9, 10] {
        booked.push(book(&mut staff, clinic.patient().await, doctor, at(3, hour, 0)).await.unwrap());
    }
    let moves = plan(&mut staff, doctor, day).await.unwrap();
    book(&mut staff, clinic.patient().await, colleague, at(3, 10, 0)).await.unwrap();
    let refused = apply(&mut staff, doctor, day, moves).await;
    assert_eq!(fact(refused, "appointment_ids").as_ref(), Some(&booked[1].id));
    let stays = plan(&mut staff, doctor, day).await.unwrap();
    assert_eq!(stays.iter().map(|planned| planned.version).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_visit_without_another_time_can_be_cancelled_with_the_rest() {
    let clinic = Clinic::open().await;
    let (doctor, _) = practice(&clinic).await;
    let mut own = clinic.by(Role::Doctor(doctor));
    let visit = book(&mut clinic.staff(), clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let cancel = PlannedMove { appointment_id: visit.id, version: 1, ..PlannedMove::default() };
    let day = (at(3, 0, 0), at(4, 0, 0));
    let moved = apply(&mut own, doctor, day, vec![cancel]).await.unwrap();
    assert_eq!(moved[0].status(), AppointmentStatus::Cancelled);
    for role in [Role::Auditor, Role::Doctor(DoctorId::random()), Role::Patient(clinic.patient().await)] {
        let refused = plan(&mut clinic.by(role), doctor, day).await;
        assert_eq!(refusal(refused).0, Code::PermissionDenied);
    }
}

#[tokio::test]
async fn times_in_the_words_of_a_clinic_are_those_of_its_doctors() {
    let clinic = Clinic::open().await;
    let berlin = clinic.hire(hours("Europe/Berlin", "09:00", "17:00")).await;
    let tokyo = clinic.hire(hours("Asia/Tokyo", "09:00", "17:00")).await;
    let mut staff = clinic.staff();
    let day = date_in(3);
    let start = day.at(9, 0, 0, 0).in_tz("Europe/Berlin").unwrap().timestamp();
    let visit = book(&mut staff, clinic.patient().await, berlin, start).await.unwrap();
    let (from, until) = (day.at(9, 0, 0, 0).to_string(), day.at(17, 0, 0, 0).to_string());
    let asked = PlanAbsenceRequest {
        doctor_id: berlin.to_string(),
        start_local: from.clone(),
        end_local: until.clone(),
        substitute_doctor_ids: vec![tokyo.to_string()],
        ..PlanAbsenceRequest::default()
    };
    let moves = staff.plan_absence(asked).await.unwrap().into_inner().moves;
    assert_eq!((moves.len(), moves[0].time_zone.as_str()), (1, "Europe/Berlin"));

    let planned = PlannedMove {
        appointment_id: visit.id,
        version: 1,
        new_doctor_id: tokyo.to_string(),
        new_start_local: day.at(10, 0, 0, 0).to_string(),
        ..PlannedMove::default()
    };
    let asked = ApplyAbsencePlanRequest {
        doctor_id: berlin.to_string(),
        start_local: from,
        end_local: until,
        moves: vec![planned],
        ..ApplyAbsencePlanRequest::default()
    };
    let twice = ApplyAbsencePlanRequest { start_time: Some(to_wire(start)), ..asked.clone() };
    assert_eq!(wrong_fields(staff.apply_absence_plan(twice).await), ["start_local"]);
    let moved = staff.apply_absence_plan(asked).await.unwrap().into_inner().appointments;
    let ten = day.at(10, 0, 0, 0).in_tz("Asia/Tokyo").unwrap().timestamp();
    assert_eq!((moved[0].start_time, moved[0].time_zone.as_str()), (Some(to_wire(ten)), "Asia/Tokyo"));
}

#[tokio::test]
async fn two_plans_that_cross_neither_mix_nor_wait_for_each_other() {
    let clinic = Clinic::open().await;
    let (one, other) = practice(&clinic).await;
    let mut staff = clinic.staff();
    let day = (at(3, 0, 0), at(4, 0, 0));
    for hour in [9, 10, 11] {
        book(&mut staff, clinic.patient().await, one, at(3, hour, 0)).await.unwrap();
        book(&mut staff, clinic.patient().await, other, at(3, hour, 30)).await.unwrap();
    }
    let to_other = plan(&mut staff, one, day).await.unwrap();
    let to_one = plan(&mut staff, other, day).await.unwrap();
    let before = clinic.deadlocks().await;
    let (mut here, mut there) = (clinic.staff(), clinic.staff());
    let outcomes = tokio::join!(apply(&mut here, one, day, to_other), apply(&mut there, other, day, to_one));
    assert!(outcomes.0.is_ok() || outcomes.1.is_ok());
    for refused in [outcomes.0.err(), outcomes.1.err()].into_iter().flatten() {
        assert_eq!(platform::fault::reason(&refused).as_deref(), Some("PLAN_OUTDATED"));
    }
    assert_eq!(clinic.deadlocks().await, before);
}
