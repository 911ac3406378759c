//! What is known of a browser that we register with: one row of the table.

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

pub(super) const NMH: &str = "NativeMessagingHosts";
pub(super) const MOZ: &str = "native-messaging-hosts";

pub(super) const fn chromium(os: Os, name: &'static str, footprint: &'static str) -> Browser {
    Browser {
        name,
        os,
        family: Family::Chromium,
        footprint,
        manifests: NMH,
        reach: Reach::Direct,
    }
}

pub(super) const fn firefox(
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
pub(super) const fn through(reach: Reach, browser: Browser) -> Browser {
    Browser { reach, ..browser }
}

/// The system this program was built for.
#[must_use]
pub(super) fn this_os() -> Option<Os> {
    match std::env::consts::OS {
        "linux" => Some(Os::Linux),
        "macos" => Some(Os::MacOs),
        "windows" => Some(Os::Windows),
        _ => None,
    }
}
