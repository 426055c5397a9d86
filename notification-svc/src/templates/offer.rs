//! The words of offers.
use super::{Content, When, Words, lay_out};
use crate::domain::{Offer, OfferMode};
use jiff::Zoned;

/// What a message about `offer` says to the patient with this `name`; names `doctor` when that is known.
pub fn render_offer(offer: &Offer, name: &str, doctor: Option<&str>) -> Content {
    let (opening, closing) = match offer.mode {
        OfferMode::Cascade => (
            "You are on our waitlist, and a time has come free. It is kept for you until the time to answer is over:",
            "Accept or decline it in your account. If you do not answer in time, it is offered to whoever is next.",
        ),
        OfferMode::Broadcast => (
            "You are on our waitlist, and a time has come free. Others were told of it, too, and the first who \
             accepts has it:",
            "Accept or decline it in your account.",
        ),
    };
    let greeting = format!("Dear {name}");
    let words = Words { subject: "A time has come free", greeting, opening, closing };
    let when = When {
        answer_by: Some(deadline(&offer.expires_at, &offer.starts_at)),
        ..When::of(&offer.starts_at, &offer.ends_at)
    };
    lay_out(&words, &when.rows(doctor.map(|name| format!("Dr. {name}"))), None)
}

/// With its offset only where the clock changes between then and the visit: the zone is told for the visit.
fn deadline(at: &Zoned, visit: &Zoned) -> String {
    let format = if at.offset() == visit.offset() {
        "%H:%M on %A, %-d %B %Y"
    } else {
        "%H:%M (UTC%:z) on %A, %-d %B %Y"
    };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let content = render_offer(&offer(OfferMode::Cascade), "Ada Lovelace", Some("Grace Hopper"));
        assert_eq!(content.subject, "A time has come free");
        let expected = "\
Dear Ada Lovelace,

You are on our waitlist, and a time has come free. It is kept for you until the time to answer is over:

Date:      Monday, 7 January 2030
Time:      09:00 to 09:30
Time zone: Europe/Berlin (CET, UTC+01:00)
Doctor:    Dr. Grace Hopper
Answer by: 18:30 on Sunday, 6 January 2030

Accept or decline it in your account. If you do not answer in time, it is offered to whoever is next.

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        for told in
            ["09:00 to 09:30", "Dr. Grace Hopper", "18:30 on Sunday, 6 January 2030", "Accept or decline"]
        {
            assert!(content.html.contains(told), "{told}");
        }
    }

    #[test]
    fn a_time_that_is_kept_for_nobody_is_not_told_as_kept() {
        let to_all = render_offer(&offer(OfferMode::Broadcast), "Ada Lovelace", None);
        assert!(to_all.text.contains("Others were told of it, too, and the first who accepts has it"));
        assert!(!to_all.text.contains("kept for you") && !to_all.text.contains("next"));
        let to_one = render_offer(&offer(OfferMode::Cascade), "Ada Lovelace", None);
        assert!(!to_one.text.contains("Others"));
    }

    #[test]
    fn the_end_has_its_offset_where_the_clock_changes_before_the_visit() {
        let (before, after) = ("2030-10-27T02:30+02:00[Europe/Berlin]", "2030-10-27T08:00[Europe/Berlin]");
        let told = deadline(&before.parse().unwrap(), &after.parse().unwrap());
        assert_eq!(told, "02:30 (UTC+02:00) on Sunday, 27 October 2030");
    }
}
