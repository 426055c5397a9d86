//! Free times that are offered.
use super::{Content, Letter, greeting, row, when};
use crate::domain::{Offer, OfferMode};
use crate::links::Ways;
use crate::words::Voice;
use jiff::Zoned;

/// What a message about `offer` says to the patient with this `name`; names `doctor` when that is known.
pub fn render_offer(voice: &Voice, offer: &Offer, name: &str, doctor: Option<&str>, ways: &Ways) -> Content {
    let said = format!("{}-patient", said(offer.mode));
    let mut rows = when(voice, &offer.starts_at, &offer.ends_at, doctor);
    rows.push(row(voice, "answer_by", deadline(voice, &offer.expires_at, &offer.starts_at)));
    let letter = Letter::of(voice, &said, "preheader-offer", greeting(voice, "patient", name));
    Letter { rows, ..letter }.with(voice, ways).lay_out(voice)
}

/// What is said of an offer: the first part of the ids of its words.
pub(super) fn said(mode: OfferMode) -> &'static str {
    match mode {
        OfferMode::Cascade => "offered",
        OfferMode::Broadcast => "offered_to_several",
    }
}

/// With its offset only where the clock changes between then and the visit: the zone is told for the visit.
fn deadline(voice: &Voice, at: &Zoned, visit: &Zoned) -> String {
    if at.offset() == visit.offset() { voice.instant(at) } else { voice.instant_with_offset(at) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use crate::domain::Language::{English, German};
    use proto::ids::DoctorId;

    fn offer(mode: OfferMode) -> Offer {
        Offer {
            doctor_id: DoctorId::random(),
            mode,
            is_open: true,
            starts_at: "2030-01-07T09:00[Europe/Berlin]".parse().unwrap(),
            ends_at: "2030-01-07T09:30[Europe/Berlin]".parse().unwrap(),
            expires_at: "2030-01-06T18:30[Europe/Berlin]".parse().unwrap(),
        }
    }

    #[test]
    fn an_offer_tells_when_with_whom_and_until_when_to_answer() {
        let cascade = offer(OfferMode::Cascade);
        let content =
            render_offer(&voice(English), &cascade, "Ada Lovelace", Some("Grace Hopper"), &Ways::default());
        assert_eq!(content.subject, "A time has come free");
        let expected = "\
Dear Ada Lovelace,

You are on our waitlist, and a time has come free. It is kept for you until the time to answer is over:

Date:      Monday, 7 January 2030
Time:      9:00 am to 9:30 am
Time zone: Europe/Berlin (CET, UTC+01:00)
Doctor:    Dr. Grace Hopper
Answer by: 6:30 pm on Sunday, 6 January 2030

Accept or decline it in your account. If you do not answer in time, it is offered to whoever is next.

Kind regards,
Lindenhof

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        for told in [
            "9:00 am to 9:30 am",
            "Dr. Grace Hopper",
            "6:30 pm on Sunday, 6 January 2030",
            "Accept or decline",
        ] {
            assert!(content.html.contains(told), "{told}");
        }
        let german = render_offer(&voice(German), &cascade, "Ada Lovelace", None, &Ways::default());
        assert_eq!(german.subject, "Ein Termin ist frei geworden");
        assert!(
            german.text.contains("Antwort bis: Sonntag, 6. Januar 2030, 18:30\u{a0}Uhr\n"),
            "{}",
            german.text
        );
    }

    #[test]
    fn a_time_that_is_kept_for_nobody_is_not_told_as_kept() {
        let to_all = render_offer(
            &voice(English),
            &offer(OfferMode::Broadcast),
            "Ada Lovelace",
            None,
            &Ways::default(),
        );
        assert!(to_all.text.contains("Others were told of it, too, and the first who accepts has it"));
        assert!(!to_all.text.contains("kept for you") && !to_all.text.contains("next"));
        let to_one =
            render_offer(&voice(English), &offer(OfferMode::Cascade), "Ada Lovelace", None, &Ways::default());
        assert!(!to_one.text.contains("Others"));
    }

    #[test]
    fn the_end_has_its_offset_where_the_clock_changes_before_the_visit() {
        let (before, after) = ("2030-10-27T02:30+02:00[Europe/Berlin]", "2030-10-27T08:00[Europe/Berlin]");
        let told = deadline(&voice(English), &before.parse().unwrap(), &after.parse().unwrap());
        assert_eq!(told, "2:30 am (UTC+02:00) on Sunday, 27 October 2030");
    }
}
