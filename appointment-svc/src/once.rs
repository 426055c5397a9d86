//! Requests that have a name, so that they are carried out once however often they are sent (AIP-155).
use crate::convert;
use crate::domain::appointment::Appointment;
use crate::error::Error;
use crate::store::{Changed, Connection, Name, Seen, Tx};
use aws_lc_rs::digest;
use jiff::Timestamp;
use platform::caller::User;
use platform::violations::Violations;
use prost::Message;
use proto::appointment as pb;
use proto::ids::{AppointmentId, SeriesId};
use std::ops::RangeInclusive;
use tonic::{Request, Status};

/// How long a name is, in printable ASCII characters.
const LENGTH: RangeInclusive<usize> = 8..=64;

/// A request that may have a name.
pub trait Named: Message {
    /// The RPC.
    const METHOD: &'static str;

    /// Takes the name out; empty when there is none.
    fn take_request_id(&mut self) -> String;
}

macro_rules! named {
    ($($request:ident: $method:literal,)*) => {$(
        impl Named for pb::$request {
            const METHOD: &'static str = $method;

            fn take_request_id(&mut self) -> String {
                std::mem::take(&mut self.request_id)
            }
        }
    )*};
}

named! {
    CreateHoldRequest: "CreateHold",
    BookAppointmentRequest: "BookAppointment",
    UpdateAppointmentRequest: "UpdateAppointment",
    UpdateAppointmentStatusRequest: "UpdateAppointmentStatus",
    CancelAppointmentRequest: "CancelAppointment",
    UndoAppointmentChangeRequest: "UndoAppointmentChange",
    SetSubStatusRequest: "SetSubStatus",
    CreateSeriesRequest: "CreateSeries",
    UpdateSeriesRequest: "UpdateSeries",
    CancelSeriesRequest: "CancelSeries",
    CreateWaitlistEntryRequest: "CreateWaitlistEntry",
    AcceptWaitlistOfferRequest: "AcceptWaitlistOffer",
}

/// Carries a request out once, if it has a name; as often as it comes otherwise.
#[derive(Debug, Default)]
pub struct Once(Option<Name>);

impl Once {
    /// Who asks, what, and by which name.
    pub fn of<R: Named>(request: Request<R>) -> Result<(User, R, Self), Status> {
        let user = User::of(&request)?;
        let mut request = request.into_inner();
        let once = Self::named(&user, &mut request)?;
        Ok((user, request, once))
    }

    /// A dry run is carried out as often as it comes.
    #[must_use]
    pub fn unless(self, is_dry_run: bool) -> Self {
        if is_dry_run { Self::default() } else { self }
    }

    /// Takes the name out of `request`.
    fn named<R: Named>(user: &User, request: &mut R) -> Result<Self, Violations> {
        let key = request.take_request_id();
        if key.is_empty() {
            return Ok(Self(None));
        }
        if !LENGTH.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Violations::of(
                "request_id",
                "must be 8 to 64 printable ASCII characters without spaces",
            ));
        }
        let mut fingerprint = [0; 32];
        let request = request.encode_to_vec();
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, &request).as_ref());
        Ok(Self(Some(Name { user: user.id, method: R::METHOD, key, fingerprint })))
    }

    /// Goes on when the request was not carried out before. [`Error::Replayed`] has the answer if it was.
    pub async fn begin(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let Some(name) = &self.0 else { return Ok(()) };
        unless_seen(tx.take(name).await?)
    }

    /// [`Self::begin`] of what nothing will be done for.
    pub async fn look(&self, connection: &Connection) -> Result<(), Error> {
        let Some(name) = &self.0 else { return Ok(()) };
        unless_seen(connection.seen(name).await?)
    }

    /// Notes with the change itself that it was made, and the answer.
    pub async fn end(&self, tx: &Tx<'_>, id: AppointmentId, answer: &impl Message) -> Result<(), Error> {
        if let Some(name) = &self.0 {
            tx.put(name, Changed::Visit(id), &answer.encode_to_vec()).await?;
        }
        Ok(())
    }

    /// [`Self::end`] with what `answer` makes of a series; it is asked only if it is to be kept.
    pub async fn end_series<M: Message>(
        &self,
        tx: &Tx<'_>,
        id: SeriesId,
        answer: impl FnOnce() -> M,
    ) -> Result<(), Error> {
        if let Some(name) = &self.0 {
            tx.put(name, Changed::Series(id), &answer().encode_to_vec()).await?;
        }
        Ok(())
    }

    /// [`Self::end`] with an entry of the waitlist.
    pub async fn end_entry(&self, tx: &Tx<'_>, answer: &impl Message) -> Result<(), Error> {
        if let Some(name) = &self.0 {
            tx.put(name, Changed::WaitlistEntry, &answer.encode_to_vec()).await?;
        }
        Ok(())
    }

    /// [`Self::end`] with a visit as `user` is shown it.
    pub async fn end_with(
        &self,
        tx: &Tx<'_>,
        user: &User,
        appointment: &Appointment,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.0.is_none() {
            return Ok(());
        }
        let wordless = Appointment { notes: None, ..appointment.clone() };
        self.end(tx, appointment.id, &convert::seen_by(user, wordless, now)).await
    }
}

fn unless_seen(seen: Seen) -> Result<(), Error> {
    match seen {
        Seen::Never => Ok(()),
        Seen::UnderWay => Err(Error::UnderWay),
        Seen::Other => Err(Error::NameReused),
        Seen::Done(replay) => Err(Error::Replayed(replay)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::caller::Role;
    use proto::ids::{SessionId, UserId};

    fn name(id: &str, notes: &str) -> Result<Once, Violations> {
        let user = User::new(UserId::random(), SessionId::random(), Role::Staff);
        let (request_id, notes) = (id.to_owned(), notes.to_owned());
        let mut request = pb::BookAppointmentRequest { request_id, notes, ..Default::default() };
        Once::named(&user, &mut request)
    }

    #[test]
    fn a_name_is_short_and_printable_and_may_be_missing() {
        assert!(name("", "").unwrap().0.is_none());
        assert!(name("8f3e2c1a", "").unwrap().0.is_some());
        for wrong in ["1234567", &"x".repeat(65), "with a space", "naïve-name"] {
            assert!(name(wrong, "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn requests_are_the_same_whatever_they_are_called() {
        let print = |id, notes| name(id, notes).unwrap().0.unwrap().fingerprint;
        assert_eq!(print("8f3e2c1a", "cough"), print("another-name", "cough"));
        assert_ne!(print("8f3e2c1a", "cough"), print("8f3e2c1a", "fever"));
    }
}
