//! State and cache on the disk: a damaged cache is replaced, a damaged state needs a person's
//! decision.

use std::{fs, io, path::Path};

use arti_client::ErrorKind;
use meter_embedded::EmbeddedError;

/// Folder for what Arti learned about the network. It can be downloaded again.
pub(crate) const CACHE: &str = "cache";
/// Folder for what must not be lost without a message, above all the guards.
pub(crate) const STATE: &str = "state";

/// Deeper than any folder that Arti makes.
const DEPTH_MAX: u32 = 4;

/// Refuses a state that Arti could not read, and names the damaged file.
///
/// # Errors
/// [`EmbeddedError::StateDamaged`].
pub(crate) fn check_state(folder: &Path) -> Result<(), EmbeddedError> {
    match damaged(&folder.join(STATE), DEPTH_MAX) {
        Some(file) => Err(EmbeddedError::StateDamaged(file)),
        None => Ok(()),
    }
}

/// The first file in `folder` that should be JSON and is not. The path begins with `folder`'s own
/// name.
fn damaged(folder: &Path, depth: u32) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    let entries = fs::read_dir(folder).ok()?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let found = if path.is_dir() {
            depth.checked_sub(1).and_then(|depth| damaged(&path, depth))
        } else if path.extension().is_some_and(|kind| kind == "json") && !is_json(&path) {
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

/// A file that cannot be read counts as JSON here: Arti will refuse it.
fn is_json(path: &Path) -> bool {
    fs::read(path).map_or(true, |bytes| {
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
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

/// Removes the cache; Arti makes a new one.
///
/// # Errors
/// There is no cache, or it cannot be removed.
pub(crate) fn remove_cache(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder.join(CACHE))
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
