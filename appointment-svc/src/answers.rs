//! What callers are told: visits as they may see them, and answers that were given before.
use crate::bookings::Now;
use crate::convert::{self, seen_by};
use crate::domain::appointment::Appointment;
use crate::error::Error;
use crate::holds::Kept;
use crate::series;
use crate::store::Replay;
use platform::caller::User;
use platform::fault::internal;
use prost::Message;
use proto::appointment as pb;
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

pub fn series_seen_by(user: &User, series::Seen { series, visits, now }: series::Seen) -> pb::Series {
    let visits = visits.into_iter().map(|visit| seen_by(user, visit, now)).collect();
    convert::series::series(series, visits)
}

pub fn outcome(
    user: &User,
    series::Outcome { seen, occurrences, zone }: series::Outcome,
) -> pb::SeriesOutcome {
    convert::series::outcome(seen.map(|seen| series_seen_by(user, seen)), &occurrences, &zone)
}
