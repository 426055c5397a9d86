//! The settings of each process, as environment variables.
use super::{ADMIN, Options};
use crate::certificates::{Authority, Issued};
use crate::ports::{self, loopback};
use crate::service::Service;
use anyhow::Context;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// Variables that only the mesh may set, so that a process never sees a server or password that is not for it.
pub(super) const OURS: [&str; 21] = [
    "BOOTSTRAP_ADMIN_EMAIL",
    "BOOTSTRAP_ADMIN_PASSWORD",
    "DATABASE_CA_FILE",
    "DATABASE_OWNER_URL",
    "DATABASE_READ_URL",
    "DATABASE_URL",
    "MIGRATE",
    "RABBITMQ_CA_FILE",
    "RABBITMQ_URL",
    "REDIS_CA_FILE",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRET_KEY_ACCEPTED",
    "SMS_FILE",
    "SMS_FROM",
    "SMS_PROVIDER_TOKEN",
    "SMS_PROVIDER_URL",
    "SMTP_PASSWORD",
    "SMTP_PORT",
    "SMTP_SERVER",
    "SMTP_USERNAME",
];

/// How what is served is reached.
pub(super) fn scheme(authority: Option<&Authority>) -> &'static str {
    if authority.is_some() { "https" } else { "http" }
}

/// Where every process serves.
pub(super) struct Addresses(BTreeMap<Service, Vec<SocketAddr>>);

impl Addresses {
    pub(super) fn choose(options: &Options) -> anyhow::Result<Self> {
        let address = |service, index| {
            let port = match (service, options.gateway_port) {
                (Service::Gateway, Some(first)) => first.checked_add(index).context("no such port")?,
                _ => ports::free()?,
            };
            Ok(loopback(port))
        };
        let of = |service| {
            (0..options.replicas).map(|index| address(service, index)).collect::<anyhow::Result<_>>()
        };
        Service::ALL
            .into_iter()
            .map(|service| Ok((service, of(service)?)))
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    pub(super) fn of(&self, service: Service) -> &[SocketAddr] {
        &self.0[&service]
    }

    /// The gRPC endpoints of a service.
    fn urls(&self, service: Service, scheme: &str) -> String {
        self.of(service).iter().map(|address| format!("{scheme}://{address}")).collect::<Vec<_>>().join(",")
    }
}

pub(super) fn of(
    service: Service,
    options: &Options,
    addresses: &Addresses,
    address: SocketAddr,
    admin: SocketAddr,
) -> Vec<(String, String)> {
    let mut env = vec![
        ("LISTEN", address.to_string()),
        ("ADMIN_LISTEN", admin.to_string()),
        ("SECRET_KEY", options.secrets.secret_key.clone()),
        ("GRPC_REFLECTION", "true".to_owned()),
        ("LOG_FORMAT", "text".to_owned()),
    ];
    let scheme = scheme(options.authority.as_deref());
    env.extend(
        Service::ALL
            .into_iter()
            .filter_map(|other| Some((other.url_variable()?, addresses.urls(other, scheme)))),
    );
    if let Some(authority) = &options.authority {
        let Issued { certificate, key } = authority.place(service);
        let [certificate, key, ca] = [&certificate, &key, &authority.certificate].map(|path| shown(path));
        if service == Service::Gateway {
            env.push(("TLS_CERTIFICATE_FILE", certificate.clone()));
            env.push(("TLS_KEY_FILE", key.clone()));
        }
        env.push(("MTLS_CERTIFICATE_FILE", certificate));
        env.push(("MTLS_KEY_FILE", key));
        env.push(("MTLS_CA_FILE", ca));
    }
    if service.schema().is_some() {
        let mut urls = [options.database.runtime_url(service), options.database.owner_url(service)];
        if let Some(authority) = &options.store_authorities.database {
            urls = urls.map(|url| url + "?sslmode=require");
            env.push(("DATABASE_CA_FILE", shown(authority)));
        }
        let [runtime, owner] = urls;
        env.push(("DATABASE_URL", runtime));
        env.push(("DATABASE_OWNER_URL", owner));
        env.push(("DATABASE_MAX_CONNECTIONS", connections(options.replicas).to_string()));
    }
    if matches!(service, Service::Doctor | Service::Gateway) {
        env.push(("REDIS_URL", options.redis_url.clone()));
        let authority = options.store_authorities.redis.iter();
        env.extend(authority.map(|authority| ("REDIS_CA_FILE", shown(authority))));
    }
    if service != Service::Gateway {
        env.push(("RABBITMQ_URL", options.rabbitmq_url.clone()));
        let authority = options.store_authorities.rabbitmq.iter();
        env.extend(authority.map(|authority| ("RABBITMQ_CA_FILE", shown(authority))));
    }
    if service == Service::Auth {
        env.push(("BOOTSTRAP_ADMIN_EMAIL", ADMIN.to_owned()));
        env.push(("BOOTSTRAP_ADMIN_PASSWORD", options.secrets.admin_password.clone()));
    }
    if service == Service::Notification {
        env.push(("SMTP_SERVER", options.smtp.ip().to_string()));
        env.push(("SMTP_PORT", options.smtp.port().to_string()));
        env.push(("SMTP_TLS", "none".to_owned()));
        env.push(("EMAIL_FROM", "clinic@example.com".to_owned()));
        // Whoever tries them out listens on this machine.
        env.push(("WEBHOOK_ALLOW_PRIVATE", "true".to_owned()));
        env.push(("PUBLIC_URL", format!("http://{}", addresses.of(Service::Gateway)[0])));
    }
    let of_service = options.env_of.iter().filter(|(of, ..)| *of == service);
    let of_service = of_service.map(|(_, name, value)| (name.clone(), value.clone()));
    let general = env.into_iter().map(|(name, value)| (name.to_owned(), value));
    general.chain(options.env.iter().cloned()).chain(of_service).collect()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A share of the 300 connections that the private PostgreSQL allows, with room for whoever looks in.
fn connections(replicas: u16) -> u16 {
    (240 / (5 * replicas)).clamp(2, 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_share_the_connections_of_the_server() {
        assert_eq!(connections(1), 16);
        assert!((1..=20).all(|replicas| connections(replicas) * replicas * 5 <= 240));
    }
}
