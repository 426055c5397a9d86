//! The service alone, over gRPC, on a real PostgreSQL. Run by `cargo dev test -p patient-svc`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod peers; // auth-svc's keys and appointment-svc, as the service sees them
mod clinic; // the service, running, and people who call it

mod access;
mod audited;
mod charted;
mod duplicates;
mod emergencies;
mod erasing;
mod events;
mod keys;
mod legal_holds;
mod claiming; // codes by which patients get to their records
mod merging;
mod patients;
mod records;
mod removal;
mod search;
mod second_lock; // row-level security
mod states;
mod tampering;
mod vouching; // checkpoints of other root secrets
