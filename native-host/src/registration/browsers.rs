//! Every browser we register with, as data: a new fork is one line here.
//!
//! Sources of the rows: `docs/browsers.md`. Tor Browser is left out on purpose: our relay under it
//! would put Tor on top of Tor and change its fingerprint.

/// How a browser reads host manifests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// `allowed_origins` with the extension's id.
    Chromium,
    /// `allowed_extensions` with the add-on's id.
    Firefox,
}

/// An operating system that a row is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Os {
    /// Linux; paths below the home folder.
    Linux,
    /// macOS; paths below the home folder.
    MacOs,
    /// Windows; keys below `HKEY_CURRENT_USER\Software`.
    Windows,
}

/// One place in which one browser looks for host manifests.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    /// What a person calls it.
    pub name: &'static str,
    /// Which system the row is for.
    pub os: Os,
    /// Which kind of manifest it reads.
    pub family: Family,
    /// The folder (or registry key) that exists when this user has the browser. On Linux a path
    /// that begins with `.config/` moves with `XDG_CONFIG_HOME`.
    pub footprint: &'static str,
    /// The folder (or key) of the manifests, below [`Self::footprint`] unless it begins with `~/`.
    pub manifests: &'static str,
}

const NMH: &str = "NativeMessagingHosts";
const MOZ: &str = "native-messaging-hosts";

const fn chromium(os: Os, name: &'static str, footprint: &'static str) -> Browser {
    Browser {
        name,
        os,
        family: Family::Chromium,
        footprint,
        manifests: NMH,
    }
}

const fn firefox(
    os: Os,
    name: &'static str,
    footprint: &'static str,
    manifests: &'static str,
) -> Browser {
    Browser {
        name,
        os,
        family: Family::Firefox,
        footprint,
        manifests,
    }
}

use Os::{Linux, MacOs, Windows};

/// All rows.
pub const BROWSERS: &[Browser] = &[
    chromium(Linux, "Google Chrome", ".config/google-chrome"),
    chromium(Linux, "Google Chrome Beta", ".config/google-chrome-beta"),
    chromium(Linux, "Google Chrome Dev", ".config/google-chrome-unstable"),
    chromium(
        Linux,
        "Chrome for Testing",
        ".config/google-chrome-for-testing",
    ),
    chromium(Linux, "Chromium", ".config/chromium"),
    chromium(Linux, "Brave", ".config/BraveSoftware/Brave-Browser"),
    chromium(Linux, "Microsoft Edge", ".config/microsoft-edge"),
    chromium(Linux, "Vivaldi", ".config/vivaldi"),
    chromium(Linux, "Opera", ".config/opera"),
    chromium(Linux, "Helium", ".config/net.imput.helium"),
    chromium(
        Linux,
        "Chrome (Flatpak)",
        ".var/app/com.google.Chrome/config/google-chrome",
    ),
    chromium(
        Linux,
        "Chromium (Flatpak)",
        ".var/app/org.chromium.Chromium/config/chromium",
    ),
    chromium(
        Linux,
        "Edge (Flatpak)",
        ".var/app/com.microsoft.Edge/config/microsoft-edge",
    ),
    firefox(Linux, "Firefox, Waterfox, Zen", ".mozilla", MOZ),
    // Since Firefox 147 profiles live here, but manifests are still read from the old folder.
    firefox(
        Linux,
        "Firefox (147 and later)",
        ".config/mozilla",
        "~/.mozilla/native-messaging-hosts",
    ),
    firefox(Linux, "LibreWolf", ".librewolf", MOZ),
    firefox(
        Linux,
        "Firefox (Flatpak)",
        ".var/app/org.mozilla.firefox/.mozilla",
        MOZ,
    ),
    chromium(
        MacOs,
        "Google Chrome",
        "Library/Application Support/Google/Chrome",
    ),
    chromium(
        MacOs,
        "Google Chrome Beta",
        "Library/Application Support/Google/Chrome Beta",
    ),
    chromium(
        MacOs,
        "Google Chrome Dev",
        "Library/Application Support/Google/Chrome Dev",
    ),
    chromium(
        MacOs,
        "Google Chrome Canary",
        "Library/Application Support/Google/Chrome Canary",
    ),
    chromium(
        MacOs,
        "Chrome for Testing",
        "Library/Application Support/Google/ChromeForTesting",
    ),
    chromium(MacOs, "Chromium", "Library/Application Support/Chromium"),
    chromium(
        MacOs,
        "Brave",
        "Library/Application Support/BraveSoftware/Brave-Browser",
    ),
    chromium(
        MacOs,
        "Microsoft Edge",
        "Library/Application Support/Microsoft Edge",
    ),
    chromium(
        MacOs,
        "Microsoft Edge Beta",
        "Library/Application Support/Microsoft Edge Beta",
    ),
    chromium(
        MacOs,
        "Microsoft Edge Dev",
        "Library/Application Support/Microsoft Edge Dev",
    ),
    chromium(
        MacOs,
        "Microsoft Edge Canary",
        "Library/Application Support/Microsoft Edge Canary",
    ),
    chromium(MacOs, "Vivaldi", "Library/Application Support/Vivaldi"),
    chromium(
        MacOs,
        "Opera",
        "Library/Application Support/com.operasoftware.Opera",
    ),
    chromium(MacOs, "Arc", "Library/Application Support/Arc/User Data"),
    chromium(
        MacOs,
        "Helium",
        "Library/Application Support/net.imput.helium",
    ),
    firefox(MacOs, "Zen", "Library/Application Support/Zen", NMH),
    firefox(
        MacOs,
        "LibreWolf",
        "Library/Application Support/LibreWolf",
        NMH,
    ),
    firefox(MacOs, "Firefox", "Library/Application Support/Mozilla", NMH),
    chromium(Windows, "Google Chrome", r"Google\Chrome"),
    chromium(Windows, "Chrome for Testing", r"Google\Chrome for Testing"),
    chromium(Windows, "Chromium", "Chromium"),
    chromium(Windows, "Microsoft Edge", r"Microsoft\Edge"),
    chromium(Windows, "Brave", r"BraveSoftware\Brave-Browser"),
    chromium(Windows, "Vivaldi", "Vivaldi"),
    chromium(Windows, "Opera", r"Opera Software\Opera Stable"),
    firefox(Windows, "Firefox, LibreWolf", "Mozilla", NMH),
];

/// The system this program was built for.
#[must_use]
pub(super) fn this_os() -> Option<Os> {
    match std::env::consts::OS {
        "linux" => Some(Linux),
        "macos" => Some(MacOs),
        "windows" => Some(Windows),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_stands_twice_and_none_is_tor_browser() {
        for (index, row) in BROWSERS.iter().enumerate() {
            let same = |other: &&Browser| other.os == row.os && other.footprint == row.footprint;
            assert!(
                !BROWSERS[..index].iter().any(|other| same(&other)),
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
        for os in [Linux, MacOs, Windows] {
            for family in [Family::Chromium, Family::Firefox] {
                assert!(
                    BROWSERS
                        .iter()
                        .any(|row| row.os == os && row.family == family),
                    "{os:?}"
                );
            }
        }
    }
}
