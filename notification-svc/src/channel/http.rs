//! One HTTP request over a connection that is made for it: no pool, no proxy, no redirect. Of the answer, only the head is
//! read.
use http::{Request, response};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Most of the head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Whom browsers believe.
pub(super) fn authorities() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// Believes certificates of `authorities` only.
pub(super) fn tls(authorities: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(authorities)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

pub(super) async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> hyper::Result<response::Parts> {
    let mut http = http1::Builder::new();
    http.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await?;
    let (mut connection, mut asked) = (pin!(connection), pin!(sender.send_request(request)));
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            answer = &mut asked => return Ok(answer?.into_parts().0),
            _ = &mut connection, if !ended => ended = true,
        }
    }
}
