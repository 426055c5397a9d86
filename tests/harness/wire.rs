//! A network between a program and what it calls, which can be slow, cut and dead.
use local::ports::loopback;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    far_end: Mutex<Option<SocketAddr>>,
    /// Before each piece, in each direction.
    delay: AtomicU64,
    /// How often it was cut; connections end with the count that they began with.
    cuts: watch::Sender<u64>,
    /// What is said in the transaction whose end is to be told to nobody.
    lost: Mutex<Option<Vec<u8>>>,
}

impl Wire {
    /// One that leads nowhere yet.
    pub async fn new() -> Self {
        let listener = TcpListener::bind(loopback(0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            far_end: Mutex::new(None),
            delay: AtomicU64::new(0),
            cuts: watch::Sender::new(0),
            lost: Mutex::new(None),
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

    /// Says where it leads from now on. What went elsewhere is cut.
    pub fn lay(&self, far_end: SocketAddr) {
        *held(&self.shared.far_end) = Some(far_end);
        self.cut();
    }

    /// `url` by way of this wire, which is laid to where it leads.
    pub fn rerouted(&self, url: &str) -> String {
        let authority = url.split("://").nth(1).unwrap().split('/').next().unwrap();
        let place = authority.rsplit('@').next().unwrap();
        let far_end: SocketAddr = place.parse().unwrap();
        assert_eq!(*held(&self.shared.far_end).get_or_insert(far_end), far_end, "a wire has one far end");
        url.replace(place, &self.address.to_string())
    }

    pub fn slow(&self, delay: Duration) {
        self.shared.delay.store(u64::try_from(delay.as_millis()).unwrap(), Relaxed);
    }

    /// Ends all connections in the middle of whatever they say.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Breaks once PostgreSQL has committed the next transaction in which `words` are said, before that is known.
    pub fn lose_commit_of(&self, words: &str) {
        *held(&self.shared.lost) = Some(words.as_bytes().to_vec());
    }
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn relay(near: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let far_end = *held(&shared.far_end);
    let Some(far_end) = far_end else { return };
    let Ok(far) = TcpStream::connect(far_end).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let (is_it, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    let ask = |piece: &[u8]| {
        let mut lost = held(&shared.lost);
        let says = |words: &[u8]| piece.windows(words.len()).any(|said| said == words);
        is_it.fetch_or(lost.as_deref().is_some_and(says), Relaxed);
        if is_it.load(Relaxed) && says(b"COMMIT\0") {
            *lost = None;
            is_over.store(true, Relaxed);
        }
        true
    };
    let answer = |_: &[u8]| !is_over.load(Relaxed);
    let (there, back) = (carry(near_in, far_out, &shared, ask), carry(far_in, near_out, &shared, answer));
    tokio::select! {
        _ = futures::future::join(there, back) => {}
        _ = cuts.changed() => {}
    }
}

/// Carries each piece that it may.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shared: &Shared,
    may: impl Fn(&[u8]) -> bool,
) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if !may(&piece[..length]) {
            break;
        }
        sleep(Duration::from_millis(shared.delay.load(Relaxed))).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
