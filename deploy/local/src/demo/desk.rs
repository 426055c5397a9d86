//! Somebody who is logged in, and the services they speak to.
use crate::mesh::Mesh;
use crate::service::Service;
use anyhow::{Context, anyhow};
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::auth::LoginRequest;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::doctor::doctor_service_client::DoctorServiceClient;
use proto::patient::patient_service_client::PatientServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

pub(super) struct Desk {
    pub(super) auth: AuthServiceClient<Channel>,
    pub(super) patient: PatientServiceClient<Channel>,
    pub(super) doctor: DoctorServiceClient<Channel>,
    pub(super) appointment: AppointmentServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
}

impl Desk {
    pub(super) async fn log_in(mesh: &Mesh, email: &str, password: &str) -> anyhow::Result<Self> {
        let mut auth = AuthServiceClient::new(mesh.endpoint(Service::Auth)?.connect_lazy());
        let request =
            LoginRequest { username: email.to_owned(), password: password.to_owned(), ..Default::default() };
        let tokens =
            auth.login(request).await.map_err(told).with_context(|| format!("cannot log in as {email}"))?;
        Ok(Self {
            auth,
            patient: PatientServiceClient::new(mesh.endpoint(Service::Patient)?.connect_lazy()),
            doctor: DoctorServiceClient::new(mesh.endpoint(Service::Doctor)?.connect_lazy()),
            appointment: AppointmentServiceClient::new(mesh.endpoint(Service::Appointment)?.connect_lazy()),
            authorization: format!("Bearer {}", tokens.into_inner().access_token).parse()?,
        })
    }

    /// `message` as a request of theirs.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }
}

/// What a service answered, without the noise.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(super) fn told(status: Status) -> anyhow::Error {
    anyhow!("{:?}: {}", status.code(), status.message())
}

/// What was made, or `None` when an earlier run had made it.
pub(super) fn unless_there<T>(made: Result<Response<T>, Status>) -> anyhow::Result<Option<T>> {
    match made {
        Ok(made) => Ok(Some(made.into_inner())),
        Err(status) if status.code() == Code::AlreadyExists => Ok(None),
        Err(status) => Err(told(status)),
    }
}
