//! The gRPC face of links that patients were sent: who, what, do, reply. No rules, no SQL.
use crate::bookings::{Bookings, Now};
use crate::convert::links::{self, Linked};
use crate::convert::{self, seen_by};
use crate::domain::appointment::Appointment;
use crate::error::Error;
use crate::offers::{self, Offers};
use crate::once::Once;
use crate::placing;
use crate::transitions::Transitions;
use crate::visits::Visits;
use pb::visit_link_service_server::VisitLinkService;
use platform::caller::User;
use proto::appointment as pb;
use tonic::{Request, Response, Result};

type Answer<T> = Result<Response<T>>;

pub struct LinkApi {
    pub bookings: Bookings,
    pub transitions: Transitions,
    pub offers: Offers,
    pub visits: Visits,
}

impl LinkApi {
    async fn visit(&self, Linked { id, holder }: &Linked) -> Result<Now<Appointment>, Error> {
        let seen = self.visits.get(holder, *id).await?;
        let now = seen.now;
        seen.appointments.into_iter().next().map(|visit| (visit, now)).ok_or(Error::NotFound)
    }
}

#[tonic::async_trait]
impl VisitLinkService for LinkApi {
    async fn get_linked_visit(&self, request: Request<pb::GetLinkedVisitRequest>) -> Answer<pb::Appointment> {
        let linked = links::visit(request.get_ref())?;
        let visit = self.visit(&linked).await?;
        Ok(wordless(&linked.holder, visit))
    }

    async fn list_linked_slots(
        &self,
        request: Request<pb::ListLinkedSlotsRequest>,
    ) -> Answer<pb::ListAvailableSlotsResponse> {
        let (linked, dates) = links::slots(request.get_ref())?;
        let (visit, _) = self.visit(&linked).await?;
        let (doctor, kind) = (visit.doctor_id, placing::kind(visit.visit_type_id, visit.visit));
        let reader = offers::reader(&linked.holder, None)?;
        let (slots, diary) = self.offers.slots(reader, doctor, kind, dates, Some(linked.id)).await?;
        // Who is not told of places must not come to another.
        let slots = slots.into_iter().filter(|slot| slot.location == visit.location_id);
        Ok(Response::new(convert::offers::slots(doctor, slots, &diary)))
    }

    async fn change_linked_visit(
        &self,
        request: Request<pb::ChangeLinkedVisitRequest>,
    ) -> Answer<pb::Appointment> {
        let (holder, change) = links::change(request.get_ref())?;
        let changed = self.transitions.change_status(&holder, change, &Once::default()).await?;
        Ok(wordless(&holder, changed))
    }

    async fn move_linked_visit(
        &self,
        request: Request<pb::MoveLinkedVisitRequest>,
    ) -> Answer<pb::Appointment> {
        let (Linked { id, holder }, edit) = links::edit(request.get_ref())?;
        let moved = self.bookings.edit(&holder, id, &edit, &Once::default()).await?;
        Ok(wordless(&holder, moved))
    }
}

/// The visit as its patient sees it, without what was written about it.
fn wordless(holder: &User, (visit, now): Now<Appointment>) -> Response<pb::Appointment> {
    Response::new(seen_by(holder, Appointment { notes: None, ..visit }, now))
}
