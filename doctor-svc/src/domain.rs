//! Who treats, and when they can be booked. Pure: no clock, no I/O, no async.

pub mod doctor; // what is known about a doctor
pub mod schedule; // weekly hours
pub mod practice; // a doctor with the hours: what changes as one
pub mod access; // who may see and change what
