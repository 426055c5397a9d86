//! What database errors mean to a caller.
use crate::fault::{self, fault};
use deadpool_postgres::PoolError;
use std::fmt;
use tokio_postgres::error::SqlState;
use tonic::{Code, Status};

/// A database error without its `DETAIL`, which holds column values. For the same reason it has no `source`:
/// whoever logs a chain of causes would log it after all.
#[derive(thiserror::Error)]
pub enum Error {
    #[error("no database connection: {}", pool_told(.0))]
    Pool(PoolError),
    #[error("{}", told(.0))]
    Statement(tokio_postgres::Error),
    /// The connection broke before the end of a transaction was known: it may have been carried out.
    #[error("the end of a transaction is not known: {}", told(.0))]
    Unfinished(tokio_postgres::Error),
    /// Whatever was wrong with it: what cannot be noted must not be done.
    #[error("the audit log could not be written: {}", told(.0))]
    Unaudited(tokio_postgres::Error),
}

/// An error of a store, which may be one of the database.
pub trait OfStore: std::error::Error + 'static {
    fn of_database(&self) -> Option<&Error>;
}

impl OfStore for Error {
    fn of_database(&self) -> Option<&Error> {
        Some(self)
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error)
    }
}

fn pool_told(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => told(error),
        error => error.to_string(),
    }
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let constraint = db.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("statement failed with SQLSTATE {}{constraint}: {}", db.code().code(), db.message())
        }
        None if error.is_closed() => "the database connection was closed".to_owned(),
        None => format!("statement failed: {error}"),
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Why a transaction could not be committed, or nobody knows whether it was.
    pub(super) fn of_commit(error: tokio_postgres::Error) -> Self {
        // Ended by the server, by what stands before it, or said to be unknown.
        let is_unknown = error.code().is_some_and(|code| {
            let code = code.code();
            code.starts_with("57P") || code.starts_with("08") || code == "40003"
        });
        if error.is_closed() || is_io(&error) || is_unknown {
            return Self::Unfinished(error);
        }
        Self::Statement(error)
    }

    /// The constraint that was broken, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement(error) => error.as_db_error()?.constraint(),
            Self::Pool(_) | Self::Unfinished(_) | Self::Unaudited(_) => None,
        }
    }

    /// Whether the same transaction may succeed when it is run again: a deadlock or serialization failure.
    pub fn is_conflict(&self) -> bool {
        matches!(self.code(), Some(code) if [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code))
    }

    /// Whether a lock was waited for longer than allowed.
    pub fn is_lock_timeout(&self) -> bool {
        self.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether a statement was ended because it took too long.
    pub fn is_overdue(&self) -> bool {
        matches!(self, Self::Statement(error) if error.code() == Some(&SqlState::QUERY_CANCELED))
    }

    /// Whether the database is away, full or too slow, as opposed to a statement that is wrong.
    pub fn is_outage(&self) -> bool {
        match (self, self.code()) {
            (Self::Pool(_) | Self::Unfinished(_) | Self::Unaudited(_), _) => true,
            (Self::Statement(error), None) => error.is_closed() || is_io(error),
            // Class 08 connection, 53 resources, 57 operator intervention, 25006 read-only, 55P03 lock, 58 system.
            (_, Some(code)) => {
                let code = code.code();
                ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                    || ["25006", "25P03", "55P03", "40001", "40P01"].contains(&code)
            }
        }
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement(error) | Self::Unaudited(error) | Self::Pool(PoolError::Backend(error)) => {
                error.code()
            }
            Self::Pool(_) | Self::Unfinished(_) => None,
        }
    }

    /// What a caller is told: UNAVAILABLE for an outage, INTERNAL for a mistake of ours.
    pub fn status(&self, domain: &str) -> Status {
        if self.is_overdue() {
            return fault(Code::DeadlineExceeded, domain, "DEADLINE_EXCEEDED", "the database took too long");
        }
        if let Self::Unfinished(_) = self {
            tracing::warn!(error = self as &dyn std::error::Error, "a commit was not answered");
            return fault::unknown_outcome(domain, "postgresql");
        }
        if self.is_outage() { fault::unavailable(domain, "postgresql", self) } else { fault::internal(self) }
    }
}

/// Whether the connection broke, as opposed to a value that could not be read or written.
fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
