//! Changes one setting and leaves everything else in the file as the person wrote it.

use super::{Config, ConfigError, parse, read};
use crate::{files, system};
use meter_core::Backend;
use std::{fs, path::Path};
use toml_edit::{DocumentMut, Item, Table, Value};

/// Sets `tor.backend` in the file at `path`, which is made if there is none.
///
/// # Errors
/// When the file contains a mistake, or would with this value, or cannot be read or written. It is
/// then unchanged.
pub(crate) fn set_backend(path: &Path, backend: Option<Backend>) -> Result<Config, ConfigError> {
    change(path, |text| with_backend(text, backend))
}

/// Sets the key with this name (`section.key`) in the file at `path`, which is made if there is
/// none.
///
/// # Errors
/// The errors of [`set_backend`].
pub(crate) fn set(path: &Path, key: &str, value: &Value) -> Result<Config, ConfigError> {
    change(path, |text| with_value(text, key, value))
}

fn change(
    path: &Path,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> Result<Config, ConfigError> {
    // If the path is a link, the link stays and the file behind it is changed.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let before = read(path)?.unwrap_or_default();
    parse(&before, path)?;
    let after = change(&before).map_err(|message| ConfigError::Syntax {
        path: path.to_path_buf(),
        message,
    })?;
    let config = parse(&after, path)?;
    if after != before {
        let mode = fs::metadata(&place);
        let mode = mode.map_or(0o600, |meta| system::files::mode(&meta) & 0o777);
        files::replace(&place, after.as_bytes(), mode)
            .map_err(|error| ConfigError::Write(path.to_path_buf(), error))?;
    }
    Ok(config)
}

fn with_backend(text: &str, backend: Option<Backend>) -> Result<String, String> {
    let document = document(text)?;
    let is_set = document
        .get("tor")
        .and_then(|tor| tor.get("backend"))
        .is_some();
    // This is already the default.
    if !is_set && backend.is_none() {
        return Ok(text.to_owned());
    }
    with_value(text, "tor.backend", &Backend::choice_name(backend).into())
}

fn document(text: &str) -> Result<DocumentMut, String> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_owned())
}

fn with_value(text: &str, key: &str, value: &Value) -> Result<String, String> {
    let mut document = document(text)?;
    let (section, key) = key
        .split_once('.')
        .ok_or_else(|| format!("{key} names no section"))?;
    let table = document
        .entry(section)
        .or_insert_with(|| Item::Table(Table::new()));
    let table = table
        .as_table_like_mut()
        .ok_or_else(|| format!("{section} is no section"))?;
    let mut new = value.clone();
    match table.get_mut(key) {
        Some(old) => {
            // The comment behind the value belongs to the person.
            if let Some(old) = old.as_value() {
                *new.decor_mut() = old.decor().clone();
            }
            *old = Item::Value(new);
        }
        None => {
            table.insert(key, Item::Value(new));
        }
    }
    Ok(in_the_manner_of(text, &document.to_string()))
}

/// The editor writes only line feeds and no byte order mark; this restores the form of the old
/// text.
fn in_the_manner_of(text: &str, changed: &str) -> String {
    let mark = if text.starts_with('\u{feff}') {
        "\u{feff}"
    } else {
        ""
    };
    let ends = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let changed = changed.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    format!("{mark}{}", changed.replace('\n', ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn one_word_changes_and_everything_else_stays() {
        for (before, after) in [
            ("", "[tor]\nbackend = \"managed\"\n"),
            (
                "# mine\n[tor] # tor\nprogram = 'tor'\n\n[log]\nlevel = \"warn\"",
                "# mine\n[tor] # tor\nprogram = 'tor'\nbackend = \"managed\"\n\n[log]\nlevel = \
                    \"warn\"\n",
            ),
            (
                "tor.backend  = 'auto' # as it likes\nlog.level = 'warn'\n",
                "tor.backend  = \"managed\" # as it likes\nlog.level = 'warn'\n",
            ),
            (
                "tor = { program = \"tor\" }\n",
                "tor = { program = \"tor\" , backend = \"managed\" }\n",
            ),
        ] {
            let changed = with_backend(before, Some(Backend::Managed)).expect("TOML");
            assert_eq!(changed, after);
            let back = with_backend(&changed, None).expect("TOML");
            assert!(back.contains("backend"), "{back}");
            assert_eq!(with_backend("", None).as_deref(), Ok(""));
        }
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_mistake_keeps_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        let mode = || fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        set_backend(&path, Some(Backend::Managed)).expect("made");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let config = set_backend(&path, Some(Backend::Existing)).expect("changed");
        assert_eq!(config.tor.backend, Some(Backend::Existing));
        assert_eq!(mode(), 0o640);
        for bad in ["[tor]\nshadowsocks = \"ss\"\n", "[tor]\nport = 1\n"] {
            fs::write(&path, bad).expect("written");
            let error = set_backend(&path, Some(Backend::Existing)).expect_err("refused");
            assert!(error.to_string().contains("line 2"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("there"), bad);
        }
    }
}
