//! The words of every message, and how they are laid out.
//!
//! Mail is read by whoever holds the phone, so a subject tells nothing of the patient, and what the doctor gets
//! does not say who comes: the schedule does.
mod account; // to owners of accounts
mod alarm; // to those who watch
mod offer; // of free times that are offered
mod reminder; // of visits that are near

pub use account::render_account;
pub use alarm::render_alarm;
pub use offer::render_offer;
pub use reminder::render_reminder;

use crate::domain::{Kind, Visit, VisitStatus};
use askama::Template;
use jiff::{Timestamp, Zoned};

/// A message, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub subject: &'static str,
    pub text: String,
    pub html: String,
}

/// Who reads a message. Names are as they are shown: first and last.
#[derive(Clone, Copy)]
pub enum Reader<'a> {
    /// The patient, and the doctor whom the visit is with, when that is known.
    Patient {
        name: &'a str,
        doctor: Option<&'a str>,
    },
    Doctor {
        name: &'a str,
    },
}

/// What a message of `kind` about `visit` says to `reader`.
pub fn render(kind: Kind, visit: &Visit, reader: Reader<'_>) -> Content {
    let words = match reader {
        Reader::Patient { name, .. } => to_patient(kind, visit.status, name),
        Reader::Doctor { name } => to_doctor(kind, visit.status, name),
    };
    let doctor = match reader {
        Reader::Patient { doctor, .. } => doctor.map(|name| format!("Dr. {name}")),
        Reader::Doctor { .. } => None,
    };
    let rows = When::of(&visit.starts_at, &visit.ends_at).rows(doctor);
    lay_out(&words, &rows, None)
}

fn lay_out(words: &Words, rows: &[Row], link: Option<&Link>) -> Content {
    let text = Text { words, rows, link, footer: FOOTER }.render();
    let html = Html { words, rows, link, footer: FOOTER }.render();
    let rendered = "a template only puts text together";
    Content { subject: words.subject, text: text.expect(rendered), html: html.expect(rendered) }
}

#[derive(Template)]
#[template(path = "message.txt")]
struct Text<'a> {
    words: &'a Words,
    rows: &'a [Row],
    link: Option<&'a Link>,
    footer: &'static str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Html<'a> {
    words: &'a Words,
    rows: &'a [Row],
    link: Option<&'a Link>,
    footer: &'static str,
}

/// One fact.
struct Row {
    label: &'static str,
    value: String,
}

impl Row {
    /// The label in a column of its own, as far as it is not longer than others.
    fn title(&self) -> String {
        format!("{:<10} ", format!("{}:", self.label))
    }
}

/// Where the reader goes from here.
struct Link {
    url: String,
    label: &'static str,
}

struct Words {
    subject: &'static str,
    greeting: String,
    opening: &'static str,
    closing: &'static str,
}

const FOOTER: &str = "This message was sent automatically. Replies to it are not read.";

const COME: &str = "If you cannot come, please cancel in good time, so that somebody else can have the time.";
const BOOK_AGAIN: &str = "You are welcome to book another appointment at any time.";
const LOOK: &str = "Your schedule shows who it is with. To protect patients, e-mail does not.";

fn to_patient(kind: Kind, status: VisitStatus, name: &str) -> Words {
    let (subject, opening, closing) = match (kind, status) {
        (Kind::Booked | Kind::StatusChanged, VisitStatus::Requested) => (
            "We have received your request",
            "We have received your request for an appointment. We will answer it, and keep the time for you until then.",
            COME,
        ),
        (Kind::Booked, _) => ("Your appointment is booked", "Your appointment has been booked.", COME),
        (Kind::Rescheduled, _) => (
            "Your appointment has a new time",
            "Your appointment has been moved. This is the new time:",
            COME,
        ),
        (Kind::Cancelled, _) | (Kind::StatusChanged, VisitStatus::Cancelled) => (
            "Your appointment is cancelled",
            "This appointment has been cancelled and will not take place:",
            BOOK_AGAIN,
        ),
        (Kind::StatusChanged, VisitStatus::Expired) => (
            "We did not answer your request in time",
            "We are sorry: your request for this appointment was not answered in time, and it will not take place:",
            BOOK_AGAIN,
        ),
        (Kind::StatusChanged, VisitStatus::Scheduled) => (
            "Your appointment is booked",
            "Your appointment is booked, and we expect you at this time.",
            COME,
        ),
        (Kind::StatusChanged, VisitStatus::Confirmed) => (
            "Your appointment is confirmed",
            "Thank you. Your appointment is confirmed, and we look forward to seeing you.",
            COME,
        ),
        (Kind::StatusChanged, VisitStatus::Completed) => {
            ("Your appointment is completed", "Thank you for coming to your appointment.", BOOK_AGAIN)
        }
        (Kind::StatusChanged, VisitStatus::NoShow) => (
            "You missed your appointment",
            "We expected you at this appointment, and you were not there:",
            "If this is a mistake, please tell us. You are welcome to book another appointment at any time.",
        ),
        (Kind::StatusChanged, _) => {
            ("Your appointment has changed", "Something about your appointment has changed.", COME)
        }
    };
    Words { subject, greeting: format!("Dear {name}"), opening, closing }
}

