//! Between the wire and the domain: requests are parsed here, once, with all that is wrong told together;
//! replies are rendered.
mod patients; // patients, changes to them, queries
mod merges; // merges, legal holds, and why
mod claims; // codes
mod audit; // the audit log
mod records; // medical records and amendments
mod break_glass; // leave to read in an emergency

pub use audit::{access, entry, filter};
pub use break_glass::{emergency, grant_id, verdict};
pub use merges::{merger, reason};
pub use patients::{asked_id, changes, contact, name, party, patient_id, patient_ids, profile, query};
pub use records::{ListedOf, amendment, listed_of, new_record, record_id};

use crate::domain::Expected;
use platform::violations::Violations;
use prost_types::FieldMask;

/// The version that the caller has seen; 0 is none.
pub fn expected(field: &str, version: i64) -> Result<Expected, Violations> {
    match version {
        0 => Ok(Expected(None)),
        1.. => Ok(Expected(Some(version))),
        _ => Err(Violations::of(field, "must not be negative")),
    }
}

/// The paths of a mask, each once.
fn paths(mask: Option<FieldMask>) -> Vec<String> {
    let mut paths = mask.unwrap_or_default().paths;
    paths.sort_unstable();
    paths.dedup();
    paths
}
