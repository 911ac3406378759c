//! Changes one setting and leaves everything else in the file as the person wrote it.

use super::{
    Config, ConfigError, parse,
    read::{self, FILE_BYTES_MAX},
    without::without,
};
use crate::{files, system};
use meter_core::Backend;
use std::{fs, io, path::Path};
use toml_edit::{DocumentMut, Item, Table, Value};

/// Sets `tor.backend` in the file at `path`, which is made if it does not exist.
///
/// # Errors
/// When the file contains a mistake, or would with this value, or cannot be read or written. It is
/// then unchanged.
pub(crate) fn set_backend(path: &Path, backend: Option<Backend>) -> Result<Config, ConfigError> {
    change(path, Kept::Written, |text| with_backend(text, backend))
}

/// Whether a change is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// It is.
    Written,
    /// It is only checked.
    Checked,
}

/// Sets the key with this name (`section.key`) in the file at `path`, which is made if there is
/// none.
///
/// # Errors
/// The errors of [`set_backend`].
pub(crate) fn set(
    path: &Path,
    key: &str,
    value: &Value,
    kept: Kept,
) -> Result<Config, ConfigError> {
    change(path, kept, |text| with_value(text, key, value))
}

/// Removes the key with this name from the file at `path`, so that its default applies. The file
/// stays as it is if it does not set the key.
///
/// # Errors
/// The errors of [`set_backend`].
pub(crate) fn unset(path: &Path, key: &str, kept: Kept) -> Result<Config, ConfigError> {
    change(path, kept, |text| without_key(text, key))
}

fn change(
    path: &Path,
    kept: Kept,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> Result<Config, ConfigError> {
    // If the path is a link, the link stays and the file behind it is changed.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let before = read::read(path)?.unwrap_or_default();
    parse(&before, path)?;
    let after = change(&before).map_err(|message| ConfigError::Syntax {
        path: path.to_path_buf(),
        message,
    })?;
    let config = parse(&after, path)?;
    if kept == Kept::Written && after != before {
        write(&place, &after).map_err(|error| ConfigError::Write(path.to_path_buf(), error))?;
    }
    Ok(config)
}

fn write(place: &Path, text: &str) -> io::Result<()> {
    let mode = fs::metadata(place).map(|meta| system::files::mode(&meta) & 0o777);
    // A new file would take its place even if nobody may write to it.
    if mode.as_ref().is_ok_and(|mode| mode & 0o200 == 0) {
        let why = "its mode lets nobody write to it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    // It could not be read again.
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        let why = "it would have more than 1,000,000 bytes";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    files::replace(place, text.as_bytes(), mode.unwrap_or(0o600))
}

fn without_key(text: &str, key: &str) -> Result<String, String> {
    let (section, name) = key
        .split_once('.')
        .ok_or_else(|| format!("{key} names no section"))?;
    if let Some(left) = without(text, section, name) {
        return Ok(left);
    }
    let mut document = document(text)?;
    let table = document.get_mut(section);
    if let Some(table) = table.and_then(Item::as_table_like_mut) {
        table.remove(name);
    }
    Ok(in_the_manner_of(text, &document.to_string()))
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
    fn a_setting_returns_to_its_default_and_everything_else_stays() {
        for (before, after) in [
            (
                "[tor] # tor\nbackend = 'managed' # mine\n",
                "[tor] # tor\n# mine\n",
            ),
            (
                "tor = { backend = \"managed\" } # x\r\n",
                "tor = {} # x\r\n",
            ),
            ("[log]\nlevel = 'warn'", "[log]\nlevel = 'warn'"),
        ] {
            assert_eq!(without_key(before, "tor.backend").as_deref(), Ok(after));
        }
    }

    #[test]
    fn what_cannot_be_written_or_read_again_leaves_the_file_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        let value = |letters: usize| Value::from("x".repeat(letters));
        set(&path, "tor.program", &value(999_970), Kept::Written).expect("it fits");
        let kept = fs::read(&path).expect("there");
        let refused = |letters: usize| {
            let error = set(&path, "tor.program", &value(letters), Kept::Written);
            assert_eq!(fs::read(&path).expect("there"), kept);
            crate::problems::chain(&error.expect_err("refused"))
        };
        assert!(refused(1_000_000).contains("more than 1,000,000 bytes"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("set");
        assert!(refused(1).contains("its mode lets nobody write to it"));
        let checked = set(&path, "tor.program", &value(1), Kept::Checked);
        assert_eq!(checked.expect("in order").tor.program.as_os_str(), "x");
        assert_eq!(fs::read(&path).expect("there"), kept, "it was only checked");
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
