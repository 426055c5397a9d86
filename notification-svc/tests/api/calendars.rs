//! What mails bring to the calendars of those who read them.
use crate::neighbours::Visit;
use crate::service::{SENT, SUPERSEDED, Service};
use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponentType as Kind, ICalendarProperty as Property};
use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use proto::appointment::{AppointmentStatus, AppointmentSummary};
use proto::ids::DoctorId;
use proto::notification::{Notification, NotificationKind, NotificationState, RecipientKind};
use serde_json::json;

/// What somebody's calendar is told.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    method: String,
    uid: String,
    sequence: i64,
    title: String,
    attendee: String,
    /// Seconds since 1970.
    times: (i64, i64),
}

impl Service {
    /// What the mails about the latest change of `visit` bring, the patient's first.
    async fn brought(&self, visit: Visit) -> [Option<Told>; 2] {
        let mut told = self.until_told(visit).await;
        told.truncate(2);
        told.sort_by_key(|message| message.recipient_kind() != RecipientKind::Patient);
        let mut brought = Vec::new();
        for message in &told {
            brought.push(invitation(&self.mail_of(message).await.raw));
        }
        brought.try_into().unwrap()
    }
}

/// The invitation in a mail, which has it in both of the ways that mail programs know.
fn invitation(raw: &[u8]) -> Option<Told> {
    assert!(raw.is_ascii(), "it goes over any server");
    let mail = MessageParser::new().parse(raw).unwrap();
    let nested = |part: usize| match &mail.parts[part].body {
        PartType::Multipart(parts) => parts.iter().map(|part| *part as usize).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let kind = |part: usize| {
        let kind = mail.parts[part].content_type().unwrap();
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
    };
    if kind(0) == "multipart/alternative" {
        assert_eq!(nested(0).into_iter().map(kind).collect::<Vec<_>>(), ["text/plain", "text/html"]);
        return None;
    }
    let [told, file] = nested(0).try_into().unwrap();
    assert_eq!(
        [kind(0), kind(told), kind(file)],
        ["multipart/mixed", "multipart/alternative", "application/ics"]
    );
    let [text, html, inline] = nested(told).try_into().unwrap();
    assert_eq!([kind(text), kind(html), kind(inline)], ["text/plain", "text/html", "text/calendar"]);
    let [file, inline] = [file, inline].map(|part| &mail.parts[part]);
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    assert_eq!(file.contents(), inline.contents());
    let text = std::str::from_utf8(inline.contents()).unwrap();

    let calendar = ICalendar::parse(text).unwrap();
    let component =
        |kind: &Kind| calendar.components.iter().find(|part| part.component_type == *kind).unwrap();
    let (whole, event) = (component(&Kind::VCalendar), component(&Kind::VEvent));
    assert!(!event.has_property(&Property::Description) && !text.contains("Lovelace"), "{text}");
    let value = |name: &Property| event.property(name).unwrap().values[0].clone();
    let method = inline.content_type().unwrap().attribute("method").unwrap().to_owned();
    let same = text.lines().any(|line| line == format!("METHOD:{method}"));
    assert!(same && whole.has_property(&Property::Method), "{text}");
    Some(Told {
        method,
        uid: event.uid().unwrap().to_owned(),
        sequence: value(&Property::Sequence).as_integer().unwrap(),
        title: value(&Property::Summary).as_text().unwrap().to_owned(),
        attendee: event.property(&Property::Attendee).unwrap().calendar_address().unwrap().to_owned(),
        times: calendar.expand_dates(Tz::UTC, 2).events[0].clone().timestamps(),
    })
}

#[tokio::test]
async fn a_visit_is_put_into_both_calendars_and_taken_out_of_them_again() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    service.ground.neighbours.now_know(|known| {
        "fr".clone_into(&mut known.patients.get_mut(&visit.patient.to_string()).unwrap().language);
    });
    service.publish("booked", visit, 1, "scheduled").await;
    let told = |method: &str, sequence, attendee: &str, title: &str| Told {
        method: method.to_owned(),
        uid: visit.id.to_string(),
        sequence,
        title: title.to_owned(),
        attendee: attendee.to_owned(),
        times: (1_894_003_200, 1_894_005_000),
    };
    let both = |method: &str, sequence| {
        let patient = told(method, sequence, "ada@example.com", "Rendez-vous – Dr Grace Hopper");
        [Some(patient), Some(told(method, sequence, "grace@example.com", "Appointment"))]
    };
    assert_eq!(service.brought(visit).await, both("REQUEST", 1));

    service.ground.neighbours.change(visit, 2, AppointmentStatus::Confirmed);
    service.publish("status_changed", visit, 2, "confirmed").await;
    service.until(visit, |messages| messages.len() == 4).await;
    assert_eq!(service.brought(visit).await, both("REQUEST", 2));

    service.ground.neighbours.change(visit, 3, AppointmentStatus::Cancelled);
    service.publish("cancelled", visit, 3, "cancelled").await;
    service.until(visit, |messages| messages.len() == 6).await;
    assert_eq!(service.brought(visit).await, both("CANCEL", 3));
}

