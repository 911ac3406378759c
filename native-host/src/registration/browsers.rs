//! Every browser that we register with, as data: a new fork needs one line here.
//!
//! Sources of the rows: `docs/browsers.md`. Tor Browser is left out on purpose: with our relay
//! below it, Tor would run on top of Tor, and its fingerprint would change.

/// How a browser reads host manifests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// `allowed_origins` with the extension's id.
    Chromium,
    /// `allowed_extensions` with the add-on's id.
    Firefox,
}

/// The operating system of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Os {
    /// Linux; paths below the home folder.
    Linux,
    /// macOS; paths below the home folder.
    MacOs,
    /// Windows; keys below `HKEY_CURRENT_USER\Software`.
    Windows,
}

/// How a browser can start a program outside of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Directly: it runs in no sandbox.
    Direct,
    /// A Snap of Firefox: through the portal that Ubuntu added to its desktop.
    Portal,
    /// A Flatpak of Firefox: through xdg-native-messaging-proxy, from Firefox 157 on.
    Proxy,
    /// Not at all: a Snap or Flatpak that may start nothing outside of its sandbox. Nothing is
    /// written for it, and what earlier versions wrote is removed.
    Closed,
}

/// A place where one browser looks for host manifests.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    /// What a person calls it.
    pub name: &'static str,
    /// Which system the row is for.
    pub os: Os,
    /// Which kind of manifest it reads.
    pub family: Family,
    /// The folder (or registry key) that exists if this user has the browser. On Linux a path that
    /// begins with `.config/` follows `XDG_CONFIG_HOME`.
    pub footprint: &'static str,
    /// The folder (or key) of the manifests, below [`Self::footprint`] unless it begins with `~/`.
    pub manifests: &'static str,
    /// How it can start the program.
    pub reach: Reach,
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
        reach: Reach::Direct,
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
        reach: Reach::Direct,
    }
}

/// The same browser in a sandbox.
const fn through(reach: Reach, browser: Browser) -> Browser {
    Browser { reach, ..browser }
}

use Os::{Linux, MacOs, Windows};
use Reach::{Closed, Portal, Proxy};

