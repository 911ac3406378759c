//! State and cache on the disk: what heals by itself, and what a person has to decide about.

use std::{fs, io, path::Path};

use arti_client::ErrorKind;
use meter_embedded::EmbeddedFault;

/// Where Arti keeps what it learned of the network: it can be fetched again.
pub(crate) const CACHE: &str = "cache";
/// Where Arti keeps what must not be lost unsaid: its guards, first of all.
pub(crate) const STATE: &str = "state";

/// Deeper than Arti's own folders.
const DEPTH_MAX: u32 = 4;

/// Refuses a state that Arti could not read, and names the file.
///
/// # Errors
/// [`EmbeddedFault::StateDamaged`].
pub(crate) fn check_state(folder: &Path) -> Result<(), EmbeddedFault> {
    match damaged(&folder.join(STATE), DEPTH_MAX) {
        Some(file) => Err(EmbeddedFault::StateDamaged(file)),
        None => Ok(()),
    }
}

/// The first file in `folder` that should be JSON and is not, from `folder`'s own name on.
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

/// What cannot be read is Arti's to refuse.
fn is_json(path: &Path) -> bool {
    fs::read(path).map_or(true, |bytes| {
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
    })
}

/// Whether a failure may come from the cache. Arti's kinds do not tell: a file of its cache that is
/// no database is an invalid configuration to it, and one that is cut off a bug.
pub(crate) const fn may_be_the_cache(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::CacheCorrupted
            | ErrorKind::CacheAccessFailed
            | ErrorKind::InvalidConfig
            | ErrorKind::Internal
    )
}

/// Whether a failure of a client that runs means that the cache is damaged, which another start
/// would stumble over again. One that is cut off is a bug to Arti. What is no fault of a file
/// leaves it: without it the next start takes minutes longer, and downloads everything anew.
pub(crate) const fn is_damaged_cache(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::CacheCorrupted | ErrorKind::Internal)
}

/// Removes the cache; Arti makes it anew.
///
/// # Errors
/// There is none, or it cannot be removed.
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
            let fault = EmbeddedFault::StateDamaged("state/state/guards.json".into());
            assert_eq!(check_state(folder.path()), Err(fault), "{content:?}");
        }
    }
}
