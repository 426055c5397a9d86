//! A file in place of a provider, to try things out: one line of JSON for each message, once, whoever writes and whenever
//! they die.
use super::Text;
use crate::domain::Failure;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn keep(&self, text: Text) -> Result<(), Failure> {
        let path = self.path.clone();
        let kept = spawn_blocking(move || keep(&path, &text)).await;
        kept.map_err(|_| Failure::SmsInterrupted)?.map_err(|_| Failure::SmsUnreachable)
    }
}

/// Locked against other processes, until it is closed.
fn keep(path: &Path, text: &Text) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    file.lock()?;
    let mut lines = Vec::new();
    file.read_to_end(&mut lines)?;
    // Whoever died while writing left part of a line.
    let whole = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
    let id = text.id.to_string();
    let is_of = |line: &[u8]| {
        serde_json::from_slice(line).is_ok_and(|line: serde_json::Value| line["id"] == id.as_str())
    };
    if lines[..whole].split(|byte| *byte == b'\n').any(is_of) {
        return Ok(());
    }
    let mut line = serde_json::to_vec(&text.body(None)).map_err(io::Error::other)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PhoneNumber;
    use proto::ids::NotificationId;

    fn text(id: NotificationId) -> Text {
        Text { id, to: PhoneNumber::read("+4930123456").unwrap(), text: "Come\n\"now\"".to_owned() }
    }

    #[test]
    fn each_message_has_one_line_also_after_somebody_died_while_writing() {
        let path = std::env::temp_dir().join(format!("{}.jsonl", NotificationId::random()));
        let [one, other] = [NotificationId::random(), NotificationId::random()];
        for id in [one, one] {
            keep(&path, &text(id)).unwrap();
        }
        let line = std::fs::read_to_string(&path).unwrap();
        let expected =
            format!("{{\"id\":\"{one}\",\"to\":\"+4930123456\",\"text\":\"Come\\n\\\"now\\\"\"}}\n");
        assert_eq!(line, expected);

        let torn = format!("{line}{{\"id\":\"{other}\"");
        std::fs::write(&path, torn).unwrap();
        for id in [other, one, other] {
            keep(&path, &text(id)).unwrap();
        }
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(whole, line.clone() + &line.replace(&one.to_string(), &other.to_string()));
    }
}
