//! Visits as calendars know them: iCalendar (RFC 5545), and invitations to put them there (RFC 5546). Pure.
//!
//! Calendars are shown to others, so nothing here tells of patients.
mod line; // how lines are written
mod zone; // what clocks do around visits
mod feed; // calendars that programs subscribe to

pub use feed::{Published, publish};

use crate::domain::{Visit, VisitStatus};
use crate::words::Voice;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use lettre::Address;
use lettre::message::Mailbox;
use line::{Lines, local, mailto, quoted};
use proto::ids::AppointmentId;
use zone::Zones;

/// What makes this.
const PRODUCT: &str = "-//Healthcare//Appointments//EN";

/// A visit in a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: AppointmentId,
    /// The version of the visit: rises with each change.
    pub sequence: i64,
    pub standing: Standing,
    pub starts_at: Zoned,
    pub ends_at: Zoned,
    pub title: String,
}

/// How a visit stands, as far as calendars care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Whoever comes has not said yet that they will.
    Expected,
    Confirmed,
    Cancelled,
}

/// What is to be done with a visit in the calendar of whoever gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It is to be there, as it is now.
    Request,
    /// It is to be there no more.
    Cancel,
}

/// What a mail brings to the calendar of its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite(Event);

/// What a visit is called in calendars. `doctor` for whoever sees one; doctors know that it is with them.
pub fn title(voice: &Voice, doctor: Option<&str>) -> String {
    let Some(name) = doctor else { return voice.say("calendar-visit") };
    let doctor = voice.say_with("doctor_name", [("name", name.into())]);
    voice.say_with("calendar-visit_with", [("doctor", doctor.into())])
}

/// As [`title`], with the name of the visit type.
pub fn typed_title(voice: &Voice, doctor: Option<&str>, visit_type: &str) -> String {
    let title = title(voice, doctor);
    voice.say_with("calendar-visit_of_type", [("title", title.into()), ("type", visit_type.into())])
}

impl Invite {
    /// None while the visit is not settled, and once it is over.
    pub fn to(visit: &Visit, title: String) -> Option<Self> {
        let standing = match visit.status {
            VisitStatus::Scheduled => Standing::Expected,
            VisitStatus::Confirmed => Standing::Confirmed,
            VisitStatus::Cancelled | VisitStatus::Expired => Standing::Cancelled,
            VisitStatus::Held
            | VisitStatus::Requested
            | VisitStatus::Arrived
            | VisitStatus::CheckedIn
            | VisitStatus::InProgress
            | VisitStatus::Completed
            | VisitStatus::NoShow
            | VisitStatus::EnteredInError => return None,
        };
        Some(Self(Event::of(visit, standing, title)))
    }

    /// Takes the visit out of the calendar of somebody who has it no more, however it stands.
    pub fn withdrawing(visit: &Visit, title: String) -> Self {
        Self(Event::of(visit, Standing::Cancelled, title))
    }

    pub fn method(&self) -> Method {
        match self.0.standing {
            Standing::Expected | Standing::Confirmed => Method::Request,
            Standing::Cancelled => Method::Cancel,
        }
    }

    /// As `clinic` writes it to `reader` at `now`.
    pub fn write(&self, clinic: &Mailbox, reader: &Address, now: Timestamp) -> String {
        let event = &self.0;
        let write = |lines: &mut Lines| {
            event.write(lines, clinic, now, |lines| event.write_attendee(lines, reader));
        };
        calendar(self.method().name(), [event], |_| {}, write)
    }
}

impl Method {
    /// As iTIP calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// A calendar with what `describe` says of it and `write` writes into it, and the zones that `events` are told in.
fn calendar<'e>(
    method: &str,
    events: impl IntoIterator<Item = &'e Event>,
    describe: impl FnOnce(&mut Lines),
    write: impl FnOnce(&mut Lines),
) -> String {
    let mut zones = Zones::default();
    for event in events {
        if let Some((name, zone)) = event.zone() {
            zones.cover(name, zone, event.starts_at.timestamp(), event.ends_at.timestamp());
        }
    }
    let mut lines = Lines::default();
    lines.within("VCALENDAR", |lines| {
        lines.add("VERSION", "2.0");
        lines.add_text("PRODID", PRODUCT);
        lines.add("CALSCALE", "GREGORIAN");
        lines.add("METHOD", method);
        describe(lines);
        zones.write(lines);
        write(lines);
    });
    lines.into_text()
}

impl Event {
    fn of(visit: &Visit, standing: Standing, title: String) -> Self {
        let Visit { id, version: sequence, .. } = *visit;
        let (starts_at, ends_at) = (visit.starts_at.clone(), visit.ends_at.clone());
        Self { id, sequence, standing, starts_at, ends_at, title }
    }

    /// The zone that it is told in, with its name; none when UTC is. Of a time that the clock shows twice, zones can
    /// name the first only (RFC 5545, section 3.3.5), and not every reader knows that.
    fn zone(&self) -> Option<(&str, &TimeZone)> {
        let zone = self.starts_at.time_zone();
        let name = zone.iana_name().filter(|name| *name != "UTC")?;
        let comes_once = |at: &Zoned| !zone.to_ambiguous_zoned(at.datetime()).is_ambiguous();
        [&self.starts_at, &self.ends_at].into_iter().all(comes_once).then_some((name, zone))
    }

