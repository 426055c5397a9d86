//! The words to those who watch.
use super::{Content, Row, Words, in_utc, lay_out};
use crate::domain::Alarm;

/// What is said of `alarm` to whoever has this `name`, which may be empty. It is reviewed below `public_url`.
pub fn render_alarm(alarm: &Alarm, name: &str, public_url: &str) -> Content {
    let Alarm { grant_id, doctor_id, at, includes_very_restricted } = *alarm;
    let words = Words {
        subject: "A doctor broke the glass",
        greeting: if name.is_empty() { "Hello".to_owned() } else { format!("Dear {name}") },
        opening: "A doctor has opened the records of a patient in an emergency, beyond what they may read otherwise. An \
                  admin or auditor has to review it.",
        closing: "The grant has the reason and the patient. To protect patients, e-mail does not.",
    };
    let records =
        if includes_very_restricted { "also very restricted ones" } else { "none that are very restricted" };
    let grant = format!("{}/api/break-glass/{grant_id}", public_url.trim_end_matches('/'));
    let rows = [
        ("Grant", grant_id.to_string()),
        ("Doctor", doctor_id.to_string()),
        ("Time", in_utc(at)),
        ("Records", records.to_owned()),
        ("Look", format!("GET {grant}")),
        ("Review", format!("POST {grant}/review")),
    ];
    lay_out(&words, &rows.map(|(label, value)| Row { label, value }), None)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let content = render_alarm(&alarm(true), "Ada Lovelace", "https://c.example/");
        assert_eq!(content.subject, "A doctor broke the glass");
        let expected = "\
Dear Ada Lovelace,

A doctor has opened the records of a patient in an emergency, beyond what they may read otherwise. An admin or auditor \
                        has to review it.

Grant:     00000000-0000-0000-0000-000000000001
Doctor:    00000000-0000-0000-0000-000000000002
Time:      09:30 UTC on Monday, 7 January 2030
Records:   also very restricted ones
Look:      GET https://c.example/api/break-glass/00000000-0000-0000-0000-000000000001
Review:    POST https://c.example/api/break-glass/00000000-0000-0000-0000-000000000001/review

The grant has the reason and the patient. To protect patients, e-mail does not.

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        assert!(content.html.contains("also very restricted ones"));
    }

    #[test]
    fn whoever_has_no_name_is_greeted_and_a_name_smuggles_in_no_markup() {
        let content = render_alarm(&alarm(false), "", "https://c.example");
        assert!(content.text.starts_with("Hello,\n"));
        assert!(content.text.contains("none that are very restricted"));
        assert!(!render_alarm(&alarm(false), "<b>Ada</b>", "https://c.example").html.contains("<b>"));
    }
}
