//! Every browser that we register with, as data: a new fork needs one line in the file of its
//! system.
//!
//! Sources of the rows: `docs/browsers.md`. Tor Browser is left out on purpose: with our relay
//! below it, Tor would run on top of Tor, and its fingerprint would change.

mod linux;
mod macos;
mod windows;

use super::browsers::Browser;

/// All rows, of every system.
pub(super) fn all() -> impl Iterator<Item = &'static Browser> {
    [linux::ROWS, macos::ROWS, windows::ROWS]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::browsers::{Family, Os};

    #[test]
    fn no_row_stands_twice_and_none_is_tor_browser() {
        let rows: Vec<_> = all().collect();
        for (index, row) in rows.iter().enumerate() {
            let same = |other: &Browser| {
                other.os == row.os
                    && (other.footprint, other.manifests) == (row.footprint, row.manifests)
            };
            assert!(
                !rows[..index].iter().any(|other| same(other)),
                "{}",
                row.name
            );
            assert!(
                !row.footprint.to_lowercase().contains("tor"),
                "{}",
                row.name
            );
            assert!(!row.footprint.starts_with('/') && !row.footprint.ends_with('/'));
        }
    }

    #[test]
    fn every_system_has_both_families() {
        for os in [Os::Linux, Os::MacOs, Os::Windows] {
            for family in [Family::Chromium, Family::Firefox] {
                assert!(
                    all().any(|row| row.os == os && row.family == family),
                    "{os:?}"
                );
            }
        }
    }
}
