//! Codes as they are typed and shown.
use crate::challenge::Proof;
use crate::recovery::RecoveryCode;
use platform::violations::Violations;
use proto::auth as pb;
use proto::auth::second_factor_proof::Proof as Shown;
use secrecy::SecretString;

/// The code that `field` has; none when it is empty.
pub fn code(field: &str, text: String) -> Result<Option<Proof>, Violations> {
    let mut wrong = Violations::default();
    let code = wrong.optional(field, text);
    wrong.into_result(code.map(Proof::Code))
}

pub fn proof(proof: Option<pb::SecondFactorProof>) -> Result<Proof, Violations> {
    match proof.and_then(|proof| proof.proof) {
        Some(Shown::Code(text)) => {
            text.try_into().map(Proof::Code).map_err(|error| Violations::of("code", error))
        }
        Some(Shown::RecoveryCode(text)) => {
            text.try_into().map(Proof::RecoveryCode).map_err(|error| Violations::of("recovery_code", error))
        }
        None => Err(Violations::of("code", "is required")),
    }
}

/// The password of the caller, who must say something.
pub fn password(text: String) -> Result<SecretString, Violations> {
    if text.is_empty() { Err(Violations::of("current_password", "is required")) } else { Ok(text.into()) }
}

pub fn recovery_codes(codes: &[RecoveryCode]) -> pb::RecoveryCodes {
    pb::RecoveryCodes { codes: codes.iter().map(RecoveryCode::to_string).collect() }
}
