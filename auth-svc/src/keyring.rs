//! The signing keys in use, the same for all replicas: whoever comes first makes one, the others read it.
use crate::error::Error;
use crate::keys::{self, KeySet, SealedKey};
use crate::store::Store;
use jiff::Timestamp;
use platform::secrets::{RootSecret, Sealer};
use platform::token::Verifier;
use std::sync::{Arc, PoisonError, RwLock};

pub struct Keyring {
    store: Store,
    sealer: Sealer,
    verifier: Verifier,
    current: RwLock<Arc<KeySet>>,
}

impl Keyring {
    pub async fn open(
        store: Store,
        root: &RootSecret,
        verifier: Verifier,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let sealer = root.sealer("signing-keys");
        let keys = load(&store, &sealer, now).await?;
        publish(&verifier, &keys);
        Ok(Self { store, sealer, verifier, current: RwLock::new(Arc::new(keys)) })
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again. Those at hand stay in use when that fails.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), Error> {
        let keys = load(&self.store, &self.sealer, now).await?;
        publish(&self.verifier, &keys);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }
}

/// The stored keys, after making one that is due and dropping those that are of no use any more.
async fn load(store: &Store, sealer: &Sealer, now: Timestamp) -> Result<KeySet, Error> {
    let mut connection = store.connection().await?;
    let tx = connection.begin().await?;
    let mut stored = tx.lock_and_list_keys().await?;
    if keys::wants_another(&stored, now) {
        let key = SealedKey::generate(sealer, now)?;
        tx.insert_key(&key).await?;
        tracing::info!(key.id = %key.id, "made a signing key");
        stored.push(key);
    }
    let retired: Vec<_> = stored.drain(..keys::retired(&stored, now)).map(|key| key.id).collect();
    if !retired.is_empty() {
        tx.delete_keys(&retired).await?;
    }
    // Opened before the commit: no key is made beside one that this process cannot use.
    let keys = KeySet::open(&stored, sealer)?;
    tx.commit().await?;
    Ok(keys)
}

/// Lets this process verify what it signs.
fn publish(verifier: &Verifier, keys: &KeySet) {
    verifier.set_keys(keys.published().map(|key| (key.id.as_str(), key.x.as_str())));
}