    fn write(&self, lines: &mut Lines, clinic: &Mailbox, stamp: Timestamp, more: impl FnOnce(&mut Lines)) {
        lines.within("VEVENT", |lines| {
            // Alone, as RFC 7986, section 5.3 would have it: whatever is set, it stays the same.
            lines.add("UID", &self.id.to_string());
            // It is 32 bits wide there.
            lines.add("SEQUENCE", &self.sequence.clamp(0, i32::MAX.into()).to_string());
            lines.add("DTSTAMP", &utc(stamp));
            let zone = self.zone();
            for (name, at) in [("DTSTART", &self.starts_at), ("DTEND", &self.ends_at)] {
                match zone {
                    Some((zone, _)) => lines.add(&format!("{name};TZID={zone}"), &local(at.datetime())),
                    None => lines.add(name, &utc(at.timestamp())),
                }
            }
            lines.add_text("SUMMARY", &self.title);
            let is_cancelled = self.standing == Standing::Cancelled;
            lines.add("STATUS", if is_cancelled { "CANCELLED" } else { "CONFIRMED" });
            lines.add("TRANSP", if is_cancelled { "TRANSPARENT" } else { "OPAQUE" });
            lines.add("CLASS", "PRIVATE");
            let named = clinic.name.as_deref().map(|name| format!(";CN={}", quoted(name)));
            lines.add(&format!("ORGANIZER{}", named.unwrap_or_default()), &mailto(&clinic.email));
            more(lines);
        });
    }

    /// Answers are not read, so none is asked for.
    fn write_attendee(&self, lines: &mut Lines, reader: &Address) {
        let answer = match self.standing {
            Standing::Confirmed => "ACCEPTED",
            Standing::Expected | Standing::Cancelled => "NEEDS-ACTION",
        };
        let attendee =
            format!("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={answer};RSVP=FALSE");
        lines.add(&attendee, &mailto(reader));
    }
}

fn utc(at: Timestamp) -> String {
    format!("{}Z", local(TimeZone::UTC.to_datetime(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;
    use crate::words::Words;
    use std::sync::Arc;

    fn invite(status: VisitStatus, starts_at: &str, ends_at: &str) -> Option<Invite> {
        let visit = Visit {
            id: AppointmentId(uuid::Uuid::nil()),
            doctor_id: proto::ids::DoctorId::random(),
            version: 7,
            status,
            starts_at: starts_at.parse().unwrap(),
            ends_at: ends_at.parse().unwrap(),
        };
        Invite::to(&visit, "Appointment".to_owned())
    }

    fn written(invite: &Invite) -> String {
        let clinic = "Clinic <noreply@clinic.example>".parse().unwrap();
        invite.write(&clinic, &"ada@example.com".parse().unwrap(), Timestamp::UNIX_EPOCH).replace("\r\n ", "")
    }

    #[test]
    fn calendars_hear_of_visits_that_are_settled() {
        use VisitStatus::{Cancelled, Completed, Confirmed, Expired, NoShow, Requested, Scheduled};
        let (nine, ten) = ("2030-01-07T09:00[Europe/Berlin]", "2030-01-07T10:00[Europe/Berlin]");
        for (status, method) in [
            (Scheduled, Some((Method::Request, "PARTSTAT=NEEDS-ACTION", "STATUS:CONFIRMED"))),
            (Confirmed, Some((Method::Request, "PARTSTAT=ACCEPTED", "STATUS:CONFIRMED"))),
            (Cancelled, Some((Method::Cancel, "PARTSTAT=NEEDS-ACTION", "STATUS:CANCELLED"))),
            (Expired, Some((Method::Cancel, "PARTSTAT=NEEDS-ACTION", "STATUS:CANCELLED"))),
            (Requested, None),
            (Completed, None),
            (NoShow, None),
        ] {
            let invite = invite(status, nine, ten);
            assert_eq!(invite.as_ref().map(Invite::method), method.map(|(method, ..)| method), "{status:?}");
            if let Some((invite, (_, answer, standing))) = invite.zip(method) {
                let text = written(&invite);
                assert!(text.contains(answer) && text.contains(standing), "{text}");
            }
        }
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_is_told_in_utc_and_so_is_utc() {
        for (starts_at, ends_at, told) in [
            (
                "2030-10-27T02:30+02:00[Europe/Berlin]",
                "2030-10-27T02:00+01:00[Europe/Berlin]",
                "DTSTART:20301027T003000Z\r\nDTEND:20301027T010000Z\r\n",
            ),
            (
                "2030-10-27T01:30[Europe/Berlin]",
                "2030-10-27T02:00+02:00[Europe/Berlin]",
                "DTSTART:20301026T233000Z\r\nDTEND:20301027T000000Z\r\n",
            ),
            (
                "2030-01-07T09:00[UTC]",
                "2030-01-07T10:00[UTC]",
                "DTSTART:20300107T090000Z\r\nDTEND:20300107T100000Z\r\n",
            ),
        ] {
            let text = written(&invite(VisitStatus::Scheduled, starts_at, ends_at).unwrap());
            assert!(text.contains(told) && !text.contains("VTIMEZONE"), "{text}");
        }
    }

    #[test]
    fn titles_name_the_doctor_to_patients_and_nobody_to_doctors() {
        let titles = Language::ALL.map(|language| {
            let voice = Voice::new(Arc::new(Words::built_in()), language, "Lindenhof".into());
            (title(&voice, Some("Grace Hopper")), title(&voice, None))
        });
        let expected = [
            ("Appointment – Dr. Grace Hopper", "Appointment"),
            ("Cita – Grace Hopper", "Cita"),
            ("Termin – Dr. Grace Hopper", "Termin"),
            ("Rendez-vous – Dr Grace Hopper", "Rendez-vous"),
        ];
        assert_eq!(titles, expected.map(|(patient, doctor)| (patient.to_owned(), doctor.to_owned())));
    }
}
