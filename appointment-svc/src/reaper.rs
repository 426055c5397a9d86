//! Tidies up what has run out. Nothing depends on it: who looks at a hold or at the name of a request sees that it has.
use crate::error::Error;
use crate::store::Store;
use platform::shutdown::Shutdown;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// Holds and requests that one transaction ends.
const HOLDS: i64 = 100;
/// Names of requests that one transaction forgets.
const NAMES: i64 = 1000;

/// Starts the reaper. Replicas do not wait for each other: each passes over what another has.
pub fn start(store: Store, shutdown: &Shutdown) {
    shutdown.spawn(run(store, shutdown.clone()));
}

async fn run(store: Store, shutdown: Shutdown) {
    let mut is_failing = false;
    while shutdown.pause(PAUSE).await {
        let outcome = round(&store).await;
        if let Err(error) = &outcome
            && !is_failing
        {
            tracing::warn!(error = error as &dyn std::error::Error, "what has run out is not tidied up");
        }
        is_failing = outcome.is_err();
    }
}

async fn round(store: &Store) -> Result<(), Error> {
    let mut connection = store.connection().await?;
    let tx = connection.begin().await?;
    tx.reap_holds(HOLDS).await?;
    tx.commit().await?;
    let tx = connection.begin().await?;
    tx.forget(NAMES).await?;
    tx.commit().await?;
    Ok(())
}
