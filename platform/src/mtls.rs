//! Services prove to each other which they are: both ends of a connection show a certificate of one authority, which
//! names its service as `spiffe://healthcare/<service>`.
//!
//! A process has one such identity, so it is set once, before anything is served or asked.
use crate::config;
use crate::shutdown::Shutdown;
use crate::tls::{Files, HANDSHAKE, Live, TlsStream};
use anyhow::bail;
use futures::Stream;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use std::io;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::{TlsAcceptor, TlsConnector, client};
use webpki::EndEntityCert;

/// Whose certificates these are.
const TRUST_DOMAIN: &str = "spiffe://healthcare/";
const HTTP2: &[&str] = &["h2"];
/// Pause after the system could not give a connection.
const RESPITE: Duration = Duration::from_millis(100);
/// Connections whose handshake is done and that are not served yet.
const BACKLOG: usize = 64;

static IDENTITY: OnceLock<Mtls> = OnceLock::new();

/// What this process shows, and whom it believes.
#[derive(Clone)]
pub struct Mtls {
    server: Live<ServerConfig>,
    client: Live<ClientConfig>,
}

impl Mtls {
    pub fn new(files: Files, shutdown: &Shutdown) -> anyhow::Result<Self> {
        Ok(Self { server: files.clone().server(HTTP2, shutdown)?, client: files.client(HTTP2, shutdown)? })
    }

    /// That of this process; none when services talk in the clear.
    pub fn of_process() -> Option<Self> {
        IDENTITY.get().cloned()
    }

    /// Gives this process the identity of its settings, if there is one.
    pub fn install(settings: &config::Process, shutdown: &Shutdown) -> anyhow::Result<()> {
        let config::Process { mtls_ca_file, mtls_certificate_file, mtls_key_file, .. } = settings;
        let files = match (mtls_ca_file.clone(), mtls_certificate_file.clone(), mtls_key_file.clone()) {
            (Some(authority), Some(certificate), Some(key)) => {
                Files { purpose: "services", certificate, key, authority: Some(authority) }
            }
            (None, None, None) => return Ok(()),
            _ => bail!("MTLS_CA_FILE, MTLS_CERTIFICATE_FILE and MTLS_KEY_FILE go together"),
        };
        // Only the first counts, which is the only one.
        let _ = IDENTITY.set(Self::new(files, shutdown)?);
        Ok(())
    }

    /// A connection to a server that is `service`.
    pub async fn connect(
        &self,
        service: &'static str,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(service).map_err(io::Error::other)?;
        let stream = TlsConnector::from(self.client.current()).connect(name, stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        match shown.and_then(service_of) {
            Some(shown) if shown == service => Ok(stream),
            _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("it is not {service}"))),
        }
    }

    /// Connections of clients that have shown who they are, until shutdown is requested.
    pub fn incoming(
        self,
        listener: TcpListener,
        shutdown: &Shutdown,
    ) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + use<> {
        let (ready, mut connections) = mpsc::channel(BACKLOG);
        let stopping = shutdown.clone();
        shutdown.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stopping.requested() => return,
                };
                let Ok((stream, _)) = accepted else {
                    stopping.pause(RESPITE).await;
                    continue;
                };
                let (acceptor, ready) = (TlsAcceptor::from(self.server.current()), ready.clone());
                stopping.spawn(async move {
                    let _ = stream.set_nodelay(true);
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) if client_of(&stream).is_some() => drop(ready.send(Ok(stream)).await),
                        Ok(Ok(_)) => tracing::warn!("refused a client whose certificate names no service"),
                        Ok(Err(error)) => {
                            tracing::warn!(error = &error as &dyn std::error::Error, "refused a client");
                        }
                        Err(_late) => {}
                    }
                });
            }
        });
        futures::stream::poll_fn(move |cx| connections.poll_recv(cx))
    }
}

fn client_of(stream: &TlsStream<TcpStream>) -> Option<String> {
    stream.get_ref().1.peer_certificates().and_then(<[_]>::first).and_then(service_of)
}

/// The service that a certificate names.
pub fn service_of(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_uri_names().filter_map(|name| name.strip_prefix(TRUST_DOMAIN));
    names.next().map(str::to_owned)
}
