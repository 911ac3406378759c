//! The browsers of macOS. Paths are below the home folder.

use crate::registration::browsers::{Browser, NMH, Os::MacOs, chromium, firefox};

/// One row for each place of a manifest.
pub(super) const ROWS: &[Browser] = &[
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
];
