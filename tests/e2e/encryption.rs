//! HTTPS outside, certificates inside, TLS to the stores: a mesh with an authority of its own.
use local::certificates::{Authority, Issued};
use local::service::Service;
use proto::auth::GetJwksRequest;
use proto::auth::auth_service_client::AuthServiceClient;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tests::mesh::Mesh;
use tests::rest::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

struct Encrypted {
    mesh: Mesh,
    authority: Arc<Authority>,
}

impl Encrypted {
    async fn start() -> Self {
        let mesh = Mesh::encrypted().await;
        let authority = mesh.processes.authority.clone().expect("it is encrypted");
        Self { mesh, authority }
    }

    fn gateway(&self) -> SocketAddr {
        self.mesh.processes.of(Service::Gateway)[0].address
    }

    /// An encrypted connection to the gateway of somebody who trusts the authority.
    async fn connect(
        &self,
        protocol: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let authority = std::fs::read(&self.authority.certificate)?;
        roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(default_provider().into());
        let config = config.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.gateway()).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    /// The certificate that the gateway shows now.
    async fn shown(&self) -> Vec<u8> {
        let stream = self.connect("http/1.1", rustls::ALL_VERSIONS).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    /// What auth-svc answers to somebody with these certificates.
    async fn asks(&self, authority: &Authority, own: Option<Issued>) -> Result<(), String> {
        let url = self.mesh.processes.urls(Service::Auth).swap_remove(0);
        let read = |path| std::fs::read(path).unwrap();
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(&authority.certificate)))
            .domain_name("auth-svc");
        if let Some(own) = own {
            tls = tls.identity(Identity::from_pem(read(&own.certificate), read(&own.key)));
        }
        let endpoint = Endpoint::from_shared(url).unwrap().tls_config(tls).unwrap();
        let mut auth = AuthServiceClient::new(endpoint.connect_lazy());
        auth.get_jwks(GetJwksRequest {}).await.map(drop).map_err(|refused| format!("{refused:?}"))
    }
}

/// The whole answer, however many pieces it comes in.
async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut answer, mut piece) = (String::new(), vec![0; 8192]);
    while !is_whole(&answer) {
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "it ends after {answer}");
        answer.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    answer
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::test]
async fn the_api_is_served_encrypted_only() {
    let encrypted = Encrypted::start().await;
    for versions in [[&version::TLS12], [&version::TLS13]] {
        let mut stream = encrypted.connect("http/1.1", &versions).await.unwrap();
        let answer = ask(&mut stream, HEALTH).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert!(
            answer.contains("strict-transport-security: max-age=63072000; includesubdomains"),
            "{answer}"
        );
    }
    let stream = encrypted.connect("h2", rustls::ALL_VERSIONS).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));

    // Through to auth-svc, which only hears who has a certificate.
    let mut stream = encrypted.connect("http/1.1", rustls::ALL_VERSIONS).await.unwrap();
    let secrets = encrypted.mesh.ground.options().secrets;
    let login = format!("username={}&password={}", local::mesh::ADMIN, secrets.admin_password);
    let request = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{login}",
        login.len()
    );
    let deadline = Instant::now() + PATIENCE;
    let mut answer = ask(&mut stream, &request).await;
    // On a busy machine the first handshake with auth-svc may take longer than a gateway waits.
    while answer.starts_with("HTTP/1.1 503") && Instant::now() < deadline {
        sleep(Duration::from_secs(1)).await;
        answer = ask(&mut stream, &request).await;
    }
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("access_token"), "{answer}");

    let mut plain = TcpStream::connect(encrypted.gateway()).await.unwrap();
    plain.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"), "{answer:?}");
}

