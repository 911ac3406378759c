//! Values of placeholders as an object of JSON.

use super::Values;
use litemap::LiteMap;
use serde::{
    Deserializer, Serializer,
    de::{MapAccess, Visitor},
};
use std::fmt;

pub(super) fn serialize<S: Serializer>(values: &Values, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(values.iter())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Values, D::Error> {
    from.deserialize_map(Object)
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Values;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Values, A::Error> {
        let mut values = LiteMap::new_vec();
        while let Some((name, value)) = object.next_entry()? {
            values.insert(name, value);
        }
        Ok(values)
    }
}
