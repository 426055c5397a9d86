//! The gRPC face of dead letters, the same for every service that consumes events.
use super::{DeadLetter, DeadLetters, Error, State};
use crate::fault::DOMAIN;
use crate::page::{self, PageTokens};
use crate::server::MAX_MESSAGE_BYTES;
use crate::violations::Violations;
use pb::dead_letter_service_server::{DeadLetterService, DeadLetterServiceServer};
use proto::events as pb;
use proto::time::to_wire;
use tonic::{Request, Response, Result, Status};
use uuid::Uuid;

/// Most of a body that is shown, in bytes.
const SHOWN: usize = 64 * 1024;

pub struct Api {
    letters: DeadLetters,
    tokens: PageTokens,
}

impl Api {
    pub fn server(letters: DeadLetters, tokens: PageTokens) -> DeadLetterServiceServer<Self> {
        DeadLetterServiceServer::new(Self { letters, tokens }).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }
}

#[tonic::async_trait]
impl DeadLetterService for Api {
    async fn list_dead_letters(
        &self,
        request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>> {
        let pb::ListDeadLettersRequest { state, page_size, page_token } = request.into_inner();
        let name = format!("{}/dead-letters/{state}", self.letters.schema);
        let mut wrong = Violations::default();
        let state = wrong.field("state", wanted(state));
        let size = wrong.field("page_size", page::size(page_size, page::MAX_SIZE));
        let before = wrong.field("page_token", self.tokens.open(&name, &page_token));
        let (Some(state), Some(size), Some(before)) = (state, size, before) else { return Err(wrong.into()) };
        let found = self.letters.list(state, before, size + 1).await?;
        let (page, next_page_token) = self.tokens.cut(&name, found, size, |last| last.id);
        let dead_letters = page.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListDeadLettersResponse { dead_letters, next_page_token }))
    }

    async fn get_dead_letter(
        &self,
        request: Request<pb::GetDeadLetterRequest>,
    ) -> Result<Response<pb::DeadLetter>> {
        let id = parsed(&request.into_inner().id)?;
        Ok(Response::new(self.letters.find(id).await?.into()))
    }

    async fn replay_dead_letter(
        &self,
        request: Request<pb::ReplayDeadLetterRequest>,
    ) -> Result<Response<pb::DeadLetter>> {
        let id = parsed(&request.into_inner().id)?;
        Ok(Response::new(self.letters.replay(id).await?.into()))
    }

    async fn discard_dead_letter(
        &self,
        request: Request<pb::DiscardDeadLetterRequest>,
    ) -> Result<Response<pb::DeadLetter>> {
        let id = parsed(&request.into_inner().id)?;
        Ok(Response::new(self.letters.discard(id).await?.into()))
    }
}

fn parsed(id: &str) -> Result<Uuid, Violations> {
    id.parse().map_err(|_| Violations::of("id", "is not a UUID"))
}

/// None for any.
fn wanted(state: i32) -> Result<Option<State>, &'static str> {
    use pb::DeadLetterState as Wire;
    Ok(match Wire::try_from(state).map_err(|_| "is not a state of dead letters")? {
        Wire::Unspecified => None,
        Wire::Dead => Some(State::Dead),
        Wire::Replayed => Some(State::Replayed),
        Wire::Discarded => Some(State::Discarded),
    })
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        error.status(DOMAIN)
    }
}

impl From<DeadLetter> for pb::DeadLetter {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter {
            id, queue, message_id, event_type, reason, body, traceparent: _, state, deaths, ..
        } = letter;
        let state = match state {
            State::Dead => pb::DeadLetterState::Dead,
            State::Replayed => pb::DeadLetterState::Replayed,
            State::Discarded => pb::DeadLetterState::Discarded,
        };
        Self {
            id: id.to_string(),
            queue,
            message_id,
            event_type: event_type.unwrap_or_default(),
            reason,
            body: String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned(),
            state: state.into(),
            deaths,
            death_time: Some(to_wire(letter.died_at)),
            settle_time: letter.settled_at.map(to_wire),
        }
    }
}
