//! The service alone, over gRPC, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
mod service; // how the tests start it and talk to it
mod starting; // the first administrator, and replicas
mod registering; // who may make which account
mod logging_in; // failures alike, tokens as specified
mod second_factor; // codes from authenticators, and recovery codes
mod proxies; // who acts for whom
mod refreshing; // each refresh token works once
mod sessions; // seen, and ended from elsewhere
mod ending; // told to whoever verifies tokens
mod passwords; // changed by their owners
mod mailing; // tokens that are mailed, and what is told of them
mod resetting; // passwords that were forgotten
mod peers; // patient-svc, as far as it is asked
mod claiming; // patients who get to their records
mod verifying; // addresses that their owners prove
mod inviting; // colleagues who are given accounts
mod audited; // what the audit log is told of them
mod changing; // links, roles, disabled accounts
mod keys; // rotated and revoked by operators
mod api_clients; // programs that log in by themselves
mod erasing; // patients of whom nothing stays
mod upkeep; // what is followed and forgotten in time
