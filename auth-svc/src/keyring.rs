//! The signing keys in use, the same for all replicas: whoever comes first makes one, the others read it.
use crate::error::Error;
use crate::keys::{self, KeySet, SealedKey};
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};
use platform::audit::Entry;
use platform::secrets::{RootSecret, Sealer};
use platform::token::Verifier;
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// The stored keys, and how they are read.
pub struct Vault {
    store: Store,
    sealer: Sealer,
    ripening: SignedDuration,
}

pub struct Keyring {
    vault: Vault,
    verifier: Verifier,
    current: watch::Sender<Arc<KeySet>>,
}

impl Keyring {
    pub async fn open(vault: Vault, verifier: Verifier, now: Timestamp) -> Result<Self, Error> {
        let keys = vault.load(now).await?;
        publish(&verifier, &keys);
        Ok(Self { vault, verifier, current: watch::Sender::new(Arc::new(keys)) })
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.current.borrow().clone()
    }

    /// Tells of each change.
    pub fn watch(&self) -> watch::Receiver<Arc<KeySet>> {
        self.current.subscribe()
    }

    /// Reads the keys again. Those at hand stay in use when that fails.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), Error> {
        let keys = self.vault.load(now).await?;
        publish(&self.verifier, &keys);
        self.current.send_if_modified(|current| {
            let is_news = !keys.ids().eq(current.ids());
            *current = Arc::new(keys);
            is_news
        });
        Ok(())
    }

    /// Reads the keys again if somebody has added or revoked one.
    pub async fn catch_up(&self, now: Timestamp) -> Result<(), Error> {
        let stored = self.vault.store.connection().await?.list_key_ids().await?;
        let is_same = stored.iter().map(Uuid::to_string).eq(self.current().ids());
        if is_same { Ok(()) } else { self.refresh(now).await }
    }
}

impl Vault {
    pub fn new(store: Store, root: &RootSecret, ripening: SignedDuration) -> Self {
        Self { store, sealer: root.sealer(keys::PURPOSE), ripening }
    }

    /// The stored keys, after making one that is due and dropping those that are of no use any more.
    pub async fn load(&self, now: Timestamp) -> Result<KeySet, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let mut stored = tx.lock_and_list_keys().await?;
        if keys::wants_another(&stored, now) {
            let key = SealedKey::generate(&self.sealer, now)?;
            tx.insert_key(&key).await?;
            tracing::info!(key.id = %key.id, "made a signing key");
            stored.push(key);
        }
        let retired = keys::retired(&stored, self.ripening, now);
        let retired: Vec<_> = stored.drain(..retired).map(|key| key.id).collect();
        if !retired.is_empty() {
            tx.delete_keys(&retired).await?;
        }
        // Opened before the commit: no key is made beside one that this process cannot use.
        let keys = KeySet::open(&stored, self.ripening, &self.sealer)?;
        tx.commit().await?;
        Ok(keys)
    }

    /// The keys as they are.
    pub async fn list(&self) -> Result<KeySet, Error> {
        let mut connection = self.store.connection().await?;
        let stored = connection.begin().await?.lock_and_list_keys().await?;
        Ok(KeySet::open(&stored, self.ripening, &self.sealer)?)
    }

    /// With another, which follows the last.
    pub async fn rotate(&self, now: Timestamp) -> Result<KeySet, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let mut stored = tx.lock_and_list_keys().await?;
        let key = SealedKey::generate(&self.sealer, now)?;
        tx.insert_key(&key).await?;
        tx.note(Entry::new("rotate", "signing_key").ids([key.id]));
        stored.push(key);
        let keys = KeySet::open(&stored, self.ripening, &self.sealer)?;
        tx.commit().await?;
        Ok(keys)
    }

    /// Without the key `id`, and with another when it was the last; none when there is no such key.
    pub async fn revoke(&self, id: Uuid, now: Timestamp) -> Result<Option<KeySet>, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let mut stored = tx.lock_and_list_keys().await?;
        if !stored.iter().any(|key| key.id == id) {
            return Ok(None);
        }
        stored.retain(|key| key.id != id);
        tx.delete_keys(&[id]).await?;
        tx.note(Entry::new("revoke", "signing_key").ids([id]));
        if stored.is_empty() {
            let key = SealedKey::generate(&self.sealer, now)?;
            tx.insert_key(&key).await?;
            stored.push(key);
        }
        let keys = KeySet::open(&stored, self.ripening, &self.sealer)?;
        tx.commit().await?;
        Ok(Some(keys))
    }
}

/// Lets this process verify what it signs.
fn publish(verifier: &Verifier, keys: &KeySet) {
    verifier.set_keys(keys.published().map(|key| (key.id.as_str(), key.x.as_str())));
}
