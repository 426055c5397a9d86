//! What is told in short. Whoever holds the phone sees it, so it says when, where and with whom, and nothing of the patient.
use super::visit::said;
use crate::domain::{Kind, Offer, Visit};
use crate::words::{Voice, in_plain_letters};
use fluent_bundle::FluentValue;
use jiff::Zoned;
use jiff::tz::TimeZone;

/// What is known of a patient's visit beside its time.
pub struct TextTo<'a> {
    /// First and last name, when that is known.
    pub doctor: Option<&'a str>,
    /// Where the patient is, when that is known.
    pub zone: Option<&'a TimeZone>,
}

/// What becomes of visits that is told in short.
const CHANGES: [&str; 6] = ["booked", "accepted", "confirmed", "rescheduled", "cancelled", "expired"];

/// None when that is only told at length.
pub fn text_of_visit(voice: &Voice, kind: Kind, visit: &Visit, to: &TextTo<'_>) -> Option<String> {
    let said = said(kind, visit.status);
    CHANGES.contains(&said).then(|| text(voice, said, [("when", when(voice, &visit.starts_at, to).into())]))
}

pub fn text_of_reminder(voice: &Voice, visit: &Visit, to: &TextTo<'_>) -> String {
    text(voice, "reminder", [("when", when(voice, &visit.starts_at, to).into())])
}

pub fn text_of_offer(voice: &Voice, offer: &Offer, to: &TextTo<'_>) -> String {
    let until = instant(voice, &offer.expires_at, to).into();
    let said = super::offer::said(offer.mode);
    text(voice, said, [("when", when(voice, &offer.starts_at, to).into()), ("until", until)])
}

fn text<'v, const N: usize>(voice: &Voice, said: &str, variables: [(&'v str, FluentValue<'v>); N]) -> String {
    in_plain_letters(&voice.say_with(&format!("{said}-patient-sms"), variables))
}

/// When, and with whom.
fn when(voice: &Voice, at: &Zoned, to: &TextTo<'_>) -> String {
    let when = instant(voice, at, to);
    let Some(name) = to.doctor else { return when };
    let doctor = voice.say_with("doctor_name", [("name", name.into())]);
    voice.say_with("sms-when", [("when", when.into()), ("doctor", doctor.into())])
}

