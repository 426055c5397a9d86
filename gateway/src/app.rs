//! What handlers share.
use crate::cache::Directory;
use crate::clients::Clients;
use crate::limits::Limits;

#[derive(Clone)]
pub struct App {
    pub clients: Clients,
    pub limits: Limits,
    pub directory: Directory,
}
