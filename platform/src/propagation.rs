//! W3C trace context (`traceparent`) from hop to hop: HTTP and gRPC headers, AMQP headers, stored rows.
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags};
use opentelemetry::{Context, global};
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Makes `span` a child of the span that `headers` tell of.
pub fn continue_from_headers(span: &Span, headers: &HeaderMap) {
    continue_from(span, &Headers(headers));
}

/// Makes `span` a child of the span that a stored or delivered `traceparent` tells of.
pub fn continue_from_traceparent(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    continue_from(span, &HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]));
}

/// Tells the next hop of the current span.
pub fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeadersMut(headers));
    });
}

/// The current span as a `traceparent`, to be kept beside work that is done later.
pub fn traceparent() -> Option<String> {
    current(|span| {
        let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags() & TraceFlags::SAMPLED);
        format!("00-{trace:032x}-{id:016x}-{flags:02x}")
    })
}

/// The id of the current trace, 32 hexadecimal digits; none outside of a trace.
pub fn trace_id() -> Option<String> {
    current(|span| format!("{:032x}", span.trace_id()))
}

fn current<T>(tell: impl FnOnce(&SpanContext) -> T) -> Option<T> {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| tell(span))
}

fn continue_from(span: &Span, carrier: &dyn Extractor) {
    let parent: Context = global::get_text_map_propagator(|propagator| propagator.extract(carrier));
    // Fails only when no collector layer is set up, and then there is nothing to continue.
    let _ = span.set_parent(parent);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            self.0.insert(name, value);
        }
    }
}
