//! Calls to a service with replicas that stop, die, freeze, and move.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use platform::client::{Lookup, Peer, repeatable};
use platform::fault;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
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

/// The answer on stream 1 begins, with status 200.
const ANSWER_BEGUN: &[u8] = &[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];

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

/// It may have done what was asked, so nobody else is asked again; the next who come are not sent to it first.
#[tokio::test]
async fn a_replica_that_may_have_begun_a_call_is_not_passed_over() {
    for last_words in [GOAWAY_AFTER_FIRST, INTERNAL_ERROR, &[]] {
        let dying = replica(move |stream| answer_first_call(stream, last_words)).await;
        assert_eq!(
            outcomes(&dying).await,
            [Code::Unavailable, Code::Ok, Code::Ok, Code::Ok],
            "{last_words:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let dying = replica(|stream| answer_first_call(stream, ANSWER_BEGUN)).await;
    let status = ask(&Peer::new("health", &dying, None).unwrap()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{}", status.message());
    assert!(status.message().contains("not known"), "{}", status.message());
}

#[tokio::test]
async fn what_changes_nothing_is_asked_of_the_next_when_a_replica_dies() {
    let dying = replica(|stream| answer_first_call(stream, &[])).await;
    let peer = Peer::new("health", &format!("{dying},{}", healthy().await), None).unwrap();
    for _ in 0..4 {
        repeatable(ask(&peer)).await.unwrap();
    }
}

/// Else a service whose replicas all fail would be asked twice as much.
#[tokio::test]
async fn only_so_much_is_repeated() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = |asked: &Arc<AtomicUsize>| {
        let asked = asked.clone();
        move |stream| {
            asked.fetch_add(1, Relaxed);
            answer_first_call(stream, &[])
        }
    };
    let urls = format!("{},{}", replica(counting(&asked)).await, replica(counting(&asked)).await);
    let peer = Peer::new("health", &urls, None).unwrap();
    for _ in 0..400 {
        repeatable(ask(&peer)).await.unwrap_err();
    }
    let asked = asked.load(Relaxed);
    // A tenth, and a hundred that ten seconds have for free, and whether it lives.
    assert!((400..=400 + 40 + 100 + 20).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_replica_that_falls_silent_is_given_up_and_left_alone_until_it_speaks() {
    let frozen = Arc::new(AtomicBool::new(true));
    let waking = frozen.clone();
    let silent = relay(healthy().await, move || waking.load(Relaxed)).await;
    let peer = Peer::new("health", &silent, None).unwrap();
    let started = Instant::now();
    let status = ask(&peer).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("not known"), "{}", status.message());
    assert!((1.0..4.0).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());

    // Also once it was asked by another connection, which the kernel accepts for it.
    for _ in 0..20 {
        let started = Instant::now();
        ask(&peer).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_millis(50), "{:?}", started.elapsed());
        sleep(Duration::from_millis(100)).await;
    }
    let started = Instant::now();

    frozen.store(false, Relaxed);
    while ask(&peer).await.is_err() {
        sleep(Duration::from_millis(50)).await;
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn what_changes_nothing_is_asked_of_the_next_when_a_replica_freezes() {
    let silent = relay(healthy().await, || true).await;
    let peer = Peer::new("health", &format!("{silent},{}", healthy().await), None).unwrap();
    let started = Instant::now();
    for _ in 0..20 {
        repeatable(ask(&peer)).await.unwrap();
    }
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "only the first had to wait: {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn only_so_many_wait_for_a_service() {
    let silent = relay(healthy().await, || true).await;
    let peer = Peer::new("health", &silent, None).unwrap();
    let waiting = (0..256).map(|_| ask(&peer));
    let refused = async {
        sleep(Duration::from_millis(300)).await;
        ask(&peer).await.unwrap_err()
    };
    let (_, refused) = tokio::join!(futures::future::join_all(waiting), refused);
    assert_eq!(fault::reason(&refused).as_deref(), Some("OVERLOADED"));
}

#[tokio::test]
async fn calls_are_spread_over_the_addresses_of_a_name_and_follow_them() {
    let counts: [Arc<AtomicUsize>; 3] = Default::default();
    let port = counted([127, 0, 0, 1], 0, &counts[0]).await;
    counted([127, 0, 0, 2], port, &counts[1]).await;
    counted([127, 0, 0, 3], port, &counts[2]).await;
    let of = |last: &[u8]| {
        last.iter().map(|last| SocketAddr::from(([127, 0, 0, *last], port))).collect::<Vec<_>>()
    };
    let addresses = Arc::new(Mutex::new(of(&[1, 2])));
    let told = addresses.clone();
    let lookup: Lookup = Arc::new(move |host, _| {
        assert_eq!(host, "health.clinic");
        let told = told.lock().unwrap().clone();
        Box::pin(async move { Ok(told) })
    });
    let peer = Peer::resolved_by(lookup, "health", &format!("http://health.clinic:{port}"), None).unwrap();
    let ask_ten = async || {
        for _ in 0..10 {
            ask(&peer).await.unwrap();
        }
        counts.each_ref().map(|count| count.swap(0, Relaxed))
    };
    assert_eq!(ask_ten().await, [5, 5, 0]);

    *addresses.lock().unwrap() = of(&[2, 3]);
    sleep(Duration::from_millis(5100)).await;
    // This one finds out that it is time to look.
    ask(&peer).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    for count in &counts {
        count.store(0, Relaxed);
    }
    assert_eq!(ask_ten().await, [0, 5, 5]);

    // Whoever resolves names has nothing to say: those that are known go on.
    addresses.lock().unwrap().clear();
    sleep(Duration::from_millis(5100)).await;
    ask(&peer).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    ask(&peer).await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_not_resolved_any_more_keeps_its_replicas_beside_others() {
    let counts: [Arc<AtomicUsize>; 2] = Default::default();
    let port = counted([127, 0, 0, 1], 0, &counts[0]).await;
    counted([127, 0, 0, 2], port, &counts[1]).await;
    let is_away = Arc::new(AtomicBool::new(false));
    let away = is_away.clone();
    let lookup: Lookup = Arc::new(move |host, port| {
        let found = match host.as_str() {
            "here.clinic" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
            _ if away.load(Relaxed) => Err(std::io::Error::other("nobody resolves names there")),
            _ => Ok(vec![SocketAddr::from(([127, 0, 0, 2], port))]),
        };
        Box::pin(async move { found })
    });
    let urls = format!("http://here.clinic:{port},http://there.clinic:{port}");
    let peer = Peer::resolved_by(lookup, "health", &urls, None).unwrap();
    ask(&peer).await.unwrap();
    is_away.store(true, Relaxed);
    sleep(Duration::from_millis(5100)).await;
    // This one finds out that it is time to look.
    ask(&peer).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    for count in &counts {
        count.store(0, Relaxed);
    }
    for _ in 0..10 {
        ask(&peer).await.unwrap();
    }
    assert_eq!(counts.each_ref().map(|count| count.load(Relaxed)), [5, 5]);
}

async fn ask(peer: &Peer) -> Result<(), Status> {
    HealthClient::new(peer.clone()).check(HealthCheckRequest::default()).await.map(|_| ())
}

/// How four calls end, every other of them sent to `failing` first.
async fn outcomes(failing: &str) -> Vec<Code> {
    let peer = Peer::new("health", &format!("{failing},{}", healthy().await), None).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(ask(&peer).await.map_or_else(|status| status.code(), |()| Code::Ok));
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

/// A replica that answers, at `port` or any; it counts what it is asked.
async fn counted(address: [u8; 4], port: u16, count: &Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind(SocketAddr::from((address, port))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_, service) = tonic_health::server::health_reporter();
    let count = count.clone();
    let counting = tower::layer::layer_fn(move |inner| {
        let count = count.clone();
        tower::util::MapRequest::new(inner, move |request: http::Request<tonic::body::Body>| {
            count.fetch_add(1, Relaxed);
            request
        })
    });
    let server = tonic::transport::Server::builder().layer(counting).add_service(service);
    in_background(async move {
        server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)).await.unwrap();
    });
    port
}

/// A replica that says nothing as long as it is frozen, and is the one at `url` then. The first who connects is greeted, as
/// by one that freezes later.
async fn relay(url: String, is_frozen: impl Fn() -> bool + Clone + Send + Sync + 'static) -> String {
    let (listener, own) = listen().await;
    in_background(async move {
        let mut is_first = true;
        while let Ok((mut stream, _)) = listener.accept().await {
            let (url, is_frozen) = (url.clone(), is_frozen.clone());
            let greets = std::mem::take(&mut is_first);
            in_background(async move {
                if is_frozen() {
                    if greets {
                        stream.write_all(SETTINGS).await.unwrap();
                    }
                    while is_frozen() {
                        sleep(Duration::from_millis(10)).await;
                    }
                    return;
                }
                let mut server = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    own
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
