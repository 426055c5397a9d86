//! Use cases that keep a time for whoever is about to book it.
//!
//! Locks are taken in the order of [`crate::bookings`]. Time is the database's; that a hold has run out is seen by
//! whoever wants the time, whether or not somebody has tidied up.
use crate::convert;
use crate::domain::appointment::{Appointment, Hidden};
use crate::domain::commands::Book;
use crate::domain::diary::Reader;
use crate::domain::hold::{self, Hold, Token, Tokens};
use crate::domain::status::Status;
use crate::error::Error;
use crate::offers;
use crate::once::Once;
use crate::placing::{self, Missing, Placed, Placing, lost, may_book};
use crate::store::{Store, Terms, Tx, audited};
use jiff::{SignedDuration, Timestamp};
use platform::caller::User;
use proto::ids::AppointmentId;

#[derive(Clone)]
pub struct Holds {
    store: Store,
    placing: Placing,
    tokens: Tokens,
    ttl: SignedDuration,
}

/// A time that is kept, and the proof for whom.
pub struct Kept {
    pub hold: Hold,
    pub token: Token,
}

impl Holds {
    /// Each hold lasts `ttl`.
    pub fn new(store: Store, placing: Placing, tokens: Tokens, ttl: SignedDuration) -> Self {
        Self { store, placing, tokens, ttl }
    }

    /// The token that a hold was given, also when it is none any more. That of one that another secret made, which ran out
    /// long ago, is of no use to anybody.
    pub async fn token(&self, id: AppointmentId) -> Result<Token, Error> {
        let mut connection = self.store.connection().await?;
        let digest = connection.begin().await?.hold_digest(id).await?;
        let again = digest.and_then(|digest| self.tokens.again(id, &digest));
        Ok(again.unwrap_or_else(|| self.tokens.of(id)))
    }

    /// Keeps a time that could be booked.
    pub async fn create(&self, user: &User, book: &Book, once: &Once) -> Result<Kept, Error> {
        may_book(user, book)?;
        let reader = offers::reader(user, Some(book.patient_id))?;
        self.placing.run(user, reader, book, || self.try_create(user, reader, book, once)).await
    }

    async fn try_create(
        &self,
        user: &User,
        reader: Reader,
        book: &Book,
        once: &Once,
    ) -> Result<Kept, Missing> {
        let mut connection = self.store.connection().await?;
        placing::look_first(&connection, reader, book, once).await?;
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        let desk = placing::lock(&tx, book).await?;
        let now = desk.now;
        let Placed { appointment, place, rules_version, own_holds, .. } =
            desk.place(&tx, user, reader, book).await?;
        tx.give_up_holds(&own_holds).await?;
        let (holds, wait) = tx.count_holds(book.patient_id).await?;
        if holds >= hold::MOST {
            return Err(Error::TooManyHolds(wait).into());
        }
        let token = self.tokens.of(appointment.id);
        let appointment = Appointment { status: Status::Held, is_vouched: false, ..appointment };
        let hold = Hold { appointment, since: now, until: now + self.ttl };
        let terms = Terms { since: hold.since, until: hold.until, token: &token };
        tx.hold(&hold.appointment, &place, rules_version, terms, user.id)
            .await?
            .map_err(|conflict| lost(conflict, hold.appointment.visit))?;
        once.end(&tx, hold.appointment.id, &convert::holds::hold(hold.clone())).await?;
        tx.commit().await?;
        Ok(Kept { hold, token })
    }

    /// Keeps a time on, once.
    pub async fn renew(&self, user: &User, id: AppointmentId, token: Token) -> Result<Kept, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (hold, now) = find(&tx, user, id, &token).await?;
        let until = hold.renewed(self.ttl, now)?;
        tx.renew_hold(id, until).await?;
        tx.note(audited::hold("renew", &hold.appointment));
        tx.commit().await?;
        Ok(Kept { hold: Hold { until, ..hold }, token })
    }

    /// Frees a time that was kept; one that is free already stays so.
    pub async fn release(&self, user: &User, id: AppointmentId, token: Token) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (hold, _) = find(&tx, user, id, &token).await?;
        tx.give_up_holds(&[id]).await?;
        tx.note(audited::hold("release", &hold.appointment));
        tx.commit().await?;
        Ok(())
    }
}

/// The hold that `token` is of, held still. Who does not know the token does not learn of the hold.
async fn find(
    tx: &Tx<'_>,
    user: &User,
    id: AppointmentId,
    token: &Token,
) -> Result<(Hold, Timestamp), Error> {
    let (hold, digest, now) = tx.lock_hold(id).await?.ok_or(Error::NoSuchHold)?;
    if digest != token.digest() {
        return Err(Error::NoSuchHold);
    }
    hold.appointment.actor(user).map_err(|hidden| match hidden {
        Hidden::Unknown => Error::NoSuchHold,
        Hidden::Forbidden => Error::Forbidden,
    })?;
    Ok((hold, now))
}
