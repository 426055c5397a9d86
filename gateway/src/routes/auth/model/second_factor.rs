//! Codes and what authenticators are set up with.
use crate::problem::{FieldProblem, Problem};
use proto::auth as pb;
use proto::auth::second_factor_proof::Proof;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The second step of a log-in: `code` or `recovery_code`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteLogin {
    /// As the first step answered it.
    #[schema(min_length = 1, max_length = 1024, example = "W3Q0c2VhbGVkIGNoYWxsZW5nZQ")]
    pub challenge: String,
    /// The six digits that the authenticator shows.
    #[schema(nullable = false, min_length = 6, max_length = 7, example = "287082")]
    pub code: Option<String>,
    #[schema(nullable = false, min_length = 16, max_length = 19, example = "GEZD-GNBV-GY3T-QOJQ")]
    pub recovery_code: Option<String>,
}

impl CompleteLogin {
    pub fn parts(self) -> Result<(String, pb::SecondFactorProof), Problem> {
        Ok((self.challenge, proof(self.code, self.recovery_code)?))
    }
}

/// The password, and `code` or `recovery_code`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithSecondFactor {
    #[schema(format = Password, min_length = 1, max_length = 512, example = "a long and private sentence")]
    pub current_password: String,
    /// The six digits that the authenticator shows.
    #[schema(nullable = false, min_length = 6, max_length = 7, example = "287082")]
    pub code: Option<String>,
    #[schema(nullable = false, min_length = 16, max_length = 19, example = "GEZD-GNBV-GY3T-QOJQ")]
    pub recovery_code: Option<String>,
}

impl TryFrom<WithSecondFactor> for pb::RemoveTotpRequest {
    type Error = Problem;

    fn try_from(body: WithSecondFactor) -> Result<Self, Problem> {
        let WithSecondFactor { current_password, code, recovery_code } = body;
        Ok(Self { current_password, proof: Some(proof(code, recovery_code)?) })
    }
}

impl TryFrom<WithSecondFactor> for pb::RenewRecoveryCodesRequest {
    type Error = Problem;

    fn try_from(body: WithSecondFactor) -> Result<Self, Problem> {
        let WithSecondFactor { current_password, code, recovery_code } = body;
        Ok(Self { current_password, proof: Some(proof(code, recovery_code)?) })
    }
}

fn proof(code: Option<String>, recovery_code: Option<String>) -> Result<pb::SecondFactorProof, Problem> {
    let proof = match (code, recovery_code) {
        (Some(code), None) => Proof::Code(code),
        (None, Some(code)) => Proof::RecoveryCode(code),
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_field("/recovery_code", "cannot stand beside a code"));
        }
        (None, None) => {
            return Err(Problem::invalid(vec![FieldProblem::new("/code", "missing", "is required")]));
        }
    };
    Ok(pb::SecondFactorProof { proof: Some(proof) })
}

/// Who sets up an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolTotp {
    #[schema(format = Password, min_length = 1, max_length = 512, example = "a long and private sentence")]
    pub current_password: String,
}

/// The first code of an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    #[schema(min_length = 6, max_length = 7, example = "287082")]
    pub code: String,
}

/// What an authenticator is set up with.
#[derive(Serialize, ToSchema)]
pub struct TotpEnrolment {
    /// Base32, for typing.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// For a QR code.
    #[schema(
        example = "otpauth://totp/Healthcare:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Healthcare"
    )]
    pub uri: String,
}

impl From<pb::TotpEnrolment> for TotpEnrolment {
    fn from(pb::TotpEnrolment { secret, uri }: pb::TotpEnrolment) -> Self {
        Self { secret, uri }
    }
}

/// Codes that stand in for a lost authenticator, each once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    #[schema(example = json!(["GEZD-GNBV-GY3T-QOJQ"]))]
    pub recovery_codes: Vec<String>,
}

impl From<pb::RecoveryCodes> for RecoveryCodes {
    fn from(pb::RecoveryCodes { codes }: pb::RecoveryCodes) -> Self {
        Self { recovery_codes: codes }
    }
}
