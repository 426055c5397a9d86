//! Logs to standard output, one line an event, each with the trace it belongs to; traces to OTLP when a
//! collector is set. Span fields go to traces, not to logs: a log line says what its message names.
mod log_level; // which log lines are written

pub use log_level::{BadLogLevel, LogLevel};

use crate::config::{LogFormat, Process};
use opentelemetry::{KeyValue, global, trace::TraceContextExt as _, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use serde::Serialize;
use std::fmt;
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is told of the process while it runs; traces are flushed when it ends.
pub struct Telemetry {
    provider: SdkTracerProvider,
    pub log_level: LogLevel,
}

/// Sets up logs, traces and metrics for the process.
pub fn start(service: &'static str, settings: &Process) -> anyhow::Result<Telemetry> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    // Without a collector spans still get ids, so that logs of one request can be found in every process.
    let mut provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service).with_attribute(version()).build());
    provider = match &settings.otel_exporter_otlp_endpoint {
        Some(endpoint) => {
            let exporter =
                opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
            provider.with_batch_exporter(exporter)
        }
        // Nobody would read what is recorded of them.
        None => provider.with_sampler(Sampler::AlwaysOff),
    };
    let provider = provider.build();

    let (log_level, wanted) = LogLevel::new(&settings.log_level)?;
    let lines = tracing_subscriber::fmt::layer().event_format(Lines { service, format: settings.log_format });
    // Names and times are enough; what else there is would be found out for every span, also where nobody reads it.
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(service))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    // Spans pass whatever the log level: a quiet process must not break the trace.
    let ours = tracing_subscriber::filter::filter_fn(|meta| meta.is_span() && *meta.level() <= Level::INFO)
        .with_max_level_hint(tracing::level_filters::LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(wanted))
        .with(spans.with_filter(ours))
        .try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(Telemetry { provider, log_level })
}

fn version() -> KeyValue {
    KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))
}

/// The place only: a panic's message may hold a person's data.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panicked");
}

impl Telemetry {
    pub fn flush(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::debug!(%error, "traces were not flushed");
        }
    }
}

/// How a log line is written.
struct Lines {
    service: &'static str,
    format: LogFormat,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields { format: self.format, message: String::new(), others: Vec::new() };
        event.record(&mut fields);
        #[expect(clippy::disallowed_methods, reason = "a log line tells when it was written")]
        let now = jiff::Timestamp::now();
        let meta = event.metadata();
        let trace = ctx.lookup_current().and_then(|span| {
            let context =
                tracing::dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))?;
            let trace = context.span().span_context().trace_id();
            Some(trace.to_string())
        });
        let Fields { message, others, .. } = fields;
        let (trace, others) = (trace.unwrap_or_default(), String::from_utf8(others).map_err(|_| fmt::Error)?);
        match self.format {
            LogFormat::Json => {
                let (level, service, target) = (name(*meta.level()), self.service, meta.target());
                let message = serde_json::to_string(&message).map_err(|_| fmt::Error)?;
                writeln!(
                    writer,
                    r#"{{"time":"{now}","level":"{level}","service":"{service}","trace_id":"{trace}","message":{message},"target":"{target}"{others}}}"#
                )
            }
            LogFormat::Text => {
                write!(writer, "{now:.3} {:>5} {} {message}{others}", meta.level(), self.service)?;
                if trace.is_empty() { writeln!(writer) } else { writeln!(writer, " trace_id={trace}") }
            }
        }
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of a line, written as the line will have them.
struct Fields {
    format: LogFormat,
    message: String,
    others: Vec<u8>,
}

impl Fields {
    fn keep(&mut self, field: &Field, value: impl Serialize) {
        let before = self.others.len();
        let name = field.name();
        let begun = match self.format {
            LogFormat::Json => write!(self.others, r#","{name}":"#),
            LogFormat::Text => write!(self.others, " {name}="),
        };
        if begun.is_err() || serde_json::to_writer(&mut self.others, &value).is_err() {
            self.others.truncate(before);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.keep(field, format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        self.keep(field, chain);
    }
}