fn to_doctor(kind: Kind, status: VisitStatus, name: &str) -> Words {
    let (subject, opening) = match (kind, status) {
        (Kind::Booked | Kind::StatusChanged, VisitStatus::Requested) => (
            "New appointment request",
            "An appointment with you has been requested. The time is kept until the request is answered.",
        ),
        (Kind::Booked, _) => ("New appointment", "An appointment with you has been booked."),
        (Kind::Rescheduled, _) => {
            ("Appointment moved", "An appointment with you has been moved. This is the new time:")
        }
        (Kind::Cancelled, _) | (Kind::StatusChanged, VisitStatus::Cancelled) => {
            ("Appointment cancelled", "This appointment with you has been cancelled. Its time is free again.")
        }
        (Kind::StatusChanged, VisitStatus::Expired) => (
            "Appointment request ran out",
            "A request for this appointment with you was not answered in time. Its time is free again.",
        ),
        (Kind::StatusChanged, VisitStatus::Scheduled) => {
            ("Appointment scheduled", "An appointment with you is scheduled.")
        }
        (Kind::StatusChanged, VisitStatus::Confirmed) => {
            ("Appointment confirmed", "An appointment with you has been confirmed: the patient will come.")
        }
        (Kind::StatusChanged, VisitStatus::Completed) => {
            ("Appointment completed", "An appointment with you has been marked as completed.")
        }
        (Kind::StatusChanged, VisitStatus::NoShow) => (
            "Appointment missed",
            "An appointment with you has been marked as missed: the patient did not come.",
        ),
        (Kind::StatusChanged, _) => {
            ("Appointment changed", "Something about an appointment with you has changed.")
        }
    };
    Words { subject, greeting: format!("Dear Dr. {name}"), opening, closing: LOOK }
}

/// The time of a visit as people write it, in the zone of the place.
struct When {
    date: String,
    time: String,
    zone: String,
    /// Until when an offer of it can be answered.
    answer_by: Option<String>,
}

impl When {
    fn of(starts_at: &Zoned, ends_at: &Zoned) -> Self {
        let end = if starts_at.date() == ends_at.date() { "%H:%M" } else { "%H:%M on %A, %-d %B %Y" };
        Self {
            date: starts_at.strftime("%A, %-d %B %Y").to_string(),
            time: format!("{} to {}", starts_at.strftime("%H:%M"), ends_at.strftime(end)),
            zone: zone(starts_at),
            answer_by: None,
        }
    }

    /// With whom, when that is known.
    fn rows(self, doctor: Option<String>) -> Vec<Row> {
        let Self { date, time, zone, answer_by } = self;
        let facts = [
            ("Date", Some(date)),
            ("Time", Some(time)),
            ("Time zone", Some(zone)),
            ("Doctor", doctor),
            ("Answer by", answer_by),
        ];
        facts.into_iter().filter_map(|(label, value)| Some(Row { label, value: value? })).collect()
    }
}

/// For readers whose zone is not known.
fn in_utc(at: Timestamp) -> String {
    at.strftime("%H:%M UTC on %A, %-d %B %Y").to_string()
}

