//! Sees to it that a removal which failed half-way leaves nobody unbookable.
use crate::registry::Registry;
use platform::shutdown::Shutdown;
use std::time::Duration;

/// How often unfinished removals are looked for, whichever replica began them.
const POLL: Duration = Duration::from_secs(1);

/// Settles unfinished removals until shutdown is requested.
pub fn watch(registry: Registry, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        let mut failing = false;
        while !stopping.is_requested() {
            match registry.settle().await {
                Ok(true) => continue,
                Ok(false) => failing = false,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "unfinished removals wait");
                    }
                }
            }
            stopping.pause(POLL).await;
        }
    });
}
