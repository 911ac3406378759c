//! One setting changed for a person, everything else in the file left as they wrote it.

use super::{BackendChoice, Config, ConfigError, parse};
use crate::files;
use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};
use toml_edit::{DocumentMut, Item, Table, value};

/// Sets `tor.backend` in the file at `path`, which is made if there is none.
///
/// # Errors
/// When the file holds a mistake, or would with this value, or cannot be read or written. It is then
/// as it was.
pub(crate) fn set_backend(path: &Path, backend: BackendChoice) -> Result<Config, ConfigError> {
    // A link stays one: the file that it leads to is changed.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let before = match fs::read_to_string(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(ConfigError::Read(path.to_path_buf(), error)),
    };
    parse(&before, path)?;
    let after = with_backend(&before, backend).map_err(|message| ConfigError::Syntax {
        path: path.to_path_buf(),
        message,
    })?;
    let config = parse(&after, path)?;
    if after != before {
        let mode = fs::metadata(&place).map_or(0o600, |meta| meta.permissions().mode() & 0o777);
        files::replace(&place, after.as_bytes(), mode)
            .map_err(|error| ConfigError::Write(path.to_path_buf(), error))?;
    }
    Ok(config)
}

fn with_backend(text: &str, backend: BackendChoice) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let section = document
        .entry("tor")
        .or_insert_with(|| Item::Table(Table::new()));
    let section = section
        .as_table_like_mut()
        .ok_or_else(|| "tor is no section".to_owned())?;
    let mut new = value(backend.name());
    match section.get_mut("backend") {
        Some(old) => {
            // The comment behind it is somebody's.
            if let (Some(old), Some(new)) = (old.as_value(), new.as_value_mut()) {
                *new.decor_mut() = old.decor().clone();
            }
            *old = new;
        }
        // By itself it is what is chosen.
        None if backend == BackendChoice::Auto => return Ok(text.to_owned()),
        None => {
            section.insert("backend", new);
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_changes_and_everything_else_stays() {
        for (before, after) in [
            ("", "[tor]\nbackend = \"managed\"\n"),
            (
                "# mine\n[tor] # tor\nprogram = 'tor'\n\n[log]\nlevel = \"warn\"",
                "# mine\n[tor] # tor\nprogram = 'tor'\nbackend = \"managed\"\n\n[log]\nlevel = \"warn\"\n",
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
            let changed = with_backend(before, BackendChoice::Managed).expect("TOML");
            assert_eq!(changed, after);
            let back = with_backend(&changed, BackendChoice::Auto).expect("TOML");
            assert!(back.contains("backend"), "{back}");
            assert_eq!(with_backend("", BackendChoice::Auto).as_deref(), Ok(""));
        }
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_mistake_keeps_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        let mode = || fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        set_backend(&path, BackendChoice::Managed).expect("made");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let config = set_backend(&path, BackendChoice::Existing).expect("changed");
        assert_eq!(config.tor.backend, BackendChoice::Existing);
        assert_eq!(mode(), 0o640);
        for bad in ["[tor]\nshadowsocks = \"ss\"\n", "[tor]\nport = 1\n"] {
            fs::write(&path, bad).expect("written");
            let error = set_backend(&path, BackendChoice::Existing).expect_err("refused");
            assert!(error.to_string().contains("line 2"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("there"), bad);
        }
    }
}
