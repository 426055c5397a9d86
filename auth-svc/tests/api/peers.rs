//! patient-svc, at the boundary of the process: only the method that is called, only what is told.
use futures::future::BoxFuture;
use platform::shutdown::Shutdown;
use proto::patient::{CheckPatientRecordRequest, CheckPatientRecordResponse};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response};
use tonic_prost::ProstCodec;
use tower::Service;

/// The records that there are, and whether they are of somebody who is here.
#[derive(Clone, Default)]
pub(crate) struct Patients(Arc<Mutex<HashMap<String, bool>>>);

impl Patients {
    /// Its address.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Server::builder().add_service(self.clone());
        Shutdown::default().spawn(serving.serve_with_incoming(TcpIncoming::from(listener)));
        url
    }

    /// From now on there is a record under `id`, of somebody who is here or is not any more.
    pub(crate) fn have(&self, id: &str, is_present: bool) {
        self.0.lock().unwrap().insert(id.to_owned(), is_present);
    }
}

impl NamedService for Patients {
    const NAME: &'static str = "healthcare.patient.v1.PatientService";
}

impl Service<http::Request<Body>> for Patients {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        assert!(request.uri().path().ends_with("/CheckPatientRecord"), "nothing else is asked");
        let records = self.0.clone();
        let method = tower::service_fn(move |asked: Request<CheckPatientRecordRequest>| {
            let record = records.lock().unwrap().get(&asked.into_inner().patient_id).copied();
            let answer =
                CheckPatientRecordResponse { exists: record.is_some(), is_present: record == Some(true) };
            async move { Ok(Response::new(answer)) }
        });
        let codec = ProstCodec::<CheckPatientRecordResponse, CheckPatientRecordRequest>::default();
        Box::pin(async move { Ok(Grpc::new(codec).unary(method, request).await) })
    }
}
