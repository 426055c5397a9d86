//! What is asked of appointment-svc: who treats whom, and whether a patient may go.
use crate::domain::patient::Party;
use crate::domain::record::Visit;
use crate::error::Error;
use platform::client::Peer;
use platform::{deadline, fault};
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::{
    ApplyPatientPartyRequest, AppointmentStatus, AppointmentSummary, CheckCareRelationshipRequest,
    GetAppointmentSummaryRequest, ListCarePatientsRequest,
};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::patient::PatientParty;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Response, Status};

/// Longest wait for an answer, well within the deadline of a request.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longest that a request which is done already waits to tell the news.
const COURTESY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Calendar(AppointmentServiceClient<Peer>);

impl Calendar {
    pub fn new(appointments: Peer) -> Self {
        Self(AppointmentServiceClient::new(appointments))
    }

    /// Whether `doctor` treats `patient`.
    pub async fn treats(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        let request =
            CheckCareRelationshipRequest { doctor_id: doctor.to_string(), patient_id: patient.to_string() };
        let mut client = self.0.clone();
        let answer = ask(PATIENCE, client.check_care_relationship(request)).await;
        Ok(answer.map_err(Error::CalendarAway)?.treats)
    }

    /// The patients whom `doctor` treats.
    pub async fn panel(&self, doctor: DoctorId) -> Result<Vec<PatientId>, Error> {
        let request = ListCarePatientsRequest { doctor_id: doctor.to_string() };
        let mut client = self.0.clone();
        let answer = ask(PATIENCE, client.list_care_patients(request)).await.map_err(Error::CalendarAway)?;
        let ids = answer.patient_ids.iter().map(|id| id.parse());
        ids.collect::<Result<_, _>>().map_err(|_| Error::CalendarAway(unreadable()))
    }

    /// A visit, if there is such.
    pub async fn visit(&self, id: AppointmentId) -> Result<Option<Visit>, Error> {
        let mut client = self.0.clone();
        let request = GetAppointmentSummaryRequest { id: id.to_string() };
        match ask(PATIENCE, client.get_appointment_summary(request)).await {
            Ok(summary) => visit(&summary).map(Some).ok_or_else(|| Error::CalendarAway(unreadable())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(Error::CalendarAway(status)),
        }
    }

    /// Has the calendar let go of a patient, which it refuses while visits are ahead.
    pub async fn release(&self, party: Party) -> Result<(), Error> {
        self.apply(party, true, PATIENCE).await.map_err(|status| {
            if fault::reason(&status).as_deref() == Some("HAS_ACTIVE_APPOINTMENTS") {
                Error::HasActiveAppointments(status)
            } else {
                Error::CalendarAway(status)
            }
        })
    }

    /// Tells the truth about a patient.
    pub async fn tell(&self, party: Party) -> Result<(), Error> {
        self.apply(party, false, PATIENCE).await.map_err(Error::CalendarAway)
    }

    /// Tells the news if that can be done at once; the event tells it in any case.
    pub async fn tell_at_once(&self, party: Party) {
        if let Err(status) = self.apply(party, false, COURTESY).await {
            tracing::info!(code = ?status.code(), patient.id = %party.patient_id, "the event will tell the calendar");
        }
    }

    async fn apply(&self, party: Party, refuse_if_booked: bool, patience: Duration) -> Result<(), Status> {
        let Party { patient_id, is_active, version } = party;
        let party = Some(PatientParty { id: patient_id.to_string(), is_active, version });
        let mut client = self.0.clone();
        ask(patience, client.apply_patient_party(ApplyPatientPartyRequest { party, refuse_if_booked }))
            .await?;
        Ok(())
    }
}

async fn ask<T>(
    patience: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    let late = |_| Status::new(Code::DeadlineExceeded, "no answer in time");
    let answer = deadline::within(Instant::now() + patience, call).await.map_err(late)?;
    answer.map(Response::into_inner)
}

fn visit(summary: &AppointmentSummary) -> Option<Visit> {
    Some(Visit {
        patient_id: summary.patient_id.parse().ok()?,
        doctor_id: summary.doctor_id.parse().ok()?,
        is_cancelled: is_off(summary.status()),
    })
}

/// Whether a visit will not take place, or was never agreed upon.
fn is_off(status: AppointmentStatus) -> bool {
    use AppointmentStatus::{Cancelled, EnteredInError, Expired, Held, Requested};
    matches!(status, Cancelled | EnteredInError | Expired | Held | Requested)
}

fn unreadable() -> Status {
    Status::new(Code::Unknown, "the answer could not be read")
}
