//! A code that links an account to a record.
use crate::times::{Garbled, Instant};
use proto::patient as pb;
use serde::Serialize;
use utoipa::ToSchema;

/// What a patient links their account to this record with.
#[derive(Serialize, ToSchema)]
pub struct ClaimCode {
    /// Shown only now. Small letters and no hyphens will do when it is typed.
    #[schema(example = "7K3M-9QXT-2VBN-D4HW")]
    pub code: String,
    pub expires_at: Instant,
}

impl TryFrom<pb::ClaimCode> for ClaimCode {
    type Error = Garbled;

    fn try_from(pb::ClaimCode { code, expire_time }: pb::ClaimCode) -> Result<Self, Garbled> {
        Ok(Self { code, expires_at: Instant::utc("expire_time", expire_time)? })
    }
}
