//! How times in requests look, for the document. The patterns let nothing pass but dates that their month
//! does not have.
use super::given::{Bound, CivilDate, DatePart, Moment, TimeOfDay, When};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

const DATE: &str = r"(19|2[01])\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])";
const CLOCK: &str = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?";
const INSTANT_CLOCK: &str =
    r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)";

fn text(pattern: &str, description: &str, examples: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^{pattern}$")))
        .description(Some(description))
        .examples(examples.iter().copied())
        .into()
}

impl PartialSchema for When {
    fn schema() -> RefOr<Schema> {
        text(
            &format!("{DATE}(T{CLOCK}|[Tt]{INSTANT_CLOCK})"),
            "RFC 3339; without an offset, civil time in the doctor's zone.",
            &["2030-01-07T09:00:00+01:00", "2030-01-07T09:00"],
        )
    }
}

impl ToSchema for When {}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        text(
            &format!("{DATE}[Tt]{INSTANT_CLOCK}"),
            "RFC 3339, with an offset; `+` is written `%2B` in addresses.",
            &["2030-01-07T09:00:00+01:00"],
        )
    }
}

impl ToSchema for Moment {}

impl PartialSchema for Bound {
    fn schema() -> RefOr<Schema> {
        text(
            &format!("{DATE}(T{CLOCK}|[Tt]{INSTANT_CLOCK})?"),
            "A date, or a date and time; without an offset, in the zone `tz`.",
            &["2030-01-07", "2030-01-07T09:00:00Z"],
        )
    }
}

impl ToSchema for Bound {}

impl PartialSchema for CivilDate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some(format!("^{DATE}$")))
            .description(Some("A civil date."))
            .examples(["1980-12-24"])
            .into()
    }
}

impl ToSchema for CivilDate {}

impl PartialSchema for DatePart {
    fn schema() -> RefOr<Schema> {
        text(
            &format!("{DATE}(T{CLOCK}|[Tt]{INSTANT_CLOCK})?"),
            "A civil date in the doctor's zone; of a date and time, only the date counts.",
            &["2030-01-07"],
        )
    }
}

impl ToSchema for DatePart {}

impl PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        text(
            r"(([01]\d|2[0-3]):[0-5]\d|24:00)(:00)?",
            "A civil time of day, in whole minutes.",
            &["09:00", "17:30:00"],
        )
    }
}

impl ToSchema for TimeOfDay {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pattern_lets_pass_can_be_read_and_nothing_else() {
        let schema = serde_json::to_value(When::schema()).unwrap();
        let pattern = jsonschema::validator_for(&schema).unwrap();
        for text in [
            "2030-01-07T09:00",
            "2030-01-07T09:00:00",
            "2030-01-07t09:00",
            "2030-01-07T09:00Z",
            "2030-01-07t09:00:00z",
            "2030-01-07T09:00:00.5+01:00",
            "2030-01-07t09:00:00.123456789-05:30",
            "2030-01-07T09:00:00.Z",
            "2030-01-07T09:00:00.1234567890Z",
            "2030-01-07T09:00:00+0100",
            "2030-01-07T09:00:00+01",
            "2030-01-07T09:00:00+01:00:00",
            "2030-01-07T09:00:60Z",
            "2030-01-07T090000Z",
            "2030-01-07T24:00Z",
            "2030-01-07 09:00Z",
            "2030-01-07",
        ] {
            let is_read = When::try_from(text.to_owned()).is_ok();
            assert_eq!(is_read, pattern.is_valid(&text.into()), "{text}");
        }
    }
}
