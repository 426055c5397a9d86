//! Those who watch, and are told when a doctor breaks the glass: the addresses of the settings, else whoever reviews.
use crate::domain::{ContactId, Failure, Recipient};
use crate::neighbours::Neighbours;
use aws_lc_rs::digest::{SHA256, digest};
use lettre::Address;
use std::sync::Arc;
use uuid::Builder;

#[derive(Clone)]
pub struct Watch {
    contacts: Arc<[(ContactId, Address)]>,
    neighbours: Neighbours,
}

impl Watch {
    pub fn new(addresses: Vec<Address>, neighbours: Neighbours) -> Self {
        let contacts = addresses.into_iter().map(|address| (id(&address), address)).collect();
        Self { contacts, neighbours }
    }

    /// Whom to tell.
    pub async fn recipients(&self) -> Result<Vec<Recipient>, Failure> {
        if self.contacts.is_empty() {
            let reviewers = self.neighbours.reviewers().await?;
            return Ok(reviewers.into_iter().map(Recipient::Account).collect());
        }
        Ok(self.contacts.iter().map(|(id, _)| Recipient::Contact(*id)).collect())
    }

    /// Where to write to a contact. Another replica may have other settings, so one that is not known may be later.
    pub fn address(&self, id: ContactId) -> Result<String, Failure> {
        let known = self.contacts.iter().find(|(known, _)| *known == id);
        known.map(|(_, address)| address.to_string()).ok_or(Failure::ContactUnknown)
    }
}

/// Of what it is made of (RFC 9562, version 8): the same in every process, however the address is written.
fn id(address: &Address) -> ContactId {
    let hash = digest(&SHA256, address.to_string().to_lowercase().as_bytes());
    let bytes = hash.as_ref().first_chunk().expect("a SHA-256 has 32 bytes");
    ContactId(Builder::from_custom_bytes(*bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_contact_however_it_is_written() {
        let id = |address: &str| id(&address.parse().unwrap());
        assert_eq!(id("Security@Clinic.example"), id("security@clinic.example"));
        assert_ne!(id("security@clinic.example"), id("security@clinic.example.org"));
    }
}
