//! Every message that there is, about people and visits that there are not.
use super::{Content, Reader, render, render_account, render_alarm, render_offer, render_reminder};
use super::{TextTo, text_of_offer, text_of_reminder, text_of_visit};
use crate::domain::{
    Account, AccountKind, Alarm, Kind, Offer, OfferMode, Token, Visit, VisitAction, VisitStatus,
};
use crate::links::Ways;
use crate::words::Voice;
use jiff::civil::{DateTime, datetime};
use jiff::tz::{TimeZone, offset};
use jiff::{Timestamp, Zoned};
use proto::ids::{AppointmentId, BreakGlassGrantId, DoctorId};
use uuid::Uuid;

/// One message, to one kind of readers.
pub struct Template {
    /// What it tells: the first part of the ids of its words.
    pub kind: &'static str,
    /// `patient`, `doctor` or `account`: the second part.
    pub reader: &'static str,
    /// What it says, with data of nobody.
    pub preview: fn(&Voice) -> Content,
}

const fn of(kind: &'static str, reader: &'static str, preview: fn(&Voice) -> Content) -> Template {
    Template { kind, reader, preview }
}

pub const TEMPLATES: &[Template] = &[
    of("requested", "patient", |voice| to_patient(voice, Kind::Booked, VisitStatus::Requested)),
    of("requested", "doctor", |voice| to_doctor(voice, Kind::Booked, VisitStatus::Requested)),
    of("booked", "patient", |voice| to_patient(voice, Kind::Booked, VisitStatus::Scheduled)),
    of("booked", "doctor", |voice| to_doctor(voice, Kind::Booked, VisitStatus::Scheduled)),
    of("rescheduled", "patient", |voice| to_patient(voice, Kind::Rescheduled, VisitStatus::Scheduled)),
    of("rescheduled", "doctor", |voice| to_doctor(voice, Kind::Rescheduled, VisitStatus::Scheduled)),
    of("cancelled", "patient", |voice| to_patient(voice, Kind::Cancelled, VisitStatus::Cancelled)),
    of("cancelled", "doctor", |voice| to_doctor(voice, Kind::Cancelled, VisitStatus::Cancelled)),
    of("expired", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::Expired)),
    of("expired", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::Expired)),
    of("accepted", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::Scheduled)),
    of("accepted", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::Scheduled)),
    of("confirmed", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::Confirmed)),
    of("confirmed", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::Confirmed)),
    of("completed", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::Completed)),
    of("completed", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::Completed)),
    of("no_show", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::NoShow)),
    of("no_show", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::NoShow)),
    of("changed", "patient", |voice| to_patient(voice, Kind::StatusChanged, VisitStatus::Arrived)),
    of("changed", "doctor", |voice| to_doctor(voice, Kind::StatusChanged, VisitStatus::Arrived)),
    of("reminder", "patient", |voice| {
        let now = at(datetime(2030, 1, 6, 9, 0, 0, 0));
        let ways = ways(&[VisitAction::Confirm, VisitAction::Move, VisitAction::Cancel]);
        render_reminder(voice, &visit(VisitStatus::Scheduled), PATIENT, Some(DOCTOR), &ways, &now)
    }),
    of("offered", "patient", |voice| {
        render_offer(voice, &offer(OfferMode::Cascade), PATIENT, Some(DOCTOR), &ways(&[]))
    }),
    of("offered_to_several", "patient", |voice| {
        render_offer(voice, &offer(OfferMode::Broadcast), PATIENT, Some(DOCTOR), &ways(&[]))
    }),
    of("password_reset", "account", |voice| to_account(voice, AccountKind::PasswordReset)),
    of("password_changed", "account", |voice| to_account(voice, AccountKind::PasswordChanged)),
    of("email_verification", "account", |voice| to_account(voice, AccountKind::EmailVerification)),
    of("invitation", "account", |voice| to_account(voice, AccountKind::Invitation)),
    of("registered_again", "account", |voice| to_account(voice, AccountKind::RegisteredAgain)),
    of("glass_broken", "account", |voice| {
        let alarm = Alarm {
            grant_id: BreakGlassGrantId(Uuid::nil()),
            doctor_id: DoctorId(Uuid::nil()),
            at: instant(),
            includes_very_restricted: true,
        };
        render_alarm(voice, &alarm, PATIENT, URL)
    }),
];

type Short = fn(&Voice) -> Option<String>;

