//! The browsers of Windows. Places are keys below `HKEY_CURRENT_USER\Software`.

use crate::registration::browsers::{Browser, NMH, Os::Windows, chromium, firefox};

/// One row for each place of a manifest.
pub(super) const ROWS: &[Browser] = &[
    chromium(Windows, "Google Chrome", r"Google\Chrome"),
    chromium(Windows, "Chrome for Testing", r"Google\Chrome for Testing"),
    chromium(Windows, "Chromium", "Chromium"),
    chromium(Windows, "Microsoft Edge", r"Microsoft\Edge"),
    chromium(Windows, "Brave", r"BraveSoftware\Brave-Browser"),
    chromium(Windows, "Vivaldi", "Vivaldi"),
    chromium(Windows, "Opera", r"Opera Software\Opera Stable"),
    firefox(Windows, "Firefox, LibreWolf", "Mozilla", NMH),
];
