//! The whole mesh, used from outside. Run by `cargo dev test`.
#![expect(clippy::unwrap_used, reason = "what is not as expected fails the test")]

mod accounts; // register, log in, stay logged in, log out, also elsewhere
mod second_factor; // codes besides the password
mod keys; // signing keys, rotated and revoked
mod rotation; // the root secret, exchanged while everybody goes on
mod proxies; // who acts for whom
mod api_clients; // programs that log in by themselves
mod guessing; // passwords that strangers guess
mod recovery; // what owners prove by mail
mod verifying; // addresses that their owners prove, colleagues who are invited
mod claims; // patients who get to the records that were made of them
mod patients; // people who are treated, and finding them
mod records; // what was found and done
mod schedules; // doctors and their hours
mod offers; // other hours, time away, places, holidays and visit types
mod booking; // free times, visits, changes of visits
mod holds; // times that are kept, requests that come again
mod statuses; // where visits stand, and what becomes of them
mod series; // visits that recur
mod waitlist; // patients who wait for a time, and what is offered to them
mod racing; // many who want the same
mod messages; // what patients and doctors are told
mod webhooks; // programs of others that are told
mod calendars; // programs that follow when visits are
mod reminders; // visits that are near, and what patients want to be told of
mod dead_letters; // events that could not be taken
mod links; // what patients do by the links in mails, without an account
mod chaos; // what patients and doctors are told while things die
mod languages; // in which language, and in whose words
mod authorization; // every endpoint, every role, own and others'
mod methods; // every gRPC method, and whom it lets in
mod hostile; // bad input of every kind
mod mutation; // requests that are made up
mod protocol; // headers, limits, documents
mod internal; // gRPC, as an internal program uses it
mod encryption; // HTTPS outside, certificates inside
mod failover; // one of several is lost for good
mod outages; // what still works when something does not
mod replica; // what may be a little old
mod audit; // what is noted of what is done
mod settings; // settings that nothing starts with
mod migrating; // who changes tables, and who waits until somebody has
mod checking; // what is said of a system that is well, and of one that is not
mod deployment; // what images, compose and manifests say of the programs
mod privacy; // what must not be in a log
mod erasure; // what is left of a patient who is erased
mod traces; // one request, one trace, every process
mod round_trips; // what a request asks of processes and stores
mod plans; // how statements are carried out where tables have grown
mod watched; // what dashboards and alerts ask, and what is told of the running mesh; log levels
