//! The use cases on calendars that programs of patients and doctors subscribe to: look, give an address, end, read.
mod token; // the secret in an address

use crate::calendar::{Published, publish, title, typed_title};
use crate::domain::{AHEAD, BEHIND, Feed, FeedOwner, Titles};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::phrasebook::Phrasebook;
use crate::store::Store;
use jiff::Timestamp;
use lettre::message::Mailbox;
use platform::audit::Entry;
use platform::caller::{Role, User};
use platform::context::about;
use proto::ids::DoctorId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use token::Token;

#[derive(Clone)]
pub struct Subscribing {
    store: Store,
    neighbours: Neighbours,
    phrasebook: Phrasebook,
    /// Who writes mails: visits are called the same in them.
    clinic: Mailbox,
    /// Where people reach the gateway.
    public_url: Arc<str>,
}

impl Subscribing {
    pub fn new(
        store: Store,
        neighbours: Neighbours,
        phrasebook: Phrasebook,
        clinic: Mailbox,
        public_url: &str,
    ) -> Self {
        Self { store, neighbours, phrasebook, clinic, public_url: public_url.into() }
    }

    pub async fn find(&self, user: User, owner: FeedOwner) -> Result<Feed, Error> {
        self.admit(user, owner).await?;
        let feed = self.store.feed(owner).await?.ok_or(Error::FeedNotFound)?;
        self.store.note(entry("read", owner)).await?;
        Ok(feed)
    }

    /// The calendar and its address from now on, with the secret.
    pub async fn rotate(
        &self,
        user: User,
        owner: FeedOwner,
        titles: Titles,
    ) -> Result<(Feed, String), Error> {
        self.admit(user, owner).await?;
        // Who has an address reads it without asking, also once they may not act for the patient any more.
        if user.acting {
            return Err(Error::Forbidden);
        }
        let token = Token::generate()?;
        let feed = self.store.rotate_feed(owner, &token.hash(), titles, entry("rotate", owner)).await?;
        let base = self.public_url.trim_end_matches('/');
        Ok((feed, format!("{base}/calendars/{}.ics", token.reveal())))
    }

    pub async fn delete(&self, user: User, owner: FeedOwner) -> Result<(), Error> {
        self.admit(user, owner).await?;
        Ok(self.store.delete_feed(owner, entry("delete", owner)).await?)
    }

    /// What a program reads that has the address.
    pub async fn calendar(&self, token: &str, now: Timestamp) -> Result<String, Error> {
        let hash = Token::parse(token).ok_or(Error::CalendarNotFound)?.hash();
        let (Feed { owner, titles, .. }, is_to_be_noted) =
            self.store.feed_of(&hash).await?.ok_or(Error::CalendarNotFound)?;
        let languages = self.languages(owner).await?.ok_or(Error::CalendarNotFound)?;
        let visits =
            self.neighbours.visits_of(owner, now - BEHIND, now + AHEAD).await.map_err(Error::Neighbour)?;
        let doctors = match owner {
            FeedOwner::Patient(_) => {
                let ids: BTreeSet<DoctorId> = visits.iter().map(|listed| listed.visit.doctor_id).collect();
                self.neighbours.doctor_names(&Vec::from_iter(ids)).await.map_err(Error::Neighbour)?
            }
            FeedOwner::Doctor(_) => HashMap::new(),
        };
        let types = match titles {
            Titles::VisitType => self.neighbours.visit_type_names().await.map_err(Error::Neighbour)?,
            Titles::Private => HashMap::new(),
        };
        let voice = self.phrasebook.voice(&languages).await?;
        let published = visits.into_iter().filter_map(|listed| {
            let doctor = doctors.get(&listed.visit.doctor_id).map(String::as_str);
            let named = match listed.visit_type_id.and_then(|id| types.get(&id)) {
                Some(visit_type) => typed_title(&voice, doctor, visit_type),
                None => title(&voice, doctor),
            };
            Published::of(&listed.visit, named, listed.changed_at)
        });
        let published: Vec<Published> = published.collect();
        if is_to_be_noted {
            self.store.feed_was_fetched(&hash, entry("read", owner).because("link")).await?;
        }
        Ok(publish(&self.clinic, &voice.say("calendar-name"), &published))
    }

    /// What the owner speaks; none when there is no such person any more.
    async fn languages(&self, owner: FeedOwner) -> Result<Option<Vec<String>>, Error> {
        let languages = match owner {
            FeedOwner::Patient(id) => {
                self.neighbours.patient(id).await.map(|found| found.map(|patient| patient.languages))
            }
            FeedOwner::Doctor(id) => self.neighbours.languages_of_doctor(id).await,
        };
        languages.map_err(Error::Neighbour)
    }

    /// Lets patients, those who act for them, and doctors see to their own, and the reception to everybody's.
    async fn admit(&self, user: User, owner: FeedOwner) -> Result<(), Error> {
        about("calendar_feed", owner.id(), owner.subject());
        let unknown = match owner {
            FeedOwner::Patient(_) => Error::PatientNotFound,
            FeedOwner::Doctor(_) => Error::DoctorNotFound,
        };
        match (user.role, owner) {
            (Role::Patient(own), FeedOwner::Patient(asked)) if own == asked => {}
            (Role::Patient(_), FeedOwner::Patient(_)) => return Err(unknown),
            (Role::Doctor(own), FeedOwner::Doctor(asked)) if own == asked => {}
            (Role::Staff | Role::Admin, _) => {}
            (Role::Patient(_) | Role::Doctor(_) | Role::Auditor, _) => return Err(Error::Forbidden),
        }
        self.languages(owner).await?.map(drop).ok_or(unknown)
    }
}

fn entry(action: &'static str, owner: FeedOwner) -> Entry {
    Entry::new(action, "calendar_feed").ids([owner.id()]).of(owner.subject())
}
