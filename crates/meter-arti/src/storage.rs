//! State and cache on the disk: a damaged cache is replaced, a damaged state needs a person's
//! decision.

use std::{error::Error, ffi::OsStr, fs, io, path::Path};

use arti_client::ErrorKind;
use meter_embedded::EmbeddedError;

/// Folder for what Arti learned about the network. It can be downloaded again.
pub(crate) const CACHE: &str = "cache";
/// Folder for what must not be lost without a message, above all the guards.
pub(crate) const STATE: &str = "state";

/// Folder inside [`STATE`] with Arti's own files.
const FILES: &str = "state";

/// Deeper than any folder that Arti makes.
const DEPTH_MAX: u32 = 4;

/// Refuses a state that Arti could not read, and names the damaged file.
///
/// # Errors
/// [`EmbeddedError::StateDamaged`].
pub(crate) fn check_state(folder: &Path) -> Result<(), EmbeddedError> {
    for name in [STATE.to_owned(), format!("{STATE}/{FILES}")] {
        if exists(&folder.join(&name)) && !folder.join(&name).is_dir() {
            return Err(EmbeddedError::StateDamaged(name));
        }
    }
    match find(&folder.join(STATE), DEPTH_MAX, &is_damaged) {
        Some(file) => Err(EmbeddedError::StateDamaged(file)),
        None => Ok(()),
    }
}

/// The state is JSON, but Arti does not understand it. Names the file that Arti's text names, or
/// the folder if it names none.
pub(crate) fn not_understood(folder: &Path, error: &dyn Error) -> EmbeddedError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    let is_named = |path: &Path| {
        let name = path.file_name().and_then(OsStr::to_str);
        name.is_some_and(|name| text.contains(name))
    };
    let file = find(&folder.join(STATE), DEPTH_MAX, &is_named);
    EmbeddedError::StateDamaged(file.unwrap_or_else(|| STATE.to_owned()))
}

/// A link that leads nowhere exists, too.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The first thing below `folder`, except folders, that is as wanted. A folder with the name of a
/// file is no folder here. The path begins with `folder`'s own name.
fn find(folder: &Path, depth: u32, wanted: &dyn Fn(&Path) -> bool) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    let entries = fs::read_dir(folder).ok()?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let found = if path.is_dir() && !is_for_a_file(&path) {
            depth
                .checked_sub(1)
                .and_then(|depth| find(&path, depth, wanted))
        } else if wanted(&path) {
            path.file_name()?.to_str().map(str::to_owned)
        } else {
            None
        };
        if let Some(found) = found {
            return Some(format!("{name}/{found}"));
        }
    }
    None
}

/// Whether Arti reads or locks what has this name.
fn is_for_a_file(path: &Path) -> bool {
    let kind = path.extension().and_then(OsStr::to_str);
    matches!(kind, Some("json" | "lock"))
}

/// What is no file is not read: reading a pipe never ends.
fn is_damaged(path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|kind| kind == "json");
    is_for_a_file(path) && (!path.is_file() || is_json && !holds_json(path))
}

/// A file that cannot be read counts as JSON here: Arti will refuse it.
fn holds_json(path: &Path) -> bool {
    fs::read(path).map_or(true, |bytes| {
        str::from_utf8(&bytes)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
    })
}

/// Whether the cache may have caused a failure. Arti's kinds of errors do not tell: it reports a
/// cache file that is no database as an invalid configuration, and one that is cut off as a bug.
pub(crate) const fn may_be_the_cache(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::CacheCorrupted
            | ErrorKind::CacheAccessFailed
            | ErrorKind::InvalidConfig
            | ErrorKind::Internal
    )
}

/// Whether a failure of a running client means that the cache is damaged, so that another start
/// would fail, too. Arti reports a cache file that is cut off as a bug. For other failures the
/// cache stays: without it the next start takes minutes longer and downloads everything again.
pub(crate) const fn is_damaged_cache(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::CacheCorrupted | ErrorKind::Internal)
}

/// Whether something else is in the place of the cache or of one of its parts.
pub(crate) fn is_no_cache(folder: &Path) -> bool {
    let cache = folder.join(CACHE);
    let is_other = |path: &Path, is_it: fn(&Path) -> bool| exists(path) && !is_it(path);
    is_other(&cache, Path::is_dir)
        || is_other(&cache.join("dir.sqlite3"), Path::is_file)
        || is_other(&cache.join("dir_blobs"), Path::is_dir)
}

/// Removes the cache; Arti makes a new one.
///
/// # Errors
/// There is no cache, or it cannot be removed.
pub(crate) fn remove_cache(folder: &Path) -> io::Result<()> {
    let cache = folder.join(CACHE);
    match fs::symlink_metadata(&cache)?.is_dir() {
        true => fs::remove_dir_all(cache),
        false => fs::remove_file(cache),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fault_that_a_damaged_cache_has_takes_the_cache_away() {
        for kind in [ErrorKind::CacheCorrupted, ErrorKind::Internal] {
            assert!(is_damaged_cache(kind), "{kind:?}");
        }
        for kind in [
            ErrorKind::BadApiUsage,
            ErrorKind::SoftwareDeprecated,
            ErrorKind::CacheAccessFailed,
            ErrorKind::LocalResourceExhausted,
            ErrorKind::ClockSkew,
            ErrorKind::Other,
        ] {
            assert!(!is_damaged_cache(kind), "{kind:?}");
        }
    }

    #[test]
    fn a_file_of_the_state_that_is_cut_off_or_empty_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/state");
        assert_eq!(check_state(folder.path()), Ok(()), "none yet");
        fs::create_dir_all(&state).unwrap();
        fs::write(state.join("circuit_timeouts.json"), "{}").unwrap();
        fs::write(state.join("lock"), "").unwrap();
        assert_eq!(check_state(folder.path()), Ok(()));
        for content in ["", "{\"default\": {\"guards\": [", "\u{0}\u{0}"] {
            fs::write(state.join("guards.json"), content).unwrap();
            let error = EmbeddedError::StateDamaged("state/state/guards.json".into());
            assert_eq!(check_state(folder.path()), Err(error), "{content:?}");
        }
    }
}