#[tokio::test]
async fn stores_are_reached_by_tls_alone() {
    let encrypted = Encrypted::start().await;
    let mesh = &encrypted.mesh;
    let database = mesh.database().await;
    let sessions =
        "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE datname = current_database() AND usename ~ '_(rw|owner)$'";
    let row = database.query_one(sessions, &[]).await.unwrap();
    let (by_tls, all): (i64, i64) = (row.get(0), row.get(1));
    assert!(all > 0 && by_tls == all, "{by_tls} of {all} connections to PostgreSQL");

    let links = mesh.ground.broker_links().await.unwrap();
    assert!(!links.is_empty() && links.iter().all(|is_encrypted| *is_encrypted), "{links:?}");

    let mut redis = redis::Client::open(mesh.ground.redis.url()).unwrap().get_connection().unwrap();
    let tls_address = format!(" laddr=127.0.0.1:{} ", mesh.ground.redis.tls_port);
    let deadline = Instant::now() + PATIENCE;
    loop {
        // The gateway connects to count whoever asks, and goes on without where that takes too long.
        let mut stream = encrypted.connect("http/1.1", rustls::ALL_VERSIONS).await.unwrap();
        ask(&mut stream, "GET /api/doctors HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut redis).unwrap();
        let (by_tls, in_clear): (Vec<_>, Vec<_>) =
            clients.lines().partition(|line| line.contains(&tls_address));
        assert_eq!(in_clear.len(), 1, "only who asks here is in the clear:\n{clients}");
        if !by_tls.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "nobody comes by TLS:\n{clients}");
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_service_answers_only_who_shows_a_certificate_that_is_good() {
    let encrypted = Encrypted::start().await;
    let ours = &encrypted.authority;
    encrypted.asks(ours, Some(ours.place(Service::Gateway))).await.unwrap();

    // Whether the reason or the closed connection is seen first is up to the network.
    let nobody = encrypted.asks(ours, None).await.unwrap_err();
    assert!(!nobody.is_empty());
    let elsewhere = encrypted.mesh.ground.places.local.join("elsewhere");
    let other = Authority::at(&elsewhere).unwrap();
    let stranger = encrypted.asks(ours, Some(other.issue(Service::Gateway).unwrap())).await.unwrap_err();
    assert!(!stranger.is_empty());
    let late = Authority::at(&elsewhere.join("late")).unwrap();
    std::fs::copy(ours.certificate.with_extension("key"), late.certificate.with_extension("key")).unwrap();
    std::fs::copy(&ours.certificate, &late.certificate).unwrap();
    let late = Authority::at(&elsewhere.join("late")).unwrap();
    encrypted.asks(ours, Some(late.issue_until(Service::Gateway, 1).unwrap())).await.unwrap();
    encrypted.asks(ours, Some(late.issue_until(Service::Gateway, -1).unwrap())).await.unwrap_err();

    let plain =
        Endpoint::from_shared(format!("http://{}", encrypted.mesh.processes.of(Service::Auth)[0].address));
    let mut auth = AuthServiceClient::new(plain.unwrap().connect_lazy());
    assert!(auth.get_jwks(GetJwksRequest {}).await.is_err(), "nothing is said in the clear");
}

#[tokio::test]
async fn a_new_certificate_is_taken_without_a_pause_and_a_bad_one_is_not() {
    let encrypted = Encrypted::start().await;
    let first = encrypted.shown().await;
    let mut open = encrypted.connect("http/1.1", rustls::ALL_VERSIONS).await.unwrap();
    assert!(ask(&mut open, HEALTH).await.starts_with("HTTP/1.1 200"));

    encrypted.authority.issue(Service::Gateway).unwrap();
    let changed = async {
        while encrypted.shown().await == first {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), changed).await.expect("the new certificate is shown");
    assert!(ask(&mut open, HEALTH).await.starts_with("HTTP/1.1 200"), "what was open stays open");

    let second = encrypted.shown().await;
    std::fs::write(encrypted.authority.place(Service::Gateway).certificate, "no certificate").unwrap();
    let patience = Duration::from_secs(20);
    encrypted.mesh.until_logged(Service::Gateway, "kept the old certificate", patience).await;
    assert_eq!(encrypted.shown().await, second);
}
