//! How what is told reaches its recipient.
pub mod email; // people
pub mod webhook; // programs

use crate::templates::Content;
use proto::ids::NotificationId;

/// A message with an address on it.
pub struct Letter {
    pub id: NotificationId,
    pub to: String,
    pub content: Content,
}
