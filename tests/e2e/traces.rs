use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::clinic::at;
use tests::mesh::Mesh;
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

/// A collector that keeps which services took part in which trace.
#[derive(Clone, Default)]
struct Collector {
    traces: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
    came: Arc<Notify>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.unwrap_or_default().attributes;
            let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let name =
                name.and_then(|name| name.value?.value).map(|value| format!("{value:?}")).unwrap_or_default();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let mut traces = self.traces.lock().unwrap();
            for span in spans {
                let id = span.trace_id.try_into().map(u128::from_be_bytes).unwrap_or_default();
                let id = format!("{id:032x}");
                let layer = if span.name.starts_with("db.") {
                    ": SQL"
                } else if span.name.contains("smtp") {
                    ": SMTP"
                } else {
                    ""
                };
                traces.entry(id).or_default().insert(format!("{name}{layer}"));
            }
        }
        self.came.notify_waiters();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Serves on a port of its own; where.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let serving = tonic::transport::Server::builder().add_service(TraceServiceServer::new(self.clone()));
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(serving.serve_with_incoming(incoming));
        format!("http://{address}")
    }

    fn has(&self, trace: &str, wanted: &str) -> bool {
        self.traces
            .lock()
            .unwrap()
            .get(trace)
            .is_some_and(|seen| seen.iter().any(|seen| seen.contains(wanted)))
    }
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
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let body = tests::clinic::visit(&patient.id, &doctor.id, at(3, 9, 0));
    let headers = [("traceparent", traceparent.as_str())];
    patient.send(reqwest::Method::POST, "/api/appointments/", Some(body), &headers).await.created();

    let wanted =
        ["gateway", "appointment-svc", "doctor-svc", "patient-svc", "notification-svc", ": SQL", ": SMTP"];
    let complete = async {
        loop {
            let came = collector.came.notified();
            if wanted.iter().all(|wanted| collector.has(trace, wanted)) {
                return;
            }
            came.await;
        }
    };
    let patience = tokio::time::timeout(Duration::from_secs(30), complete).await;
    assert!(patience.is_ok(), "{:?}", collector.traces.lock().unwrap().get(trace));

    // Whoever has no collector finds the same id in every log.
    for service in ["gateway", "appointment-svc", "doctor-svc", "patient-svc", "notification-svc"] {
        let service = local::service::Service::ALL.into_iter().find(|known| known.name() == service).unwrap();
        assert!(mesh.logged(service).contains(trace), "{service} does not log the trace");
    }
}
