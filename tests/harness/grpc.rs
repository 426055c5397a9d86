//! The mesh as an internal program sees it.
use crate::mesh::Mesh;
use local::service::Service;
use tonic::Request;
use tonic::transport::Channel;

impl Mesh {
    /// A channel to the first replica of a service.
    pub async fn channel(&self, service: Service) -> Channel {
        let endpoint = self.processes.endpoint(service).expect("an endpoint");
        endpoint.connect().await.expect("the service answers")
    }
}

/// A request in the name of whom `token` was given to.
pub fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
