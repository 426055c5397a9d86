//! Partial updates: what is absent stays, what is null is cleared.
use prost_types::FieldMask;
use serde::{Deserialize, Deserializer};

/// A field that can be changed, but not cleared.
#[derive(Clone, Debug)]
pub struct Edit<T>(Option<T>);

/// A field that can be changed or cleared.
#[derive(Clone, Debug, Default)]
pub enum Clearable<T> {
    #[default]
    Unchanged,
    Cleared,
    Set(T),
}

// By hand: derived, it would ask the same of `T`.
impl<T> Default for Edit<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Cleared, Self::Set))
    }
}

impl<T> From<Edit<T>> for Option<T> {
    fn from(Edit(value): Edit<T>) -> Self {
        value
    }
}

impl<T> From<Edit<T>> for Clearable<T> {
    fn from(Edit(value): Edit<T>) -> Self {
        value.map_or(Self::Unchanged, Self::Set)
    }
}

/// Gathers which fields a request changes.
#[derive(Default)]
pub struct Mask(Vec<String>);

impl Mask {
    /// The new value, and `path` in the mask; none when the field is unchanged or cleared.
    pub fn value<T>(&mut self, path: &str, field: impl Into<Clearable<T>>) -> Option<T> {
        let value = match field.into() {
            Clearable::Unchanged => return None,
            Clearable::Cleared => None,
            Clearable::Set(value) => Some(value),
        };
        self.0.push(path.to_owned());
        value
    }

    /// The new text, and `path` in the mask; empty when the field is unchanged or cleared.
    pub fn text<T: Into<String>>(&mut self, path: &str, field: impl Into<Clearable<T>>) -> String {
        self.value(path, field).map(Into::into).unwrap_or_default()
    }
}

impl From<Mask> for FieldMask {
    fn from(Mask(paths): Mask) -> Self {
        Self { paths }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Change {
        name: Edit<String>,
        nickname: Clearable<String>,
    }

    fn read(body: &str) -> (String, String, Vec<String>) {
        let Change { name, nickname } = serde_json::from_str(body).unwrap();
        let mut mask = Mask::default();
        (mask.text("name", name), mask.text("nickname", nickname), mask.0)
    }

    #[test]
    fn absent_stays_null_clears_and_a_value_is_set() {
        assert_eq!(read("{}"), (String::new(), String::new(), vec![]));
        assert_eq!(read(r#"{"nickname": null}"#), (String::new(), String::new(), vec!["nickname".into()]));
        assert_eq!(read(r#"{"name": "A"}"#), ("A".into(), String::new(), vec!["name".into()]));
    }

    #[test]
    fn what_must_have_a_value_cannot_be_cleared() {
        assert!(serde_json::from_str::<Change>(r#"{"name": null}"#).is_err());
    }
}
