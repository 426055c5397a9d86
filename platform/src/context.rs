//! The request at hand: which it is, where it came from and who asks. Each hop tells the next of the first two.
use crate::caller::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where the first of all hops was asked from.
pub const X_CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");

/// Longest id of a request, in bytes.
const MAX_ID: usize = 64;

tokio::task_local! {
    static CURRENT: Context;
}

#[derive(Clone, Debug, Default)]
pub struct Context {
    pub request_id: Option<String>,
    pub client_address: Option<IpAddr>,
    /// As the server stack has verified them.
    pub caller: Option<Caller>,
    about: Arc<Mutex<Option<About>>>,
}

/// What a request is about, should it be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub resource: &'static str,
    pub id: Uuid,
    /// Whose data it is, if it is a person's.
    pub subject: Option<Uuid>,
}

impl Context {
    pub fn new(request_id: String, client_address: IpAddr) -> Self {
        Self { request_id: Some(request_id), client_address: Some(client_address), ..Self::default() }
    }

    /// What the hop before says.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Self {
            request_id: text(X_REQUEST_ID).filter(|id| is_request_id(id)).map(str::to_owned),
            client_address: text(X_CLIENT_ADDRESS).and_then(|address| address.parse().ok()),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn asked_by(self, caller: Option<Caller>) -> Self {
        Self { caller, ..self }
    }

    /// Runs `work` as part of this request.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// That of the request at hand; none for what happens by itself.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// What [`about`] was told last.
    pub fn told(&self) -> Option<About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Tells what the request at hand is about, before it is known whether it is refused.
pub fn about(resource: &'static str, id: Uuid, subject: Option<Uuid>) {
    let tell = |context: &Context| {
        *context.about.lock().unwrap_or_else(PoisonError::into_inner) = Some(About { resource, id, subject });
    };
    // Outside of a request there is nobody to refuse.
    let _ = CURRENT.try_with(tell);
}

/// Tells the next hop of the request at hand.
pub fn inject(headers: &mut HeaderMap) {
    let tell = |context: &Context| {
        let id = context.request_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
        let address = context.client_address;
        let address = address.and_then(|address| HeaderValue::from_str(&address.to_string()).ok());
        for (name, value) in [(X_REQUEST_ID, id), (X_CLIENT_ADDRESS, address)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    };
    let _ = CURRENT.try_with(tell);
}

/// Whether `id` may stand for a request wherever it is told of.
pub fn is_request_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MAX_ID
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_hop_hears_what_this_one_heard() {
        let mut headers = HeaderMap::new();
        inject(&mut headers);
        assert!(headers.is_empty());
        let first = Context::new("order-66".to_owned(), [192, 0, 2, 7].into());
        first.scope(async { inject(&mut headers) }).await;
        let second = Context::from_headers(&headers);
        assert_eq!(second.request_id.as_deref(), Some("order-66"));
        assert_eq!(second.client_address, Some([192, 0, 2, 7].into()));
    }

    #[test]
    fn what_is_no_id_and_no_address_is_not_taken_over() {
        let wrong = [(X_REQUEST_ID, "a b"), (X_CLIENT_ADDRESS, "localhost")];
        let headers = wrong.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let context = Context::from_headers(&headers.into_iter().collect());
        assert_eq!((context.request_id, context.client_address), (None, None));
    }

    #[tokio::test]
    async fn what_a_request_is_about_is_known_to_whoever_refuses_it() {
        let context = Context::default();
        let id = Uuid::now_v7();
        context.clone().scope(async { about("thing", id, None) }).await;
        assert_eq!(context.told(), Some(About { resource: "thing", id, subject: None }));
    }
}
