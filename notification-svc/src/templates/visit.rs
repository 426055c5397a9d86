//! What becomes of visits.
use super::{Content, Letter, greeting, when};
use crate::calendar::{Invite, title};
use crate::domain::{Kind, Visit, VisitStatus};
use crate::links::Ways;
use crate::words::Voice;

/// Who reads a message. Names are as they are shown: first and last.
#[derive(Clone, Copy)]
pub enum Reader<'a> {
    /// The patient, the doctor whom the visit is with, when that is known, and what the patient can do.
    Patient {
        name: &'a str,
        doctor: Option<&'a str>,
        ways: &'a Ways,
    },
    Doctor {
        name: &'a str,
    },
    /// Whoever had the visit before another doctor.
    FormerDoctor {
        name: &'a str,
    },
}

/// What a message of `kind` about `visit` says to `reader`.
pub fn render(voice: &Voice, kind: Kind, visit: &Visit, reader: Reader<'_>) -> Content {
    let said = said(kind, visit.status);
    let nothing = Ways::default();
    let is_former = matches!(reader, Reader::FormerDoctor { .. });
    let (reader, preheader, name, doctor, ways) = match reader {
        Reader::Patient { name, doctor, ways } => ("patient", "preheader-visit", name, doctor, ways),
        Reader::Doctor { name } | Reader::FormerDoctor { name } => {
            ("doctor", "preheader-schedule", name, None, &nothing)
        }
    };
    let letter = Letter::of(voice, &format!("{said}-{reader}"), preheader, greeting(voice, reader, name));
    let title = title(voice, doctor);
    let (rows, invite) = if is_former {
        // It may have another time by now, at which it never was with the reader.
        (Vec::new(), Some(Invite::withdrawing(visit, title)))
    } else {
        (when(voice, &visit.starts_at, &visit.ends_at, doctor), Invite::to(visit, title))
    };
    let content = Letter { rows, ..letter }.with(voice, ways).lay_out(voice);
    Content { invite, ..content }
}

