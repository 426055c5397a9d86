//! What is left of a body when its request is answered. A connection that is closed with something unread on it is
//! reset, which may destroy the answer before the client has read it (RFC 9112, section 9.6); and a client that is
//! still sending does not look for one. So the rest is read, up to a point, only to be dropped.
use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use platform::shutdown::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Most bytes of a body that are read only to be dropped.
const SWALLOWED: usize = 32 * 1024 * 1024;
/// Longest time for it.
const PATIENCE: Duration = Duration::from_secs(4);

/// A body that is read to its end by itself once nobody else wants it.
pub struct Heard {
    body: Option<Incoming>,
    /// The client waits to be told that its body is wanted, and has not been told yet.
    is_withheld: bool,
    tasks: Shutdown,
}

/// `request` with a body that `tasks` read on when it is dropped.
pub fn heard(request: Request<Incoming>, tasks: &Shutdown) -> Request<Heard> {
    let is_withheld = request.headers().contains_key(header::EXPECT);
    request.map(|body| Heard { body: Some(body), is_withheld, tasks: tasks.clone() })
}

impl Body for Heard {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_withheld = false;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        if let Some(rest) = self.body.take().filter(|rest| !self.is_withheld && !rest.is_end_stream()) {
            self.tasks.spawn(tokio::time::timeout(PATIENCE, swallow(rest)));
        }
    }
}

async fn swallow(mut rest: Incoming) {
    let mut swallowed = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        swallowed += frame.data_ref().map_or(0, Bytes::len);
        if swallowed > SWALLOWED {
            break;
        }
    }
}
