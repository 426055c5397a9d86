//! What a launcher tells others in this checkout of the system that it runs.
use crate::mesh::Mesh;
use crate::places::Places;
use crate::secrets::write_private;
use crate::service::Service;
use crate::stores::Broker;
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How to reach all of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Running {
    /// Connection string of the administrator of the database.
    pub database_url: String,
    pub redis_url: String,
    pub rabbitmq_url: String,
    /// Of a private RabbitMQ.
    pub broker: Option<Broker>,
    /// The names of the private servers.
    pub servers: Vec<String>,
    pub processes: Vec<Told>,
    pub is_encrypted: bool,
}

/// One process of the mesh.
#[derive(Clone, Serialize, Deserialize)]
pub struct Told {
    pub name: String,
    pub address: SocketAddr,
    pub admin: SocketAddr,
}

impl Running {
    pub fn processes_of(mesh: &Mesh) -> Vec<Told> {
        let told = |replica: &crate::mesh::Replica| Told {
            name: replica.server.name().to_owned(),
            address: replica.address,
            admin: replica.admin,
        };
        Service::ALL.into_iter().flat_map(|service| mesh.of(service)).map(told).collect()
    }

    pub fn keep(&self, places: &Places) -> anyhow::Result<()> {
        write_private(&file(places), &serde_json::to_string(self)?)
    }

    /// The system that runs in `places`; `None` when there is none, or it is still starting.
    pub fn find(places: &Places) -> Option<Self> {
        let text = fs::read_to_string(file(places)).ok().filter(|_| places.is_locked())?;
        serde_json::from_str(&text).ok()
    }

    pub fn forget(places: &Places) {
        let _ = fs::remove_file(file(places));
    }
}

fn file(places: &Places) -> PathBuf {
    places.data.join("running")
}
