//! How a change is made: decided under the lock of what changes, asked of the calendar where it takes something away,
//! saved, told.
//!
//! The calendar must never offer more than the rules, and not less for long. So what takes something away is in force
//! there before it is committed here, and an attempt that leaves the two apart stays on record until it is repaired.
use crate::calendar::Calendar;
use crate::directory::Directory;
use crate::domain::clinic::Clinic;
use crate::domain::practice::Practice;
use crate::domain::rules::Shift;
use crate::error::Error;
use crate::events::Event;
use crate::store::narrowings::{Narrowing, Owner};
use crate::store::{self, Store, Tx};
use platform::audit::Entry;
use platform::postgres;
use platform::shutdown::Shutdown;
use std::time::Duration;

mod aggregates; // what changes as one: a doctor, and the clinic

pub use aggregates::Aggregate;

/// Narrowings older than this were left behind by a process or a transaction that died: longer than any request.
const LEFT_BEHIND: Duration = Duration::from_secs(15);
/// How often they are looked for.
const POLL: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Changes {
    store: Store,
    calendar: Calendar,
    directory: Directory,
}

/// A change that was made.
pub struct Changed<A> {
    pub before: A,
    pub after: A,
}

/// How an attempt ended.
enum Attempt<A> {
    Done(Box<Changed<A>>),
    /// The change takes something away, so the attempt is on record now and can be made.
    Recorded(Narrowing),
}

impl Changes {
    pub fn new(store: Store, calendar: Calendar, directory: Directory) -> Self {
        Self { store, calendar, directory }
    }

    /// Saves a new doctor.
    pub async fn create(&self, mut practice: Practice) -> Result<Practice, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        practice.rules_version = tx.next_rules_version().await?;
        tx.insert(&practice).await?;
        tx.announce(Event::between(None, &practice)).await?;
        tx.note(Entry::new("create", "doctor").ids([practice.id().0]));
        let committed = tx.commit().await;
        drop(connection);
        self.tell(&practice, Shift::Wider, committed).await?;
        Ok(practice)
    }

    /// Makes of what `key` names what `decide` says.
    pub async fn change<A: Aggregate>(
        &self,
        key: A::Key,
        decide: impl Fn(A) -> Result<A, A::Refusal>,
    ) -> Result<Changed<A>, Error> {
        let mut narrowing = None;
        loop {
            match self.attempt(key, &decide, narrowing).await {
                Ok(Attempt::Done(changed)) => return Ok(*changed),
                Ok(Attempt::Recorded(recorded)) => narrowing = Some(recorded),
                Err(error) => {
                    if let (Some(narrowing), true) = (narrowing, was_not_made(&error)) {
                        self.forget(narrowing).await;
                    }
                    return Err(error);
                }
            }
        }
    }

    async fn attempt<A: Aggregate>(
        &self,
        key: A::Key,
        decide: impl Fn(A) -> Result<A, A::Refusal>,
        narrowing: Option<Narrowing>,
    ) -> Result<Attempt<A>, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let before = A::living(A::lock(&tx, key).await?)?;
        let mut after = decide(before.clone()).map_err(Into::into)?;
        let shift = before.shift_to(&after);
        let is_recorded = match narrowing {
            Some(narrowing) => tx.end_narrowing(narrowing).await?,
            None => false,
        };
        if shift == Shift::Narrower && !is_recorded {
            let narrowing = tx.begin_narrowing(A::owner(key)).await?;
            tx.commit().await?;
            return Ok(Attempt::Recorded(narrowing));
        }
        if shift != Shift::None {
            after = after.published_as(tx.next_rules_version().await?);
        }
        save(&tx, &before, &after).await?;
        if shift == Shift::Narrower {
            self.calendar.narrow(after.document()).await?;
        }
        let committed = tx.commit().await;
        drop(connection);
        if after == before {
            committed?;
        } else {
            self.tell(&after, shift, committed).await?;
        }
        Ok(Attempt::Done(Box::new(Changed { before, after })))
    }

    /// Starts looking for narrowings that were left behind.
    pub fn keep_repairing(self, shutdown: &Shutdown) {
        shutdown.spawn(self.repair_until(shutdown.clone()));
    }

    async fn repair_until(self, shutdown: Shutdown) {
        let mut failing = false;
        while shutdown.pause(POLL).await {
            match self.repair().await {
                Ok(()) => failing = false,
                Err(error) if !std::mem::replace(&mut failing, true) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "calendars wait for repair");
                }
                Err(_) => {}
            }
        }
    }

    async fn repair(&self) -> Result<(), Error> {
        let left_behind = self.store.connection().await?.narrowings_left_behind(LEFT_BEHIND).await?;
        let mut outcome = Ok(());
        for owner in left_behind {
            let repaired = match owner {
                Owner::Doctor(id) => self.publish_again::<Practice>(id).await,
                Owner::Clinic => self.publish_again::<Clinic>(()).await,
            };
            outcome = repaired.and(outcome);
        }
        outcome
    }

    /// Gives the rules as they are a version later than that of any attempt before.
    async fn publish_again<A: Aggregate>(&self, key: A::Key) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Some(before) = A::lock(&tx, key).await? else { return Ok(()) };
        if !tx.end_narrowings_left_behind(A::owner(key), LEFT_BEHIND).await? {
            return Ok(());
        }
        let after = before.clone().published_as(tx.next_rules_version().await?);
        save(&tx, &before, &after).await?;
        tx.commit().await?;
        tracing::info!(owner = ?A::owner(key), "published rules again after a change was cut off");
        self.calendar.widen(after.document()).await;
        Ok(())
    }

    /// Lets readers see a change that was `committed`, and look anew when nobody knows whether it was.
    async fn tell<A: Aggregate>(
        &self,
        after: &A,
        shift: Shift,
        committed: Result<(), store::Error>,
    ) -> Result<(), Error> {
        let widen = async {
            if shift == Shift::Wider && committed.is_ok() {
                self.calendar.widen(after.document()).await;
            }
        };
        let list = async {
            if A::IS_LISTED && may_be(&committed) {
                self.directory.changed().await;
            }
        };
        tokio::join!(list, widen);
        Ok(committed?)
    }

    /// Not doing so costs a needless repair and nothing else.
    async fn forget(&self, narrowing: Narrowing) {
        let forgetting = async {
            let mut connection = self.store.connection().await?;
            let tx = connection.begin().await?;
            tx.end_narrowing(narrowing).await?;
            tx.commit().await
        };
        if let Err(error) = forgetting.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "narrowing stays on record");
        }
    }
}

/// Whether what was to be committed may be.
fn may_be(committed: &Result<(), store::Error>) -> bool {
    matches!(committed, Ok(()) | Err(store::Error::Postgres(postgres::Error::Unfinished(_))))
}

async fn save<A: Aggregate>(tx: &Tx<'_>, before: &A, after: &A) -> Result<(), Error> {
    if after != before {
        after.save(tx, before).await?;
        tx.announce(after.events(before)).await?;
        tx.note(after.entry(before));
    }
    Ok(())
}

/// Whether the calendar has certainly not taken the change.
fn was_not_made(error: &Error) -> bool {
    !matches!(error, Error::CalendarAway(_) | Error::Store(_))
}
