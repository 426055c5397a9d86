//! The service alone, over gRPC, on a real PostgreSQL and a real RabbitMQ. Its neighbours are peers of this process.
//! Run by `cargo dev test -p appointment-svc`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod peers; // auth-svc, doctor-svc and patient-svc, as far as appointment-svc asks them
mod clinic; // the service, running, and people who use it
mod process; // the service as a process of its own
mod wishes; // requests as they usually are, and what is asked of answers
mod past; // visits that are about to begin, or have begun
mod ledger; // the tables, and what must hold of them at any time

mod absences; // a doctor who will be away
mod civil; // times in the words of the clinic, on days when clocks change too
mod constraints; // what the database refuses, whatever the code does
mod events; // what others tell, and what others are told
mod hanging_up; // callers who do not wait for the answer
mod history; // every change of a visit, for good
mod offers; // times that can be booked, by the rules of doctor and clinic
mod crowd; // many doctors, with hours and visits by chance
mod searching; // the earliest times among many
mod holds; // times that are kept for a while
mod once; // requests that have a name
mod links; // what patients do by a link, without an account
mod reminding; // what others are told so that they can remind patients
mod summaries; // what calendars of others are told
mod requests; // visits that wait for an answer, and what becomes of them without one
mod overbooking; // booking against rules on purpose
mod parties; // who may be booked, as patient-svc says
mod plans; // how the database finds what is asked for
mod racing; // changes of every kind at once
mod reading_through; // asking for what was not heard of
mod rechecking; // visits that another time zone database moves
mod rules; // what doctors offer, as doctor-svc says
mod series; // visits that recur: booking them
mod series_once; // requests about them that have a name
mod series_changes; // moving and cancelling several, in races too
mod statuses; // what may follow what, and what comes of it
mod cancelling; // policies, reasons, and how patients keep to what was agreed
mod care; // who treats whom
mod undoing; // the last change, taken back
mod looking_back; // visits as they were, and those that nobody has finished
mod stampede; // one time that many want
mod killing; // connections that are lost in the middle of everything
mod waiting; // patients who wait, and what they are offered
mod waitlist; // entries: who may make, see and change them
mod offered; // what comes of offers, in races too
mod withdrawn; // offers that end without an answer, and times that nobody is offered
mod verifying; // what `verify` finds
