//! A provider of SMS that keeps to the contract, `docs/sms.md`: what comes with a key that it has accepted is accepted, and
//! sent to nobody again. A test says what goes wrong with the next requests.
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Longest wait for something that is to come in.
const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const TOKEN: &str = "what-the-provider-knows-us-by";

/// What becomes of a request.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    /// It is answered with this status, and nothing is sent.
    Refuse(u16),
    /// It is sent, and the connection ends without an answer.
    Cut,
    /// It is sent, and the answer comes after that long.
    AnswerAfter(Duration),
}

pub(crate) struct Provider {
    pub(crate) port: u16,
    inner: Arc<Inner>,
    _running: JoinSet<()>,
}

struct Inner {
    sent: watch::Sender<Vec<Sms>>,
    asked: watch::Sender<usize>,
    acts: Mutex<VecDeque<Act>>,
}

/// What was sent to a phone.
#[derive(Clone, Debug)]
pub(crate) struct Sms {
    pub(crate) key: String,
    pub(crate) body: Value,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sent, asked) = (watch::Sender::new(Vec::new()), watch::Sender::new(0));
        let inner = Arc::new(Inner { sent, asked, acts: Mutex::default() });
        let serving = Arc::clone(&inner);
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let inner = Arc::clone(&serving);
                connections.spawn(async move { inner.serve(stream).await });
            }
        });
        Self { port, inner, _running: running }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1/messages?account=clinic", self.port)
    }

    /// What becomes of the next requests, one after the other; those after are accepted.
    pub(crate) fn will(&self, acts: &[Act]) {
        self.inner.acts.lock().unwrap().extend(acts);
    }

    /// Goes on as usual from now on.
    pub(crate) fn recovers(&self) {
        self.inner.acts.lock().unwrap().clear();
    }

    pub(crate) fn sent(&self) -> Vec<Sms> {
        self.inner.sent.borrow().clone()
    }

    pub(crate) fn asked(&self) -> usize {
        *self.inner.asked.borrow()
    }

    /// Waits until `count` were sent.
    pub(crate) async fn until(&self, count: usize) -> Vec<Sms> {
        let mut sent = self.inner.sent.subscribe();
        let waiting = timeout(PATIENCE, sent.wait_for(|sent| sent.len() >= count)).await;
        assert!(waiting.is_ok(), "still waiting for {count}: {:?}", self.sent());
        let sent = self.sent();
        assert_eq!(sent.len(), count, "{sent:?}");
        sent
    }
}

impl Inner {
    async fn serve(&self, mut stream: TcpStream) {
        let Some((head, body)) = read(&mut stream).await else { return };
        self.asked.send_modify(|asked| *asked += 1);
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        if header("authorization") != Some(format!("Bearer {TOKEN}")) {
            return answer(&mut stream, 401).await;
        }
        assert!(head.starts_with("POST /v1/messages?account=clinic HTTP/1.1\r\n"), "{head}");
        let act = self.acts.lock().unwrap().pop_front();
        if let Some(Act::Refuse(status)) = act {
            return answer(&mut stream, status).await;
        }
        let sms =
            Sms { key: header("idempotency-key").unwrap(), body: serde_json::from_slice(&body).unwrap() };
        self.sent.send_modify(|sent| {
            if sent.iter().all(|other| other.key != sms.key) {
                sent.push(sms);
            }
        });
        match act {
            Some(Act::Cut) => return,
            Some(Act::AnswerAfter(pause)) => sleep(pause).await,
            Some(Act::Refuse(_)) | None => {}
        }
        answer(&mut stream, 202).await;
    }
}

/// Head and body; none when the connection ends before.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end + 2].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes.split_off(end + 4)));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Whoever asked may be gone.
async fn answer(stream: &mut TcpStream, status: u16) {
    let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    drop(stream.write_all(head.as_bytes()).await);
}
