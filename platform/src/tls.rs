//! TLS by certificates in files, which are read again when they change. What is under way goes on with what it began
//! with; files that are no good are told of, and leave everything as it was.
use crate::shutdown::Shutdown;
use anyhow::{Context as _, anyhow, bail};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use x509_parser::parse_x509_certificate;

pub use tokio_rustls::server::TlsStream;

/// Time that a client has for its part of a handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(5);

/// How often files are looked at. Only their contents count, so that it makes no difference how they were replaced.
const LOOK: Duration = Duration::from_secs(1);

/// Where a certificate is, with those that lead up to its authority, and its key: PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// What the certificate is for, as it is measured: `public` or `services`.
    pub purpose: &'static str,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Of the authority that others must have their certificates from.
    pub authority: Option<PathBuf>,
}

/// Which servers outside of the mesh to believe: those with a certificate of the authority in a file, or of one that browsers
/// know when no file is named.
#[derive(Clone, Debug)]
pub struct Trust {
    authority: Option<PathBuf>,
}

impl Trust {
    /// For a server that is asked for TLS or not, as its connection string says; None when it is not. What cannot be read now
    /// is told now. With an authority nothing is said in the clear: `needed` tells what to write.
    pub fn of(authority: Option<&PathBuf>, asks_for_tls: bool, needed: &str) -> anyhow::Result<Option<Self>> {
        if !asks_for_tls {
            return if authority.is_some() { Err(anyhow!("{needed}")) } else { Ok(None) };
        }
        let trust = Self { authority: authority.cloned() };
        trust.client()?;
        Ok(Some(trust))
    }

    /// The authority, PEM. Read anew each time, so that it can be replaced.
    pub fn pem(&self) -> anyhow::Result<Option<Vec<u8>>> {
        self.authority.as_ref().map(read).transpose()
    }

    /// How to call them now.
    pub fn client(&self) -> anyhow::Result<ClientConfig> {
        let roots = match self.pem()? {
            Some(pem) => roots(&pem)?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

/// What was in the files.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authority: Option<Vec<u8>>,
}

/// Settings made from files, the latest that were good.
pub struct Live<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// Fails when the files are no good now; later ones that are not are only logged.
    fn follow(
        files: Files,
        shutdown: &Shutdown,
        make: impl Fn(&Contents) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let mut seen = Contents::of(&files)?;
        let live = Self(Arc::new(RwLock::new(Arc::new(make(&seen)?))));
        seen.tell_end(files.purpose)?;
        let (current, stopping) = (live.clone(), shutdown.clone());
        shutdown.spawn(async move {
            while stopping.pause(LOOK).await {
                // Away for a moment while they are replaced.
                let Ok(now) = Contents::of(&files) else { continue };
                if now == seen {
                    continue;
                }
                match make(&now).and_then(|made| now.tell_end(files.purpose).map(|()| made)) {
                    Ok(made) => {
                        *current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
                        tracing::info!(file = %files.certificate.display(), "took a new certificate");
                    }
                    Err(error) => {
                        let file = files.certificate.display();
                        tracing::error!(error = error.as_ref() as &dyn std::error::Error, %file, "kept the old certificate");
                    }
                }
                seen = now;
            }
        });
        Ok(live)
    }

    pub fn current(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Files {
    /// How to serve. With an authority, clients must have a certificate of it.
    pub fn server(self, protocols: &[&str], shutdown: &Shutdown) -> anyhow::Result<Live<ServerConfig>> {
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Live::follow(self, shutdown, move |contents| {
            let config =
                ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
            let config = match contents.roots()? {
                Some(roots) => {
                    let clients =
                        WebPkiClientVerifier::builder_with_provider(roots.into(), provider()).build()?;
                    config.with_client_cert_verifier(clients)
                }
                None => config.with_no_client_auth(),
            };
            let (chain, key) = contents.own()?;
            let mut config = config.with_single_cert(chain, key)?;
            config.alpn_protocols.clone_from(&protocols);
            Ok(config)
        })
    }

    /// How to call servers that have a certificate of the authority.
    pub fn client(self, protocols: &[&str], shutdown: &Shutdown) -> anyhow::Result<Live<ClientConfig>> {
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Live::follow(self, shutdown, move |contents| {
            let roots = contents.roots()?.context("an authority is needed")?;
            let (chain, key) = contents.own()?;
            let config =
                ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
            let mut config = config.with_root_certificates(roots).with_client_auth_cert(chain, key)?;
            config.alpn_protocols.clone_from(&protocols);
            Ok(config)
        })
    }
}

impl Contents {
    fn of(files: &Files) -> anyhow::Result<Self> {
        let authority = files.authority.as_ref().map(read).transpose()?;
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)?, authority })
    }

    /// Measures when the first of the chain ends, from when on nobody believes it.
    fn tell_end(&self, purpose: &'static str) -> anyhow::Result<()> {
        let mut ends = Vec::new();
        for certificate in certificates(&self.certificate)? {
            let (_, certificate) =
                parse_x509_certificate(&certificate).context("a certificate is not X.509")?;
            ends.push(certificate.validity().not_after.timestamp());
        }
        let end = ends.into_iter().min().context("a chain has a certificate")?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds are exact for longer than any certificate lasts"
        )]
        metrics::gauge!("tls_certificate_not_after_timestamp_seconds", "purpose" => purpose).set(end as f64);
        Ok(())
    }

    fn own(&self) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let key = PrivateKeyDer::from_pem_slice(&self.key).context("the key is not PEM")?;
        Ok((certificates(&self.certificate)?, key))
    }

    fn roots(&self) -> anyhow::Result<Option<RootCertStore>> {
        self.authority.as_deref().map(roots).transpose()
    }
}

fn read(path: &PathBuf) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn roots(authority: &[u8]) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authority)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().context("a certificate is not PEM")?;
    if found.is_empty() {
        bail!("there is no certificate in the file");
    }
    Ok(found)
}

/// The same whatever other crates prefer.
fn provider() -> Arc<CryptoProvider> {
    aws_lc_rs::default_provider().into()
}
