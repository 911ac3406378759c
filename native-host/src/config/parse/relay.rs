//! `[relay]`: its port and how it serves.

use super::reader::Reader;
use crate::config::ConfigError;
use serde::Deserialize;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Relay {
    port: Option<Spanned<i64>>,
    connections_max: Option<Spanned<i64>>,
    pub(super) optimistic: bool,
    pub(super) serve_unidentified: bool,
}

impl Relay {
    pub(super) fn port(&self, reader: &Reader<'_>) -> Result<Option<u16>, ConfigError> {
        reader.port("relay.port", self.port.as_ref(), 1024)
    }

    pub(super) fn connections_max(&self, reader: &Reader<'_>) -> Result<usize, ConfigError> {
        let value = self.connections_max.as_ref();
        let number = reader.number("relay.connections_max", value, 1, 10_000)?;
        let number = number.and_then(|number| usize::try_from(number).ok());
        Ok(number.unwrap_or(512))
    }
}
