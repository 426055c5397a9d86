//! How a message reaches its recipient: by e-mail.
pub mod email;

use crate::templates::Content;
use proto::ids::NotificationId;

/// A message with an address on it.
pub struct Letter {
    pub id: NotificationId,
    pub to: String,
    pub content: Content,
}