#[tokio::test]
async fn calendars_are_told_nothing_of_visits_that_are_not_settled_or_over() {
    let service = Service::start().await;
    for (event, status, word) in [
        ("booked", AppointmentStatus::Requested, "requested"),
        ("status_changed", AppointmentStatus::Completed, "completed"),
        ("status_changed", AppointmentStatus::NoShow, "no_show"),
    ] {
        let visit = service.ground.neighbours.visit();
        service.ground.neighbours.change(visit, 1, status);
        service.publish(event, visit, 1, word).await;
        assert_eq!(service.brought(visit).await, [None, None], "{word}");
    }
}

impl Service {
    /// Says that another doctor has `visit` from now on, which the neighbours know; the visit as it is then.
    async fn hand_over(&self, visit: Visit, doctor: DoctorId, version: i64) -> Visit {
        self.ground.neighbours.change_visit(visit, |summary| {
            summary.doctor_id = doctor.to_string();
            summary.version = version;
        });
        let data = json!({
            "appointment_id": visit.id,
            "patient_id": visit.patient,
            "doctor_id": doctor,
            "previous_doctor_id": visit.doctor,
            "version": version,
            "status": "scheduled",
        });
        self.publish_event("appointment.rescheduled", visit.id.0, data).await;
        Visit { doctor, ..visit }
    }

    /// A colleague of whoever has `visit`, at another address.
    fn colleague(&self, visit: Visit) -> DoctorId {
        let doctor = DoctorId::random();
        self.ground.neighbours.now_know(|known| {
            let mut contact = known.doctors[&visit.doctor.to_string()].clone();
            contact.doctor_id = doctor.to_string();
            "barbara@example.com".clone_into(&mut contact.email);
            known.doctors.insert(contact.doctor_id.clone(), contact);
        });
        doctor
    }
}

/// What became of messages to doctors, newest first: to whom, of what, how.
fn to_doctors(messages: &[Notification]) -> Vec<(String, NotificationKind, NotificationState)> {
    let to_doctors = messages.iter().filter(|message| message.recipient_kind() == RecipientKind::Doctor);
    let mut told: Vec<_> =
        to_doctors.map(|message| (message.recipient_id.clone(), message.kind(), message.state())).collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_visit_that_another_doctor_takes_over_is_taken_out_of_the_formers_calendar() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let colleague = service.colleague(visit);
    service.publish("booked", visit, 1, "scheduled").await;
    service.until_told(visit).await;
    service.hand_over(visit, colleague, 2).await;
    // The message stands, whatever becomes of the visit elsewhere.
    service.ground.neighbours.change(visit, 3, AppointmentStatus::Confirmed);
    service.publish("status_changed", Visit { doctor: colleague, ..visit }, 3, "confirmed").await;
    let former = |message: &Notification| {
        message.recipient_id == visit.doctor.to_string() && message.kind() == NotificationKind::Cancelled
    };
    let messages = service
        .until(visit, |messages| messages.iter().any(|message| former(message) && message.state() == SENT))
        .await;
    let message = messages.iter().find(|message| former(message)).unwrap();
    let mail = service.mail_of(message).await;
    assert_eq!(mail.envelope_recipients, ["grace@example.com"]);
    assert_eq!(mail.subject, "Appointment cancelled");
    // It may be at another time by now.
    assert!(!mail.text.contains("Monday, 7 January 2030"), "{}", mail.text);
    let told = invitation(&mail.raw).unwrap();
    assert_eq!((told.method.as_str(), told.uid), ("CANCEL", visit.id.to_string()));
    assert!(told.sequence >= 2 && told.attendee == "grace@example.com");
}

#[tokio::test]
async fn a_visit_that_comes_back_is_not_told_as_gone() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let colleague = service.colleague(visit);
    service.ground.mail.pause().await;
    let theirs = service.hand_over(visit, colleague, 2).await;
    service.until(visit, |messages| messages.len() == 3).await;
    service.hand_over(theirs, visit.doctor, 3).await;
    // What is being tried while the last change is told may still be sent.
    let nothing_is_tried = |messages: &[Notification]| {
        messages.len() == 6 && messages.iter().all(|message| message.state() != NotificationState::Sending)
    };
    service.until(visit, nothing_is_tried).await;
    service.ground.mail.resume().await.unwrap();
    let is_done = |messages: &[Notification]| {
        messages.iter().all(|message| [SENT, SUPERSEDED].contains(&message.state()))
    };
    let told = to_doctors(&service.until(visit, is_done).await);
    let mut expected = [
        (visit.doctor.to_string(), NotificationKind::Cancelled, SUPERSEDED),
        (visit.doctor.to_string(), NotificationKind::Rescheduled, SENT),
        (colleague.to_string(), NotificationKind::Rescheduled, SUPERSEDED),
        (colleague.to_string(), NotificationKind::Cancelled, SENT),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_known_of_whose_a_visit_is_comes_before_what_was_said_of_it() {
    let service = Service::start().await;
    let visit = service.ground.neighbours.visit();
    let colleague = service.colleague(visit);
    let back_already = |summary: &mut AppointmentSummary| {
        summary.doctor_id = visit.doctor.to_string();
        summary.version = 4;
    };
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    service.ground.mail.pause().await;
    service.hand_over(visit, colleague, 2).await;
    service.ground.neighbours.change_visit(visit, back_already);
    service.ground.mail.resume().await.unwrap();
    let told = service
        .until(visit, |messages| {
            let told = to_doctors(messages);
            told.len() == 2 && told.iter().all(|(.., state)| *state == SUPERSEDED)
        })
        .await;
    assert_eq!(told.len(), 3);
    assert!(service.ground.mail.messages().is_empty());
}
