//! Answers about doctors, kept for a minute: in this process, and in Redis for all replicas.
//!
//! Every key holds the generation of the doctor directory, a number in Redis that doctor-svc raises with each
//! change. It is read before doctor-svc is asked, so that an answer can never be kept under a generation that is
//! newer than itself. Without Redis nothing is kept.
use crate::caller::Caller;
use crate::problem::Problem;
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use platform::caller::Role;
use platform::clock::Clock;
use platform::redis::{Away, Redis, commands};
use proto::cache::DOCTOR_DIRECTORY_GENERATION;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response as DocumentedResponse};

/// What a token must allow for any of these answers.
const SCOPE: &str = "doctors.read";

/// How long an answer is kept, in seconds.
const KEPT_SECONDS: u32 = 60;
/// Bytes of answers in this process.
const MEMORY: u64 = 32 * 1024 * 1024;
/// Bytes of the largest answer that is kept.
const LARGEST: usize = 512 * 1024;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

#[derive(Clone)]
pub struct Directory {
    redis: Redis,
    clock: Clock,
    generation: Arc<Generation>,
    memory: moka::sync::Cache<String, Arc<Answer>>,
}

/// An answer as Redis keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Unix time in seconds.
    since: i64,
    etag: Option<String>,
    link: Option<String>,
    body: String,
}

/// An answer as this process keeps it: all that is given out is shared.
struct Answer {
    since: i64,
    etag: Option<HeaderValue>,
    link: Option<HeaderValue>,
    body: Bytes,
}

/// An answer that may have been kept; in the document it is what it is made of.
pub struct Cached<R>(Response, PhantomData<R>);

impl Directory {
    pub fn new(redis: Redis, clock: Clock) -> Self {
        let memory = moka::sync::Cache::builder()
            .max_capacity(MEMORY)
            .weigher(|key: &String, kept: &Arc<Answer>| {
                u32::try_from(key.len() + kept.body.len()).unwrap_or(u32::MAX)
            })
            .time_to_live(Duration::from_secs(KEPT_SECONDS.into()))
            .build();
        let generation = Arc::new(Generation {
            redis: redis.clone(),
            clock: clock.clone(),
            asking: Gate::default(),
            next: Mutex::default(),
        });
        drop(["memory", "redis", "missed", "skipped"].map(lookups));
        Self { redis, clock, generation, memory }
    }

    /// The answer to `asked`, kept or from `ask`. Callers who may see the same share one.
    pub async fn answer<R: IntoResponse>(
        &self,
        caller: &Caller,
        asked: &Uri,
        ask: impl AsyncFnOnce() -> Result<R, Problem>,
    ) -> Result<Cached<R>, Problem> {
        // Whose token does not allow it is for doctor-svc to refuse.
        let may_ask = caller.user.scopes.allow(SCOPE);
        let Some(generation) = self.generation.read().await.ok().filter(|_| may_ask) else {
            lookups("skipped").increment(1);
            return Ok(Cached(ask().await?.into_response(), PhantomData));
        };
        let key = key(generation, caller.user.role, asked);
        if let Some((kept, age)) = self.kept(&key).await {
            return Ok(Cached(kept.respond(age), PhantomData));
        }
        lookups("missed").increment(1);
        let response = ask().await?.into_response();
        Ok(Cached(self.keep(key, response).await, PhantomData))
    }

    /// An answer that was kept, and its age in seconds.
    async fn kept(&self, key: &str) -> Option<(Arc<Answer>, u32)> {
        if let Some(kept) = self.memory.get(key) {
            return self.young(kept).inspect(|_| lookups("memory").increment(1));
        }
        let get = commands::Cmd::get(key);
        let text: Option<String> = self.redis.run(async |redis| get.query_async(redis).await).await.ok()?;
        let kept: Kept = serde_json::from_str(&text?).ok()?;
        let kept: Arc<Answer> = Arc::new(kept.into());
        self.memory.insert(key.to_owned(), kept.clone());
        self.young(kept).inspect(|_| lookups("redis").increment(1))
    }

    fn young(&self, kept: Arc<Answer>) -> Option<(Arc<Answer>, u32)> {
        // Another replica's clock may be ahead of ours.
        let age = u32::try_from((self.now() - kept.since).max(0)).ok()?;
        (age < KEPT_SECONDS).then_some((kept, age))
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    async fn keep(&self, key: String, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
            return Problem::internal().into_response();
        };
        let text = |name| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        if parts.status == StatusCode::OK
            && body.len() <= LARGEST
            && let Ok(json) = std::str::from_utf8(&body)
        {
            let kept = Kept {
                since: self.now(),
                etag: text(header::ETAG),
                link: text(header::LINK),
                body: json.to_owned(),
            };
            if let Ok(text) = serde_json::to_string(&kept) {
                let set = commands::Cmd::set_ex(&key, text, KEPT_SECONDS.into());
                // Kept here even if Redis did not take it: the generation was read before the answer was made.
                let _: Result<(), Away> = self.redis.run(async |redis| set.query_async(redis).await).await;
                self.memory.insert(key, Arc::new(kept.into()));
            }
        }
        let mut response = Response::from_parts(parts, Body::from(body));
        response.headers_mut().insert(X_CACHE, HeaderValue::from_static("miss"));
        response
    }
}

