//! The gRPC face of the waitlist: who, what, do, reply. No rules, no SQL.
use crate::accepting::Accepting;
use crate::answers::{again, replayed, stored};
use crate::bookings::Booked;
use crate::convert;
use crate::convert::waitlist::{ENTRIES, OFFERS, offer_id, versioned};
use crate::domain::waitlist::commands::NewEntry;
use crate::error::Error;
use crate::once::Once;
use crate::store::{Offered, Turn, Waiters};
use crate::waitlist::{Seen, Waitlist};
use pb::waitlist_service_server::WaitlistService;
use platform::caller::User;
use platform::page::PageTokens;
use proto::appointment as pb;
use tonic::{Request, Response, Result};

type Answer<T> = Result<Response<T>>;

pub struct WaitlistApi {
    pub waitlist: Waitlist,
    pub accepting: Accepting,
    pub pages: PageTokens,
}

#[tonic::async_trait]
impl WaitlistService for WaitlistApi {
    async fn create_waitlist_entry(
        &self,
        request: Request<pb::CreateWaitlistEntryRequest>,
    ) -> Answer<pb::WaitlistEntry> {
        let (user, request, once) = Once::of(request)?;
        let wanted = NewEntry::try_from(request)?;
        match self.waitlist.create(&user, &wanted, &once).await {
            Ok(entry) => Ok(Response::new(convert::waitlist::entry(&entry, None, &user))),
            Err(Error::Replayed(replay)) => Ok(again(stored(&replay)?)),
            Err(error) => Err(error.into()),
        }
    }

    async fn get_waitlist_entry(
        &self,
        request: Request<pb::GetWaitlistEntryRequest>,
    ) -> Answer<pb::WaitlistEntry> {
        let user = User::of(&request)?;
        let (id, _) = versioned(&request.into_inner().id, 0)?;
        let (entry, offer) = self.waitlist.get(&user, id).await?;
        Ok(Response::new(convert::waitlist::entry(&entry, offer.as_ref(), &user)))
    }

    async fn list_waitlist_entries(
        &self,
        request: Request<pb::ListWaitlistEntriesRequest>,
    ) -> Answer<pb::ListWaitlistEntriesResponse> {
        let user = User::of(&request)?;
        let waiters = convert::waitlist::waiters(&self.pages, request.get_ref())?;
        let size = waiters.limit;
        // One more than asked for tells whether there is another page.
        let entries = self.waitlist.list(&user, Waiters { limit: size + 1, ..waiters }).await?;
        let (page, next_page_token) =
            self.pages.cut(ENTRIES, entries, size, |(entry, _): &Seen| Turn::of(entry));
        let shown = page.iter().map(|(entry, offer)| convert::waitlist::entry(entry, offer.as_ref(), &user));
        let entries = shown.collect();
        Ok(Response::new(pb::ListWaitlistEntriesResponse { entries, next_page_token }))
    }

    async fn update_waitlist_entry(
        &self,
        request: Request<pb::UpdateWaitlistEntryRequest>,
    ) -> Answer<pb::WaitlistEntry> {
        let user = User::of(&request)?;
        let (id, edit) = convert::waitlist::edit(request.into_inner())?;
        let (entry, offer) = self.waitlist.edit(&user, id, &edit).await?;
        Ok(Response::new(convert::waitlist::entry(&entry, offer.as_ref(), &user)))
    }

    async fn resume_waitlist_entry(
        &self,
        request: Request<pb::ResumeWaitlistEntryRequest>,
    ) -> Answer<pb::WaitlistEntry> {
        let user = User::of(&request)?;
        let pb::ResumeWaitlistEntryRequest { id, expected_version } = request.into_inner();
        let (id, expected_version) = versioned(&id, expected_version)?;
        let (entry, offer) = self.waitlist.resume(&user, id, expected_version).await?;
        Ok(Response::new(convert::waitlist::entry(&entry, offer.as_ref(), &user)))
    }

    async fn cancel_waitlist_entry(
        &self,
        request: Request<pb::CancelWaitlistEntryRequest>,
    ) -> Answer<pb::WaitlistEntry> {
        let user = User::of(&request)?;
        let pb::CancelWaitlistEntryRequest { id, expected_version } = request.into_inner();
        let (id, expected_version) = versioned(&id, expected_version)?;
        let entry = self.waitlist.cancel(&user, id, expected_version).await?;
        Ok(Response::new(convert::waitlist::entry(&entry, None, &user)))
    }

    async fn list_waitlist_offers(
        &self,
        request: Request<pb::ListWaitlistOffersRequest>,
    ) -> Answer<pb::ListWaitlistOffersResponse> {
        let user = User::of(&request)?;
        let offered = convert::waitlist::offered(&self.pages, request.get_ref())?;
        let size = offered.limit;
        // One more than asked for tells whether there is another page.
        let offers = self.waitlist.offers(&user, &Offered { limit: size + 1, ..offered }).await?;
        let (page, next_page_token) = self.pages.cut(OFFERS, offers, size, |offer| offer.id);
        let offers = page.iter().map(|offer| convert::waitlist::offer(offer, Some(&user))).collect();
        Ok(Response::new(pb::ListWaitlistOffersResponse { offers, next_page_token }))
    }

    async fn accept_waitlist_offer(
        &self,
        request: Request<pb::AcceptWaitlistOfferRequest>,
    ) -> Answer<pb::Appointment> {
        let (user, request, once) = Once::of(request)?;
        let id = offer_id(&request.id)?;
        match self.accepting.accept(&user, id, &once).await {
            Ok(Booked { appointment, hold, now }) => {
                Ok(Response::new(convert::holds::booked(convert::seen_by(&user, appointment, now), hold)))
            }
            Err(Error::Replayed(replay)) => replayed(replay),
            Err(error) => Err(error.into()),
        }
    }

    async fn decline_waitlist_offer(
        &self,
        request: Request<pb::DeclineWaitlistOfferRequest>,
    ) -> Answer<pb::WaitlistOffer> {
        let user = User::of(&request)?;
        let id = offer_id(&request.into_inner().id)?;
        let offer = self.accepting.decline(&user, id).await?;
        Ok(Response::new(convert::waitlist::offer(&offer, Some(&user))))
    }

    async fn get_waitlist_offer(
        &self,
        request: Request<pb::GetWaitlistOfferRequest>,
    ) -> Answer<pb::WaitlistOffer> {
        let id = offer_id(&request.into_inner().id)?;
        let offer = self.waitlist.offer(id).await?;
        Ok(Response::new(convert::waitlist::offer(&offer, None)))
    }
}
