//! Files that interrupted commands left half written.

use super::parts::{Part, Parts};
use crate::{
    files,
    home::Home,
    launch,
    registration::{Record, all_places},
};
use std::{fs, path::PathBuf};

/// The leftovers beside everything that `install` writes. It has its turn, so that no other one is
/// writing.
pub(super) fn found(home: &Home, record: &Record) -> Vec<PathBuf> {
    let manifests = all_places(record).into_iter().map(|place| place.manifest);
    let written = [home.program(), home.registered()].into_iter();
    let mut found: Vec<_> = written
        .chain(manifests)
        .chain(launch::launcher_place())
        .flat_map(|path| files::leftovers(&path))
        .collect();
    // Browsers of several sandboxes share one manifest.
    found.sort();
    found.dedup();
    found
}

/// Removes what interrupted commands left; `false` if some of it stays.
pub(super) fn clear(parts: &mut Parts, record: &Record, home: &Home) -> bool {
    let mut whole = true;
    for path in found(home, record) {
        let part = |outcome| Part::new("leftover", outcome).at(&path);
        let at = path.display();
        match fs::remove_file(&path) {
            Ok(()) => parts.tell(part("removed"), format_args!("Leftover: removed {at}")),
            Err(error) => {
                whole = false;
                let part = part("not_removed").because(&error);
                parts.tell(part, format_args!("Leftover: NOT removed {at}: {error}"));
            }
        }
    }
    whole
}
