//! What handlers share.
use crate::cache::Directory;
use crate::challenge::Challenges;
use crate::clients::Clients;
use crate::limits::Limits;

#[derive(Clone)]
pub struct App {
    pub clients: Clients,
    pub challenges: Challenges,
    pub limits: Limits,
    pub directory: Directory,
}
