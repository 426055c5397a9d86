//! JSON as it was sent, and reading it as something. Unlike `serde_json`, an array is never taken for an object with
//! nameless members, a member that is given twice is kept for who must refuse it, and what has another type is named
//! as JSON calls it.
use serde::de::value::{Error, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::fmt;

/// A JSON text.
#[derive(Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The members of what `pointer` points to, as far as it leads through objects and arrays.
    pub(super) fn members_at(&mut self, pointer: &str) -> Option<&mut Vec<(String, Self)>> {
        let mut names = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
        let found = names.try_fold(self, |tree, name| match tree {
            Self::Object(members) => {
                members.iter_mut().find(|(member, _)| *member == name).map(|(_, value)| value)
            }
            Self::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        });
        match found? {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow)
    }
}

/// Beyond it not every whole number is an `f64`, so that it cannot be known which was meant.
const MAX_WHOLE: f64 = 9_007_199_254_740_991.0;

/// Builds a [`Tree`].
struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        // JSON Schema counts 3.0 as a whole number, and some languages write all of theirs that way.
        let is_whole = number.fract() == 0.0 && number.abs() <= MAX_WHOLE;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and no larger than any i64")]
        Ok(if is_whole { Tree::Signed(number as i64) } else { Tree::Float(number) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}

fn must_be<T>(what: &str) -> Result<T, Error> {
    Err(de::Error::custom(format!("must be {what}")))
}

impl<'de> IntoDeserializer<'de> for &'de Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Refuses what is of another kind than a visitor asks for.
macro_rules! only {
    ($($kinds:pat => $what:literal: $($method:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                $kinds => self.deserialize_any(visitor),
                _ => must_be($what),
            }
        }
    )*)*};
}

impl<'de> Deserializer<'de> for &'de Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Unsigned(number) => visitor.visit_u64(*number),
            Tree::Signed(number) => visitor.visit_i64(*number),
            Tree::Float(number) => visitor.visit_f64(*number),
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::Array(items) => SeqDeserializer::new(items.iter()).deserialize_any(visitor),
            Tree::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), value));
                MapDeserializer::new(members).deserialize_any(visitor)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Tree::Text(name) => visitor.visit_enum(StrDeserializer::<Error>::new(name)),
            _ => must_be("a string"),
        }
    }

    only! {
        Tree::Object(_) => "an object": deserialize_map;
        Tree::Array(_) => "an array": deserialize_seq;
        Tree::Text(_) => "a string": deserialize_str deserialize_string deserialize_char;
        Tree::Bool(_) => "true or false": deserialize_bool;
        Tree::Unsigned(_) | Tree::Signed(_) => "a whole number":
            deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64;
        Tree::Unsigned(_) | Tree::Signed(_) | Tree::Float(_) => "a number": deserialize_f32 deserialize_f64;
    }

    forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
