//! A section, by the names of its settings. A list in its place would be taken for their values, in
//! the order in which the code has them.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// Reads a section.
pub(super) fn section<'a, D, T>(source: D) -> Result<T, D::Error>
where
    D: Deserializer<'a>,
    T: Deserialize<'a>,
{
    source.deserialize_map(Section(PhantomData))
}

struct Section<T>(PhantomData<T>);

impl<'a, T: Deserialize<'a>> Visitor<'a> for Section<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<A: MapAccess<'a>>(self, settings: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(settings))
    }
}