/// In the zone of the place, which is told where the patient's clock shows another time.
fn instant(voice: &Voice, at: &Zoned, to: &TextTo<'_>) -> String {
    let is_elsewhere = to.zone.is_some_and(|zone| at.with_time_zone(zone.clone()).offset() != at.offset());
    if is_elsewhere { voice.instant_with_zone(at) } else { voice.instant(at) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::super::{TEMPLATES, Template};
    use super::*;
    use crate::domain::{About, Change, Language, OfferMode, Recipient, VisitStatus};
    use crate::words::segments;
    use proto::ids::{AppointmentId, DoctorId, PatientId};

    fn visit(status: VisitStatus) -> Visit {
        let starts_at: Zoned = "2030-01-07T09:00[Europe/Berlin]".parse().unwrap();
        let ends_at = &starts_at + jiff::SignedDuration::from_mins(30);
        Visit {
            id: AppointmentId::random(),
            doctor_id: DoctorId::random(),
            version: 1,
            status,
            starts_at,
            ends_at,
        }
    }

    fn reminder(language: Language, doctor: Option<&str>, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let to = TextTo { doctor, zone: Some(&zone) };
        text_of_reminder(&voice(language), &visit(VisitStatus::Scheduled), &to)
    }

    #[test]
    fn a_text_says_when_and_with_whom_and_costs_one_or_two_messages() {
        for language in Language::ALL {
            let voice = voice(language);
            let texts: Vec<(&str, String)> = TEMPLATES
                .iter()
                .filter_map(|template: &Template| Some((template.kind, template.text(&voice)?)))
                .collect();
            assert_eq!(texts.len(), CHANGES.len() + 3, "{language:?}");
            for (kind, text) in texts {
                let is_offer = kind.starts_with("offered");
                assert!(segments(&text) <= if is_offer { 2 } else { 1 }, "{}: {text}", text.chars().count());
                assert!(text.starts_with("Lindenhof") && text.contains("Grace Hopper"), "{text}");
                assert!(text.contains("2030") && !text.contains("Ada") && !text.contains('{'), "{text}");
            }
        }
    }

    /// Days and months with the longest names, and times with two digits, told to who is elsewhere.
    #[test]
    fn a_text_costs_no_more_when_its_date_is_long_and_its_zone_is_named() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let to = TextTo { doctor: Some("Grace Hopper"), zone: Some(&zone) };
        for (language, day) in Language::ALL.into_iter().flat_map(|one| (24..=30).map(move |day| (one, day)))
        {
            let voice = voice(language);
            let starts_at: Zoned = format!("2029-09-{day}T10:30[Europe/Berlin]").parse().unwrap();
            let visit = |status| Visit { starts_at: starts_at.clone(), ..visit(status) };
            let mut texts = vec![text_of_reminder(&voice, &visit(VisitStatus::Scheduled), &to)];
            for (kind, status) in [
                (Kind::Booked, VisitStatus::Scheduled),
                (Kind::Rescheduled, VisitStatus::Scheduled),
                (Kind::Cancelled, VisitStatus::Cancelled),
                (Kind::StatusChanged, VisitStatus::Scheduled),
                (Kind::StatusChanged, VisitStatus::Confirmed),
                (Kind::StatusChanged, VisitStatus::Expired),
            ] {
                texts.push(text_of_visit(&voice, kind, &visit(status), &to).unwrap());
            }
            for text in &texts {
                assert!(text.contains("(Europe/Berlin)"), "{text}");
                assert_eq!(segments(text), 1, "{}: {text}", text.chars().count());
            }
            for mode in [OfferMode::Cascade, OfferMode::Broadcast] {
                let Visit { doctor_id, starts_at, ends_at, .. } = visit(VisitStatus::Scheduled);
                let expires_at = starts_at.clone();
                let offer = Offer { doctor_id, mode, is_open: true, starts_at, ends_at, expires_at };
                let text = text_of_offer(&voice, &offer, &to);
                assert!(segments(&text) <= 2, "{}: {text}", text.chars().count());
            }
        }
    }

    #[test]
    fn each_language_says_it_in_its_way() {
        let told = |language| reminder(language, Some("Grace Hopper"), "Europe/Berlin");
        assert_eq!(
            told(Language::English),
            "Lindenhof: a reminder of your appointment: 9:00 am on Monday, 7 January 2030, with Dr. Grace Hopper. If you cannot \
             come, please cancel."
        );
        assert_eq!(
            told(Language::German),
            "Lindenhof: Wir erinnern an Ihren Termin: Montag, 7. Januar 2030, 9:00 Uhr, bei Dr. Grace Hopper. Bei Verhinderung \
             sagen Sie bitte ab."
        );
        assert_eq!(
            told(Language::Spanish),
            "Lindenhof: le recordamos su cita: lunes, 7 de enero de 2030, 9:00 h, con Grace Hopper. Si no puede venir, le rogamos \
             que la cancele."
        );
        assert_eq!(
            told(Language::French),
            "Lindenhof : rappel de votre rendez-vous : lundi 7 janvier 2030 à 9 h 00, avec Dr Grace Hopper. En cas d'empechement, \
             merci d'annuler."
        );
    }

    #[test]
    fn who_is_elsewhere_is_told_the_zone_and_a_doctor_who_was_deleted_is_not_named() {
        let away = reminder(Language::English, None, "America/New_York");
        assert!(away.contains(": 9:00 am on Monday, 7 January 2030 (Europe/Berlin). If"), "{away}");
        let near = reminder(Language::English, None, "Europe/Paris");
        assert!(near.contains(": 9:00 am on Monday, 7 January 2030. If"), "{near}");
    }

    /// Of what is written down to be sent, each has words.
    #[test]
    fn what_is_told_in_short_has_words_for_that() {
        let to = TextTo { doctor: None, zone: None };
        for kind in [Kind::Booked, Kind::Rescheduled, Kind::Cancelled, Kind::StatusChanged] {
            for status in [
                VisitStatus::Requested,
                VisitStatus::Scheduled,
                VisitStatus::Confirmed,
                VisitStatus::Completed,
                VisitStatus::Cancelled,
                VisitStatus::NoShow,
                VisitStatus::Expired,
            ] {
                let change = Change { kind, appointment_id: AppointmentId::random(), version: 2, status };
                let told = text_of_visit(&voice(Language::English), kind, &visit(status), &to);
                let recipient = Recipient::Patient(PatientId::random());
                let is_texted = About::Visit { change, recipient }.is_texted();
                assert!(told.is_some() || !is_texted, "{kind:?} {status:?}");
                let recipient = Recipient::Doctor(DoctorId::random());
                assert!(!About::Visit { change, recipient }.is_texted());
            }
        }
    }
}
