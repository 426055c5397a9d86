//! Tokens that are mailed: issued with their event, computed when the mail is written.
use crate::domain::{Mint, Purpose, Token, User};
use crate::error::Error;
use crate::events;
use crate::store::{Store, Tx};
use jiff::{SignedDuration, Timestamp};
use proto::ids::{OneTimeTokenId, UserId};

/// Tokens are kept for this long after they expired, for those who look into what happened.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most tokens that are forgotten at once.
const BATCH: u32 = 1000;

/// What a message to the owner of an account says, and to whom.
pub struct Letter {
    pub user: User,
    /// What the owner is to send back, and until when.
    pub token: Option<(Token, Timestamp)>,
}

#[derive(Clone)]
pub struct Mailing {
    store: Store,
    mint: Mint,
}

impl Mailing {
    pub fn new(store: Store, mint: Mint) -> Self {
        Self { store, mint }
    }

    /// Has `user`, whose row is locked, sent a token; the one before is void.
    pub async fn issue(
        &self,
        tx: &Tx<'_>,
        purpose: Purpose,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let token = self.mint.issue(purpose, user, now)?;
        tx.replace_one_time_token(&token).await?;
        if let Some(event) = events::issued(user, &token) {
            tx.announce(event).await?;
        }
        tracing::info!(user.id = %user, token.id = %token.id, purpose = purpose.name(), "issued a token");
        Ok(())
    }

    /// Forgets tokens that expired long ago.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), Error> {
        let connection = self.store.connection().await?;
        connection.delete_one_time_tokens_expired_before(now - KEPT_FOR, BATCH).await?;
        Ok(())
    }

    /// What to write to `user`, if there is still something to say: with the token `id`, unless there is none.
    pub async fn letter(
        &self,
        user: UserId,
        id: Option<OneTimeTokenId>,
        now: Timestamp,
    ) -> Result<Letter, Error> {
        let connection = self.store.connection().await?;
        let user = connection.find_user(user).await?.ok_or(Error::UserNotFound(user))?;
        let Some(id) = id else { return Ok(Letter { user, token: None }) };
        let open = connection.one_time_token_to_mail(id, user.id, now).await?;
        let (minted, expires_at) = open.filter(|_| user.is_active).ok_or(Error::TokenNotFound)?;
        Ok(Letter { token: Some((self.mint.token(id, &minted)?, expires_at)), user })
    }
}
