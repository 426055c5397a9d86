//! Where visits stand, and what may be done with them.
use crate::times::{Garbled, Instant};
use proto::appointment as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// Kept for somebody who is about to book it; in no list.
    Held,
    /// Waits for the practice to accept it.
    Requested,
    /// Booked.
    Scheduled,
    /// The patient will come.
    Confirmed,
    /// The patient is in the house.
    Arrived,
    /// The reception has taken the patient in.
    CheckedIn,
    /// Patient and doctor are together.
    InProgress,
    /// The visit took place.
    Completed,
    /// Called off; its time is free again.
    Cancelled,
    /// The patient did not come.
    NoShow,
    /// A request that nobody answered in time.
    Expired,
    /// Never should have been; for admins.
    EnteredInError,
}

/// Where a visit can be made to stand; `held` and `expired` come by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewStatus {
    Requested,
    Scheduled,
    Confirmed,
    Arrived,
    CheckedIn,
    InProgress,
    Completed,
    Cancelled,
    NoShow,
    EnteredInError,
}

impl From<NewStatus> for pb::AppointmentStatus {
    fn from(status: NewStatus) -> Self {
        match status {
            NewStatus::Requested => Self::Requested,
            NewStatus::Scheduled => Self::Scheduled,
            NewStatus::Confirmed => Self::Confirmed,
            NewStatus::Arrived => Self::Arrived,
            NewStatus::CheckedIn => Self::CheckedIn,
            NewStatus::InProgress => Self::InProgress,
            NewStatus::Completed => Self::Completed,
            NewStatus::Cancelled => Self::Cancelled,
            NewStatus::NoShow => Self::NoShow,
            NewStatus::EnteredInError => Self::EnteredInError,
        }
    }
}

impl From<AppointmentStatus> for pb::AppointmentStatus {
    fn from(status: AppointmentStatus) -> Self {
        match status {
            AppointmentStatus::Held => Self::Held,
            AppointmentStatus::Requested => Self::Requested,
            AppointmentStatus::Scheduled => Self::Scheduled,
            AppointmentStatus::Confirmed => Self::Confirmed,
            AppointmentStatus::Arrived => Self::Arrived,
            AppointmentStatus::CheckedIn => Self::CheckedIn,
            AppointmentStatus::InProgress => Self::InProgress,
            AppointmentStatus::Completed => Self::Completed,
            AppointmentStatus::Cancelled => Self::Cancelled,
            AppointmentStatus::NoShow => Self::NoShow,
            AppointmentStatus::Expired => Self::Expired,
            AppointmentStatus::EnteredInError => Self::EnteredInError,
        }
    }
}

impl AppointmentStatus {
    pub(super) fn from_wire(status: pb::AppointmentStatus) -> Option<Self> {
        match status {
            pb::AppointmentStatus::Held => Some(Self::Held),
            pb::AppointmentStatus::Requested => Some(Self::Requested),
            pb::AppointmentStatus::Scheduled => Some(Self::Scheduled),
            pb::AppointmentStatus::Confirmed => Some(Self::Confirmed),
            pb::AppointmentStatus::Arrived => Some(Self::Arrived),
            pb::AppointmentStatus::CheckedIn => Some(Self::CheckedIn),
            pb::AppointmentStatus::InProgress => Some(Self::InProgress),
            pb::AppointmentStatus::Completed => Some(Self::Completed),
            pb::AppointmentStatus::Cancelled => Some(Self::Cancelled),
            pb::AppointmentStatus::NoShow => Some(Self::NoShow),
            pb::AppointmentStatus::Expired => Some(Self::Expired),
            pb::AppointmentStatus::EnteredInError => Some(Self::EnteredInError),
            pb::AppointmentStatus::Unspecified => None,
        }
    }
}

/// What the caller may do with a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentAction {
    Reschedule,
    Confirm,
    Cancel,
    Complete,
    MarkNoShow,
    EditNotes,
    /// Grant a request: make it `scheduled`.
    Accept,
    /// Refuse a request: make it `cancelled`.
    Decline,
    MarkArrived,
    CheckIn,
    /// Make it `in_progress`.
    Start,
    /// Make what was cancelled, or was no no-show, `scheduled` again.
    Reinstate,
    /// Take the last change back.
    Undo,
    EnterInError,
}

impl AppointmentAction {
    /// None for an action of a later contract, which front ends of this one could not take.
    pub(super) fn from_wire(action: pb::AppointmentAction) -> Option<Self> {
        match action {
            pb::AppointmentAction::Reschedule => Some(Self::Reschedule),
            pb::AppointmentAction::Confirm => Some(Self::Confirm),
            pb::AppointmentAction::Cancel => Some(Self::Cancel),
            pb::AppointmentAction::Complete => Some(Self::Complete),
            pb::AppointmentAction::MarkNoShow => Some(Self::MarkNoShow),
            pb::AppointmentAction::EditNotes => Some(Self::EditNotes),
            pb::AppointmentAction::Accept => Some(Self::Accept),
            pb::AppointmentAction::Decline => Some(Self::Decline),
            pb::AppointmentAction::MarkArrived => Some(Self::MarkArrived),
            pb::AppointmentAction::CheckIn => Some(Self::CheckIn),
            pb::AppointmentAction::Start => Some(Self::Start),
            pb::AppointmentAction::Reinstate => Some(Self::Reinstate),
            pb::AppointmentAction::Undo => Some(Self::Undo),
            pb::AppointmentAction::EnterInError => Some(Self::EnterInError),
            pb::AppointmentAction::Unspecified => None,
        }
    }
}

/// When the caller may do something with a visit, as things are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActionWindow {
    pub action: AppointmentAction,
    /// Null when at once.
    pub from: Option<Instant>,
    /// Not after; null when there is no end.
    pub until: Option<Instant>,
    /// After that it counts as late; null when it never does.
    pub late_after: Option<Instant>,
}

impl ActionWindow {
    pub(super) fn from_wire(window: &pb::ActionWindow) -> Option<Result<Self, Garbled>> {
        let action = AppointmentAction::from_wire(window.action())?;
        let read = || {
            Ok(Self {
                action,
                from: Instant::maybe_utc("from_time", window.from_time)?,
                until: Instant::maybe_utc("until_time", window.until_time)?,
                late_after: Instant::maybe_utc("late_after_time", window.late_after_time)?,
            })
        };
        Some(read())
    }
}
