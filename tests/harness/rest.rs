//! Requests and answers over REST. Every answer is held against the document.
use crate::document;
use reqwest::{Client, Method};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longer than anything takes that happens by itself.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Talks to the gateways in turn, as one caller.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    gateways: Arc<RwLock<Vec<String>>>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// For the message when a test fails.
    pub asked: String,
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// Null when there is no body; a string when it is not JSON.
    pub body: Value,
}

impl Rest {
    pub fn new(gateways: Vec<String>) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { client, gateways: Arc::new(RwLock::new(gateways)), turn: Arc::default(), token: None }
    }

    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same without who is asking.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Talks to these gateways from now on, as all do that were made of the same: what a balancer does.
    pub fn go_to(&self, gateways: Vec<String>) {
        *self.gateways.write().unwrap_or_else(PoisonError::into_inner) = gateways;
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// What is at `path`, once it is as it should be.
    pub async fn get_until(&self, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await.ok();
            if is_right(&seen) {
                return seen;
            }
            assert!(Instant::now() < deadline, "{path} is still not right: {seen}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// The OAuth2 password form.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.answer(Method::POST, path, self.request(Method::POST, path).form(form)).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(method.clone(), path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer(method, path, request).await
    }

    /// [`Self::send`], or why there is no answer within `patience`.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method.clone(), path).timeout(patience);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.try_answer(method, path, request).await
    }

    /// A body as it is, whatever it is.
    pub async fn send_raw(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method.clone(), path).header("content-type", content_type).body(body);
        self.answer(method, path, request).await
    }

    /// The status that is answered to a body as it is, which may be documented or not.
    pub async fn status_of(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> u16 {
        let asked = format!("{method} {path}");
        let mut request = self.request(method, path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        answer.status().as_u16()
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let gateways = self.gateways.read().unwrap_or_else(PoisonError::into_inner);
        let gateway = &gateways[self.turn.fetch_add(1, Relaxed) % gateways.len()];
        let request = self.client.request(method, format!("{gateway}{path}"));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn answer(&self, method: Method, path: &str, request: reqwest::RequestBuilder) -> Answer {
        let asked = format!("{method} {path}");
        self.try_answer(method, path, request).await.unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    async fn try_answer(
        &self,
        method: Method,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let asked = format!("{method} {path}");
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let content_type =
            headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        let bare_path = path.split('?').next().unwrap_or_default();
        if let Some(complaint) = document::complaint(method.as_str(), bare_path, status, &content_type, &body)
        {
            panic!("{asked} answered {status}, which is not as documented: {complaint}\n{body}");
        }
        Ok(Answer { asked, status, headers, body })
    }
}

/// What is answered once there is time for it: whoever is told to come back later does.
pub async fn in_time(ask: impl AsyncFn() -> Answer) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        let is_for_later = answer.body["code"] == "overloaded" || answer.body["code"] == "auth_busy";
        if !is_for_later || Instant::now() > deadline {
            return answer;
        }
        sleep(Duration::from_secs(answer.header("retry-after").parse().unwrap())).await;
    }
}

impl Answer {
    /// The body of an answer with `status`.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.body);
        self.body
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.is(200)
    }

    /// The body of a 201 that says where the new thing is.
    #[track_caller]
    pub fn created(self) -> Value {
        assert!(self.status != 201 || self.headers.contains_key("location"), "{}: no Location", self.asked);
        self.is(201)
    }

    /// The problem of a refusal with `status` and `code`.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}: {}",
            self.asked,
            self.body
        );
        self.body
    }

    /// The problem of a 422 that names exactly `pointers`.
    #[track_caller]
    pub fn invalid(self, pointers: &[&str]) -> Value {
        let named: Vec<&str> = self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str())
            .collect();
        assert_eq!((self.status, named.as_slice()), (422, pointers), "{}: {}", self.asked, self.body);
        self.body
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.asked));
        value.to_str().unwrap()
    }
}
