//! Calls to a service with two replicas, one of which is about to stop.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use platform::client::Peer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// HTTP/2 frames (RFC 9113, section 6): length, type, flags, stream, payload.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Nothing after stream 0 was looked at; no error.
const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Stream 1 was looked at, and nothing after it; no error.
const GOAWAY_AFTER_FIRST: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// Stream 1 was refused before it was looked at.
const REFUSED_STREAM: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
/// Stream 1 failed.
const INTERNAL_ERROR: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 2];

const HEADERS: u8 = 1;

#[tokio::test]
async fn a_replica_that_was_stopped_before_it_saw_the_connection_is_passed_over() {
    let stopping = replica(|stream| async move { drop(stream) }).await;
    assert_eq!(outcomes(&stopping).await, [Code::Ok; 4]);
}

#[tokio::test]
async fn a_replica_that_goes_away_without_looking_is_passed_over() {
    let stopping = replica(|stream| answer_first_call(stream, GOAWAY)).await;
    assert_eq!(outcomes(&stopping).await, [Code::Ok; 4]);
}

#[tokio::test]
async fn a_replica_that_refuses_a_call_is_passed_over() {
    let stopping = replica(|stream| answer_first_call(stream, REFUSED_STREAM)).await;
    assert_eq!(outcomes(&stopping).await, [Code::Ok; 4]);
}

/// It may have done what was asked, so nobody else is asked again.
#[tokio::test]
async fn a_replica_that_may_have_begun_a_call_is_not_passed_over() {
    for last_words in [GOAWAY_AFTER_FIRST, INTERNAL_ERROR, &[]] {
        let dying = replica(move |stream| answer_first_call(stream, last_words)).await;
        assert_eq!(
            outcomes(&dying).await,
            [Code::Unavailable, Code::Ok, Code::Unavailable, Code::Ok],
            "{last_words:?}"
        );
    }
}

/// How four calls end, every other of them sent to `failing` first.
async fn outcomes(failing: &str) -> Vec<Code> {
    let peer = Peer::new("health", &format!("{failing},{}", healthy().await), None).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let answer = HealthClient::new(peer.clone()).check(HealthCheckRequest::default()).await;
        outcomes.push(answer.map_or_else(|status| status.code(), |_| Code::Ok));
    }
    outcomes
}

/// A replica that answers.
async fn healthy() -> String {
    let (listener, url) = listen().await;
    let (_, service) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder().add_service(service);
    in_background(async move {
        server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)).await.unwrap();
    });
    url
}

/// A replica that does `serve` with every connection.
async fn replica<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let (listener, url) = listen().await;
    in_background(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream).await;
        }
    });
    url
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
fn in_background(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Says `last_words` to the first call on a connection, and hangs up in order.
async fn answer_first_call(mut stream: TcpStream, last_words: &[u8]) {
    const PREFACE: usize = 24;
    stream.write_all(SETTINGS).await.unwrap();
    stream.read_exact(&mut [0; PREFACE]).await.unwrap();
    let mut has_ended = false;
    while !has_ended {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        has_ended = head[3] == HEADERS;
    }
    stream.write_all(last_words).await.unwrap();
    stream.shutdown().await.unwrap();
    // Until the client hangs up, too: a reset could overtake what was said.
    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
}
