//! What may die or freeze, and who needs it.
use crate::journal::Deed;
use local::service::Service;
use std::fmt;
use tests::mesh::Mesh;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Process(Service),
    Postgres,
    Redis,
    RabbitMq,
    Smtp,
}

impl Victim {
    pub(crate) const ALL: [Self; 10] = [
        Self::Process(Service::Gateway),
        Self::Process(Service::Auth),
        Self::Process(Service::Patient),
        Self::Process(Service::Doctor),
        Self::Process(Service::Appointment),
        Self::Process(Service::Notification),
        Self::Postgres,
        Self::Redis,
        Self::RabbitMq,
        Self::Smtp,
    ];

    /// Whether `deed` cannot be done without it.
    pub(crate) fn is_needed_for(self, deed: Deed) -> bool {
        match self {
            Self::Process(Service::Gateway) | Self::Postgres => true,
            Self::Process(Service::Appointment) => deed == Deed::Visits,
            Self::Process(Service::Doctor) => deed == Deed::Directory,
            Self::Process(Service::Patient) => deed == Deed::Patient,
            Self::Process(Service::Auth) => deed == Deed::Account,
            Self::Process(Service::Notification) | Self::Redis | Self::RabbitMq | Self::Smtp => false,
        }
    }

    pub(crate) async fn kill(self, mesh: &Mesh) {
        let stores = mesh.stores.as_ref().unwrap();
        match self {
            Self::Process(service) => mesh.processes.kill(service).await,
            Self::Postgres => stores.postgres.kill().await,
            Self::Redis => mesh.ground.redis.kill().await,
            Self::RabbitMq => stores.rabbitmq.kill().await,
            Self::Smtp => mesh.ground.mail.pause().await,
        }
    }

    /// Until it answers.
    pub(crate) async fn revive(self, mesh: &Mesh) {
        let stores = mesh.stores.as_ref().unwrap();
        match self {
            Self::Process(service) => mesh.processes.start_again(service).await.unwrap(),
            Self::Postgres => stores.postgres.start_again().await.unwrap(),
            Self::Redis => mesh.ground.redis.start().await.unwrap(),
            Self::RabbitMq => stores.rabbitmq.start_again().await.unwrap(),
            Self::Smtp => mesh.ground.mail.resume().await.unwrap(),
        }
    }

    pub(crate) fn freeze(self, mesh: &Mesh) {
        self.each(mesh, local::server::Server::freeze);
    }

    pub(crate) fn thaw(self, mesh: &Mesh) {
        self.each(mesh, local::server::Server::thaw);
    }

    fn each(self, mesh: &Mesh, act: impl Fn(&local::server::Server)) {
        let stores = mesh.stores.as_ref().unwrap();
        match self {
            Self::Process(service) => {
                for replica in mesh.processes.of(service) {
                    act(&replica.server);
                }
            }
            Self::Postgres => act(&stores.postgres),
            Self::Redis => act(&mesh.ground.redis),
            Self::RabbitMq => act(&stores.rabbitmq),
            // It is no process of its own.
            Self::Smtp => {}
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(service) => f.pad(service.name()),
            other => f.pad(&format!("{other:?}")),
        }
    }
}
