//! Codes from an authenticator: TOTP (RFC 6238) with SHA-1, six digits and 30 seconds, which every authenticator knows.
use aws_lc_rs::error::Unspecified;
use jiff::Timestamp;
use platform::secrets::{NotSealed, Sealer};
use proto::ids::UserId;
use totp_rs::{Algorithm, Builder, Totp};

/// What the key that seals secrets is derived for.
pub const PURPOSE: &str = "totp";

/// The six digits that an authenticator shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 6 digits")]
pub struct NotACode;

impl TryFrom<String> for Code {
    type Error = NotACode;

    /// Authenticators show a gap, which people type.
    fn try_from(text: String) -> Result<Self, NotACode> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let fits = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if fits { Ok(Self(digits)) } else { Err(NotACode) }
    }
}

/// What an account shares with its authenticator: 160 random bits, as RFC 4226 recommends.
#[derive(Clone, Copy)]
pub struct Secret([u8; 20]);

impl Secret {
    pub fn generate() -> Result<Self, Unspecified> {
        let mut secret = [0; 20];
        aws_lc_rs::rand::fill(&mut secret)?;
        Ok(Self(secret))
    }

    pub fn seal(&self, sealer: &Sealer, owner: UserId) -> Vec<u8> {
        sealer.seal(owner.0.as_bytes(), &self.0)
    }

    pub fn open(sealer: &Sealer, owner: UserId, sealed: &[u8]) -> Result<Self, NotSealed> {
        let secret = sealer.open(owner.0.as_bytes(), sealed)?;
        secret.try_into().map(Self).map_err(|_| NotSealed)
    }

    /// What is sealed, as this root secret seals it; none when it is so already.
    pub fn reseal(sealer: &Sealer, owner: UserId, sealed: &[u8]) -> Result<Option<Vec<u8>>, NotSealed> {
        sealer.reseal(owner.0.as_bytes(), sealed)
    }

    /// For people who type it.
    pub fn base32(&self) -> String {
        totp_rs::Secret::new_stack(self.0).to_base32()
    }

    /// For a QR code: `otpauth://totp/…`. A colon would end the name of the issuer.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let without_colons = |text: &str| text.replace(':', " ");
        let named = self
            .builder()
            .with_issuer(Some(without_colons(issuer)))
            .with_account_name(without_colons(account))
            .build_noncompliant();
        named.to_url().expect("the account has a name, and that has no colon")
    }

    /// The time step of which `code` is, if that is the one of `now`, the one before or the one after.
    pub fn step_of(&self, code: &Code, now: Timestamp) -> Option<i64> {
        let step = self.totp().check(&code.0, u64::try_from(now.as_second()).ok()?)?;
        i64::try_from(step).ok()
    }

    fn builder(&self) -> Builder {
        let secret = totp_rs::Secret::new_stack(self.0);
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30);
        builder.with_skew(1).with_secret(secret)
    }

    fn totp(&self) -> Totp {
        self.builder().build_noncompliant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::secrets::RootSecret;

    /// RFC 6238, appendix B.
    const SECRET: Secret = Secret(*b"12345678901234567890");
    /// Seconds, and the last six of the eight digits that are given there for SHA-1.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn code(text: &str) -> Code {
        text.to_owned().try_into().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (second, expected) in VECTORS {
            assert_eq!(SECRET.step_of(&code(expected), at(second)), Some(second / 30), "{second}");
        }
        assert_eq!(SECRET.step_of(&code("287083"), at(59)), None);
    }

    #[test]
    fn a_clock_may_differ_by_one_step_and_no_more() {
        let (second, digits) = VECTORS[3];
        let code = code(digits);
        let begin = second / 30 * 30;
        for second in [begin - 30, begin, begin + 59] {
            assert_eq!(SECRET.step_of(&code, at(second)), Some(begin / 30), "{second}");
        }
        for second in [begin - 31, begin + 60] {
            assert_eq!(SECRET.step_of(&code, at(second)), None, "{second}");
        }
    }

    #[test]
    fn a_code_is_six_digits() {
        assert!(code("123 456") == code(" 123456 "));
        for wrong in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
            assert_eq!(Code::try_from(wrong.to_owned()).err(), Some(NotACode), "{wrong}");
        }
    }

    #[test]
    fn the_uri_names_the_clinic_and_the_account() {
        assert_eq!(
            SECRET.uri("Dr. Who: Clinic", "ada+1@example.com"),
            "otpauth://totp/Dr.%20Who%20%20Clinic:ada%2B1%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Dr.%20Who%20%20Clinic"
        );
        assert_eq!(SECRET.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_sealed_secret_opens_for_its_account_only() {
        let sealer = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let sealer = sealer.sealer("totp");
        let (owner, other) = (UserId::random(), UserId::random());
        let sealed = SECRET.seal(&sealer, owner);
        assert_eq!(Secret::open(&sealer, owner, &sealed).unwrap().0, SECRET.0);
        assert!(Secret::open(&sealer, other, &sealed).is_err());
    }
}
