//! From the table of browsers to folders of this user.

use super::browsers::{BROWSERS, Browser, Family, Os, this_os};
use meter_wire::HOST_NAME;
use std::path::{Path, PathBuf};

/// One manifest file that a browser may read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// What a person calls the browser.
    pub name: String,
    /// Which kind of manifest.
    pub family: Family,
    /// Whether this user has the browser.
    pub present: bool,
    /// The manifest file.
    pub manifest: PathBuf,
}

/// All places of this system for the user whose folders these are.
#[must_use]
pub fn places(home: &Path, config_home: Option<&Path>) -> Vec<Place> {
    // Windows keeps manifests in the registry; its rows wait for that writer.
    match this_os() {
        Some(os @ (Os::Linux | Os::MacOs)) => places_of(os, home, config_home),
        Some(Os::Windows) | None => Vec::new(),
    }
}

/// All places of one system; two rows that share a manifest give one place.
#[must_use]
pub fn places_of(os: Os, home: &Path, config_home: Option<&Path>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for row in BROWSERS.iter().filter(|row| row.os == os) {
        let place = place(row, home, config_home);
        match places
            .iter_mut()
            .find(|known| known.manifest == place.manifest)
        {
            Some(known) => known.present |= place.present,
            None => places.push(place),
        }
    }
    places
}

fn place(row: &Browser, home: &Path, config_home: Option<&Path>) -> Place {
    let footprint = match (row.footprint.strip_prefix(".config/"), config_home) {
        (Some(rest), Some(config_home)) => config_home.join(rest),
        _ => home.join(row.footprint),
    };
    let folder = match row.manifests.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => footprint.join(row.manifests),
    };
    Place {
        name: row.name.to_owned(),
        family: row.family,
        present: footprint.is_dir(),
        manifest: folder.join(format!("{HOST_NAME}.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linux_row_is_found_by_its_footprint() {
        for row in BROWSERS.iter().filter(|row| row.os == Os::Linux) {
            let home = tempfile::tempdir().expect("a folder");
            assert!(
                places_of(Os::Linux, home.path(), None)
                    .iter()
                    .all(|place| !place.present)
            );
            std::fs::create_dir_all(home.path().join(row.footprint)).expect("a footprint");
            let present: Vec<_> = places_of(Os::Linux, home.path(), None)
                .into_iter()
                .filter(|place| place.present)
                .collect();
            assert_eq!(present.len(), 1, "{}", row.name);
            assert!(present[0].manifest.ends_with(format!("{HOST_NAME}.json")));
        }
    }

    #[test]
    fn xdg_config_home_moves_chromium_but_not_firefox() {
        let home = Path::new("/home/a");
        let places = places_of(Os::Linux, home, Some(Path::new("/elsewhere")));
        let manifest = |name: &str| {
            let place = places
                .iter()
                .find(|place| place.name == name)
                .expect("a row");
            place.manifest.to_string_lossy().into_owned()
        };
        assert_eq!(
            manifest("Chromium"),
            format!("/elsewhere/chromium/NativeMessagingHosts/{HOST_NAME}.json")
        );
        assert_eq!(
            manifest("Firefox, Waterfox, Zen"),
            format!("/home/a/.mozilla/native-messaging-hosts/{HOST_NAME}.json")
        );
    }

    #[test]
    fn a_firefox_with_the_new_profile_folder_gets_the_old_manifest_folder() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(home.path().join(".config/mozilla")).expect("a footprint");
        let places = places_of(Os::Linux, home.path(), None);
        let place = places.iter().find(|place| place.present).expect("Firefox");
        assert!(place.manifest.starts_with(home.path().join(".mozilla")));
    }
}
