//! How what is told reaches its recipient: people by whatever channel a message has, programs by HTTP.
mod http; // one request, over a connection of its own
pub mod email; // people
pub mod sms; // people, in short
pub mod webhook; // programs

use crate::channel::email::Email;
use crate::channel::sms::{Sms, Text};
use crate::domain::Failure;
use crate::templates::Content;
use jiff::Timestamp;
use proto::ids::NotificationId;

/// A message with an address on it.
pub struct Letter {
    pub id: NotificationId,
    pub to: String,
    pub content: Content,
}

/// What is sent to a person. Its id is the same whenever it is tried, so that whoever takes it can tell a repetition.
pub enum Message {
    Letter(Box<Letter>),
    Text(Text),
}

/// The ways to people that the settings have.
#[derive(Clone)]
pub struct Channels {
    email: Email,
    sms: Option<Sms>,
}

impl Channels {
    pub fn new(email: Email, sms: Option<Sms>) -> Self {
        Self { email, sms }
    }

    /// Hands `message` to whoever carries it on.
    pub async fn send(&self, message: Message, now: Timestamp) -> Result<(), Failure> {
        match (message, &self.sms) {
            (Message::Letter(letter), _) => self.email.send(*letter, now).await,
            (Message::Text(text), Some(sms)) => sms.send(text).await,
            (Message::Text(_), None) => Err(Failure::SmsUnreachable),
        }
    }
}
