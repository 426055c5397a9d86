//! Which log lines are written, also changed while the process runs.
use std::fmt;
use tracing::metadata::{LevelFilter, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// The crates that are ours, besides the services: they write ids, codes and numbers only.
const OURS: [&str; 3] = ["gateway", "platform", "proto"];

/// What was asked for cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum BadLogLevel {
    #[error("say which log lines to write: a level, or target=level, with commas between")]
    Empty,
    #[error("`{0}` is neither a level nor target=level; levels are off, error, warn, info, debug and trace")]
    NoLevel(String),
    #[error("{0}")]
    Unreadable(#[from] tracing_subscriber::filter::ParseError),
    #[error("logs are written no more")]
    Over(#[from] reload::Error),
}

/// The log lines that this process writes, as `level` or `target=level,…`.
#[derive(Clone)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    /// That of `text`, and what writes no others. Whatever is asked for, libraries tell nothing below `info`: there they
    /// write what they carry, parameters of statements and tokens among it.
    pub(super) fn new(text: &str) -> Result<(Self, impl Filter<Registry> + use<>), BadLogLevel> {
        let (asked, handle) = reload::Layer::new(parse(text)?);
        let allowed =
            filter_fn(|line: &Metadata<'_>| *line.level() <= LevelFilter::INFO || is_ours(line.target()));
        // Without the hint every line of every library would be looked at.
        Ok((Self(handle), asked.and(allowed.with_max_level_hint(LevelFilter::TRACE))))
    }

    /// Writes other lines from now on, and says so where it is heard.
    pub fn set(&self, text: &str) -> Result<(), BadLogLevel> {
        let (before, after) = (self.to_string(), parse(text)?);
        let is_heard = self.0.with_current(|filter| filter.max_level_hint() >= Some(LevelFilter::INFO))?;
        let tell = || {
            tracing::info!(
                log_level.before = before,
                log_level.after = text,
                "changed which log lines are written"
            );
        };
        if is_heard {
            tell();
        }
        self.0.reload(after)?;
        if !is_heard {
            tell();
        }
        Ok(())
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.with_current(|filter| fmt::Display::fmt(filter, f)).unwrap_or(Err(fmt::Error))
    }
}

/// A word that is no level would be read as a target of which everything is written, and nothing else.
fn parse(text: &str) -> Result<EnvFilter, BadLogLevel> {
    if text.trim().is_empty() {
        return Err(BadLogLevel::Empty);
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let mut levels = parts.iter().map(|part| part.rsplit('=').next().unwrap_or_default().trim());
    // The library takes nothing at all for a level.
    match levels.find(|level| level.is_empty() || level.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(BadLogLevel::NoLevel(word.to_owned())),
        None => Ok(EnvFilter::try_new(parts.join(","))?),
    }
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name.ends_with("_svc") || OURS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_alone_and_by_target() {
        for text in [
            "info",
            "DEBUG",
            "off",
            "info,tokio_postgres=warn",
            " platform::outbox=debug , warn ",
            "info,[db.x]=debug",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_level_is_refused_with_the_reason() {
        let why = |text: &str| parse(text).unwrap_err().to_string();
        assert!(why("deubg").starts_with("`deubg` is neither"));
        assert!(why("info,platform").starts_with("`platform` is neither"));
        assert!(why("info,").starts_with("`` is neither"));
        assert!(why(" ").starts_with("say which"));
        assert!(why("platform=loud").starts_with("`loud` is neither"));
    }

    #[test]
    fn only_our_own_lines_are_told_below_info() {
        for target in ["platform::outbox", "gateway", "auth_svc::logins"] {
            assert!(is_ours(target), "{target}");
        }
        for target in ["tokio_postgres::query", "h2::frame", "gateway_of_others", "platformed::x"] {
            assert!(!is_ours(target), "{target}");
        }
    }
}
