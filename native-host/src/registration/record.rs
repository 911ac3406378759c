//! A record of what `install` wrote, so that `uninstall` finds it again after folders or variables
//! have changed.

use super::{
    Family, Place, Reach,
    places::{places, presence},
};
use crate::{
    files,
    home::{self, Home},
};
use meter_wire::HOST_NAME;
use serde_json::{Value, json};
use std::{
    env, io,
    path::{Path, PathBuf},
};

/// Members of the list that name one file each.
const LAUNCHER: &str = "launcher";
const COMMAND: &str = "command";

/// What was written: manifests by place, the launcher and the command's link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    places: Vec<Place>,
    /// The launcher in the desktop's menu: another `XDG_DATA_HOME` or `HOME` would hide it.
    pub(crate) launcher: Option<PathBuf>,
    /// The command's link.
    pub(crate) command: Option<PathBuf>,
}

impl Record {
    /// Reads the list. An earlier version stored only paths of Chromium manifests.
    ///
    /// # Errors
    /// When it exists and cannot be read, or is not such a list.
    pub(crate) fn load(home: &Home) -> io::Result<Self> {
        let text = match files::read_text(&home.registered()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let list: Vec<Value> = serde_json::from_str(&text).map_err(io::Error::other)?;
        let path = |key: &str| {
            let path = list.iter().find_map(|value| value[key].as_str());
            path.map(PathBuf::from).filter(|path| path.is_absolute())
        };
        Ok(Self {
            places: list.iter().filter_map(entry).collect(),
            launcher: path(LAUNCHER),
            command: path(COMMAND),
        })
    }

    /// # Errors
    /// When it cannot be written; the old list is then still there.
    pub(crate) fn save(&self, home: &Home) -> io::Result<()> {
        let mut list: Vec<_> = self
            .places
            .iter()
            .map(|place| {
                let family = match place.family {
                    Family::Chromium => "chromium",
                    Family::Firefox => "firefox",
                };
                let manifest = place.manifest.to_string_lossy();
                json!({ "browser": place.name, "family": family, "manifest": manifest })
            })
            .collect();
        // Earlier versions skip these entries: they name no manifest.
        for (key, path) in [(LAUNCHER, &self.launcher), (COMMAND, &self.command)] {
            if let Some(path) = path.as_ref().and_then(|path| path.to_str()) {
                list.push(json!({ key: path }));
            }
        }
        let text = format!("{:#}\n", Value::from(list));
        files::replace(&home.registered(), text.as_bytes(), 0o600)
            .map_err(|error| home::obstacle(home.root(), error))
    }

    /// Adds a place, or renames it.
    pub(crate) fn add(&mut self, place: &Place) {
        self.forget(&place.manifest);
        self.places.push(place.clone());
    }

    /// Removes a place from the list.
    pub(crate) fn forget(&mut self, manifest: &Path) {
        self.places
            .retain(|known| !is_same(&known.manifest, manifest));
    }
}

/// Whether two paths lead to one file, which a person may name by links and dots.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || home::without_links(one) == home::without_links(other)
}

fn entry(value: &Value) -> Option<Place> {
    let text = |key: &str| value[key].as_str();
    let manifest = PathBuf::from(value.as_str().or_else(|| text("manifest"))?);
    // By this list only files of ours are ever written or removed.
    if !manifest.is_absolute() || !manifest.ends_with(format!("{HOST_NAME}.json")) {
        return None;
    }
    let family = match text("family") {
        Some("firefox") => Family::Firefox,
        _ => Family::Chromium,
    };
    Some(Place {
        name: text("browser")
            .unwrap_or("named by --browser-dir")
            .to_owned(),
        family,
        presence: presence(manifest.parent()?.parent()?),
        reach: Reach::Direct,
        manifest,
    })
}

/// Every place of the table, and places of the list that are not in the table.
pub(crate) fn all_places(record: &Record) -> Vec<Place> {
    let home = home::of_user();
    let mut places = home.map_or_else(Vec::new, |home| places(&home, &config_homes(&home)));
    for place in &record.places {
        let same = |known: &&mut Place| is_same(&known.manifest, &place.manifest);
        match places.iter_mut().find(same) {
            // A person who names the folder knows a way out of that sandbox.
            Some(known) if known.reach == Reach::Closed => *known = place.clone(),
            Some(_) => {}
            None => places.push(place.clone()),
        }
    }
    places
}

/// The settings folder in which a Chromium of this user has its own; `None` without a home folder.
pub(crate) fn config_home() -> Option<PathBuf> {
    let home = home::of_user()?;
    config_homes(&home).into_iter().next()
}

/// Chromium's order (`user_data_dir.md`), and the default, which applies if the variables are not
/// set.
fn config_homes(home: &Path) -> Vec<PathBuf> {
    let named = ["CHROME_CONFIG_HOME", "XDG_CONFIG_HOME"].map(env::var_os);
    let named = named.into_iter().flatten().map(PathBuf::from);
    let mut homes: Vec<PathBuf> = Vec::new();
    for folder in named.chain([home.join(".config")]) {
        // If the path is not text, the list could not contain a manifest below it.
        if folder.is_absolute() && folder.to_str().is_some() && !homes.contains(&folder) {
            homes.push(folder);
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_list_keeps_family_and_name_and_reads_that_of_earlier_versions() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().to_path_buf());
        let manifest = folder
            .path()
            .join(format!("p/NativeMessagingHosts/{HOST_NAME}.json"));
        let old = json!([manifest.to_str(), "/etc/passwd"]).to_string();
        fs::write(home.registered(), old).expect("written");
        let mut record = Record::load(&home).expect("read");
        assert_eq!(record.places.len(), 1, "nothing but manifests: {record:?}");
        let mut place = record.places[0].clone();
        assert_eq!(
            (place.family, &place.manifest),
            (Family::Chromium, &manifest)
        );
        place.family = Family::Firefox;
        place.name = "Firefox".to_owned();
        record.add(&place);
        record.launcher = Some(PathBuf::from("/data/applications/onionmeter.desktop"));
        record.save(&home).expect("written");
        let read = Record::load(&home).expect("read");
        assert_eq!(read.places, [place]);
        assert_eq!((read.launcher, read.command), (record.launcher, None));
    }
}
