//! Backends by their names. The backends themselves are `meter-core`'s.

use meter_core::Backend;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use std::fmt;

/// A backend as the daemon names it: a later version may have more of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WireBackend {
    /// One that this version has, too.
    Known(Backend),
    /// One of a newer version.
    Unknown,
}

impl WireBackend {
    /// The backend, unless it is one of a newer version.
    #[must_use]
    pub const fn known(self) -> Option<Backend> {
        match self {
            Self::Known(backend) => Some(backend),
            Self::Unknown => None,
        }
    }
}

impl From<Backend> for WireBackend {
    fn from(backend: Backend) -> Self {
        Self::Known(backend)
    }
}

impl Serialize for WireBackend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.known().map_or("other", Backend::name))
    }
}

impl<'de> Deserialize<'de> for WireBackend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Name)
    }
}

/// A field that holds the name of a choice: `auto`, or a backend's own. Strict.
pub(crate) mod choice {
    use super::{Backend, Choice, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        choice: &Option<Backend>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Backend::choice_name(*choice))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Backend>, D::Error> {
        deserializer.deserialize_str(Choice)
    }
}

struct Name;

impl Visitor<'_> for Name {
    type Value = WireBackend;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a backend")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<WireBackend, E> {
        Ok(Backend::named(name).map_or(WireBackend::Unknown, WireBackend::Known))
    }
}

struct Choice;

impl Visitor<'_> for Choice {
    type Value = Option<Backend>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a backend, or auto")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<Backend>, E> {
        let mut choices = Backend::CHOICES.into_iter();
        choices
            .find(|choice| Backend::choice_name(*choice) == name)
            .ok_or_else(|| E::custom("neither auto nor the name of a backend"))
    }
}
