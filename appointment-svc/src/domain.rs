//! What a visit is and what may happen to it; when a doctor can be booked. Pure: no clock, no I/O, no async.

pub mod interval; // a span of time
pub mod local; // civil times in a zone, and the instants they stand for
pub mod rules; // when a doctor works
pub mod slots; // times that can be booked
pub mod status; // the status machine
pub mod appointment; // a visit, and who may do what with it
pub mod commands; // what callers ask for, already parsed
