//! Everything that is wrong with a request, gathered before answering.
use crate::fault::DOMAIN;
use std::collections::HashMap;
use std::fmt::Display;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Most bytes of what is wrong that are told: they travel as a header, whose size is limited on the way.
const MAX_TOLD: usize = 6 * 1024;

/// Field names are paths as in the proto, for instance `patient.email`.
#[derive(Debug, Default, thiserror::Error)]
#[error("the request is invalid")]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// One field that is wrong.
    pub fn of(field: &str, problem: impl Display) -> Self {
        let mut wrong = Self::default();
        wrong.add(field, problem);
        wrong
    }

    pub fn add(&mut self, field: &str, problem: impl Display) {
        self.0.push(FieldViolation::new(field, problem.to_string()));
    }

    /// Keeps the parsed value, or notes why `field` could not be parsed.
    pub fn field<T, E: Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error)).ok()
    }

    /// Parses a field where empty means "none".
    pub fn optional<T, E: Display>(&mut self, field: &str, text: String) -> Option<T>
    where
        T: TryFrom<String, Error = E>,
    {
        if text.is_empty() { None } else { self.field(field, T::try_from(text)) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` when nothing is wrong.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Violations> for Status {
    fn from(violations: Violations) -> Self {
        let message = violations.to_string();
        let mut left = MAX_TOLD;
        let told = violations.0.into_iter().map_while(|violation| {
            left = left.checked_sub(violation.field.len() + violation.description.len())?;
            Some(violation)
        });
        let mut details = ErrorDetails::with_bad_request(told.collect::<Vec<_>>());
        details.set_error_info("VALIDATION_FAILED", DOMAIN, HashMap::new());
        Status::with_error_details(Code::InvalidArgument, message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_told_as_a_header_can_carry() {
        let mut wrong = Violations::default();
        for index in 0..10_000 {
            wrong.add(&format!("doctor_ids[{index}]"), "must not stand twice");
        }
        let status = Status::from(wrong);
        let told = status.get_error_details().bad_request().unwrap().field_violations.len();
        assert!(told > 100 && status.details().len() < 2 * MAX_TOLD, "{told}: {}", status.details().len());
    }

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let mut wrong = Violations::default();
        assert_eq!(wrong.field("age", "7".parse::<u8>()), Some(7));
        assert_eq!(wrong.field("height", "tall".parse::<u8>()), None);
        wrong.add("name", "is required");
        let status = Status::from(wrong);
        let details = status.get_error_details();
        let fields: Vec<_> =
            details.bad_request().unwrap().field_violations.iter().map(|v| v.field.clone()).collect();
        assert_eq!(fields, ["height", "name"]);
    }
}
