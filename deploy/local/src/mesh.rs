//! All processes of the mesh, running.
mod settings;

use crate::certificates::Authority;
use crate::database::Database;
use crate::places::{Places, binaries};
use crate::ports::{self, loopback};
use crate::probe::Probe;
use crate::process::Launch;
use crate::secrets::Secrets;
use crate::server::Server;
use crate::service::Service;
use anyhow::bail;
use futures::future::{join_all, select_all, try_join_all};
use nix::sys::signal::Signal;
use settings::Addresses;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// What to start, and what it stands on.
#[derive(Clone)]
pub struct Options {
    pub places: Places,
    pub secrets: Secrets,
    pub database: Arc<Database>,
    pub redis_url: String,
    pub rabbitmq_url: String,
    /// Of the certificates of the stores, PEM; those that are none are reached in the clear.
    pub store_authorities: StoreAuthorities,
    pub smtp: SocketAddr,
    /// The folder of their programs; those that were built along with this one when `None`.
    pub programs: Option<PathBuf>,
    /// How many of every service, and of the gateway.
    pub replicas: u16,
    /// The port of the first gateway; the others take the next ones. Any free ones when `None`.
    pub gateway_port: Option<u16>,
    /// With which everything is encrypted, outside and inside; nothing is when `None`.
    pub authority: Option<Arc<Authority>>,
    /// Settings for every process.
    pub env: Vec<(String, String)>,
    /// Settings for one service; they go before all others.
    pub env_of: Vec<(Service, String, String)>,
}

/// Whom to believe at each of the stores.
#[derive(Clone, Default)]
pub struct StoreAuthorities {
    pub database: Option<PathBuf>,
    pub redis: Option<PathBuf>,
    pub rabbitmq: Option<PathBuf>,
}

/// Running processes. All are killed when dropped.
pub struct Mesh {
    replicas: BTreeMap<Service, Vec<Replica>>,
    pub authority: Option<Arc<Authority>>,
}

/// One process of a service.
pub struct Replica {
    pub server: Server,
    /// Where it serves: gRPC, or REST when it is a gateway.
    pub address: SocketAddr,
    /// Where it tells of itself: `/livez`, `/readyz`, `/metrics`.
    pub admin: SocketAddr,
}

/// The first administrator.
pub const ADMIN: &str = "admin@example.com";

impl Mesh {
    /// Starts everything, and waits until all are ready.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        if options.replicas == 0 {
            bail!("at least one replica is needed");
        }
        if let Some(authority) = &options.authority {
            for service in Service::ALL {
                authority.issue(service)?;
            }
        }
        let addresses = Addresses::choose(&options)?;
        let mut replicas = BTreeMap::new();
        for service in Service::ALL {
            let made = (0..addresses.of(service).len())
                .map(|index| Replica::new(service, index, &options, &addresses));
            replicas.insert(service, made.collect::<anyhow::Result<Vec<_>>>()?);
        }
        let mesh = Self { replicas, authority: options.authority };
        try_join_all(mesh.all().map(|replica| replica.server.start())).await?;
        Ok(mesh)
    }

    /// Where REST is served.
    pub fn gateway_urls(&self) -> Vec<String> {
        self.urls(Service::Gateway)
    }

    /// Where a service serves gRPC.
    pub fn urls(&self, service: Service) -> Vec<String> {
        let scheme = settings::scheme(self.authority.as_deref());
        self.of(service).iter().map(|replica| format!("{scheme}://{}", replica.address)).collect()
    }

    /// How the first replica of a service is reached, by whoever may do what the gateway may.
    pub fn endpoint(&self, service: Service) -> anyhow::Result<Endpoint> {
        let endpoint = Endpoint::from_shared(self.urls(service).swap_remove(0))?;
        let Some(authority) = &self.authority else { return Ok(endpoint) };
        let own = authority.place(Service::Gateway);
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(fs::read(&authority.certificate)?))
            .identity(Identity::from_pem(fs::read(own.certificate)?, fs::read(own.key)?))
            .domain_name(service.name());
        Ok(endpoint.tls_config(tls)?)
    }

    /// The processes of one service.
    pub fn of(&self, service: Service) -> &[Replica] {
        &self.replicas[&service]
    }

    pub fn all(&self) -> impl Iterator<Item = &Replica> {
        self.replicas.values().flatten()
    }

    pub fn pids(&self, service: Service) -> Vec<u32> {
        self.of(service).iter().filter_map(|replica| replica.server.pid()).collect()
    }

    pub fn logs(&self, service: Service) -> Vec<&Path> {
        self.of(service).iter().map(|replica| replica.server.log()).collect()
    }

    /// Ends every process of a service like a power cut.
    pub async fn kill(&self, service: Service) {
        join_all(self.of(service).iter().map(|replica| replica.server.kill())).await;
    }

    /// Stops every process of a service in order.
    pub async fn stop(&self, service: Service) {
        join_all(self.of(service).iter().map(|replica| replica.server.stop())).await;
    }

    /// Starts what is not running of a service, on the addresses that it had.
    pub async fn start_again(&self, service: Service) -> anyhow::Result<()> {
        try_join_all(self.of(service).iter().map(|replica| replica.server.start())).await?;
        Ok(())
    }

    /// Stops a service in order, and starts it again.
    pub async fn restart(&self, service: Service) -> anyhow::Result<()> {
        self.stop(service).await;
        self.start_again(service).await
    }

    /// Stops everything in order: the gateway first, so that nothing is asked of services that are leaving.
    pub async fn shut_down(&self) {
        self.stop(Service::Gateway).await;
        join_all(Service::GRPC.map(|service| self.stop(service))).await;
    }

    /// Waits until some process ends without having been asked to.
    pub async fn death(&self) -> (&Server, Option<ExitStatus>) {
        let deaths =
            self.all().map(|replica| Box::pin(async { (&replica.server, replica.server.died().await) }));
        select_all(deaths).await.0
    }
}

impl Replica {
    /// One that is not running yet.
    fn new(service: Service, index: usize, options: &Options, addresses: &Addresses) -> anyhow::Result<Self> {
        let address = addresses.of(service)[index];
        let admin = loopback(ports::free()?);
        let name =
            if options.replicas > 1 { format!("{service}-{}", index + 1) } else { service.to_string() };
        let program = options.programs.clone().map_or_else(binaries, Ok)?.join(service.name());
        if !program.exists() {
            bail!("{} is not built; run `cargo dev` or `cargo dev test`, which build it", program.display());
        }
        let launch = Launch {
            program,
            args: Vec::new(),
            env: settings::of(service, options, addresses, address, admin),
            unset: &settings::OURS,
            account: None,
            log: options.places.log(&name),
            pid_file: options.places.run().join(format!("{name}.pid")),
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGKILL,
            name,
        };
        let server = Server::new(launch, Probe::Http(format!("http://{admin}/readyz")));
        Ok(Self { server, address, admin })
    }
}
