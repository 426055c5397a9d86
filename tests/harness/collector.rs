//! A collector of traces that keeps all it is given.
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

#[derive(Clone, Default)]
pub struct Collector {
    exported: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    /// Notified whenever something has come.
    pub came: Arc<Notify>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.exported.lock().unwrap().push(request.into_inner());
        self.came.notify_waiters();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Serves on a port of its own; where.
    pub async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let serving = tonic::transport::Server::builder().add_service(TraceServiceServer::new(self.clone()));
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(serving.serve_with_incoming(incoming));
        format!("http://{address}")
    }

    /// What has come so far.
    pub fn exported(&self) -> Vec<ExportTraceServiceRequest> {
        self.exported.lock().unwrap().clone()
    }
}
