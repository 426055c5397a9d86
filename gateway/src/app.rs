//! What handlers share.
use crate::cache::Directory;
use crate::challenge::Challenges;
use crate::clients::Clients;
use crate::limits::Limits;
use std::ops::Deref;
use std::sync::Arc;

/// A handle: every request takes several copies.
#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
    pub clients: Clients,
    pub challenges: Challenges,
    pub limits: Limits,
    pub directory: Directory,
}

impl From<Shared> for App {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
