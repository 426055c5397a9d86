//! Running a model, and what its checker says.
use crate::model::Booking;
use stateright::{Checker, Expectation, HasDiscoveries, Model};
use std::time::Instant;

/// The promises that are broken by some order of steps; every order is tried.
#[expect(clippy::print_stdout, reason = "shown when the test fails")]
pub(crate) fn broken(title: &str, model: Booking) -> Vec<&'static str> {
    let begun = Instant::now();
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::All).spawn_bfs().join();
    println!("{title}: {} states in {:.1?}", checker.unique_state_count(), begun.elapsed());
    let found = checker.discoveries();
    for (promise, path) in &found {
        if !promise.contains("wins") {
            println!("{promise}: {:?}", path.clone().into_actions());
        }
    }
    let is_broken = |expectation: &Expectation, name: &str| match expectation {
        Expectation::Always | Expectation::Eventually => found.contains_key(name),
        Expectation::Sometimes => !found.contains_key(name),
    };
    let promises = checker.model().properties();
    let broken = promises.into_iter().filter(|promise| is_broken(&promise.expectation, promise.name));
    broken.map(|promise| promise.name).collect()
}
