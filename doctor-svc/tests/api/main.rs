//! The service alone, over gRPC, on a real PostgreSQL and a real Redis. Its neighbours are peers of this process.
//! Run by `cargo dev test -p doctor-svc`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod peers; // auth-svc and appointment-svc, as far as doctor-svc asks them
mod clinic; // the service, running, and people who use it
mod wishes; // requests as they usually are

mod access; // who may see and change what
mod calendar; // rules reach the calendar before they narrow
mod directory; // readers who cache learn of changes
mod doctors; // taking in, finding, editing, deleting
mod hours; // weekly hours
mod nights; // hours past midnight, for some dates, in places, with breaks
mod exceptions; // other hours on one date, and time away
mod places; // locations, rooms and holidays
mod visit_types; // kinds of visits