/// What messages to patients say in short, where there is such: with data of nobody, too.
const TEXTS: &[(&str, Short)] = &[
    ("booked", |voice| text(voice, Kind::Booked, VisitStatus::Scheduled)),
    ("rescheduled", |voice| text(voice, Kind::Rescheduled, VisitStatus::Scheduled)),
    ("cancelled", |voice| text(voice, Kind::Cancelled, VisitStatus::Cancelled)),
    ("expired", |voice| text(voice, Kind::StatusChanged, VisitStatus::Expired)),
    ("accepted", |voice| text(voice, Kind::StatusChanged, VisitStatus::Scheduled)),
    ("confirmed", |voice| text(voice, Kind::StatusChanged, VisitStatus::Confirmed)),
    ("reminder", |voice| Some(text_of_reminder(voice, &visit(VisitStatus::Scheduled), &SHORT))),
    ("offered", |voice| Some(text_of_offer(voice, &offer(OfferMode::Cascade), &SHORT))),
    ("offered_to_several", |voice| Some(text_of_offer(voice, &offer(OfferMode::Broadcast), &SHORT))),
];

const SHORT: TextTo<'static> = TextTo { doctor: Some(DOCTOR), zone: None };

impl Template {
    /// What it says in short; none when it is only told at length.
    pub fn text(&self, voice: &Voice) -> Option<String> {
        let (_, text) = TEXTS.iter().find(|(kind, _)| self.reader == "patient" && *kind == self.kind)?;
        text(voice)
    }
}

const PATIENT: &str = "Ada Lovelace";
const DOCTOR: &str = "Grace Hopper";
const URL: &str = "https://clinic.example";

fn to_patient(voice: &Voice, kind: Kind, status: VisitStatus) -> Content {
    let ways = match status {
        VisitStatus::Requested => ways(&[VisitAction::Cancel]),
        VisitStatus::Scheduled => ways(&[VisitAction::Confirm, VisitAction::Move, VisitAction::Cancel]),
        VisitStatus::Confirmed => ways(&[VisitAction::Move, VisitAction::Cancel]),
        VisitStatus::Cancelled | VisitStatus::Expired => Ways::default(),
        _ => ways(&[]),
    };
    let reader = Reader::Patient { name: PATIENT, doctor: Some(DOCTOR), ways: &ways };
    render(voice, kind, &visit(status), reader)
}

/// What can be done, by links that lead nowhere.
fn ways(actions: &[VisitAction]) -> Ways {
    let link = |action: &VisitAction| (*action, format!("{URL}/visits/sample/{}", action.name()));
    Ways {
        actions: actions.iter().map(link).collect(),
        unsubscribe: Some(format!("{URL}/unsubscribe/sample")),
    }
}

fn text(voice: &Voice, kind: Kind, status: VisitStatus) -> Option<String> {
    text_of_visit(voice, kind, &visit(status), &SHORT)
}

fn to_doctor(voice: &Voice, kind: Kind, status: VisitStatus) -> Content {
    render(voice, kind, &visit(status), Reader::Doctor { name: DOCTOR })
}

fn to_account(voice: &Voice, kind: AccountKind) -> Content {
    let token = Some(Token { text: "sample".to_owned(), expires_at: instant() });
    let account = Account { email: String::new(), name: PATIENT.to_owned(), token };
    render_account(voice, kind, &account, URL).expect("it has its token")
}

/// On Monday at nine in Berlin.
fn visit(status: VisitStatus) -> Visit {
    Visit {
        id: AppointmentId(Uuid::nil()),
        doctor_id: DoctorId(Uuid::nil()),
        version: 1,
        status,
        starts_at: at(datetime(2030, 1, 7, 9, 0, 0, 0)),
        ends_at: at(datetime(2030, 1, 7, 9, 30, 0, 0)),
    }
}

fn offer(mode: OfferMode) -> Offer {
    let Visit { doctor_id, starts_at, ends_at, .. } = visit(VisitStatus::Held);
    let expires_at = at(datetime(2030, 1, 6, 18, 30, 0, 0));
    Offer { doctor_id, mode, is_open: true, starts_at, ends_at, expires_at }
}

fn instant() -> Timestamp {
    at(datetime(2030, 1, 7, 9, 30, 0, 0)).timestamp()
}

fn at(time: DateTime) -> Zoned {
    let zone = TimeZone::get("Europe/Berlin").unwrap_or_else(|_| TimeZone::fixed(offset(1)));
    time.to_zoned(zone).expect("it is far from the ends of time")
}
