//! HTTPS: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
use platform::shutdown::Shutdown;
use platform::tls::{Files, HANDSHAKE, Live, TlsStream};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// How connections are encrypted, by the latest certificate.
pub type Settings = Live<ServerConfig>;

pub fn settings(files: Files, shutdown: &Shutdown) -> anyhow::Result<Settings> {
    files.server(&["h2", "http/1.1"], shutdown)
}

/// The encrypted stream, once the client has done its part in time; None when it has not.
pub async fn begun(settings: &Settings, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let accepting = TlsAcceptor::from(settings.current()).accept(stream);
    // What else clients send, plain HTTP among it, is their affair.
    tokio::time::timeout(HANDSHAKE, accepting).await.ok()?.ok()
}