fn lookups(outcome: &'static str) -> metrics::Counter {
    metrics::counter!("directory_lookups_total", "outcome" => outcome)
}

/// The generation of the directory, read once for all who ask at the same time.
struct Generation {
    redis: Redis,
    clock: Clock,
    asking: Gate,
    /// The question that has not been put yet.
    next: Mutex<Option<Question>>,
}

type Question = Shared<BoxFuture<'static, Result<i64, Away>>>;
type Gate = tokio::sync::Mutex<()>;

impl Generation {
    /// The generation as it is after this call began. Those who come while Redis is being asked share the next
    /// question: an answer that is on its way may be too old for them.
    async fn read(self: &Arc<Self>) -> Result<i64, Away> {
        let answer = self.next().get_or_insert_with(|| self.clone().ask().boxed().shared()).clone();
        answer.await
    }

    async fn ask(self: Arc<Self>) -> Result<i64, Away> {
        let _alone = self.asking.lock().await;
        *self.next() = None;
        let get = commands::Cmd::get(DOCTOR_DIRECTORY_GENERATION);
        let known: Option<i64> = self.redis.run(async |redis| get.query_async(redis).await).await?;
        match known {
            Some(generation) => Ok(generation),
            None => self.begin().await,
        }
    }

    /// A Redis that has forgotten begins with a number that it never had: what this process has kept must not come
    /// back to life.
    async fn begin(&self) -> Result<i64, Away> {
        let (key, first) = (DOCTOR_DIRECTORY_GENERATION, self.clock.now().as_millisecond());
        let begin = commands::Cmd::set_nx(key, first);
        let get = commands::Cmd::get(key);
        self.redis
            .run(async |redis| {
                begin.exec_async(redis).await?;
                get.query_async(redis).await
            })
            .await
    }

    fn next(&self) -> MutexGuard<'_, Option<Question>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Callers with the same view get the same answer to the same question.
fn key(generation: i64, role: Role, asked: &Uri) -> String {
    let view = match role {
        Role::Admin | Role::Staff => "full".to_owned(),
        Role::Auditor | Role::Patient(_) => "public".to_owned(),
        // Doctors see more of themselves than of others.
        Role::Doctor(id) => id.to_string(),
    };
    let question = asked.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    let hash = digest(&SHA256, question.as_bytes());
    let (digits, _) = hash.as_ref().split_first_chunk().expect("a digest has 32 bytes");
    format!("doctors:{generation}:{view}:{:032x}", u128::from_be_bytes(*digits))
}

impl From<Kept> for Answer {
    fn from(Kept { since, etag, link, body }: Kept) -> Self {
        let header = |text: Option<String>| text.and_then(|text| HeaderValue::try_from(text).ok());
        Self { since, etag: header(etag), link: header(link), body: body.into() }
    }
}

impl Answer {
    fn respond(&self, age: u32) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(X_CACHE, HeaderValue::from_static("hit"));
        headers.insert(header::AGE, age.into());
        for (name, value) in [(header::ETAG, &self.etag), (header::LINK, &self.link)] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        response
    }
}

impl<R> IntoResponse for Cached<R> {
    fn into_response(self) -> Response {
        self.0
    }
}

impl<R: IntoResponses> IntoResponses for Cached<R> {
    fn responses() -> BTreeMap<String, RefOr<DocumentedResponse>> {
        R::responses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::{DoctorId, PatientId};

    #[test]
    fn who_may_see_more_has_other_keys() {
        let asked: Uri = "/api/doctors?limit=2".parse().unwrap();
        let patient = key(1, Role::Patient(PatientId::random()), &asked);
        assert_eq!(patient, key(1, Role::Patient(PatientId::random()), &asked));
        assert_eq!(patient, key(1, Role::Auditor, &asked));
        assert_ne!(patient, key(1, Role::Staff, &asked));
        assert_ne!(patient, key(1, Role::Doctor(DoctorId::random()), &asked));
        assert_ne!(patient, key(2, Role::Auditor, &asked));
        assert_ne!(patient, key(1, Role::Auditor, &"/api/doctors?limit=3".parse().unwrap()));
    }
}
