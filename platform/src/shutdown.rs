//! Two-step shutdown: stop taking work, finish what was begun, then go.
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[derive(Clone, Default)]
pub struct Shutdown {
    requested: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Runs `task` so that shutdown waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Resolves when the process was asked to stop.
    pub async fn requested(&self) {
        self.requested.cancelled().await;
    }

    pub fn is_requested(&self) -> bool {
        self.requested.is_cancelled()
    }

    pub fn request(&self) {
        self.requested.cancel();
    }

    /// Waits for `pause`, or less when the process was asked to stop; false then.
    pub async fn pause(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.requested()).await.is_err()
    }

    /// Asks every task to stop; false when some were still running after `grace`.
    pub async fn complete(&self, grace: Duration) -> bool {
        self.requested.cancel();
        self.tasks.close();
        tokio::time::timeout(grace, self.tasks.wait()).await.is_ok()
    }
}

/// Resolves at the first SIGINT or SIGTERM.
pub async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn tasks_finish_before_shutdown_completes() {
        let shutdown = Shutdown::default();
        let told = shutdown.clone();
        shutdown.spawn(async move { told.requested().await });
        assert!(shutdown.complete(Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_task_does_not_hold_up_shutdown_forever() {
        let shutdown = Shutdown::default();
        shutdown.spawn(pending::<()>());
        assert!(!shutdown.complete(Duration::from_secs(1)).await);
    }
}
