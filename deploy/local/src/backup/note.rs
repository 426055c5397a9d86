//! What is known of a backup, in a file beside it.
use crate::secrets::{Secrets, write_private};
use anyhow::{Context, bail};
use aws_lc_rs::{digest, hmac};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Sealed by the SECRET_KEY, which is not in it: what is restored runs as the superuser of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Version of the program that made it.
    pub program: String,
    /// Version of the server.
    pub postgres: String,
    pub taken_at: String,
    /// Version of each schema.
    pub schemas: BTreeMap<String, i32>,
    /// Rows of each table, at the same moment as what is in the backup.
    pub rows: BTreeMap<String, i64>,
    /// Tells one SECRET_KEY from another.
    pub key: String,
    /// Of the backup.
    pub sha256: String,
    pub seal: String,
}

impl Note {
    /// Where the note of `backup` is.
    pub fn place(backup: &Path) -> PathBuf {
        let mut place = backup.as_os_str().to_owned();
        place.push(".json");
        place.into()
    }

    pub(super) fn keep(mut self, backup: &Path, secrets: &Secrets) -> anyhow::Result<Self> {
        self.key = fingerprint(secrets);
        self.seal = self.sealed(secrets)?;
        write_private(&Self::place(backup), &serde_json::to_string_pretty(&self)?)?;
        Ok(self)
    }

    /// The note of `backup`, which must be whole and from a system with these `secrets`.
    pub(super) fn read(backup: &Path, secrets: &Secrets) -> anyhow::Result<Self> {
        let place = Self::place(backup);
        let text = fs::read_to_string(&place)
            .with_context(|| format!("cannot read the note {}", place.display()))?;
        let damaged = || format!("{} is damaged", place.display());
        let note: Self = serde_json::from_str(&text).with_context(damaged)?;
        if note.key != fingerprint(secrets) {
            bail!(
                "{} was made with another SECRET_KEY, without which nobody can read what is sealed in it. Needed is the \
                 file .local/secrets of the checkout that made it: `cargo dev reset`, put that file there, restore again",
                backup.display()
            );
        }
        if note.seal != note.sealed(secrets)? {
            bail!("{}: it was changed after the backup", damaged());
        }
        if note.sha256 != sha256(backup)? {
            bail!("{} is damaged: it is not what the backup wrote", backup.display());
        }
        Ok(note)
    }

    fn sealed(&self, secrets: &Secrets) -> anyhow::Result<String> {
        let content = serde_json::to_vec(&Self { seal: String::new(), ..self.clone() })?;
        Ok(keyed(secrets, &[b"healthcare backup: note", content.as_slice()].concat()))
    }
}

fn fingerprint(secrets: &Secrets) -> String {
    keyed(secrets, b"healthcare backup: key")
}

fn keyed(secrets: &Secrets, what: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secrets.secret_key.as_bytes());
    hex(hmac::sign(&key, what).as_ref())
}

pub(super) fn sha256(file: &Path) -> anyhow::Result<String> {
    let mut input = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut part = vec![0; 1 << 16];
    loop {
        match input.read(&mut part)? {
            0 => return Ok(hex(hash.finish().as_ref())),
            length => hash.update(&part[..length]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_good_for_one_key_and_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("note-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        let backup = folder.join("a.backup");
        fs::write(&backup, "all of it").unwrap();
        let secrets = Secrets::random().unwrap();
        let note = Note {
            program: "1".to_owned(),
            postgres: "15".to_owned(),
            taken_at: String::new(),
            schemas: BTreeMap::from([("auth".to_owned(), 3)]),
            rows: BTreeMap::from([("auth.users".to_owned(), 7)]),
            key: String::new(),
            sha256: sha256(&backup).unwrap(),
            seal: String::new(),
        };
        let kept = note.keep(&backup, &secrets).unwrap();
        assert_eq!(Note::read(&backup, &secrets).unwrap(), kept);
        let text = fs::read_to_string(Note::place(&backup)).unwrap();
        assert!(!text.contains(&secrets.secret_key));

        let refusal = |secrets: &Secrets| Note::read(&backup, secrets).unwrap_err().to_string();
        assert!(refusal(&Secrets::random().unwrap()).contains("another SECRET_KEY"));
        fs::write(Note::place(&backup), text.replace(": 7", ": 8")).unwrap();
        assert!(refusal(&secrets).contains("changed after the backup"));
        fs::write(Note::place(&backup), text).unwrap();
        fs::write(&backup, "all of i").unwrap();
        assert!(refusal(&secrets).contains("not what the backup wrote"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
