//! What calendars show: all visits of one person, and the names beside them.
use super::{Neighbours, found, full_name, visit};
use crate::domain::{Failure, FeedOwner, FeedVisit, MOST};
use jiff::Timestamp;
use proto::appointment::{AppointmentSummary, ListAppointmentSummariesRequest};
use proto::doctor::{BatchGetDoctorsRequest, ListVisitTypesRequest};
use proto::ids::{DoctorId, VisitTypeId};
use proto::time;
use std::collections::HashMap;

/// Most that the others tell at once.
const AT_ONCE: i32 = 200;

impl Neighbours {
    /// The visits of `owner` that begin within a span, by start, [`MOST`] at most.
    pub async fn visits_of(
        &self,
        owner: FeedOwner,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<FeedVisit>, Failure> {
        let id = owner.id().to_string();
        let (doctor_id, patient_id) = match owner {
            FeedOwner::Doctor(_) => (id, String::new()),
            FeedOwner::Patient(_) => (String::new(), id),
        };
        let mut request = ListAppointmentSummariesRequest {
            doctor_id,
            patient_id,
            start_time_from: Some(time::to_wire(from)),
            start_time_until: Some(time::to_wire(until)),
            page_size: AT_ONCE,
            page_token: String::new(),
        };
        let mut visits = Vec::new();
        loop {
            let page = self.appointments.clone().list_appointment_summaries(request.clone()).await;
            let page = found(page, Failure::AppointmentSvcUnavailable)?.ok_or(Failure::BadAnswer)?;
            for summary in &page.summaries {
                visits.push(listed(summary).ok_or(Failure::BadAnswer)?);
            }
            if page.next_page_token.is_empty() || visits.len() >= MOST {
                visits.truncate(MOST);
                return Ok(visits);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// What a doctor speaks; none when there is no such doctor any more.
    pub async fn languages_of_doctor(&self, id: DoctorId) -> Result<Option<Vec<String>>, Failure> {
        let request = BatchGetDoctorsRequest { ids: vec![id.to_string()] };
        let doctors = self.doctors.clone().batch_get_doctors(request).await;
        let mut doctors = found(doctors, Failure::DoctorSvcUnavailable)?.ok_or(Failure::BadAnswer)?.doctors;
        Ok(doctors.pop().filter(|doctor| doctor.delete_time.is_none()).map(|doctor| doctor.languages))
    }

    /// First and last names, also of doctors who were deleted.
    pub async fn doctor_names(&self, ids: &[DoctorId]) -> Result<HashMap<DoctorId, String>, Failure> {
        let mut names = HashMap::new();
        for ids in ids.chunks(AT_ONCE.unsigned_abs() as usize) {
            let request = BatchGetDoctorsRequest { ids: ids.iter().map(ToString::to_string).collect() };
            let doctors = self.doctors.clone().batch_get_doctors(request).await;
            let doctors = found(doctors, Failure::DoctorSvcUnavailable)?.ok_or(Failure::BadAnswer)?;
            for doctor in doctors.doctors {
                let id = doctor.id.parse().map_err(|_| Failure::BadAnswer)?;
                names.insert(id, full_name(&doctor.first_name, &doctor.last_name));
            }
        }
        Ok(names)
    }

    /// Of all that there are, also those that are not on offer any more.
    pub async fn visit_type_names(&self) -> Result<HashMap<VisitTypeId, String>, Failure> {
        let request = ListVisitTypesRequest { include_inactive: true, ..ListVisitTypesRequest::default() };
        let types = self.doctors.clone().list_visit_types(request).await;
        let types = found(types, Failure::DoctorSvcUnavailable)?.ok_or(Failure::BadAnswer)?.visit_types;
        let named = |id: String, name| Ok((id.parse().map_err(|_| Failure::BadAnswer)?, name));
        types.into_iter().map(|one| named(one.id, one.name)).collect()
    }
}

fn listed(summary: &AppointmentSummary) -> Option<FeedVisit> {
    let visit_type_id = match summary.visit_type_id.as_str() {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    let changed_at = time::from_wire(summary.update_time).ok()?;
    Some(FeedVisit { visit: visit(summary)?, visit_type_id, changed_at })
}
