//! A program that webhooks are posted to, which answers what a test tells it to.
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode, Uri};
use standardwebhooks::Webhook;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Longest wait for something that is to come in.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Receiver {
    pub(crate) port: u16,
    inner: Arc<Inner>,
    _running: JoinSet<()>,
}

struct Inner {
    posts: watch::Sender<Vec<Post>>,
    answers: Mutex<VecDeque<(u16, HeaderMap)>>,
    holding: watch::Sender<bool>,
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (posts, holding) = (watch::Sender::new(Vec::new()), watch::Sender::new(false));
        let inner = Arc::new(Inner { posts, answers: Mutex::default(), holding });
        let app = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, inner, _running: running }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?from=clinic", self.port)
    }

    /// What the next posts are answered, one after the other; 204 to those after.
    pub(crate) fn answers(&self, statuses: &[u16]) {
        self.inner.answers.lock().unwrap().extend(statuses.iter().map(|status| (*status, HeaderMap::new())));
    }

    pub(crate) fn answers_with(&self, status: u16, header: &'static str, value: &str) {
        let headers = HeaderMap::from_iter([(header.parse().unwrap(), value.parse().unwrap())]);
        self.inner.answers.lock().unwrap().push_back((status, headers));
    }

    /// Does not answer until told to.
    pub(crate) fn hold(&self) {
        self.inner.holding.send_replace(true);
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.inner.posts.borrow().clone()
    }

    /// Waits until there are `count` posts.
    pub(crate) async fn until(&self, count: usize) -> Vec<Post> {
        let mut posts = self.inner.posts.subscribe();
        let waiting = posts.wait_for(|posts| posts.len() >= count);
        let found = tokio::time::timeout(PATIENCE, waiting).await.map(|found| found.unwrap().clone());
        let found = found.unwrap_or_else(|_| panic!("still waiting for {count}: {:?}", self.posts()));
        assert_eq!(found.len(), count);
        found
    }
}

async fn take(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let path = uri.path_and_query().unwrap().to_string();
    inner.posts.send_modify(|posts| posts.push(Post { path, headers, body }));
    inner.holding.subscribe().wait_for(|holding| !holding).await.unwrap();
    let answer = inner.answers.lock().unwrap().pop_front();
    let (status, headers) = answer.unwrap_or((204, HeaderMap::new()));
    (StatusCode::from_u16(status).unwrap(), headers)
}

impl Post {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// As the library of the standard sees it.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}
