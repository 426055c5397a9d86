//! What callers are told: visits as they may see them, and answers that were given before.
use crate::bookings::Now;
use crate::convert::{self, seen_by};
use crate::domain::appointment::Appointment;
use crate::error::Error;
use crate::holds::Kept;
use crate::series::{Outcome, Seen};
use crate::store::Replay;
use platform::caller::User;
use platform::fault::internal;
use prost::Message;
use proto::appointment as pb;
use proto::scalars::VisitNotes;
use tonic::metadata::MetadataValue;
use tonic::{Response, Result};

/// A changed visit, as `user` may see and use it.
pub fn answer(user: &User, changed: Result<Now<Appointment>, Error>) -> Result<Response<pb::Appointment>> {
    match changed {
        Ok((appointment, now)) => Ok(Response::new(seen_by(user, appointment, now))),
        Err(Error::Replayed(replay)) => replayed(replay),
        Err(error) => Err(error.into()),
    }
}

/// The visit that a request made before.
pub fn replayed(replay: Replay) -> Result<Response<pb::Appointment>> {
    let appointment: pb::Appointment = stored(&replay)?;
    let notes = replay.notes.map(String::from).unwrap_or_default();
    Ok(again(pb::Appointment { notes, ..appointment }))
}

/// The answer that a request got before.
pub fn stored<M: Message + Default>(replay: &Replay) -> Result<M> {
    M::decode(replay.answer.as_slice()).map_err(|error| internal(&error))
}

/// Tells that nothing was done for this answer: the request was carried out before.
pub fn again<M>(answer: M) -> Response<M> {
    let mut response = Response::new(answer);
    response.metadata_mut().insert("idempotent-replayed", MetadataValue::from_static("true"));
    response
}

pub fn with_token(Kept { hold, token }: Kept) -> pb::Hold {
    pb::Hold { hold_token: token.to_string(), ..convert::holds::hold(hold) }
}

/// A series that was booked, or would be; again in the words that it was booked with.
pub fn booked(
    user: &User,
    booked: Result<Outcome, Error>,
    notes: Option<VisitNotes>,
) -> Result<Response<pb::SeriesOutcome>> {
    match booked {
        Ok(outcome) => Ok(Response::new(outcome.told_to(user))),
        Err(Error::Replayed(replay)) => {
            let mut outcome: pb::SeriesOutcome = stored(&replay)?;
            let notes = notes.map(String::from).unwrap_or_default();
            let visits = outcome.series.iter_mut().flat_map(|series| &mut series.visits);
            visits.for_each(|visit| visit.notes.clone_from(&notes));
            Ok(again(outcome))
        }
        Err(error) => Err(error.into()),
    }
}

/// A series that was moved, or would be; again in the words of its visits `by_now`.
pub async fn moved(
    user: &User,
    moved: Result<Outcome, Error>,
    by_now: impl Future<Output = Result<Seen, Error>>,
) -> Result<Response<pb::SeriesOutcome>> {
    match moved {
        Ok(outcome) => Ok(Response::new(outcome.told_to(user))),
        Err(Error::Replayed(replay)) => {
            let by_now = by_now.await?.told_to(user);
            let mut outcome: pb::SeriesOutcome = stored(&replay)?;
            outcome.series.iter_mut().for_each(|series| reword(series, &by_now));
            Ok(again(outcome))
        }
        Err(error) => Err(error.into()),
    }
}

/// A series that was cancelled; again in the words of its visits `by_now`.
pub async fn cancelled(
    user: &User,
    cancelled: Result<Seen, Error>,
    by_now: impl Future<Output = Result<Seen, Error>>,
) -> Result<Response<pb::Series>> {
    match cancelled {
        Ok(seen) => Ok(Response::new(seen.told_to(user))),
        Err(Error::Replayed(replay)) => {
            let mut series: pb::Series = stored(&replay)?;
            reword(&mut series, &by_now.await?.told_to(user));
            Ok(again(series))
        }
        Err(error) => Err(error.into()),
    }
}

fn reword(series: &mut pb::Series, by_now: &pb::Series) {
    for visit in &mut series.visits {
        if let Some(seen) = by_now.visits.iter().find(|seen| seen.id == visit.id) {
            visit.notes.clone_from(&seen.notes);
        }
    }
}
