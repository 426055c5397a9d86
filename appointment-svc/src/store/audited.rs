//! What the audit log is told of visits, series and patients who wait.
use crate::domain::appointment::Appointment;
use crate::domain::series::Series;
use crate::domain::waitlist::{self, Offer};
use crate::events::Change;
use platform::audit::Entry;
use platform::context::about;
use proto::ids::PatientId;
use uuid::Uuid;

/// Tells what a request is about, should it be refused.
pub fn about_visit(a: &Appointment) {
    about("appointment", a.id.0, Some(a.patient_id.0));
}

/// Those of `rows` that are shown: when there are as many as `limit`, the last only tells of the next page.
pub fn shown<T>(rows: &[T], limit: i64) -> &[T] {
    let most = usize::try_from(limit - 1).unwrap_or_default();
    &rows[..most.min(rows.len())]
}

pub fn visit(action: &'static str, a: &Appointment) -> Entry {
    Entry::new(action, "appointment").ids([a.id.0]).of([a.patient_id.0])
}

/// Of all that are shown, which may be none.
pub fn visits(action: &'static str, shown: &[Appointment]) -> Entry {
    let patients = shown.iter().map(|a| a.patient_id.0);
    Entry::new(action, "appointment").ids(shown.iter().map(|a| a.id.0)).of(patients)
}

/// Of a change, which its history tells of too; `code` says why, when it has to.
pub(super) fn change(change: Change, a: &Appointment, code: &str) -> Entry {
    let (action, fields): (_, &[&str]) = match change {
        Change::Booked => ("book", &[]),
        Change::Imported => ("import", &[]),
        Change::Rescheduled => ("move", &["start_time", "end_time"]),
        Change::Reassigned { .. } => ("move", &["doctor_id"]),
        Change::NotesEdited => ("update", &["notes"]),
        Change::StatusChanged => ("update", &["status"]),
        Change::Cancelled => ("cancel", &["status"]),
        Change::Undone => ("undo", &["status"]),
        Change::SubStatusSet => ("update", &["sub_status"]),
    };
    let entry = visit(action, a).fields(fields.iter().copied());
    if code.is_empty() { entry } else { entry.because(code) }
}

pub fn hold(action: &'static str, a: &Appointment) -> Entry {
    Entry::new(action, "hold").ids([a.id.0]).of([a.patient_id.0])
}

pub fn series(action: &'static str, series: &Series) -> Entry {
    Entry::new(action, "series").ids([series.id.0]).of([series.patient_id.0])
}

pub fn waiting(action: &'static str, entry: &waitlist::Entry) -> Entry {
    Entry::new(action, "waitlist_entry").ids([entry.id.0]).of([entry.patient_id.0])
}

/// Of all who are shown, who may be none.
pub fn all_waiting(action: &'static str, shown: &[waitlist::Entry]) -> Entry {
    let patients = shown.iter().map(|entry| entry.patient_id.0);
    Entry::new(action, "waitlist_entry").ids(shown.iter().map(|entry| entry.id.0)).of(patients)
}

/// Of everywhere that a patient waited who is no longer here.
pub(super) fn off_the_list(entries: impl Iterator<Item = Uuid>, patient: PatientId) -> Entry {
    Entry::new("cancel", "waitlist_entry").ids(entries).of([patient.0])
}

pub fn offers(action: &'static str, shown: &[Offer]) -> Entry {
    let patients = shown.iter().map(|offer| offer.patient_id.0);
    Entry::new(action, "waitlist_offer").ids(shown.iter().map(|offer| offer.id.0)).of(patients)
}