/// All rows.
pub const BROWSERS: &[Browser] = &[
    chromium(Linux, "Google Chrome", ".config/google-chrome"),
    chromium(Linux, "Google Chrome Beta", ".config/google-chrome-beta"),
    chromium(Linux, "Google Chrome Dev", ".config/google-chrome-unstable"),
    chromium(
        Linux,
        "Google Chrome Canary",
        ".config/google-chrome-canary",
    ),
    chromium(
        Linux,
        "Chrome for Testing",
        ".config/google-chrome-for-testing",
    ),
    chromium(Linux, "Chromium, ungoogled Chromium", ".config/chromium"),
    chromium(Linux, "Thorium", ".config/thorium"),
    chromium(Linux, "Brave", ".config/BraveSoftware/Brave-Browser"),
    chromium(
        Linux,
        "Brave Beta",
        ".config/BraveSoftware/Brave-Browser-Beta",
    ),
    chromium(
        Linux,
        "Brave Nightly",
        ".config/BraveSoftware/Brave-Browser-Nightly",
    ),
    chromium(Linux, "Brave Origin", ".config/BraveSoftware/Brave-Origin"),
    chromium(
        Linux,
        "Brave Origin Beta",
        ".config/BraveSoftware/Brave-Origin-Beta",
    ),
    chromium(
        Linux,
        "Brave Origin Nightly",
        ".config/BraveSoftware/Brave-Origin-Nightly",
    ),
    chromium(Linux, "Microsoft Edge", ".config/microsoft-edge"),
    chromium(Linux, "Microsoft Edge Beta", ".config/microsoft-edge-beta"),
    chromium(Linux, "Microsoft Edge Dev", ".config/microsoft-edge-dev"),
    chromium(Linux, "Vivaldi", ".config/vivaldi"),
    chromium(Linux, "Vivaldi Snapshot", ".config/vivaldi-snapshot"),
    chromium(Linux, "Opera", ".config/opera"),
    chromium(Linux, "Opera Beta", ".config/opera-beta"),
    chromium(Linux, "Opera Developer", ".config/opera-developer"),
    chromium(Linux, "Opera GX", ".config/opera-gx"),
    chromium(Linux, "Yandex Browser", ".config/yandex-browser"),
    chromium(Linux, "Yandex Browser Beta", ".config/yandex-browser-beta"),
    chromium(Linux, "Helium", ".config/net.imput.helium"),
    firefox(Linux, "Firefox", ".mozilla", MOZ),
    // Since Firefox 147 profiles are here, but manifests are still read from the old folder.
    firefox(
        Linux,
        "Firefox (147 and later)",
        ".config/mozilla",
        "~/.mozilla/native-messaging-hosts",
    ),
    // A fork reads Firefox's folder unless it was changed to read its own; some do both.
    firefox(Linux, "Zen", ".zen", "~/.mozilla/native-messaging-hosts"),
    firefox(
        Linux,
        "Zen (newer)",
        ".config/zen",
        "~/.mozilla/native-messaging-hosts",
    ),
    firefox(Linux, "Waterfox", ".waterfox", MOZ),
    firefox(
        Linux,
        "Waterfox (Firefox's folder)",
        ".waterfox",
        "~/.mozilla/native-messaging-hosts",
    ),
    firefox(Linux, "Floorp", ".floorp", MOZ),
    firefox(
        Linux,
        "Floorp (Firefox's folder)",
        ".floorp",
        "~/.mozilla/native-messaging-hosts",
    ),
    firefox(Linux, "LibreWolf", ".librewolf", MOZ),
    firefox(
        Linux,
        "LibreWolf (newer)",
        ".config/librewolf",
        "~/.librewolf/native-messaging-hosts",
    ),
    // Its start script uses a folder of its own as the home folder, except in NixOS.
    firefox(
        Linux,
        "Mullvad Browser",
        ".mullvad-browser",
        "~/.mullvad-browser/.mozilla/native-messaging-hosts",
    ),
    firefox(
        Linux,
        "Mullvad Browser (unpacked)",
        ".local/share/mullvad-browser/Data",
        "~/.local/share/mullvad-browser/Data/.mozilla/native-messaging-hosts",
    ),
    firefox(
        Linux,
        "Mullvad Browser (NixOS)",
        ".mullvad",
        "~/.mozilla/native-messaging-hosts",
    ),
    through(
        Portal,
        firefox(
            Linux,
            "Firefox (Snap)",
            "snap/firefox",
            "~/.mozilla/native-messaging-hosts",
        ),
    ),
    through(
        Proxy,
        firefox(
            Linux,
            "Firefox (Flatpak)",
            ".var/app/org.mozilla.firefox",
            "~/.mozilla/native-messaging-hosts",
        ),
    ),
    // Earlier versions wrote here, but Firefox in its sandbox could not use it.
    through(
        Closed,
        firefox(
            Linux,
            "Firefox (Flatpak, inside)",
            ".var/app/org.mozilla.firefox/.mozilla",
            MOZ,
        ),
    ),
    through(
        Closed,
        firefox(
            Linux,
            "LibreWolf (Flatpak)",
            ".var/app/io.gitlab.librewolf-community",
            MOZ,
        ),
    ),
    through(
        Closed,
        firefox(Linux, "Floorp (Flatpak)", ".var/app/one.ablaze.floorp", MOZ),
    ),
    through(
        Closed,
        firefox(
            Linux,
            "Waterfox (Flatpak)",
            ".var/app/net.waterfox.waterfox",
            MOZ,
        ),
    ),
    through(
        Closed,
        firefox(Linux, "Zen (Flatpak)", ".var/app/app.zen_browser.zen", MOZ),
    ),
    through(
        Closed,
        firefox(
            Linux,
            "Mullvad Browser (Flatpak)",
            ".var/app/net.mullvad.MullvadBrowser",
            MOZ,
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Chrome (Flatpak)",
            ".var/app/com.google.Chrome/config/google-chrome",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Chrome Dev (Flatpak)",
            ".var/app/com.google.ChromeDev/config/google-chrome-unstable",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Chromium (Flatpak)",
            ".var/app/org.chromium.Chromium/config/chromium",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "ungoogled Chromium (Flatpak)",
            ".var/app/io.github.ungoogled_software.ungoogled_chromium/config/chromium",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Brave (Flatpak)",
            ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Edge (Flatpak)",
            ".var/app/com.microsoft.Edge/config/microsoft-edge",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Vivaldi (Flatpak)",
            ".var/app/com.vivaldi.Vivaldi/config/vivaldi",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Opera (Flatpak)",
            ".var/app/com.opera.Opera/config/opera",
        ),
    ),
    through(
        Closed,
        chromium(Linux, "Chromium (Snap)", "snap/chromium/common/chromium"),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Brave (Snap)",
            "snap/brave/current/.config/BraveSoftware/Brave-Browser",
        ),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Vivaldi (Snap)",
            "snap/vivaldi/current/.config/vivaldi",
        ),
    ),
    through(
        Closed,
        chromium(Linux, "Opera (Snap)", "snap/opera/current/.config/opera"),
    ),
    through(
        Closed,
        chromium(
            Linux,
            "Edge (Snap)",
            "snap/microsoft-edge/current/.config/microsoft-edge",
        ),
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
    chromium(
        MacOs,
        "Chromium, ungoogled Chromium",
        "Library/Application Support/Chromium",
    ),
    chromium(MacOs, "Thorium", "Library/Application Support/Thorium"),
    chromium(
        MacOs,
        "Brave",
        "Library/Application Support/BraveSoftware/Brave-Browser",
    ),
    chromium(
        MacOs,
        "Brave Beta",
        "Library/Application Support/BraveSoftware/Brave-Browser-Beta",
    ),
    chromium(
        MacOs,
        "Brave Nightly",
        "Library/Application Support/BraveSoftware/Brave-Browser-Nightly",
    ),
    chromium(
        MacOs,
        "Brave Origin",
        "Library/Application Support/BraveSoftware/Brave-Origin",
    ),
    chromium(
        MacOs,
        "Brave Origin Beta",
        "Library/Application Support/BraveSoftware/Brave-Origin-Beta",
    ),
    chromium(
        MacOs,
        "Brave Origin Nightly",
        "Library/Application Support/BraveSoftware/Brave-Origin-Nightly",
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
        "Vivaldi Snapshot",
        "Library/Application Support/Vivaldi-Snapshot",
    ),
    chromium(
        MacOs,
        "Opera",
        "Library/Application Support/com.operasoftware.Opera",
    ),
    chromium(
        MacOs,
        "Opera Beta",
        "Library/Application Support/com.operasoftware.OperaNext",
    ),
    chromium(
        MacOs,
        "Opera Developer",
        "Library/Application Support/com.operasoftware.OperaDeveloper",
    ),
    chromium(
        MacOs,
        "Opera GX",
        "Library/Application Support/com.operasoftware.OperaGX",
    ),
    chromium(
        MacOs,
        "Yandex Browser",
        "Library/Application Support/Yandex/YandexBrowser",
    ),
    chromium(MacOs, "Arc", "Library/Application Support/Arc/User Data"),
    chromium(
        MacOs,
        "Helium",
        "Library/Application Support/net.imput.helium",
    ),
    firefox(MacOs, "Firefox", "Library/Application Support/Mozilla", NMH),
    firefox(
        MacOs,
        "Firefox (profiles)",
        "Library/Application Support/Firefox",
        "~/Library/Application Support/Mozilla/NativeMessagingHosts",
    ),
    firefox(MacOs, "Zen", "Library/Application Support/Zen", NMH),
    firefox(
        MacOs,
        "Zen (Firefox's folder)",
        "Library/Application Support/zen",
        "~/Library/Application Support/Mozilla/NativeMessagingHosts",
    ),
    firefox(
        MacOs,
        "LibreWolf",
        "Library/Application Support/LibreWolf",
        NMH,
    ),
    firefox(
        MacOs,
        "Waterfox",
        "Library/Application Support/Waterfox",
        NMH,
    ),
    firefox(MacOs, "Floorp", "Library/Application Support/Floorp", NMH),
    firefox(
        MacOs,
        "Floorp (Firefox's folder)",
        "Library/Application Support/Floorp",
        "~/Library/Application Support/Mozilla/NativeMessagingHosts",
    ),
    firefox(
        MacOs,
        "Mullvad Browser",
        "Library/Application Support/MullvadBrowser",
        "~/Library/Application Support/Mozilla/NativeMessagingHosts",
    ),
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
            let same = |other: &&Browser| {
                other.os == row.os
                    && (other.footprint, other.manifests) == (row.footprint, row.manifests)
            };
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
