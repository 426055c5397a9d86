//! Passwords and keys, made once per checkout and kept in a file that only its owner can read.
use crate::service::SCHEMAS;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The root secret of the mesh.
    pub secret_key: String,
    /// The password of the first administrator.
    pub admin_password: String,
    /// The password of every other account of the demo.
    pub demo_password: String,
    /// The password of the administrators of PostgreSQL, Redis and RabbitMQ.
    pub store_password: String,
    /// The passwords of the services' database roles, by name.
    pub roles: BTreeMap<String, String>,
}

impl Secrets {
    pub fn random() -> anyhow::Result<Self> {
        let roles = SCHEMAS.iter().flat_map(|schema| [format!("{schema}_owner"), format!("{schema}_rw")]);
        Ok(Self {
            secret_key: random_text(64)?,
            admin_password: random_text(20)?,
            demo_password: random_text(20)?,
            store_password: random_text(32)?,
            roles: roles.map(|role| Ok((role, random_text(32)?))).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Those kept in `file`; `None` when there is no such file.
    pub fn read(file: &Path) -> anyhow::Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let advice = || format!("{} is damaged; `cargo dev reset` starts afresh", file.display());
        serde_json::from_str(&text).map(Some).with_context(advice)
    }

    pub fn keep(&self, file: &Path) -> anyhow::Result<()> {
        write_private(file, &serde_json::to_string_pretty(self)?)
    }
}

/// Writes a file that only its owner can read, all of it or none.
pub fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let draft = file.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    Ok(fs::rename(&draft, file)?)
}

/// Letters and digits that cannot be taken for each other: 32 of them, so five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

fn random_text(length: usize) -> anyhow::Result<String> {
    let mut bytes = vec![0; length];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_alike() {
        let secrets = Secrets::random().unwrap();
        let mut all: Vec<&String> = secrets.roles.values().collect();
        all.extend([
            &secrets.secret_key,
            &secrets.admin_password,
            &secrets.demo_password,
            &secrets.store_password,
        ]);
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((count, all.len()), (14, 14));
    }
}