/// For instance `Europe/Berlin (CET, UTC+01:00)`. Many zones have no abbreviation of their own.
fn zone(at: &Zoned) -> String {
    let name = at.time_zone().iana_name().unwrap_or("UTC");
    let offset = at.strftime("%:z");
    let abbreviation = at.strftime("%Z").to_string();
    if abbreviation.starts_with(|c: char| c.is_ascii_alphabetic()) {
        format!("{name} ({abbreviation}, UTC{offset})")
    } else {
        format!("{name} (UTC{offset})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Reader<'static> = Reader::Patient { name: "Ada Lovelace", doctor: Some("Grace Hopper") };
    const DOCTOR: Reader<'static> = Reader::Doctor { name: "Grace Hopper" };

    fn visit(starts_at: &str, status: VisitStatus) -> Visit {
        let starts_at: Zoned = starts_at.parse().unwrap();
        let ends_at = &starts_at + jiff::SignedDuration::from_mins(30);
        Visit { doctor_id: proto::ids::DoctorId::random(), version: 1, status, starts_at, ends_at }
    }

    fn monday(status: VisitStatus) -> Visit {
        visit("2030-01-07T09:00[Europe/Berlin]", status)
    }

    #[test]
    fn a_booking_tells_when_and_with_whom() {
        let Content { subject, text, html } = render(Kind::Booked, &monday(VisitStatus::Scheduled), PATIENT);
        assert_eq!(subject, "Your appointment is booked");
        let expected = "\
Dear Ada Lovelace,

Your appointment has been booked.

Date:      Monday, 7 January 2030
Time:      09:00 to 09:30
Time zone: Europe/Berlin (CET, UTC+01:00)
Doctor:    Dr. Grace Hopper

If you cannot come, please cancel in good time, so that somebody else can have the time.

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(text.trim_end(), expected);
        for told in ["Monday, 7 January 2030", "09:00 to 09:30", "Europe/Berlin", "Dr. Grace Hopper"] {
            assert!(html.contains(told), "{told}");
        }
    }

    #[test]
    fn no_kind_of_message_names_the_patient_in_its_subject_or_to_the_doctor() {
        for kind in [Kind::Booked, Kind::Rescheduled, Kind::Cancelled, Kind::StatusChanged] {
            for status in [
                VisitStatus::Requested,
                VisitStatus::Arrived,
                VisitStatus::Scheduled,
                VisitStatus::Confirmed,
                VisitStatus::Completed,
                VisitStatus::Cancelled,
                VisitStatus::NoShow,
                VisitStatus::Expired,
            ] {
                let to_patient = render(kind, &monday(status), PATIENT);
                let to_doctor = render(kind, &monday(status), DOCTOR);
                assert!(!to_patient.subject.contains("Ada"));
                assert!(!to_doctor.subject.contains("Ada"));
                assert!(!to_doctor.text.contains("Ada") && !to_doctor.html.contains("Ada"));
                assert_ne!(to_patient.subject, to_doctor.subject);
            }
        }
    }

    #[test]
    fn a_request_is_not_told_as_a_booking() {
        let Content { subject, text, .. } = render(Kind::Booked, &monday(VisitStatus::Requested), PATIENT);
        assert_eq!(subject, "We have received your request");
        assert!(!text.contains("booked"));
        let accepted = render(Kind::StatusChanged, &monday(VisitStatus::Scheduled), PATIENT);
        assert_eq!(accepted.subject, "Your appointment is booked");
        let unanswered = render(Kind::StatusChanged, &monday(VisitStatus::Expired), PATIENT);
        assert_eq!(unanswered.subject, "We did not answer your request in time");
        assert!(!unanswered.text.contains("If you cannot come"));
    }

    #[test]
    fn a_name_cannot_smuggle_in_markup() {
        let reader = Reader::Patient { name: "<b>Ada</b>", doctor: None };
        let Content { html, .. } = render(Kind::Booked, &monday(VisitStatus::Scheduled), reader);
        assert!(!html.contains("<b>"));
    }

    #[test]
    fn summer_time_and_zones_without_a_name_are_told() {
        let told = |starts_at: &str| zone(&starts_at.parse().unwrap());
        assert_eq!(told("2030-07-01T09:00[America/New_York]"), "America/New_York (EDT, UTC-04:00)");
        assert_eq!(told("2030-07-01T09:00[Asia/Kathmandu]"), "Asia/Kathmandu (UTC+05:45)");
    }

    #[test]
    fn a_visit_over_midnight_ends_on_another_date() {
        let late = visit("2030-01-07T23:45[Europe/Berlin]", VisitStatus::Scheduled);
        let late = When::of(&late.starts_at, &late.ends_at);
        assert_eq!(late.time, "23:45 to 00:15 on Tuesday, 8 January 2030");
    }
}
