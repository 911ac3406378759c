//! A browser's folder that a person names with `--browser-dir`.

use super::{Family, Place, Presence, Reach};
use crate::system::os::{self, System};
use meter_wire::HOST_NAME;
use std::path::{Path, PathBuf};

/// The reason why a folder is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotABrowser {
    /// The folder does not exist.
    #[error("--browser-dir {path}: there is no such folder; start the browser once, then run this \
        again", path = .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("--browser-dir {path}: that is not a folder", path = .0.display())]
    NotAFolder(PathBuf),
    /// The path cannot be written into a manifest.
    #[error("--browser-dir {0:?}: the path is not text on one line")]
    NotText(PathBuf),
    /// The folder of one profile of Firefox.
    #[error("--browser-dir {path}: that is a profile; Firefox reads the folder for all profiles, \
        mostly ~/.mozilla", path = .0.display())]
    Profile(PathBuf),
    /// The folder contains nothing of a browser.
    #[error(
        "--browser-dir {path}: that is no browser's folder. Name the folder that a Chromium-family \
            browser is started with by --user-data-dir (it holds `Local State` or `First Run`), or \
            that a Firefox-family browser reads instead of ~/.mozilla (it holds `profiles.ini`, \
            `firefox` or `native-messaging-hosts`); a browser that was started once has made it",
        path = .0.display()
    )]
    Other(PathBuf),
}

/// Finds out which browser the folder belongs to, by the files that browsers put there.
pub(crate) fn named(folder: &Path) -> Result<Place, NotABrowser> {
    let folder =
        std::path::absolute(folder).map_err(|_| NotABrowser::NotAFolder(folder.to_path_buf()))?;
    if folder
        .to_str()
        .is_none_or(|text| text.chars().any(char::is_control))
    {
        return Err(NotABrowser::NotText(folder));
    }
    let family = match std::fs::metadata(&folder) {
        Ok(meta) if meta.is_dir() => family_of(&folder)?,
        Ok(_) => return Err(NotABrowser::NotAFolder(folder)),
        Err(_) => return Err(NotABrowser::Missing(folder)),
    };
    let inner = match family {
        Family::Firefox if os::HERE != System::MacOs => "native-messaging-hosts",
        Family::Firefox | Family::Chromium => "NativeMessagingHosts",
    };
    Ok(Place {
        name: "named by --browser-dir".to_owned(),
        family,
        presence: Presence::Here,
        reach: Reach::Direct,
        manifest: folder.join(inner).join(format!("{HOST_NAME}.json")),
    })
}

fn family_of(folder: &Path) -> Result<Family, NotABrowser> {
    let has = |name: &&str| folder.join(name).symlink_metadata().is_ok();
    // `chrome_constants.cc`: kLocalStateFilename, kFirstRunSentinel; `chrome_paths.cc`.
    if [
        "Local State",
        "First Run",
        "NativeMessagingHosts",
        "Last Version",
    ]
    .iter()
    .any(&has)
    {
        return Ok(Family::Chromium);
    }
    // `nsToolkitProfileService.cpp`; `NativeManifests.sys.mjs`.
    let firefox = [
        "profiles.ini",
        "installs.ini",
        "firefox/profiles.ini",
        "native-messaging-hosts",
    ];
    if firefox.iter().any(&has) {
        return Ok(Family::Firefox);
    }
    if [
        "prefs.js",
        "places.sqlite",
        "times.json",
        "compatibility.ini",
    ]
    .iter()
    .any(&has)
    {
        return Err(NotABrowser::Profile(folder.to_path_buf()));
    }
    Err(NotABrowser::Other(folder.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_known_by_what_its_browser_put_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("above")).expect("made");
            fs::write(path, "").expect("written");
        };
        for (name, family, inner) in [
            ("a b/Local State", Family::Chromium, "NativeMessagingHosts"),
            ("ü🌍/First Run", Family::Chromium, "NativeMessagingHosts"),
            (
                "moz/firefox/profiles.ini",
                Family::Firefox,
                "native-messaging-hosts",
            ),
            (
                "fork/profiles.ini",
                Family::Firefox,
                "native-messaging-hosts",
            ),
        ] {
            make(name);
            let dir = name.split('/').next().expect("a folder");
            let place = named(&folder.path().join(dir)).expect(name);
            assert_eq!(place.family, family, "{name}");
            assert!(
                place
                    .manifest
                    .starts_with(folder.path().join(dir).join(inner))
            );
        }
    }

    #[test]
    fn what_is_no_browsers_folder_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        assert!(matches!(named(&path), Err(NotABrowser::Missing(_))));
        fs::write(&path, "").expect("written");
        assert!(matches!(named(&path), Err(NotABrowser::NotAFolder(_))));
        assert!(matches!(named(folder.path()), Err(NotABrowser::Other(_))));
        fs::write(folder.path().join("prefs.js"), "").expect("written");
        assert!(matches!(named(folder.path()), Err(NotABrowser::Profile(_))));
        assert!(matches!(
            named(Path::new("/\n")),
            Err(NotABrowser::NotText(_))
        ));
    }
}
