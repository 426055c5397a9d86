//! Who treats, when they can be booked, and for what. Pure: no clock, no I/O, no async.

pub mod numbers; // whole numbers within bounds
pub mod hours; // times of day, and the time between two
pub mod week; // days of the week, and the dates on which something holds
pub mod local; // civil times that people type
pub mod doctor; // what is known about a doctor
pub mod schedule; // weekly hours
pub mod exceptions; // other hours on one date, and time away
pub mod rules; // what decides when a doctor can be booked
pub mod practice; // a doctor with the hours: what changes as one
pub mod reminders; // when patients are reminded of visits
pub mod visit_type; // a kind of visit that is on offer
pub mod clinic; // places, holidays and visit types: what changes as one
pub mod access; // who may see and change what
