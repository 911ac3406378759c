//! Where an existing Tor takes connections and is controlled.

use super::reader::Reader;
use crate::config::ConfigError;
use meter_core::TorAddr;
use meter_tor::SOCKET_PATH_BYTES_MAX;
use std::path::PathBuf;
use toml::Spanned;

/// A port, or a text that is a path; 0 means no place.
pub(super) fn place(
    reader: &Reader<'_>,
    key: &'static str,
    value: Option<&Spanned<toml::Value>>,
) -> Result<Option<TorAddr>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    let found = match value.get_ref() {
        toml::Value::Integer(0) => return Ok(None),
        toml::Value::Integer(port) => u16::try_from(*port).ok().map(TorAddr::loopback),
        toml::Value::String(path) => socket(path).map(TorAddr::Unix),
        _ => None,
    };
    let limit = || {
        format!(
            "a port from 0 to 65535 (0 looks at the usual places), or the absolute path of a Unix \
             socket in quotes, such as \"/run/tor/socks\", of at most {SOCKET_PATH_BYTES_MAX} bytes"
        )
    };
    found
        .map(Some)
        .ok_or_else(|| reader.refuse_because("place", key, value, limit()))
}

fn socket(path: &str) -> Option<PathBuf> {
    let fits = path.len() <= SOCKET_PATH_BYTES_MAX && !path.contains('\0');
    let path = PathBuf::from(path);
    (fits && path.is_absolute()).then_some(path)
}
