//! Why something is not done with a second factor.

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("the second factor is on already")]
    TotpEnabled,
    #[error("the second factor is not on")]
    TotpNotEnabled,
    #[error("there is no secret to confirm: enrol first")]
    TotpNotEnrolled,
    #[error("one's own second factor takes the password and a code to remove")]
    OwnSecondFactor,
}
