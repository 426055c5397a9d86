//! The service alone, over gRPC, on a real PostgreSQL and a real RabbitMQ. Its neighbours are peers of this process.
//! Run by `cargo dev test -p appointment-svc`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod peers; // auth-svc, doctor-svc and patient-svc, as far as appointment-svc asks them
mod clinic; // the service, running, and people who use it
mod process; // the service as a process of its own
mod wishes; // requests as they usually are, and what is asked of answers
mod ledger; // the tables, and what must hold of them at any time

mod civil; // times in the words of the clinic, on days when clocks change too
mod constraints; // what the database refuses, whatever the code does
mod events; // what others tell, and what others are told
mod hanging_up; // callers who do not wait for the answer
mod history; // every change of a visit, for good
mod parties; // who may be booked, as patient-svc says
mod plans; // how the database finds what is asked for
mod racing; // changes of every kind at once
mod reading_through; // asking for what was not heard of
mod rules; // what doctors offer, as doctor-svc says
mod stampede; // one time that many want
