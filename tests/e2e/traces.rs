use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::clinic::at;
use tests::collector::Collector;
use tests::mesh::Mesh;
use tokio::time::Instant;

/// Which services took part in a trace, and how.
fn seen(collector: &Collector, trace: &str) -> BTreeSet<String> {
    let exported = collector.exported();
    exported
        .into_iter()
        .flat_map(|request| request.resource_spans)
        .flat_map(|spans| parts(spans, trace))
        .collect()
}

fn parts(spans: ResourceSpans, trace: &str) -> Vec<String> {
    let attributes = spans.resource.unwrap_or_default().attributes;
    let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
    let name = name.and_then(|name| name.value?.value).map(|value| format!("{value:?}")).unwrap_or_default();
    let spans = spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
    let of_trace = spans.filter(|span| {
        let id = span.trace_id.as_slice().try_into().map(u128::from_be_bytes).unwrap_or_default();
        format!("{id:032x}") == trace
    });
    let layer = |name: &str| {
        if name.starts_with("db.") {
            ": SQL"
        } else if name.contains("smtp") {
            ": SMTP"
        } else {
            ""
        }
    };
    of_trace.map(|span| format!("{name}{}", layer(&span.name))).collect()
}

/// The span of whoever asks, which is not ours.
const CALLER: &str = "00f067aa0ba902b7";

/// Name, id and parent of every span of a trace, whoever exported it.
fn spans(collector: &Collector, trace: &str) -> Vec<(String, String, String)> {
    let hex = platform::audit::hex;
    let spans = collector.exported().into_iter().flat_map(|request| request.resource_spans);
    let spans = spans.flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans);
    let of_trace = spans.filter(|span| hex(&span.trace_id) == trace);
    of_trace.map(|span| (span.name, hex(&span.span_id), hex(&span.parent_span_id))).collect()
}

/// The spans whose parent is neither in the trace nor whoever asked.
fn lost(collector: &Collector, trace: &str) -> Vec<String> {
    let spans = spans(collector, trace);
    let ids: BTreeSet<&str> = spans.iter().map(|(_, id, _)| id.as_str()).chain([CALLER]).collect();
    spans
        .iter()
        .filter(|(.., parent)| !ids.contains(parent.as_str()))
        .map(|(name, ..)| name.clone())
        .collect()
}

fn children_of(collector: &Collector, trace: &str, parent: &str) -> Vec<String> {
    let children = spans(collector, trace).into_iter().filter(|(.., of)| of == parent);
    children.map(|(name, ..)| name).collect()
}

#[tokio::test]
async fn booking_a_visit_is_one_trace_through_every_process() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let mesh =
        Mesh::start(|options| options.env.push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), endpoint))).await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);

    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-{CALLER}-01");
    let body = tests::clinic::visit(&patient.id, &doctor.id, at(3, 9, 0));
    let headers = [("traceparent", traceparent.as_str())];
    patient.send(reqwest::Method::POST, "/api/appointments/", Some(body), &headers).await.created();

    let wanted =
        ["gateway", "appointment-svc", "doctor-svc", "patient-svc", "notification-svc", ": SQL", ": SMTP"];
    let complete = async {
        loop {
            let came = collector.came.notified();
            let seen = seen(&collector, trace);
            if wanted.iter().all(|wanted| seen.iter().any(|seen| seen.contains(wanted))) {
                return;
            }
            came.await;
        }
    };
    let patience = tokio::time::timeout(Duration::from_secs(30), complete).await;
    assert!(patience.is_ok(), "{:?}", seen(&collector, trace));

    // What ends last is exported last: only then is every parent there.
    let whole = async {
        loop {
            let came = collector.came.notified();
            if lost(&collector, trace).is_empty() {
                return;
            }
            came.await;
        }
    };
    let patience = tokio::time::timeout(Duration::from_secs(30), whole).await;
    assert!(patience.is_ok(), "parents that nobody exported: {:?}", lost(&collector, trace));
    assert_eq!(children_of(&collector, trace, CALLER), ["POST /api/appointments"], "one root, called by us");

    // Whoever has no collector finds the same id in every log.
    for service in ["gateway", "appointment-svc", "doctor-svc", "patient-svc", "notification-svc"] {
        let service = local::service::Service::ALL.into_iter().find(|known| known.name() == service).unwrap();
        assert!(mesh.logged(service).contains(trace), "{service} does not log the trace");
    }
}

/// Longer than a request takes on a busy machine, and shorter than whatever waits for a collector.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_collector_that_says_nothing_holds_up_nobody() {
    // Connections are accepted by the kernel, and nobody reads from them.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mesh = Mesh::start(|options| {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "8000"),
        ] {
            options.env.push((name.to_owned(), value.to_owned()));
        }
    })
    .await;
    let admin = mesh.admin().await;
    let doctor = admin.doctor().await;
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    // While spans are exported in vain, and others wait for that.
    while begun.elapsed() < Duration::from_secs(6) {
        let asked = Instant::now();
        admin.get(&format!("/api/doctors/{}", doctor.id)).await.ok();
        admin.get("/api/auth/me").await.ok();
        longest = longest.max(asked.elapsed());
    }
    assert!(longest < SOON, "{longest:?}");
    for service in local::service::Service::ALL {
        let told = Instant::now();
        mesh.processes.stop(service).await;
        assert!(told.elapsed() < Duration::from_secs(15), "{service} stopped in {:?}", told.elapsed());
    }
}
