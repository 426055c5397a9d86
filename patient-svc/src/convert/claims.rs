//! Codes by which patients get to their records.
use crate::accounts::ClaimCode;
use proto::patient as pb;
use proto::time::to_wire;

impl From<ClaimCode> for pb::ClaimCode {
    fn from(ClaimCode { text, expires_at }: ClaimCode) -> Self {
        Self { code: text, expire_time: Some(to_wire(expires_at)) }
    }
}
