//! Reads messages from parsed JSON with little code.
//!
//! serde's derived readers become machine code once for each source they read from: text, a JSON
//! value, a buffer of a flattened field. In the extension's Wasm module this was most of the code.
//! So everything that the module reads goes through this one source: text is parsed to a
//! [`Value`], and a struct's fields are handed over in the order of their declaration, so that no
//! reader compares names. An error holds no text: the extension shows none, and others read through
//! [`crate::parse_request`] and serde_json.
//!
//! Differences from serde_json: of a repeated name the last counts, as in a browser's own
//! `JSON.parse`, and a struct is an object and never a list. `deny_unknown_fields` has no effect.

mod error;

use error::Unreadable;
use serde::Serialize;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess,
    Visitor, value::StrDeserializer,
};
use serde_json::{Map, Value, map};
use std::slice;

/// Reads a message from JSON; `None` if it is not one.
#[must_use]
pub fn read_json<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    read_value(&parse(text)?)
}

/// Writes a message, or any value whose maps have text as keys, as JSON.
///
/// # Panics
/// A serializer of ours failed: a bug.
#[must_use]
pub fn write_json(value: &impl Serialize) -> String {
    // `expect` would bring the words for every error of serde_json into the extension's module.
    serde_json::to_string(value).unwrap_or_else(|_| unreachable!("text as keys, and no failure"))
}

/// Parses any JSON.
#[must_use]
#[inline(never)]
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Reads a message from a JSON value; `None` if it is not one.
#[must_use]
#[inline(never)]
pub fn read_value<T: for<'a> Deserialize<'a>>(value: &Value) -> Option<T> {
    T::deserialize(Node(Some(value))).ok()
}

/// A value, or `None` in place of a field that is missing: only an optional field can be read from
/// that.
#[derive(Clone, Copy)]
struct Node<'a>(Option<&'a Value>);

impl<'a> Node<'a> {
    fn text(self) -> Result<&'a str, Unreadable> {
        self.0.and_then(Value::as_str).ok_or(Unreadable)
    }

    fn items(self) -> Result<Items<'a>, Unreadable> {
        let items = self.0.and_then(Value::as_array).ok_or(Unreadable)?;
        Ok(Items(items.iter()))
    }

    fn object(self) -> Result<&'a Map<String, Value>, Unreadable> {
        self.0.and_then(Value::as_object).ok_or(Unreadable)
    }

    /// The name of a variant and its content.
    #[inline(never)]
    fn choice(self) -> Result<Choice<'a>, Unreadable> {
        match self.0.ok_or(Unreadable)? {
            Value::String(name) => Ok(Choice {
                name,
                content: None,
            }),
            Value::Object(object) => {
                let mut entries = object.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, content)), None) => Ok(Choice {
                        name,
                        content: Some(content),
                    }),
                    (None | Some(_), _) => Err(Unreadable),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(Unreadable),
        }
    }

    fn unsigned<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(self.0.and_then(Value::as_u64).ok_or(Unreadable)?)
    }

    /// No message holds such a value.
    #[expect(clippy::unused_self, reason = "one form with the methods beside it")]
    fn never<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn signed<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_i64(self.0.and_then(Value::as_i64).ok_or(Unreadable)?)
    }
}

/// The name of a variant.
fn variant(name: &str) -> StrDeserializer<'_, Unreadable> {
    StrDeserializer::new(name)
}

macro_rules! simple {
    ($($name:ident => $how:ident,)*) => {
        $(
            fn $name<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
                self.$how(visitor)
            }
        )*
    };
}

impl<'a> Deserializer<'a> for Node<'a> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0.ok_or(Unreadable)? {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => self.unsigned(visitor),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) => visitor.visit_seq(self.items()?),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.and_then(Value::as_bool).ok_or(Unreadable)?)
    }

    simple! {
        deserialize_u8 => unsigned,
        deserialize_u16 => unsigned,
        deserialize_u32 => unsigned,
        deserialize_u64 => unsigned,
        deserialize_i8 => signed,
        deserialize_i16 => signed,
        deserialize_i32 => signed,
        deserialize_i64 => signed,
        deserialize_string => deserialize_str,
        deserialize_identifier => deserialize_str,
        deserialize_f32 => never,
        deserialize_f64 => never,
        deserialize_char => never,
        deserialize_bytes => never,
        deserialize_byte_buf => never,
        deserialize_unit => never,
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            None | Some(Value::Null) => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let items = self.items()?;
        match items.0.len() == count {
            true => visitor.visit_seq(items),
            false => Err(Unreadable),
        }
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(Entries {
            entries: self.object()?.iter(),
            content: None,
        })
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let object = self.object()?;
        visitor.visit_seq(Fields {
            object,
            names: names.iter(),
        })
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self.choice()?)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _visitor: V,
    ) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_tuple(count, visitor)
    }
}

/// The items of a list.
struct Items<'a>(slice::Iter<'a, Value>);

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        let item = self.0.next().map(|item| Node(Some(item)));
        item.map(|item| seed.deserialize(item)).transpose()
    }
}

/// A struct's fields in the order of their declaration.
struct Fields<'a> {
    object: &'a Map<String, Value>,
    names: slice::Iter<'static, &'static str>,
}

impl<'a> Fields<'a> {
    #[inline(never)]
    fn next(&mut self) -> Node<'a> {
        Node(self.names.next().and_then(|name| self.object.get(*name)))
    }
}

impl<'a> SeqAccess<'a> for Fields<'a> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        let field = self.next();
        match seed.deserialize(field) {
            Ok(value) => Ok(Some(value)),
            // It has a default, or the struct cannot be read.
            Err(Unreadable) if field.0.is_none() => Ok(None),
            Err(Unreadable) => Err(Unreadable),
        }
    }
}

/// The entries of an object whose names are not known before.
struct Entries<'a> {
    entries: map::Iter<'a>,
    /// The content of the name that was read last.
    content: Option<&'a Value>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some((name, content)) = self.entries.next() else {
            return Ok(None);
        };
        self.content = Some(content);
        seed.deserialize(variant(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<T::Value, Unreadable> {
        seed.deserialize(Node(self.content.take()))
    }
}

/// A variant of an enum.
struct Choice<'a> {
    name: &'a str,
    content: Option<&'a Value>,
}

impl<'a> EnumAccess<'a> for Choice<'a> {
    type Error = Unreadable;
    type Variant = Node<'a>;

    fn variant_seed<T: DeserializeSeed<'a>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Node<'a>), Unreadable> {
        let name = seed.deserialize(variant(self.name))?;
        Ok((name, Node(self.content)))
    }
}

impl<'a> VariantAccess<'a> for Node<'a> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        match self.0 {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(Unreadable),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Unreadable> {
        match self.0 {
            None => Err(Unreadable),
            Some(_) => seed.deserialize(self),
        }
    }

    fn tuple_variant<V: Visitor<'a>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_tuple(count, visitor)
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_struct("", names, visitor)
    }
}

#[cfg(test)]
mod tests;
