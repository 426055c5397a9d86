//! What those who watch are told.
use super::{Content, Letter, greeting, row};
use crate::domain::Alarm;
use crate::words::Voice;

/// What is said of `alarm` to whoever has this `name`, which may be empty. It is reviewed below `public_url`.
pub fn render_alarm(voice: &Voice, alarm: &Alarm, name: &str, public_url: &str) -> Content {
    let Alarm { grant_id, doctor_id, at, includes_very_restricted } = *alarm;
    let records =
        voice.say(if includes_very_restricted { "records-very_restricted" } else { "records-others" });
    let grant = format!("{}/api/break-glass/{grant_id}", public_url.trim_end_matches('/'));
    let rows = vec![
        row(voice, "grant", grant_id.to_string()),
        row(voice, "opened_by", doctor_id.to_string()),
        row(voice, "time", voice.instant_in_utc(at)),
        row(voice, "records", records),
        row(voice, "look", format!("GET {grant}")),
        row(voice, "review", format!("POST {grant}/review")),
    ];
    let greeting = greeting(voice, "account", name);
    Letter { rows, ..Letter::of(voice, "glass_broken-account", "preheader-alarm", greeting) }.lay_out(voice)
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use crate::domain::Language::{English, French};
    use proto::ids::{BreakGlassGrantId, DoctorId};

    fn alarm(includes_very_restricted: bool) -> Alarm {
        Alarm {
            grant_id: BreakGlassGrantId(uuid::Uuid::from_u128(1)),
            doctor_id: DoctorId(uuid::Uuid::from_u128(2)),
            at: "2030-01-07T09:30:00Z".parse().unwrap(),
            includes_very_restricted,
        }
    }

    #[test]
    fn an_alarm_tells_who_when_how_far_and_how_it_is_reviewed() {
        let content = render_alarm(&voice(English), &alarm(true), "Ada Lovelace", "https://c.example/");
        assert_eq!(content.subject, "A doctor broke the glass");
        let expected = "\
Dear Ada Lovelace,

A doctor has opened the records of a patient in an emergency, beyond what they may read otherwise. An admin or auditor \
                        has to review it.

Grant:   00000000-0000-0000-0000-000000000001
Doctor:  00000000-0000-0000-0000-000000000002
Time:    9:30 am UTC on Monday, 7 January 2030
Records: also very restricted ones
Look:    GET https://c.example/api/break-glass/00000000-0000-0000-0000-000000000001
Review:  POST https://c.example/api/break-glass/00000000-0000-0000-0000-000000000001/review

The grant has the reason and the patient. To protect patients, e-mail does not.

Kind regards,
Lindenhof

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        assert!(content.html.contains("also very restricted ones"));
        let french = render_alarm(&voice(French), &alarm(true), "", "https://c.example/");
        assert_eq!(french.subject, "Accès d’urgence à un dossier");
        assert!(french.text.contains("y compris les plus confidentiels"));
    }

    #[test]
    fn whoever_has_no_name_is_greeted_and_a_name_smuggles_in_no_markup() {
        let told = |name| render_alarm(&voice(English), &alarm(false), name, "https://c.example");
        assert!(told("").text.starts_with("Hello,\n"));
        assert!(told("").text.contains("none that are very restricted"));
        assert!(!told("<b>Ada</b>").html.contains("<b>"));
    }
}
