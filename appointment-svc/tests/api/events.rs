use crate::clinic::{Clinic, PATIENCE};
use crate::process::Process;
use crate::wishes::{at, book, cancel, hours, party, reschedule, wish};
use appointment_svc::consumer::{PATTERNS, QUEUE};
use platform::broker::{Broker, Message, Publisher};
use platform::caller::{Role, User};
use platform::config;
use platform::inbox::{self, Handler, Refused};
use platform::outbox::Envelope;
use platform::shutdown::Shutdown;
use proto::appointment::BookAppointmentRequest;
use proto::doctor::DoctorRules;
use proto::ids::{DoctorId, EventId, PatientId, SessionId, UserId};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::Request;
use uuid::Uuid;

fn broker(rabbitmq: &str) -> Broker {
    Broker::new(&config::Broker { rabbitmq_url: rabbitmq.to_owned().into(), rabbitmq_ca_file: None }, "test")
        .unwrap()
}

/// What the neighbours publish.
struct Neighbours(Publisher);

impl Neighbours {
    async fn of(rabbitmq: &str) -> Self {
        let broker = broker(rabbitmq);
        // In place before the first event, which nobody would take otherwise.
        broker.queue(QUEUE, PATTERNS).await.unwrap();
        Self(broker.publisher().await.unwrap())
    }

    async fn tell(&self, what: &str, subject: Uuid) {
        let event = Envelope {
            specversion: "1.0".to_owned(),
            id: EventId::random(),
            source: "/test".to_owned(),
            event_type: format!("healthcare.{what}.v1"),
            subject,
            time: at(0, 0, 0),
            datacontenttype: "application/json".to_owned(),
            data: json!({}),
        };
        self.send(what, serde_json::to_vec(&event).unwrap()).await;
    }

    async fn send(&self, routing_key: &str, body: Vec<u8>) {
        let message = Message { id: EventId::random().to_string(), routing_key, body, traceparent: None };
        self.0.send(&message).await.unwrap().confirmed().await.unwrap();
    }
}

fn rules_in_force(doctor: DoctorId) -> String {
    format!("SELECT coalesce(max(version), 0) FROM appointment.calendars WHERE doctor_id = '{doctor}'")
}

fn party_in_force(patient: PatientId) -> String {
    format!("SELECT coalesce(max(version), 0) FROM appointment.parties WHERE patient_id = '{patient}'")
}

#[tokio::test]
async fn what_the_neighbours_tell_is_asked_for_and_applied() {
    let rabbitmq = local::testing::vhost().await.unwrap();
    let mut clinic = Clinic::with([("--rabbitmq-url", &rabbitmq)]).await;
    let neighbours = Neighbours::of(&rabbitmq).await;
    let (rules, patient) = (hours("UTC", "09:00", "17:00"), PatientId::random());
    let doctor: DoctorId = rules.doctor_id.parse().unwrap();

    for (version, what) in [(1, "doctor.created"), (2, "doctor.rules_changed"), (3, "doctor.deleted")] {
        let is_active = what != "doctor.deleted";
        clinic.doctors.put(&doctor, DoctorRules { version, is_active, ..rules.clone() });
        neighbours.tell(what, doctor.0).await;
        clinic.until(&rules_in_force(doctor), version).await;
    }
    let of_patients =
        [(1, "patient.created"), (2, "patient.merged"), (3, "patient.unmerged"), (4, "patient.deleted")];
    for (version, what) in of_patients {
        clinic.patients.put(&patient, party(patient, version, version % 2 == 1));
        neighbours.tell(what, patient.0).await;
        clinic.until(&party_in_force(patient), version).await;
    }

    // Neither nonsense nor one whom nobody knows, or nobody understands, keeps the next from being heard.
    neighbours.send("doctor.rules_changed", b"?".to_vec()).await;
    neighbours.tell("doctor.rules_changed", Uuid::now_v7()).await;
    let strange = DoctorId::random();
    clinic.doctors.put(&strange, hours("Europe/Atlantis", "09:00", "17:00"));
    neighbours.tell("doctor.rules_changed", strange.0).await;
    clinic.doctor_svc.stop().await;
    clinic.doctors.put(&doctor, DoctorRules { version: 4, ..rules });
    neighbours.tell("doctor.rules_changed", doctor.0).await;
    clinic.doctor_svc.start_again().await;
    clinic.until(&rules_in_force(doctor), 4).await;
}

