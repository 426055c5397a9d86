//! Receivers that prove who they are, and others.
use jiff::Timestamp;
use local::certificates::{Authority, Issued};
use local::service::Service;
use notification_svc::channel::webhook::{Courier, Post};
use notification_svc::domain::webhook::{Answer, Failure, Reach};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority in a folder of its own, which goes with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Answers 204 to whoever gets as far as that; its port.
async fn https(issued: &Issued, running: &mut JoinSet<()>) -> u16 {
    let certificate = CertificateDer::from_pem_file(&issued.certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    running.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    port
}

async fn posted(courier: &Courier, port: u16) -> Result<Answer, Failure> {
    let post = Post {
        url: format!("https://localhost:{port}/"),
        id: "1".to_owned(),
        timestamp: 0,
        signature: "v1,x".to_owned(),
        body: "{}".to_owned(),
    };
    courier.post(post, Timestamp::UNIX_EPOCH).await
}

#[tokio::test]
async fn only_who_has_a_certificate_of_a_known_authority_for_that_name_is_told() {
    let folder = Folder(std::env::temp_dir().join(format!("webhooks-{}", uuid::Uuid::now_v7())));
    let authority = Authority::at(&folder.0).unwrap();
    let mut running = JoinSet::new();
    // Its names include localhost, and those of the other do not.
    let own = https(&authority.issue(Service::Gateway).unwrap(), &mut running).await;
    let other = https(&authority.issue(Service::Auth).unwrap(), &mut running).await;
    let mut authorities = RootCertStore::empty();
    authorities.add(CertificateDer::from_pem_file(&authority.certificate).unwrap()).unwrap();
    let knowing = Courier::trusting(authorities, Reach::Anywhere);

    assert_eq!(posted(&knowing, own).await, Ok(Answer { status: 204, retry_after: None }));
    assert_eq!(posted(&knowing, other).await, Err(Failure::TlsFailed));
    assert_eq!(posted(&Courier::new(Reach::Anywhere), own).await, Err(Failure::TlsFailed));
}
