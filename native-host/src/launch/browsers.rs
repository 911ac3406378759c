//! Browsers that can be started with a floor: programs, profiles, and what each supports.

use crate::registration::Family;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// A browser by the names of its programs.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What a person calls it.
    pub title: &'static str,
    /// Names of its programs in `PATH`; the first is also the name for `onionmeter open`.
    pub programs: &'static [&'static str],
    /// Chromium or Firefox.
    pub family: Family,
    /// The folder of its profiles, below the settings folder (`~/.config`).
    pub folder: &'static str,
    /// Whether it loads an extension named on its command line. Chrome and Edge no longer do.
    pub loads_extensions: bool,
}

/// An installed browser.
#[derive(Clone, Debug)]
pub struct Launchable {
    /// Which.
    pub preset: &'static Preset,
    /// Its program.
    pub program: PathBuf,
}

const fn chromium(
    title: &'static str,
    programs: &'static [&'static str],
    folder: &'static str,
    loads_extensions: bool,
) -> Preset {
    Preset {
        title,
        programs,
        family: Family::Chromium,
        folder,
        loads_extensions,
    }
}

const fn firefox(title: &'static str, programs: &'static [&'static str]) -> Preset {
    Preset {
        title,
        programs,
        family: Family::Firefox,
        folder: "",
        loads_extensions: false,
    }
}

/// In the order in which one is chosen if none is named.
pub(super) const PRESETS: &[Preset] = &[
    chromium(
        "Chromium",
        &["chromium", "chromium-browser"],
        "chromium",
        true,
    ),
    chromium(
        "Brave",
        &["brave-browser", "brave"],
        "BraveSoftware/Brave-Browser",
        true,
    ),
    chromium("Vivaldi", &["vivaldi", "vivaldi-stable"], "vivaldi", true),
    chromium(
        "Chrome for Testing",
        &["chrome-for-testing"],
        "google-chrome-for-testing",
        true,
    ),
    chromium("Opera", &["opera"], "opera", true),
    chromium(
        "Google Chrome",
        &["google-chrome", "google-chrome-stable"],
        "google-chrome",
        false,
    ),
    chromium(
        "Microsoft Edge",
        &["microsoft-edge", "microsoft-edge-stable"],
        "microsoft-edge",
        false,
    ),
    firefox("Firefox", &["firefox", "firefox-esr"]),
    firefox("LibreWolf", &["librewolf"]),
];

/// The browser with that name, or at that path with one of the names, or the first installed one of
/// the table. `None` if it is not in the table, and for any other program: with the options of
/// another family it would have no floor.
#[must_use]
pub fn find(wanted: Option<&OsStr>) -> Option<Launchable> {
    let Some(wanted) = wanted else {
        return PRESETS.iter().find_map(installed);
    };
    let path = Path::new(wanted);
    let name = path.file_name()?.to_str()?.to_lowercase();
    let preset = PRESETS
        .iter()
        .find(|preset| preset.programs.contains(&name.as_str()))?;
    match path.components().count() {
        1 => installed(preset),
        _ => path.is_file().then(|| Launchable {
            preset,
            program: path.to_path_buf(),
        }),
    }
}

fn installed(preset: &'static Preset) -> Option<Launchable> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let programs = preset.programs.iter();
    let program = programs
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())?;
    Some(Launchable { preset, program })
}

/// The names that `onionmeter open` accepts.
pub(crate) fn names() -> Vec<&'static str> {
    let names = PRESETS.iter().filter_map(|preset| preset.programs.first());
    names.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_program_stands_in_two_rows() {
        let all: Vec<_> = PRESETS.iter().flat_map(|preset| preset.programs).collect();
        for (index, name) in all.iter().enumerate() {
            assert!(!all[..index].contains(name), "{name}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_none() {
        assert!(find(Some(OsStr::new("/nowhere/chromium"))).is_none());
        assert!(find(Some(OsStr::new("netscape"))).is_none());
        assert!(find(Some(OsStr::new("/bin/sh"))).is_none());
        let folder = tempfile::tempdir().expect("a folder");
        for (name, family) in [
            ("firefox-esr", Family::Firefox),
            ("brave", Family::Chromium),
        ] {
            let program = folder.path().join(name);
            std::fs::write(&program, "").expect("written");
            let found = find(Some(program.as_os_str())).expect("by its path");
            assert_eq!(found.preset.family, family);
        }
    }
}
