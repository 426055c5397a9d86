//! A network between a program and what it calls, which can be slow, cut and dead.
use local::ports::loopback;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// Whoever connects to `address` talks to what the wire was laid to.
pub struct Wire {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    far_end: OnceLock<SocketAddr>,
    /// Before each piece, in each direction.
    delay: AtomicU64,
    /// How often it was cut; connections end with the count that they began with.
    cuts: watch::Sender<u64>,
}

impl Wire {
    /// One that leads nowhere yet.
    pub async fn new() -> Self {
        let listener = TcpListener::bind(loopback(0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            far_end: OnceLock::new(),
            delay: AtomicU64::new(0),
            cuts: watch::Sender::new(0),
        });
        let relaying = shared.clone();
        #[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(relay(near, relaying.clone()));
            }
        });
        Self { address, shared }
    }

    /// Says where it leads, once.
    pub fn lay(&self, far_end: SocketAddr) {
        self.shared.far_end.set(far_end).expect("it leads nowhere yet");
    }

    /// Where it leads, if anywhere yet.
    pub fn far_end(&self) -> Option<SocketAddr> {
        self.shared.far_end.get().copied()
    }

    pub fn slow(&self, delay: Duration) {
        self.shared.delay.store(u64::try_from(delay.as_millis()).unwrap(), Relaxed);
    }

    /// Ends all connections in the middle of whatever they say.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn relay(near: TcpStream, shared: Arc<Shared>) {
    let Some(far_end) = shared.far_end.get() else { return };
    let Ok(far) = TcpStream::connect(far_end).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let mut cuts = shared.cuts.subscribe();
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ = futures::future::join(carry(near_in, far_out, &shared), carry(far_in, near_out, &shared)) => {}
        _ = cuts.changed() => {}
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, shared: &Shared) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        sleep(Duration::from_millis(shared.delay.load(Relaxed))).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
