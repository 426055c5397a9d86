//! The processes of the mesh and the private servers.
use super::{Finding, mind, well, wrong};
use crate::places::Places;
use crate::probe::Probe;
use crate::process::State;
use crate::running::Running;
use futures::future::join_all;

pub(super) async fn look(running: &Running, places: &Places) -> Vec<Finding> {
    let state = |name: &str| State::of(&places.run().join(format!("{name}.pid")));
    let mut found: Vec<Finding> = running.servers.iter().map(|name| judge(name, state(name), true)).collect();
    let looked = running.processes.iter().map(async |process| {
        let is_ready = Probe::Http(format!("http://{}/readyz", process.admin)).is_ready().await;
        judge(&process.name, state(&process.name), is_ready)
    });
    found.extend(join_all(looked).await);
    found
}

fn judge(name: &str, state: State, is_ready: bool) -> Finding {
    let again = "stop `cargo dev` by Ctrl-C and start it again";
    match (state, is_ready) {
        (State::Gone, _) => wrong(format!("{name} does not run"), format!("see its log, then {again}")),
        (State::Stopped, _) => {
            wrong(format!("{name} was stopped"), "let it go on: kill -CONT, as the README has it")
        }
        (_, false) => wrong(format!("{name} runs and is not ready"), "its log says what it waits for"),
        (State::RunsReplaced, true) => mind(format!("{name} is an older build than there is now"), again),
        (State::Runs, true) => well(format!("{name} is ready")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Mind, Well, Wrong};

    #[test]
    fn a_process_is_well_when_it_runs_and_is_ready() {
        assert_eq!(judge("gateway", State::Runs, true).grade, Well);
        assert_eq!(judge("gateway", State::RunsReplaced, true).grade, Mind);
        for (state, is_ready) in [(State::Runs, false), (State::Gone, true), (State::Stopped, true)] {
            let found = judge("gateway", state, is_ready);
            assert!(found.grade == Wrong && found.what.contains("gateway"), "{found:?}");
        }
    }
}
