//! Sessions that are over while access tokens of theirs are in force, as auth-svc tells of them.
use super::{Rejected, Verifier};
use crate::caller::Caller;
use crate::client::Peer;
use crate::shutdown::Shutdown;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::{EndedSessions, WatchEndedSessionsRequest};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tonic::Status;

/// After auth-svc went away it is left alone for this long.
const RESPITE: Duration = Duration::from_secs(3);
/// Until it has told something for the first time, for this long only.
const FIRST_RESPITE: Duration = Duration::from_millis(100);

impl Verifier {
    /// Hears which sessions end and which keys are in force, and refuses all other tokens, until shutdown is requested. While auth-svc is
    /// away, what it said last holds, and nobody has to wait.
    pub fn follow(&self, shutdown: &Shutdown) {
        let Some(mut issuer) = self.0.issuer.clone() else { return };
        let (verifier, until) = (self.clone(), shutdown.clone());
        shutdown.spawn(async move {
            let following = async {
                let (mut has_heard, mut is_failing) = (false, false);
                loop {
                    if let Err(status) = verifier.hear(&mut issuer, &mut has_heard).await
                        && !std::mem::replace(&mut is_failing, true)
                    {
                        tracing::warn!(rpc.code = ?status.code(), "does not hear which sessions end");
                    }
                    tokio::time::sleep(if has_heard { RESPITE } else { FIRST_RESPITE }).await;
                }
            };
            tokio::select! {
                () = following => {}
                () = until.requested() => {}
            }
        });
    }

    async fn hear(&self, issuer: &mut AuthServiceClient<Peer>, has_heard: &mut bool) -> Result<(), Status> {
        let mut told = issuer.watch_ended_sessions(WatchEndedSessionsRequest {}).await?.into_inner();
        while let Some(EndedSessions { session_ids, keys }) = told.message().await? {
            self.set_ended(session_ids.iter().map(String::as_str));
            // An auth-svc of the release before says nothing of keys.
            if !keys.is_empty() {
                self.set_keys(keys.iter().map(|key| (key.kid.as_str(), key.x.as_str())));
            }
            *has_heard = true;
        }
        Ok(())
    }

    /// Replaces the sessions that are over; ids that are none are of no consequence.
    pub fn set_ended<'a>(&self, sessions: impl IntoIterator<Item = &'a str>) {
        let ended = sessions.into_iter().filter_map(|id| id.parse().ok()).collect();
        *self.0.ended.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ended);
    }

    /// Lets `caller` pass unless their session is over.
    pub(super) fn still_in(&self, caller: Caller) -> Result<Caller, Rejected> {
        let ended = self.0.ended.read().unwrap_or_else(PoisonError::into_inner);
        match &caller {
            Caller::User(user) if ended.contains(&user.session_id) => Err(Rejected::Ended),
            Caller::User(_) | Caller::Service(_) => Ok(caller),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Role, User};
    use crate::clock::Clock;
    use crate::secrets::RootSecret;
    use crate::token::{Claims, sign};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::EncodingKey;
    use proto::ids::{SessionId, UserId};

    #[tokio::test]
    async fn a_token_is_refused_once_its_session_is_over_also_when_it_was_seen_before() {
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let verifier = Verifier::new("test-svc", &root, None, Clock::system());
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
        verifier.set_keys([("k", x.as_str())]);
        let user = User::new(UserId::random(), SessionId::random(), Role::Staff);
        let claims = Claims::of(user, Clock::system().now(), 900);
        let private = EncodingKey::from_ed_der(key.to_pkcs8().unwrap().as_ref());
        let token = sign(&private, "k", &claims).unwrap();
        assert_eq!(verifier.verify(&token).await, Ok(Caller::User(user)));

        let (other, own) = (SessionId::random().to_string(), user.session_id.to_string());
        verifier.set_ended([other.as_str(), "nonsense"]);
        assert!(verifier.verify(&token).await.is_ok());
        verifier.set_ended([other.as_str(), own.as_str()]);
        assert_eq!(verifier.verify(&token).await, Err(Rejected::Ended));
        // Also as a token that was never seen.
        let again = sign(&private, "k", &Claims { jti: "2".to_owned(), ..claims }).unwrap();
        assert_eq!(verifier.verify(&again).await, Err(Rejected::Ended));
    }
}
