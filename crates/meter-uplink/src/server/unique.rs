//! Finds a member that an object has twice. Of two, some programs take the first and others the
//! last, so neither is taken here.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use zeroize::Zeroize as _;

use super::option_name::OptionName;

/// A document of any format, and the first member that is there twice.
pub(super) struct Document {
    pub(super) value: Value,
    pub(super) twice: Option<OptionName>,
}

impl Document {
    const fn plain(value: Value) -> Self {
        Self { value, twice: None }
    }
}

impl<'a> Deserialize<'a> for Document {
    fn deserialize<D: Deserializer<'a>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Reader)
    }
}

struct Reader;

impl<'a> Visitor<'a> for Reader {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Document, E> {
        Ok(Document::plain(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Document, E> {
        Ok(Document::plain(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Document, E> {
        Ok(Document::plain(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Document, E> {
        let number = Number::from_f64(value);
        Ok(Document::plain(number.map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Document, E> {
        Ok(Document::plain(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Document, E> {
        Ok(Document::plain(text.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Document, E> {
        Ok(Document::plain(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Document, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'a>>(self, source: D) -> Result<Document, D::Error> {
        source.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Document, A::Error> {
        let (mut list, mut twice) = (Vec::new(), None);
        while let Some(item) = items.next_element::<Document>()? {
            twice = twice.or(item.twice);
            list.push(item.value);
        }
        let value = Value::Array(list);
        Ok(Document { value, twice })
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<Document, A::Error> {
        let (mut members, mut twice) = (Map::new(), None);
        while let Some((name, member)) = entries.next_entry::<String, Document>()? {
            twice = twice.or(member.twice);
            let again = OptionName::of(&name);
            if let Some(mut first) = members.insert(name, member.value) {
                twice = twice.or(Some(again));
                wipe(&mut first);
            }
        }
        let value = Value::Object(members);
        Ok(Document { value, twice })
    }
}

/// Overwrites every string of a document.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Server, ServerFault as Fault};

    #[track_caller]
    fn refused(text: &str, expected: Fault) {
        assert_eq!(Server::parse(text).expect_err(text), expected);
    }

    /// Of two, some programs take the first and others the last.
    #[test]
    fn a_member_that_is_there_twice_is_refused_by_its_name() {
        let server = r#""server": "192.0.2.7", "server_port": 8388, "password": "x",
            "method": "aes-128-gcm""#;
        let twice = |name| Fault::Twice(OptionName::of(name));
        for (member, name) in [
            (r#""server": "192.0.2.8""#, "server"),
            (r#""server": "192.0.2.7""#, "server"),
            (r#""password": "y""#, "password"),
            (r#""pass\u0077ord": "y""#, "password"),
            (r#""plugin": "obfs-local", "plugin": """#, "plugin"),
            (r#""locals": [{"a": {"b": 1, "b": 2}}]"#, "b"),
            // The second is written by hand, so that the other reader of JSON reads it.
            ("method: 'aes-256-gcm'", "method"),
        ] {
            let text = format!("{{{server}, {member}}}");
            refused(&text, twice(name));
            refused(&format!(r#"{{"configs": [{text}]}}"#), twice(name));
            refused(
                &format!(r#"{{"servers": [{{{server}}}, {text}]}}"#),
                twice(name),
            );
        }
        let list = format!(r#"{{"servers": [{{{server}}}], "servers": []}}"#);
        refused(&list, twice("servers"));
        let said = Server::parse(&list).expect_err("twice").to_string();
        assert!(
            said.contains("(\"servers\"); keep one of the two"),
            "{said}"
        );
        // What stands in the place of a name may be a secret.
        let secret = format!(r#"{{{server}, "hunter2": 1, "hunter2": 2}}"#);
        let fault = Server::parse(&secret).expect_err("twice");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
        assert_eq!(fault.cause(), None);
    }

    /// The reader of what is written by hand has no limit of its own.
    #[test]
    fn what_nests_too_deeply_is_no_json_and_overflows_no_stack() {
        for (open, close) in [("[", "]"), ("{'a':", "}"), ("[", ""), ("{a:[", "")] {
            for depth in [128, 50_000] {
                let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                refused(&text, Fault::Document("it is not JSON"));
            }
        }
    }
}
