//! From what a service answers to what a client reads. Run by `cargo dev bench --micro`.
use axum::response::IntoResponse as _;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gateway::reply::Page;
use gateway::routes::appointments::model::Appointment;
use prost::Message as _;
use proto::appointment as pb;
use std::hint::black_box;
use std::time::Duration;

/// As many as a page has when nobody says.
const LISTED: usize = 50;

fn visit() -> pb::Appointment {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let window = |action: pb::AppointmentAction| pb::ActionWindow {
        action: action.into(),
        until_time: at(1_893_487_000),
        ..pb::ActionWindow::default()
    };
    let actions = [pb::AppointmentAction::Reschedule, pb::AppointmentAction::Cancel];
    pb::Appointment {
        id: "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e".to_owned(),
        patient_id: "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3f".to_owned(),
        doctor_id: "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d40".to_owned(),
        start_time: at(1_893_488_400),
        end_time: at(1_893_490_200),
        status: pb::AppointmentStatus::Confirmed.into(),
        notes: "Annual check-up".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        version: 3,
        create_time: at(1_893_000_000),
        update_time: at(1_893_100_000),
        allowed_actions: actions.map(i32::from).to_vec(),
        action_windows: actions.map(window).to_vec(),
        patient_name: "Ada Lovelace".to_owned(),
        doctor_name: "Elizabeth Blackwell".to_owned(),
        doctor_specialization: "Cardiology".to_owned(),
        modality: proto::doctor::Modality::InPerson.into(),
        start_local: "2030-01-01T10:00:00".to_owned(),
        ..pb::Appointment::default()
    }
}

fn lists(criterion: &mut Criterion) {
    let asked = "/api/appointments?limit=50".parse().expect("an address");
    let visits = vec![visit(); LISTED];
    let page = |visits| Page::<Appointment>::of(visits, &asked, "token").expect("as services answer");
    criterion.bench_function("a page of fifty visits, as JSON", |bencher| {
        bencher.iter_batched(|| visits.clone(), |visits| page(visits).into_response(), BatchSize::SmallInput);
    });
    criterion.bench_function("a page of fifty visits, from the wire", |bencher| {
        let told =
            pb::ListAppointmentsResponse { appointments: visits.clone(), ..<_>::default() }.encode_to_vec();
        bencher.iter(|| pb::ListAppointmentsResponse::decode(black_box(told.as_slice())));
    });
}

criterion_group! {
    name = answers;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = lists
}
criterion_main!(answers);
