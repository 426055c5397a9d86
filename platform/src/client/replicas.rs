//! The replicas of a service, as its names are resolved while it is used.
use super::replica::Replica;
use anyhow::Context as _;
use futures::future::BoxFuture;
use http::Uri;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the addresses of a name are good for.
const FRESH: Duration = Duration::from_secs(5);
/// From then on they are not used before they were looked up again.
const STALE: Duration = Duration::from_secs(30);
/// Longest wait for the addresses of a name.
const PATIENCE: Duration = Duration::from_secs(2);

/// Finds the addresses of a host.
pub type Lookup = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Those that there are at the moment.
pub(super) type Known = Arc<[Arc<Replica>]>;

pub(super) struct Replicas {
    service: &'static str,
    hosts: Vec<(String, u16)>,
    lookup: Lookup,
    known: RwLock<(Known, Instant)>,
    /// Held while names are looked up: what each was last known to lead to.
    looking: tokio::sync::Mutex<Vec<Vec<SocketAddr>>>,
    has_names: bool,
}

impl Replicas {
    /// `urls` are separated by commas; nothing is looked up yet.
    pub(super) fn new(
        service: &'static str,
        urls: &str,
        scheme: &str,
        lookup: Lookup,
    ) -> anyhow::Result<Self> {
        let hosts =
            urls.split(',').map(|url| host(url.trim(), scheme)).collect::<anyhow::Result<Vec<_>>>()?;
        let addresses: Option<Vec<_>> = hosts
            .iter()
            .map(|(host, port)| Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, *port)))
            .collect();
        let has_names = addresses.is_none();
        let known = addresses.unwrap_or_default().into_iter().map(|address| Replica::new(service, address));
        let known = RwLock::new((known.collect::<Result<_, _>>()?, Instant::now()));
        let looking = tokio::sync::Mutex::new(vec![Vec::new(); hosts.len()]);
        Ok(Self { service, hosts, lookup, known, looking, has_names })
    }

    /// None when no name was ever resolved.
    pub(super) async fn now(self: &Arc<Self>) -> Known {
        let (known, since) = self.last();
        if !self.has_names {
            return known;
        }
        if known.is_empty() || since.elapsed() > STALE {
            self.look_up().await;
            return self.last().0;
        }
        if since.elapsed() > FRESH && self.looking.try_lock().is_ok() {
            let replicas = self.clone();
            #[expect(clippy::disallowed_methods, reason = "it changes nothing, and ends in seconds")]
            tokio::spawn(async move { replicas.look_up().await });
        }
        known
    }

    async fn look_up(&self) {
        let asked = Instant::now();
        let mut last = self.looking.lock().await;
        let (known, since) = self.last();
        if !known.is_empty() && since > asked {
            return;
        }
        for ((host, port), last) in self.hosts.iter().zip(last.iter_mut()) {
            // Whoever tells nothing any more may be away while the replicas are not.
            match timeout(PATIENCE, (self.lookup)(host.clone(), *port)).await {
                Ok(Ok(found)) if found.is_empty() => {}
                Ok(Ok(found)) => *last = found,
                Ok(Err(error)) => {
                    tracing::debug!(
                        service = self.service,
                        error = &error as &dyn std::error::Error,
                        "a name has no address"
                    );
                }
                Err(_late) => tracing::debug!(service = self.service, "a name was not resolved in time"),
            }
        }
        let mut addresses = last.concat();
        addresses.sort_unstable();
        addresses.dedup();
        let found = self.replaced(&known, &addresses);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = (found, Instant::now());
    }

    /// Those at `addresses`; who was known stays the same, with its connection.
    fn replaced(&self, known: &Known, addresses: &[SocketAddr]) -> Known {
        let replica = |address: &SocketAddr| {
            let known = known.iter().find(|replica| replica.address == *address).cloned();
            known.or_else(|| Replica::new(self.service, *address).ok())
        };
        addresses.iter().filter_map(replica).collect()
    }

    fn last(&self) -> (Known, Instant) {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// As the system resolves names.
pub(super) fn by_system() -> Lookup {
    Arc::new(|host, port| Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }))
}

fn host(url: &str, scheme: &str) -> anyhow::Result<(String, u16)> {
    let parsed = url.parse::<Uri>().ok().filter(|uri| uri.scheme_str() == Some(scheme));
    let Some(uri) = parsed else {
        anyhow::bail!(
            "{url} must begin with {scheme}://, as services {} each other certificates",
            if scheme == "https" { "show" } else { "do not show" }
        );
    };
    let name = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().with_context(|| format!("{url} has no port"))?;
    Ok((name, port))
}
