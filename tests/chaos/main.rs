//! Whatever dies, freezes or is overrun: nothing that was acknowledged is lost, nothing is done twice, and every answer is
//! right or says that it is not possible now. Run by `cargo dev test`; a program of its own, so that no other test runs
//! meanwhile. Its own tests take turns.
#![expect(clippy::unwrap_used, reason = "what is not as expected fails the test")]
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

mod journal; // what was asked, and how that ended
mod load; // people who work all the time
mod checks; // what must be so once it is quiet
mod victims; // what may die or freeze
mod killing; // everything, in turn and in pairs
mod network; // slow, and cut
mod rolling; // a new release of everything
mod soak; // for long
mod overload; // three times as much as can be done

/// Held by the test that runs.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