#[tokio::test]
async fn what_is_told_twice_or_late_changes_nothing() {
    let rabbitmq = local::testing::vhost().await.unwrap();
    let clinic = Clinic::with([("--rabbitmq-url", &rabbitmq)]).await;
    let neighbours = Neighbours::of(&rabbitmq).await;
    let patient = clinic.patient().await;
    let rules = DoctorRules { version: 9, ..hours("UTC", "09:00", "17:00") };
    let doctor = clinic.hire(rules.clone()).await;
    // A replica of doctor-svc that reads from before.
    clinic.doctors.put(&doctor, DoctorRules { version: 8, is_active: false, ..rules });
    neighbours.tell("doctor.rules_changed", doctor.0).await;
    neighbours.tell("doctor.rules_changed", doctor.0).await;
    // Heard after the others, so what they did is done.
    clinic.patients.put(&patient, party(patient, 2, true));
    neighbours.tell("patient.created", patient.0).await;
    clinic.until(&party_in_force(patient), 2).await;
    assert_eq!(clinic.doctors.asked().len(), 2);
    book(&mut clinic.staff(), patient, doctor, at(3, 9, 0)).await.unwrap();
}

#[tokio::test]
async fn others_are_told_ids_and_versions_and_no_word_of_the_visit() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let request = BookAppointmentRequest {
        notes: "chest pain at night".to_owned(),
        ..wish(patient, doctor, at(3, 9, 0))
    };
    let visit = staff.book_appointment(request).await.unwrap().into_inner();
    reschedule(&mut staff, &visit.id, at(3, 10, 0)).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap();

    let outbox = "SELECT event_type, aggregate_id, data FROM appointment.outbox ORDER BY position";
    let told = clinic.sql.query(outbox, &[]).await.unwrap();
    let told = told.iter().map(|row| (row.get(0), row.get::<_, Uuid>(1).to_string(), row.get(2)));
    let expected = |kind: &str, version: i64, schedule_version: i64, status: &str| {
        let data = json!({
            "appointment_id": visit.id,
            "patient_id": patient,
            "doctor_id": doctor,
            "version": version,
            "schedule_version": schedule_version,
            "status": status,
        });
        (format!("appointment.{kind}"), visit.id.clone(), data)
    };
    let mut expected = [
        expected("booked", 1, 1, "scheduled"),
        expected("rescheduled", 2, 2, "scheduled"),
        expected("cancelled", 3, 2, "cancelled"),
    ];
    expected[2].2["from_status"] = "scheduled".into();
    expected[2].2["is_moved"] = false.into();
    assert_eq!(told.collect::<Vec<(String, String, Value)>>(), expected);
}

/// Whoever is interested.
struct Listener(mpsc::UnboundedSender<Envelope>);

impl Handler for Listener {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        self.0.send(event).map_err(|error| Refused::Never(error.into()))
    }
}

#[tokio::test]
async fn others_are_told_in_order_once_somebody_listens() {
    let rabbitmq = local::testing::vhost().await.unwrap();
    let clinic = Clinic::with([("--rabbitmq-url", &rabbitmq)]).await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let visit = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    reschedule(&mut staff, &visit.id, at(3, 10, 0)).await.unwrap();

    let (told, mut events) = mpsc::unbounded_channel();
    let shutdown = Shutdown::default();
    inbox::consume(broker(&rabbitmq), "listener", &["appointment.*"], Arc::new(Listener(told)), &shutdown);
    cancel(&mut staff, &visit.id).await.unwrap();
    for (version, kind) in [(1, "booked"), (2, "rescheduled"), (3, "cancelled")] {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
        assert_eq!(event.event_type, format!("healthcare.appointment.{kind}.v1"));
        assert_eq!((event.subject.to_string(), &event.data["version"]), (visit.id.clone(), &json!(version)));
    }
    shutdown.request();
}

#[tokio::test]
async fn an_event_belongs_to_the_trace_of_its_change() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let process = Process::start(&clinic, "UTC").await;
    let staff = User::new(UserId::random(), SessionId::random(), Role::Staff);
    let trace = Uuid::now_v7().simple().to_string();
    let mut request = Request::new(wish(patient, doctor, at(3, 9, 0)));
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    clinic.user_at(&process.url, staff).book_appointment(request).await.unwrap();

    let kept = clinic.sql.query_one("SELECT traceparent FROM appointment.outbox", &[]).await.unwrap();
    let kept: Option<String> = kept.get(0);
    let kept = kept.expect("the event has no trace");
    assert_eq!(kept.split('-').nth(1), Some(trace.as_str()));
    assert_ne!(kept, parent, "the span is the one that made the change");
}