/// What is said of a visit: the first part of the ids of its words.
pub(super) fn said(kind: Kind, status: VisitStatus) -> &'static str {
    match (kind, status) {
        (Kind::Booked | Kind::StatusChanged, VisitStatus::Requested) => "requested",
        (Kind::Booked, _) => "booked",
        (Kind::Rescheduled, _) => "rescheduled",
        (Kind::Cancelled, _) | (Kind::StatusChanged, VisitStatus::Cancelled) => "cancelled",
        (Kind::StatusChanged, VisitStatus::Expired) => "expired",
        (Kind::StatusChanged, VisitStatus::Scheduled) => "accepted",
        (Kind::StatusChanged, VisitStatus::Confirmed) => "confirmed",
        (Kind::StatusChanged, VisitStatus::Completed) => "completed",
        (Kind::StatusChanged, VisitStatus::NoShow) => "no_show",
        (Kind::StatusChanged, _) => "changed",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use crate::domain::Language::{self, English};
    use jiff::Zoned;
    use proto::ids::{AppointmentId, DoctorId};

    const NOTHING: &Ways = &Ways { actions: Vec::new(), unsubscribe: None };
    const PATIENT: Reader<'static> =
        Reader::Patient { name: "Ada Lovelace", doctor: Some("Grace Hopper"), ways: NOTHING };
    const DOCTOR: Reader<'static> = Reader::Doctor { name: "Grace Hopper" };

    fn monday(status: VisitStatus) -> Visit {
        let starts_at: Zoned = "2030-01-07T09:00[Europe/Berlin]".parse().unwrap();
        let ends_at = &starts_at + jiff::SignedDuration::from_mins(30);
        let (id, doctor_id) = (AppointmentId::random(), DoctorId::random());
        Visit { id, doctor_id, version: 1, status, starts_at, ends_at }
    }

    fn booked(language: Language, reader: Reader<'_>) -> Content {
        render(&voice(language), Kind::Booked, &monday(VisitStatus::Scheduled), reader)
    }

    #[test]
    fn a_booking_tells_when_and_with_whom() {
        let Content { subject, text, html, .. } = booked(English, PATIENT);
        assert_eq!(subject, "Your appointment is booked");
        let expected = "\
Dear Ada Lovelace,

Your appointment has been booked. We look forward to seeing you.

Date:      Monday, 7 January 2030
Time:      9:00 am to 9:30 am
Time zone: Europe/Berlin (CET, UTC+01:00)
Doctor:    Dr. Grace Hopper

If you cannot come, please cancel in good time, so that somebody else can have the time.

Kind regards,
Lindenhof

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(text.trim_end(), expected);
        for told in ["Monday, 7 January 2030", "9:00 am to 9:30 am", "Europe/Berlin", "Dr. Grace Hopper"] {
            assert!(html.contains(told), "{told}");
        }
    }

    #[test]
    fn a_booking_tells_the_same_in_german_and_french() {
        let german = booked(Language::German, PATIENT);
        assert_eq!(german.subject, "Ihr Termin ist gebucht");
        let expected = "\
Guten Tag Ada Lovelace,

Ihr Termin wurde gebucht. Wir freuen uns auf Sie.

Datum:    Montag, 7. Januar 2030
Uhrzeit:  9:00 bis 9:30\u{a0}Uhr
Zeitzone: Europe/Berlin (CET, UTC+01:00)
Bei:      Dr. Grace Hopper

Falls Sie verhindert sind, sagen Sie bitte rechtzeitig ab, damit jemand anderes die Zeit nutzen kann.

Mit freundlichen Grüßen
Lindenhof

--
Diese Nachricht wurde automatisch verschickt. Antworten darauf werden nicht gelesen.";
        assert_eq!(german.text.trim_end(), expected);
        let french = booked(Language::French, PATIENT);
        assert_eq!(french.subject, "Votre rendez-vous est réservé");
        assert!(french.text.contains("\nDate\u{a0}:           lundi 7 janvier 2030\n"), "{}", french.text);
        assert!(french.text.contains("\nAvec\u{a0}:           Dr Grace Hopper\n"), "{}", french.text);
    }

    #[test]
    fn a_doctor_is_told_in_spanish_without_a_title_that_may_be_wrong() {
        let spanish = booked(Language::Spanish, DOCTOR);
        assert_eq!(spanish.subject, "Nueva cita");
        assert!(spanish.text.starts_with("Hola, Grace Hopper:\n\nSe ha reservado una cita con usted.\n"));
        assert!(spanish.text.contains("Fecha:        lunes, 7 de enero de 2030\n"), "{}", spanish.text);
    }

    #[test]
    fn no_kind_of_message_names_the_patient_in_its_subject_or_to_the_doctor() {
        let voice = voice(English);
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
                let to_patient = render(&voice, kind, &monday(status), PATIENT);
                let to_doctor = render(&voice, kind, &monday(status), DOCTOR);
                assert!(!to_patient.subject.contains("Ada"));
                assert!(!to_doctor.subject.contains("Ada"));
                assert!(!to_doctor.text.contains("Ada") && !to_doctor.html.contains("Ada"));
                assert_ne!(to_patient.subject, to_doctor.subject);
            }
        }
    }

    #[test]
    fn a_request_is_not_told_as_a_booking() {
        let voice = voice(English);
        let told = |kind, status| render(&voice, kind, &monday(status), PATIENT);
        let Content { subject, text, .. } = told(Kind::Booked, VisitStatus::Requested);
        assert_eq!(subject, "We have received your request");
        assert!(!text.contains("booked"));
        let accepted = told(Kind::StatusChanged, VisitStatus::Scheduled);
        assert_eq!(accepted.subject, "Your appointment is booked");
        let unanswered = told(Kind::StatusChanged, VisitStatus::Expired);
        assert_eq!(unanswered.subject, "We did not answer your request in time");
        assert!(!unanswered.text.contains("If you cannot come"));
    }

    #[test]
    fn a_name_cannot_smuggle_in_markup() {
        let html = booked(English, Reader::Patient { name: "<b>Ada</b>", doctor: None, ways: NOTHING }).html;
        assert!(!html.contains("<b>"));
    }
}
