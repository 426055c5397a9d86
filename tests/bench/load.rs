//! A closed loop of clients, by wrk: each asks for the next thing as soon as it is answered. And an open one: requests come
//! at a steady pace, as those of people do, who do not wait for each other.
use anyhow::{Context as _, bail};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tests::pace::at_rate;
use tokio::process::Command;

/// As many as this machine gives whoever asks, beside those who answer.
const THREADS: u16 = 2;

/// One request.
pub(crate) struct Target {
    method: &'static str,
    path: String,
    token: String,
    /// By which the request is carried out once, or empty.
    key: String,
    body: String,
}

impl Target {
    pub(crate) fn get(path: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            token: token.into(),
            key: String::new(),
            body: String::new(),
        }
    }

    fn request(&self, client: &Client, url: &str) -> anyhow::Result<RequestBuilder> {
        let method = reqwest::Method::from_bytes(self.method.as_bytes())?;
        let mut request = client.request(method, format!("{url}{}", self.path));
        for (name, value) in [("idempotency-key", &self.key), ("content-type", &self.content_type())] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        Ok(request.body(self.body.clone()))
    }

    fn content_type(&self) -> String {
        if self.body.is_empty() { String::new() } else { "application/json".to_owned() }
    }

    /// Asks once, and tells what is wrong when it is not answered as it should be.
    pub(crate) async fn try_once(&self, url: &str) -> anyhow::Result<()> {
        let answer = self.request(&Client::new(), url)?.send().await?;
        if !answer.status().is_success() {
            bail!("{} {}: {} {}", self.method, self.path, answer.status(), answer.text().await?);
        }
        Ok(())
    }

    /// As a client posts it that wants it done once.
    pub(crate) fn post(path: impl Into<String>, token: &str, body: &serde_json::Value) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            token: token.to_owned(),
            key: uuid::Uuid::now_v7().to_string(),
            body: body.to_string(),
        }
    }
}

/// Requests that are sent in turn.
pub(crate) struct Load {
    targets: Vec<Target>,
    file: PathBuf,
    script: PathBuf,
}

/// How clients fared.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Answers {
    pub(crate) requests: u64,
    /// How long they asked, in microseconds.
    micros: u64,
    /// Answered with a status of 400 or more.
    pub(crate) refused: u64,
    /// Not answered.
    lost: u64,
    p50: u64,
    p99: u64,
}

impl Load {
    /// Written below `folder`, which only we can read: there are tokens in it.
    pub(crate) fn write(folder: &Path, targets: Vec<Target>) -> anyhow::Result<Self> {
        let name = uuid::Uuid::now_v7().simple().to_string();
        let (file, script) = (folder.join(format!("{name}.tsv")), folder.join(format!("{name}.lua")));
        let mut text = String::new();
        for Target { method, path, token, key, body } in &targets {
            writeln!(text, "{method}\t{path}\t{token}\t{key}\t{body}")?;
        }
        std::fs::write(&file, text)?;
        std::fs::write(&script, include_str!("load.lua"))?;
        Ok(Self { targets, file, script })
    }

    /// Sends them to `url` over so many connections.
    pub(crate) async fn run(&self, url: &str, connections: u16, time: Duration) -> anyhow::Result<Answers> {
        let threads = THREADS.min(connections).to_string();
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", &threads, "--connections", &connections.to_string()]);
        wrk.args(["--duration", &format!("{}s", time.as_secs()), "--timeout", "10s", "--script"]);
        wrk.arg(&self.script).args([url, "--"]).arg(&self.file).arg(&threads);
        let ended = wrk.kill_on_drop(true).output().await.context("cannot run wrk")?;
        let said = String::from_utf8_lossy(&ended.stdout);
        let Some(line) = said.lines().find(|line| line.starts_with('{')) else {
            bail!("wrk failed:\n{said}{}", String::from_utf8_lossy(&ended.stderr));
        };
        let answers: Answers = serde_json::from_str(line)?;
        if answers.lost > 0 || answers.requests == 0 {
            bail!("{} of {} requests to {url} were not answered", answers.lost, answers.requests);
        }
        Ok(answers)
    }
}

impl Load {
    /// Sends them to `url` at a steady rate, whether or not those before are answered: how long after it was due each was
    /// answered, and how many were refused.
    pub(crate) async fn at_rate(
        &self,
        url: &str,
        rate: f64,
        time: Duration,
    ) -> anyhow::Result<(Vec<Duration>, usize)> {
        let (client, sent) = (Client::new(), AtomicUsize::new(0));
        let ask = || {
            let target = &self.targets[sent.fetch_add(1, Relaxed) % self.targets.len()];
            let request = target.request(&client, url);
            async move {
                let answer = request?.send().await?;
                let is_right = answer.status().is_success();
                answer.bytes().await?;
                anyhow::Ok(is_right)
            }
        };
        let (mut times, mut refused) = (Vec::new(), 0);
        for (is_right, took) in at_rate(rate, time, ask).await {
            if is_right? { times.push(took) } else { refused += 1 }
        }
        Ok((times, refused))
    }
}

impl Answers {
    pub(crate) fn per_second(self) -> f64 {
        self.requests as f64 / self.time().as_secs_f64()
    }

    pub(crate) fn time(self) -> Duration {
        Duration::from_micros(self.micros)
    }

    pub(crate) fn p50(self) -> Duration {
        Duration::from_micros(self.p50)
    }

    pub(crate) fn p99(self) -> Duration {
        Duration::from_micros(self.p99)
    }

    /// Those of which every one was answered as it should be.
    pub(crate) fn all_right(self) -> anyhow::Result<Self> {
        if self.refused > 0 {
            bail!("{} of {} requests were refused", self.refused, self.requests);
        }
        Ok(self)
    }
}
