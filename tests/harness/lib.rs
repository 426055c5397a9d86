//! The mesh from outside: real processes on real servers, people who use them, and a REST client that holds every
//! answer against the published document.
//!
//! Modules are declared in dependency order: each imports only what stands above it.
#![expect(clippy::unwrap_used, reason = "what is not as expected fails the test")]

pub mod pace; // requests at a steady rate
pub mod watched; // what alerts and dashboards ask, and what processes tell
pub mod collector; // of traces, which keeps all it is given
pub mod document; // gateway/openapi.json, and whether an answer is as it says
pub mod events; // docs/asyncapi.json, and whether an event is as it says
pub mod rest; // requests and answers
pub mod statements; // what a database is asked
pub mod wire; // a network that can be slow, cut and dead
pub mod mesh; // the mesh that tests share, or one of one's own
pub mod people; // an admin, receptionists, doctors and patients
pub mod clinic; // times to book, and what tests do over and over
pub mod authenticator; // codes that somebody's phone shows
pub mod grpc; // the mesh as an internal program sees it
