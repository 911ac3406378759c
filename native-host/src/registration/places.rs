//! Converts the table of browsers to folders of this user.

use super::{
    browsers::{Browser, Family, Os, Reach, this_os},
    table::all,
};
use meter_wire::HOST_NAME;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One manifest file that a browser may read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The names of the browsers that read it: those that are installed, or the first of the table.
    pub name: String,
    /// Which kind of manifest.
    pub family: Family,
    /// Whether this user has the browser.
    pub presence: Presence,
    /// How the browser can start the program.
    pub reach: Reach,
    /// The manifest file.
    pub manifest: PathBuf,
}

/// What is at the path of a browser's own folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// Nothing: this user does not have the browser.
    Absent,
    /// The folder.
    Here,
    /// Something that is not a folder, with a description.
    Unusable(String),
}

impl Place {
    /// Whether the browser is there and can be registered with.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.presence == Presence::Here
    }
}

/// All places of this system in the folders of this user. `config_homes` are folders that may
/// replace `~/.config`: a browser is started from a desktop, whose variables a terminal may not
/// have.
#[must_use]
pub fn places(home: &Path, config_homes: &[PathBuf]) -> Vec<Place> {
    // Windows keeps manifests in the registry; its rows wait for code that writes there.
    match this_os() {
        Some(os @ (Os::Linux | Os::MacOs)) => places_of(os, home, config_homes),
        Some(Os::Windows) | None => Vec::new(),
    }
}

/// All places of one system. Rows that share a manifest become one place, named after the installed
/// browsers. A browser in a sandbox still has a separate place, because other limits apply to it.
#[must_use]
pub fn places_of(os: Os, home: &Path, config_homes: &[PathBuf]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for row in all().filter(|row| row.os == os) {
        for place in places_of_row(row, home, config_homes) {
            let same =
                |known: &&mut Place| known.manifest == place.manifest && known.reach == place.reach;
            match places.iter_mut().find(same) {
                Some(known) => join(known, place),
                None => places.push(place),
            }
        }
    }
    places
}

fn join(known: &mut Place, place: Place) {
    match (&known.presence, &place.presence) {
        (_, Presence::Absent) => {}
        (Presence::Here, Presence::Here) => {
            if known.name != place.name {
                known.name = format!("{}, {}", known.name, place.name);
            }
        }
        (Presence::Here, Presence::Unusable(_)) => {}
        (Presence::Absent | Presence::Unusable(_), _) => *known = place,
    }
}

fn places_of_row<'a>(
    row: &'a Browser,
    home: &'a Path,
    config_homes: &'a [PathBuf],
) -> impl Iterator<Item = Place> + 'a {
    let footprints: Vec<_> = match row.footprint.strip_prefix(".config/") {
        Some(rest) => config_homes
            .iter()
            .map(|config| config.join(rest))
            .collect(),
        None => vec![home.join(row.footprint)],
    };
    footprints.into_iter().map(|footprint| {
        let folder = match row.manifests.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => footprint.join(row.manifests),
        };
        Place {
            name: row.name.to_owned(),
            family: row.family,
            presence: presence(&footprint),
            reach: row.reach,
            manifest: folder.join(format!("{HOST_NAME}.json")),
        }
    })
}

/// What is at the path of a browser's own folder, with links followed.
pub(super) fn presence(footprint: &Path) -> Presence {
    let name = footprint.display();
    match fs::metadata(footprint) {
        Ok(meta) if meta.is_dir() => Presence::Here,
        Ok(_) => Presence::Unusable(format!("{name} is not a folder; move it away")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match fs::symlink_metadata(footprint) {
                Ok(_) => Presence::Unusable(format!(
                    "{name} is a link that leads nowhere; remove it, or bring back what it leads to"
                )),
                Err(_) => Presence::Absent,
            }
        }
        // Below a file, for example.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Presence::Absent,
        Err(error) => Presence::Unusable(format!("{name} cannot be looked into: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(home: &Path) -> Vec<PathBuf> {
        vec![home.join(".config")]
    }

    #[test]
    fn every_linux_row_is_found_by_its_footprint() {
        for row in all().filter(|row| row.os == Os::Linux) {
            let home = tempfile::tempdir().expect("a folder");
            let places = || places_of(Os::Linux, home.path(), &config_of(home.path()));
            assert!(
                places()
                    .iter()
                    .all(|place| place.presence == Presence::Absent)
            );
            fs::create_dir_all(home.path().join(row.footprint)).expect("a footprint");
            let found = places().into_iter().filter(Place::is_present).any(|place| {
                place.manifest.ends_with(format!("{HOST_NAME}.json"))
                    && place.name.contains(row.name)
                    && place.reach == row.reach
            });
            assert!(found, "{}", row.name);
        }
    }

    #[test]
    fn xdg_config_home_moves_chromium_but_not_firefox() {
        let homes = ["/elsewhere", "/home/a/.config"].map(PathBuf::from);
        let places = places_of(Os::Linux, Path::new("/home/a"), &homes);
        let manifests = |name: &str| {
            let of_name = places.iter().filter(|place| place.name == name);
            let texts = of_name.map(|place| place.manifest.to_string_lossy().into_owned());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(
            manifests("Vivaldi"),
            [
                format!("/elsewhere/vivaldi/NativeMessagingHosts/{HOST_NAME}.json"),
                format!("/home/a/.config/vivaldi/NativeMessagingHosts/{HOST_NAME}.json"),
            ]
        );
        assert_eq!(
            manifests("Firefox"),
            [format!(
                "/home/a/.mozilla/native-messaging-hosts/{HOST_NAME}.json"
            )]
        );
    }

    #[test]
    fn browsers_that_share_a_manifest_are_all_named() {
        let home = tempfile::tempdir().expect("a folder");
        for footprint in [".config/mozilla", ".zen", "snap/firefox"] {
            fs::create_dir_all(home.path().join(footprint)).expect("a footprint");
        }
        let places = places_of(Os::Linux, home.path(), &config_of(home.path()));
        let found: Vec<_> = places.iter().filter(|place| place.is_present()).collect();
        let folder = home.path().join(".mozilla");
        assert!(
            found
                .iter()
                .all(|place| place.manifest.starts_with(&folder))
        );
        let named = found.iter().map(|place| (place.name.as_str(), place.reach));
        let expected = [
            ("Firefox (147 and later), Zen", Reach::Direct),
            ("Firefox (Snap)", Reach::Portal),
        ];
        assert_eq!(
            named.collect::<Vec<_>>(),
            expected,
            "a sandbox stands apart"
        );
    }

    #[test]
    fn a_file_and_a_dangling_link_in_place_of_a_browsers_folder_are_named() {
        let home = tempfile::tempdir().expect("a folder");
        let config = home.path().join(".config");
        fs::create_dir(&config).expect("made");
        std::os::unix::fs::symlink("/nowhere/at/all", config.join("chromium")).expect("a link");
        fs::write(config.join("vivaldi"), "").expect("a file");
        let places = places_of(Os::Linux, home.path(), &[config]);
        for (name, words) in [("Chromium", "leads nowhere"), ("Vivaldi", "not a folder")] {
            let place = places
                .iter()
                .find(|place| place.name.starts_with(name))
                .expect("a row");
            let Presence::Unusable(why) = &place.presence else {
                panic!("{name}: {:?}", place.presence)
            };
            assert!(why.contains(words), "{why}");
        }
    }
}
