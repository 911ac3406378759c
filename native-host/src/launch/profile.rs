//! A browser's profile before its start: which browser uses it, and what it must contain.

use super::floor;
use crate::{files, registration::Family};
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The browser that uses a profile now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// No browser.
    Free,
    /// A browser with the floor; another start opens a window of it.
    WithFloor,
    /// A browser without the floor; another start would only open one more window of it.
    WithoutFloor(u32),
}

/// The reason why a profile cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum Blocked {
    /// A file of it cannot be read or written.
    #[error("{}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its preferences are not in the form that Chromium writes.
    #[error("{} is no JSON object", .0.display())]
    Preferences(PathBuf),
}

/// Finds the browser that uses this profile: both families make a link whose target names the
/// process.
#[must_use]
pub fn use_of(family: Family, profile: &Path) -> Use {
    let (link, separator) = match family {
        // "HOST-PROCESS" and "ADDRESS:+PROCESS".
        Family::Chromium => ("SingletonLock", '-'),
        Family::Firefox => ("lock", '+'),
    };
    let target = fs::read_link(profile.join(link)).unwrap_or_default();
    let target = target.to_string_lossy();
    let process = target.rsplit_once(separator);
    match process.and_then(|(_, number)| number.parse().ok()) {
        None => Use::Free,
        // The link stays when its process is killed.
        Some(process) => match floor::is_below(process) {
            None => Use::Free,
            Some(true) => Use::WithFloor,
            Some(false) => Use::WithoutFloor(process),
        },
    }
}

/// Prepares a profile that no browser uses: for Firefox the floor, for Chromium the developer mode,
/// without which an unpacked extension stays disabled after a reload.
///
/// # Errors
/// When a file cannot be read or written.
pub fn prepare(family: Family, profile: &Path, loads_extension: bool) -> Result<(), Blocked> {
    match family {
        Family::Firefox => put_floor(&profile.join("user.js")),
        Family::Chromium if loads_extension => set_developer_mode(profile),
        Family::Chromium => Ok(()),
    }
}

fn put_floor(path: &Path) -> Result<(), Blocked> {
    let text = read(path)?.unwrap_or_default();
    let theirs = without_floor(&text);
    // Last, because a later line overrides an earlier one.
    let new = format!("{theirs}{}", floor::preferences());
    match new == text {
        true => Ok(()),
        false => write(path, &new),
    }
}

/// The lines that we did not write.
fn without_floor(text: &str) -> String {
    let Some((before, rest)) = text.split_once(floor::BEGIN) else {
        return match text.is_empty() || text.ends_with('\n') {
            true => text.to_owned(),
            false => format!("{text}\n"),
        };
    };
    let after = rest.split_once(floor::END).map_or("", |(_, after)| after);
    format!("{before}{}", after.trim_start_matches('\n'))
}

fn set_developer_mode(profile: &Path) -> Result<(), Blocked> {
    let path = profile.join("Default/Preferences");
    let mut preferences = match read(&path)? {
        None => json!({}),
        Some(text) => {
            serde_json::from_str(&text).map_err(|_| Blocked::Preferences(path.clone()))?
        }
    };
    if preferences.pointer("/extensions/ui/developer_mode") == Some(&json!(true)) {
        return Ok(());
    }
    let mut place = &mut preferences;
    for name in ["extensions", "ui"] {
        let object = place.as_object_mut();
        let object = object.ok_or_else(|| Blocked::Preferences(path.clone()))?;
        place = object.entry(name).or_insert_with(|| json!({}));
    }
    match place.as_object_mut() {
        Some(ui) => ui.insert("developer_mode".to_owned(), Value::Bool(true)),
        None => return Err(Blocked::Preferences(path)),
    };
    write(&path, &preferences.to_string())
}

fn read(path: &Path) -> Result<Option<String>, Blocked> {
    match files::read_text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Blocked::File {
            path: path.to_path_buf(),
            source,
        }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Blocked> {
    let put = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        files::replace(path, text.as_bytes(), 0o600)
    };
    put().map_err(|source| Blocked::File {
        path: path.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_put_last_once_and_leaves_other_preferences_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("user.js");
        fs::write(&path, "user_pref(\"a.b\", 1);").expect("written");
        for _ in 0..2 {
            prepare(Family::Firefox, folder.path(), false).expect("prepared");
            let text = fs::read_to_string(&path).expect("read");
            let expected = format!("user_pref(\"a.b\", 1);\n{}", floor::preferences());
            assert_eq!(text, expected);
        }
        fs::write(&path, format!("{}// last\n", floor::preferences())).expect("written");
        prepare(Family::Firefox, folder.path(), false).expect("prepared");
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text, format!("// last\n{}", floor::preferences()));
    }

    #[test]
    fn developer_mode_is_switched_on_beside_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("Default/Preferences");
        let read = || -> Value {
            serde_json::from_str(&fs::read_to_string(&path).expect("read")).expect("JSON")
        };
        prepare(Family::Chromium, folder.path(), true).expect("prepared");
        assert_eq!(
            read(),
            json!({ "extensions": { "ui": { "developer_mode": true } } })
        );
        fs::write(
            &path,
            r#"{"a":1,"extensions":{"b":2,"ui":{"developer_mode":false}}}"#,
        )
        .expect("written");
        prepare(Family::Chromium, folder.path(), true).expect("prepared");
        let expected =
            json!({ "a": 1, "extensions": { "b": 2, "ui": { "developer_mode": true } } });
        assert_eq!(read(), expected);
        for broken in ["[]", "{", r#"{"extensions":1}"#] {
            fs::write(&path, broken).expect("written");
            assert!(prepare(Family::Chromium, folder.path(), true).is_err());
            assert_eq!(fs::read_to_string(&path).expect("read"), broken);
        }
    }

    #[test]
    fn a_profile_is_in_use_by_the_process_that_its_link_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("SingletonLock");
        assert_eq!(use_of(Family::Chromium, folder.path()), Use::Free);
        let ours = std::process::id();
        std::os::unix::fs::symlink(format!("some-host-{ours}"), &link).expect("a link");
        assert_eq!(
            use_of(Family::Chromium, folder.path()),
            Use::WithoutFloor(ours)
        );
        fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink("some-host-4194305", &link).expect("a link");
        assert_eq!(use_of(Family::Chromium, folder.path()), Use::Free);
        let link = folder.path().join("lock");
        std::os::unix::fs::symlink(format!("127.0.1.1:+{ours}"), link).expect("a link");
        assert_eq!(
            use_of(Family::Firefox, folder.path()),
            Use::WithoutFloor(ours)
        );
    }
}
