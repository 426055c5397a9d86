//! The words of reminders.
use super::{COME, Content, When, Words, lay_out};
use crate::domain::Visit;

/// What reminds the patient with this `name` of `visit`; names `doctor` when that is known.
pub fn render_reminder(visit: &Visit, name: &str, doctor: Option<&str>) -> Content {
    let words = Words {
        subject: "A reminder of your appointment",
        greeting: format!("Dear {name}"),
        opening: "We remind you of your appointment, and look forward to seeing you:",
        closing: COME,
    };
    let doctor = doctor.map(|name| format!("Dr. {name}"));
    lay_out(&words, &When::of(&visit.starts_at, &visit.ends_at).rows(doctor), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::VisitStatus;
    use proto::ids::DoctorId;

    #[test]
    fn a_reminder_tells_when_and_with_whom_and_nothing_in_its_subject() {
        let visit = Visit {
            doctor_id: DoctorId::random(),
            version: 1,
            status: VisitStatus::Confirmed,
            starts_at: "2030-01-07T09:00[Europe/Berlin]".parse().unwrap(),
            ends_at: "2030-01-07T09:30[Europe/Berlin]".parse().unwrap(),
        };
        let content = render_reminder(&visit, "Ada <b>Lovelace</b>", Some("Grace Hopper"));
        assert_eq!(content.subject, "A reminder of your appointment");
        for told in ["Monday, 7 January 2030", "09:00 to 09:30", "Dr. Grace Hopper", "cancel in good time"] {
            assert!(content.text.contains(told) && content.html.contains(told), "{told}");
        }
        assert!(!content.html.contains("<b>"));
    }
}
