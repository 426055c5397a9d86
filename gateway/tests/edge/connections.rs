//! Over a real socket.
use crate::harness::config;
use platform::admin::Readiness;
use platform::shutdown::Shutdown;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What an HTTP/2 client sends first: the preface, and settings without any.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn start(shutdown: &Shutdown, readiness: &Readiness) -> (SocketAddr, JoinHandle<anyhow::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = gateway::serve(config(), listener, readiness.clone(), shutdown.clone());
    (address, shutdown.spawn(serving))
}

async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await
}

/// One answer, as far as it comes.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.expect("an answer") == 0 {
            return text;
        }
    }
}

#[tokio::test]
async fn silent_connections_do_not_hold_up_the_end() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, serving) = start(&shutdown, &readiness).await;
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    let answer = ask(&mut idle, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(readiness.is_ready());

    shutdown.request();
    let ended = tokio::time::timeout(Duration::from_secs(5), serving).await;
    ended.expect("the gateway ends").unwrap().unwrap();
    assert!(!readiness.is_ready());
}

#[tokio::test(start_paused = true)]
async fn silent_connections_make_room_for_others() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    for begin in [b"".as_slice(), b"P", b"GET /health HTTP/1.1\r\nhost: x\r\n", HTTP2] {
        let mut silent = Vec::new();
        for _ in 0..config().edge.max_connections {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begin).await.unwrap();
            silent.push(stream);
        }
        let started = Instant::now();
        let mut other = TcpStream::connect(address).await.unwrap();
        let asked = ask(&mut other, "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = tokio::time::timeout(Duration::from_secs(25), asked).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(25));
    }
    shutdown.request();
}

#[tokio::test]
async fn a_client_that_sends_too_many_or_too_long_headers_is_refused() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let many = "x: y\r\n".repeat(100);
    let long = format!("x: {}\r\n", "y".repeat(100_000));
    for headers in [many, long] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = ask(&mut stream, &format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    shutdown.request();
}

#[tokio::test]
async fn the_longest_query_that_is_documented_is_read() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let doctors = vec!["0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e"; 500].join(",");
    let path = format!("/api/appointments/search-slots?date=2030-01-07&doctor_ids={doctors}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = ask(&mut stream, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    shutdown.request();
}

#[tokio::test]
async fn a_body_larger_than_allowed_is_answered_before_it_has_come() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20971520\r\n\r\n";
    let answer = ask(&mut stream, &format!("{head}{}", " ".repeat(70 * 1024))).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    shutdown.request();
}

#[tokio::test]
async fn an_answer_to_a_body_that_nobody_reads_to_its_end_is_never_lost() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let body = vec![b' '; 200 * 1024];
    let length = format!("content-length: {}\r\n\r\n", body.len());
    for number in 0..200 {
        // Too large for its route, without a token, nothing there.
        let (path, status) =
            [("/api/auth/login", "413"), ("/api/patients", "401"), ("/nothing", "404")][number % 3];
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{length}");
        let mut stream = TcpStream::connect(address).await.unwrap();
        // All of it before the answer is looked for, as blocking clients do, and twice, for what is kept open.
        for _ in 0..2 {
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body).await.expect("it is listened to");
            let answer = answer(&mut stream).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{number}: {answer}");
        }
    }
    shutdown.request();
}

#[tokio::test]
async fn who_asks_whether_a_body_is_wanted_is_not_told_so_when_nobody_reads_it() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let head =
        "host: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    for (path, status) in [("/api/patients", "401"), ("/api/auth/login", "100")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = ask(&mut stream, &format!("POST {path} HTTP/1.1\r\n{head}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    shutdown.request();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
    let (address, _serving) = start(&shutdown, &readiness).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = ask(&mut stream, "POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let started = Instant::now();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
    ended.expect("the connection ends").ok();
    assert!((3..=5).contains(&started.elapsed().as_secs()));
    shutdown.request();
}
