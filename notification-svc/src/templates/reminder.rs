//! Visits that are near.
use super::{Content, Letter, greeting, row, when};
use crate::domain::Visit;
use crate::links::Ways;
use crate::words::Voice;
use jiff::Zoned;

/// Visits that begin so soon are told of in hours, whatever the date is then.
const HOURS: i64 = 6;

/// What reminds the patient with this `name` of `visit`; names `doctor` when that is known. `now` is in the zone of the
/// reader, whose calendar says what is tomorrow.
pub fn render_reminder(
    voice: &Voice,
    visit: &Visit,
    name: &str,
    doctor: Option<&str>,
    ways: &Ways,
    now: &Zoned,
) -> Content {
    let reader_time = visit.starts_at.with_time_zone(now.time_zone().clone());
    let mut rows = when(voice, &visit.starts_at, &visit.ends_at, doctor);
    if reader_time.offset() != visit.starts_at.offset() {
        rows.push(row(voice, "reader_time", voice.instant_with_zone(&reader_time)));
    }
    let (part, count) = how_near(&reader_time, now);
    let opening = format!("reminder-patient-opening_{part}");
    let letter = Letter {
        subject: voice.say("reminder-patient-subject"),
        preheader: voice.say("preheader-visit"),
        greeting: greeting(voice, "patient", name),
        opening: voice.say_with(&opening, [("days", count.into()), ("hours", count.into())]),
        link: None,
        rows,
        closing: voice.say("reminder-patient-closing"),
        actions: Vec::new(),
        unsubscribe: None,
    };
    letter.with(voice, ways).lay_out(voice)
}

/// How it is said, and how many days or hours it is, where they are counted.
fn how_near(starts_at: &Zoned, now: &Zoned) -> (&'static str, i64) {
    let minutes = starts_at.duration_since(now).as_secs().div_euclid(60);
    let days = i64::from((starts_at.date() - now.date()).get_days());
    // To the next whole hour: five to ten is two hours before noon.
    let hours = (minutes + 30) / 60;
    match (minutes, days) {
        (..60, _) => ("soon", 0),
        _ if hours < HOURS => ("hours", hours),
        (_, ..=0) => ("today", 0),
        (_, 1) => ("tomorrow", 1),
        (_, days) => ("days", days),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use crate::domain::Language::{self, English, French, German, Spanish};
    use crate::domain::VisitStatus;
    use proto::ids::{AppointmentId, DoctorId};

    fn told(language: Language, starts_at: &str, now: &str) -> Content {
        let starts_at: Zoned = starts_at.parse().unwrap();
        let ends_at = &starts_at + jiff::SignedDuration::from_mins(30);
        let status = VisitStatus::Scheduled;
        let (id, doctor_id) = (AppointmentId::random(), DoctorId::random());
        let visit = Visit { id, doctor_id, version: 1, status, starts_at, ends_at };
        let now = now.parse().unwrap();
        render_reminder(
            &voice(language),
            &visit,
            "Ada Lovelace",
            Some("Grace Hopper"),
            &Ways::default(),
            &now,
        )
    }

    fn opening(language: Language, starts_at: &str, now: &str) -> String {
        told(language, starts_at, now).text.lines().nth(2).unwrap().to_owned()
    }

    #[test]
    fn how_near_a_visit_is_goes_by_the_calendar_of_the_reader() {
        let visit = "2030-01-07T09:00[Europe/Berlin]";
        for (now, expected) in [
            ("2030-01-04T09:00[Europe/Berlin]", "in 3 days."),
            ("2030-01-05T23:59[Europe/Berlin]", "in 2 days."),
            ("2030-01-06T00:00[Europe/Berlin]", "is tomorrow."),
            ("2030-01-06T23:00[Europe/Berlin]", "is tomorrow."),
            ("2030-01-07T00:00[Europe/Berlin]", "is today."),
            ("2030-01-07T04:00[Europe/Berlin]", "in 5 hours."),
            ("2030-01-07T07:00[Europe/Berlin]", "in 2 hours."),
            ("2030-01-07T07:58[Europe/Berlin]", "in one hour."),
            ("2030-01-07T08:01[Europe/Berlin]", "in less than an hour."),
            // In New York it is three in the morning of that Monday, and Saturday evening is two days before.
            ("2030-01-05T20:00[America/New_York]", "in 2 days."),
            ("2030-01-06T01:00[America/New_York]", "is tomorrow."),
            // In Tokyo the visit is at five in the afternoon.
            ("2030-01-07T01:00[Asia/Tokyo]", "is today."),
            // In Honolulu it is on Sunday evening, and it is Sunday.
            ("2030-01-06T05:00[Pacific/Honolulu]", "is today."),
        ] {
            let opening = opening(English, visit, now);
            assert!(opening.ends_with(expected), "{now}: {opening}");
        }
    }

    #[test]
    fn a_visit_soon_after_midnight_is_hours_away_and_later_on_tomorrow() {
        let visit = "2030-01-07T00:30[Europe/Berlin]";
        assert!(opening(English, visit, "2030-01-06T22:30[Europe/Berlin]").ends_with("in 2 hours."));
        assert!(opening(English, visit, "2030-01-06T09:00[Europe/Berlin]").ends_with("is tomorrow."));
    }

    #[test]
    fn a_day_on_which_clocks_change_is_a_day() {
        let visit = "2030-10-28T09:00[Europe/Berlin]";
        assert!(opening(English, visit, "2030-10-27T00:30[Europe/Berlin]").ends_with("is tomorrow."));
        assert!(opening(English, visit, "2030-10-26T23:30[Europe/Berlin]").ends_with("in 2 days."));
    }

    #[test]
    fn each_language_counts_in_its_way() {
        let visit = "2030-01-07T09:00[Europe/Berlin]";
        let (days, hour) = ("2030-01-04T09:00[Europe/Berlin]", "2030-01-07T08:00[Europe/Berlin]");
        for (language, of_days, of_hours) in [
            (German, "Ihr Termin ist in 3 Tagen.", "Ihr Termin ist in einer Stunde."),
            (Spanish, "su cita es dentro de 3 días.", "su cita es dentro de una hora."),
            (French, "votre rendez-vous a lieu dans 3 jours.", "votre rendez-vous a lieu dans une heure."),
        ] {
            let told = [opening(language, visit, days), opening(language, visit, hour)];
            assert!(told[0].ends_with(of_days) && told[1].ends_with(of_hours), "{told:?}");
        }
    }

    #[test]
    fn a_reader_elsewhere_is_told_when_it_is_there() {
        let visit = "2030-01-07T09:00[Europe/Berlin]";
        let away = told(English, visit, "2030-01-06T05:00[Pacific/Honolulu]").text;
        assert!(away.contains("Date:      Monday, 7 January 2030"), "{away}");
        assert!(away.contains("Your time: 10:00 pm on Sunday, 6 January 2030 (Pacific/Honolulu)"), "{away}");
        let beside = told(English, visit, "2030-01-06T05:00[Europe/Paris]");
        assert!(!beside.text.contains("Your time"));
        assert_eq!(beside.subject, "A reminder of your appointment");
        assert_eq!(
            told(German, visit, "2030-01-06T05:00[Europe/Paris]").subject,
            "Erinnerung an Ihren Termin"
        );
    }
}
