//! The words in force, kept in each process, and how the clinic changes them.
use crate::domain::{Language, Wording};
use crate::error::Error;
use crate::store::{self, Store};
use crate::words::{self, Voice, Words};
use platform::shutdown::Shutdown;
use proto::ids::UserId;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;

/// How often it is looked whether another process has changed the words.
const POLL: Duration = Duration::from_secs(2);

/// Clones share what they keep.
#[derive(Clone)]
pub struct Phrasebook {
    store: Store,
    /// The name of the clinic.
    clinic: Arc<str>,
    /// Read by whoever speaks none that there is.
    default_language: Language,
    kept: Arc<RwLock<Option<Kept>>>,
    /// Held while the store is read, so that what was read later is not replaced by what was read before.
    reading: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Kept {
    words: Arc<Words>,
    wordings: Arc<[Wording]>,
}

impl Phrasebook {
    pub fn new(store: Store, clinic: &str, default_language: Language) -> Self {
        Self { store, clinic: clinic.into(), default_language, kept: Arc::default(), reading: Arc::default() }
    }

    /// Starts following what other processes change, until shutdown is requested.
    pub fn start(&self, shutdown: &Shutdown) {
        let (book, stop) = (self.clone(), shutdown.clone());
        shutdown.spawn(async move {
            let mut failing = false;
            while !stop.is_requested() {
                match book.read().await {
                    Ok(_) => failing = false,
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            let error = &error as &dyn std::error::Error;
                            tracing::warn!(error, "words of the clinic are not up to date");
                        }
                    }
                }
                stop.pause(POLL).await;
            }
        });
    }

    /// Of whoever speaks `languages` (BCP 47): the first of them that there is, else the clinic's.
    pub async fn voice(&self, languages: &[String]) -> Result<Voice, store::Error> {
        Ok(self.spoken(self.current().await?.words, Language::first_of(languages)))
    }

    /// In this language, or else the clinic's, with what was changed just now.
    pub async fn speaking(&self, language: Option<Language>) -> Result<Voice, Error> {
        Ok(self.spoken(self.read().await?.words, language))
    }

    fn spoken(&self, words: Arc<Words>, language: Option<Language>) -> Voice {
        Voice::new(words, language.unwrap_or(self.default_language), self.clinic.clone())
    }

    /// All words that the clinic has put in place of ours, by message and language.
    pub async fn list(&self) -> Result<Vec<Wording>, Error> {
        Ok(self.read().await?.wordings.to_vec())
    }

    pub async fn find(&self, message: &str, language: Language) -> Result<Wording, Error> {
        let wordings = self.list().await?;
        let found = wordings.into_iter().find(|one| one.message == message && one.language == language);
        found.ok_or(Error::NoOverride)
    }

    /// Has `message` say `pattern` from now on.
    pub async fn set(
        &self,
        message: &str,
        language: Language,
        pattern: &str,
        by: UserId,
    ) -> Result<Wording, Error> {
        let pattern = pattern.replace("\r\n", "\n");
        words::check(message, language, &pattern)?;
        let set = self.store.set_wording(message, language, &pattern, by).await?;
        self.read().await?;
        set.ok_or(Error::NoOverride)
    }

    /// Has `message` say what is built in again.
    pub async fn remove(&self, message: &str, language: Language) -> Result<Wording, Error> {
        // Also refuses ids that no text of the database can be.
        self.find(message, language).await?;
        let removed = self.store.remove_wording(message, language).await?;
        self.read().await?;
        removed.ok_or(Error::NoOverride)
    }

    /// What is kept, or was never read yet.
    async fn current(&self) -> Result<Kept, store::Error> {
        match self.kept() {
            Some(kept) => Ok(kept),
            None => self.read().await,
        }
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is in the store now.
    async fn read(&self) -> Result<Kept, store::Error> {
        let _reading = self.reading.lock().await;
        let wordings = self.store.wordings().await?;
        if let Some(kept) = self.kept().filter(|kept| *kept.wordings == *wordings) {
            return Ok(kept);
        }
        let (words, unfit) = Words::with(&wordings);
        for (Wording { message, language, .. }, problem) in &unfit {
            let (message, language) = (message.as_str(), language.tag());
            let problem = problem.to_string();
            tracing::warn!(
                message.id = message,
                message.language = language,
                problem,
                "words of the clinic do not fit"
            );
        }
        metrics::gauge!("template_overrides_unfit")
            .set(f64::from(u32::try_from(unfit.len()).unwrap_or(u32::MAX)));
        drop(unfit);
        let kept = Kept { words: Arc::new(words), wordings: wordings.into() };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
        Ok(kept)
    }
}
