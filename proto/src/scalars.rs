//! Text that has been checked once and needs no second look. The limits are constants, so that the parser
//! and the published schema cannot disagree.
//!
//! No type here shows its content in `Debug`: most of it is patient data.
use std::fmt;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat};

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("is required")]
    Missing,
    #[error("must be {min} to {max} characters long")]
    Length { min: usize, max: usize },
    #[error("must not contain control characters")]
    ControlCharacter,
    #[error("must be an e-mail address")]
    Email,
    #[error("must be a phone number: digits, spaces and + - ( ) . / only, at least 3 digits")]
    Phone,
    #[error("must be an IANA time zone, for instance Europe/Berlin")]
    TimeZone,
    #[error("must be a BCP 47 language tag, for instance de-AT")]
    Language,
    #[error("must be three capital letters, for instance EUR")]
    Currency,
}

/// Trims `text` and checks its length in characters. Lines may break where `multiline`.
fn checked(text: &str, min: usize, max: usize, multiline: bool) -> Result<String, BadText> {
    // A byte order mark shows as little as a blank, and the schema takes it for one.
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() && min > 0 {
        return Err(BadText::Missing);
    }
    if text.chars().any(|c| c.is_control() && !(multiline && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(BadText::ControlCharacter);
    }
    if !(min..=max).contains(&text.chars().count()) {
        return Err(BadText::Length { min, max });
    }
    Ok(text.to_owned())
}

/// What a schema says beside the length.
type Shape = fn(ObjectBuilder) -> ObjectBuilder;

/// One line, with something in it to be seen.
const LINE: Shape =
    |text| text.pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"));
/// Lines, with something in them to be seen.
const LINES: Shape = |text| {
    let line = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*";
    text.pattern(Some(format!(r"^{line}[^\s\x00-\x1f\x7f-\x9f]{line}$")))
};
const EMAIL: Shape = |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)));
const PHONE: Shape = |text| text.pattern(Some(r"^[ +\-()./]*([0-9][ +\-()./]*){3,}$"));
const LANGUAGE: Shape = |text| text.pattern(Some("^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"));
const CURRENCY: Shape = |text| text.pattern(Some("^[A-Z]{3}$"));
const ANY: Shape = |text| text;

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident { min: $min:expr, max: $max:expr, shape: $shape:expr, example: $example:expr, parse: $parse:expr })*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Fewest characters.
            pub const MIN: usize = $min;
            /// Most characters.
            pub const MAX: usize = $max;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadText;

            fn try_from(text: String) -> Result<Self, BadText> {
                let parse: fn(&str) -> Result<String, BadText> = $parse;
                parse(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let shape: Shape = $shape;
                shape(ObjectBuilder::new())
                    .schema_type(utoipa::openapi::Type::String)
                    .min_length(Some(Self::MIN))
                    .max_length(Some(Self::MAX))
                    .examples([$example])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::try_from(text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

scalars! {
    /// A first or last name.
    PersonName { min: 1, max: 100, shape: LINE, example: "Ada", parse: |text| checked(text, 1, 100, false) }
    /// A medical specialization.
    Specialization { min: 2, max: 100, shape: LINE, example: "Cardiology", parse: |text| checked(text, 2, 100, false) }
    /// An e-mail address, in lower case: a mailbox is one person's, however it is typed.
    Email { min: 3, max: 254, shape: EMAIL, example: "ada@example.com", parse: email }
    /// A phone number as a person writes it.
    Phone { min: 3, max: 32, shape: PHONE, example: "+49 30 123456", parse: phone }
    /// A postal address on one or several lines.
    Address { min: 1, max: 500, shape: LINES, example: "1 Main Street, Springfield", parse: |text| checked(text, 1, 500, true) }
    /// A short piece of text: an insurer, an identifier, its system.
    Label { min: 1, max: 100, shape: LINE, example: "Acme Health", parse: |text| checked(text, 1, 100, false) }
    /// What something on offer is, for those who choose.
    Description { min: 1, max: 2000, shape: LINES, example: "A first visit, with a physical examination.", parse: |text| checked(text, 1, 2000, true) }
    /// Free text about a doctor.
    Bio { min: 1, max: 2000, shape: LINES, example: "Twenty years of general practice.", parse: |text| checked(text, 1, 2000, true) }
    /// Why a visit takes place, in the words of who booked.
    VisitNotes { min: 1, max: 2000, shape: LINES, example: "Annual check-up", parse: |text| checked(text, 1, 2000, true) }
    /// One section of a medical record.
    ClinicalText { min: 1, max: 20_000, shape: LINES, example: "Mild hypertension", parse: |text| checked(text, 1, 20_000, true) }
    /// Why something out of the ordinary was done.
    Reason { min: 3, max: 500, shape: LINES, example: "Wrong dosage noted", parse: |text| checked(text, 3, 500, true) }
    /// Why a doctor reads what they may not otherwise.
    EmergencyReason { min: 10, max: 500, shape: LINES, example: "Unconscious in the emergency room", parse: |text| checked(text, 10, 500, true) }
    /// Why the status of a visit was changed. In no message.
    ChangeNote { min: 1, max: 500, shape: LINES, example: "Called in sick", parse: |text| checked(text, 1, 500, true) }
    /// What the practice notes beside the status of a visit.
    SubStatus { min: 1, max: 60, shape: LINE, example: "Room 3", parse: |text| checked(text, 1, 60, false) }
    /// A currency, ISO 4217.
    Currency { min: 3, max: 3, shape: CURRENCY, example: "EUR", parse: currency }
    /// A name in the IANA time zone database.
    TimeZoneName { min: 1, max: 64, shape: ANY, example: "Europe/Berlin", parse: time_zone }
    /// A BCP 47 language tag.
    Language { min: 2, max: 35, shape: LANGUAGE, example: "en", parse: language }
}

fn email(text: &str) -> Result<String, BadText> {
    let text = checked(text, 3, 254, false)?.to_lowercase();
    let Some((local, domain)) = text.rsplit_once('@') else { return Err(BadText::Email) };
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    let local_ok = !local.is_empty() && local.len() <= 64 && local.chars().all(atom);
    let dots_ok = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let label = |label: &str| {
        let inner = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !label.is_empty() && label.len() <= 63 && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let domain_ok = domain.split('.').count() >= 2 && domain.split('.').all(label);
    if local_ok && dots_ok && domain_ok { Ok(text) } else { Err(BadText::Email) }
}

fn phone(text: &str) -> Result<String, BadText> {
    let text = checked(text, 3, 32, false)?;
    let allowed = text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if allowed && digits >= 3 { Ok(text) } else { Err(BadText::Phone) }
}

fn time_zone(text: &str) -> Result<String, BadText> {
    let text = checked(text, 1, 64, false)?;
    let zone = jiff::tz::TimeZone::get(&text).map_err(|_| BadText::TimeZone)?;
    zone.iana_name().map(str::to_owned).ok_or(BadText::TimeZone)
}

fn language(text: &str) -> Result<String, BadText> {
    let text = checked(text, 2, 35, false)?;
    let mut subtags = text.split('-');
    let primary = subtags.next().unwrap_or_default();
    let primary_ok = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    let rest_ok =
        subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()));
    if primary_ok && rest_ok { Ok(text) } else { Err(BadText::Language) }
}

fn currency(text: &str) -> Result<String, BadText> {
    let fits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    if fits { Ok(text.to_owned()) } else { Err(BadText::Currency) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: TryFrom<String, Error = BadText>>(text: &str) -> Result<T, BadText> {
        text.to_owned().try_into()
    }

    #[test]
    fn an_email_is_lower_case_and_has_a_domain() {
        assert_eq!(parse::<Email>(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
        for wrong in [
            "ada",
            "ada@",
            "@example.com",
            "ada@localhost",
            "a b@example.com",
            "a..b@example.com",
            "ada@-x.com",
        ] {
            assert_eq!(parse::<Email>(wrong), Err(BadText::Email), "{wrong}");
        }
    }

    #[test]
    fn nul_and_other_control_characters_never_get_in() {
        assert_eq!(parse::<PersonName>("A\0da"), Err(BadText::ControlCharacter));
        assert_eq!(parse::<PersonName>("A\nda"), Err(BadText::ControlCharacter));
        assert!(parse::<Address>("1 Main Street\nSpringfield").is_ok());
    }

    #[test]
    fn a_byte_order_mark_is_no_name() {
        assert_eq!(parse::<PersonName>("\u{feff}"), Err(BadText::Missing));
        assert_eq!(parse::<PersonName>("\u{feff}Ada ").unwrap().as_str(), "Ada");
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(parse::<PersonName>(&"ü".repeat(PersonName::MAX)).is_ok());
        assert!(parse::<PersonName>(&"ü".repeat(PersonName::MAX + 1)).is_err());
        assert_eq!(parse::<PersonName>("  "), Err(BadText::Missing));
    }

    #[test]
    fn a_time_zone_is_one_of_the_database() {
        assert_eq!(parse::<TimeZoneName>("europe/berlin").unwrap().as_str(), "Europe/Berlin");
        assert_eq!(parse::<TimeZoneName>("Mars/Olympus"), Err(BadText::TimeZone));
    }

    #[test]
    fn what_is_private_does_not_show_in_debug() {
        let name: PersonName = parse("Ada").unwrap();
        assert_eq!(format!("{name:?}"), "PersonName(…)");
    }
}
