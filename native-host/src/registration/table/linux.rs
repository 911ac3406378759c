//! The browsers of Linux. Paths are below the home folder.

use crate::registration::browsers::{
    Browser, MOZ,
    Os::Linux,
    Reach::{Closed, Portal, Proxy},
    chromium, firefox, through,
};

/// One row for each place of a manifest.
pub(super) const ROWS: &[Browser] = &[
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
];
