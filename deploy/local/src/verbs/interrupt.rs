//! Ctrl-C, a request to terminate, and a terminal that is closed.
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) struct Interrupts {
    kinds: [Signal; 3],
}

/// What a shell reports of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

impl Interrupts {
    /// From now on they no longer end the program by themselves.
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { kinds: [interrupt?, terminate?, hangup?] })
    }

    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.kinds;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
