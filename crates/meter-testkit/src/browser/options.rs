//! The options for the start of a browser.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// One of the browsers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `chromium` through `chromedriver`.
    Chromium,
    /// `firefox-esr` through `geckodriver`.
    Firefox,
}

impl Kind {
    /// Both browsers.
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];
}

/// Width and height in CSS pixels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// How to start a browser. The two folders are created; give each browser its own profile.
#[derive(Clone, Debug)]
pub struct LaunchOptions {
    /// The unpacked extension, a folder with a `manifest.json`.
    pub extension: Option<PathBuf>,
    /// More extensions, loaded after that one; Chromium only.
    pub others: Vec<PathBuf>,
    /// `HOME` for the browser and for the native hosts that it starts. The driver's log is written
    /// here.
    pub home: PathBuf,
    /// The browser's profile. Existing content is used.
    pub profile: PathBuf,
    /// More environment for the browser and for the native hosts that it starts.
    pub env: Vec<(String, String)>,
    /// A SOCKS5 proxy for every page, which also resolves every name. `None`: no proxy, unless an
    /// extension sets one.
    pub socks_proxy: Option<SocketAddr>,
    /// Whether pages see a preference for dark.
    pub dark: bool,
    /// The outer size of the window.
    pub window: Size,
    /// Whether the page that the extension opens once stays, in front of the first tab. Otherwise
    /// it is closed before the launch returns.
    pub welcome: bool,
}

impl LaunchOptions {
    /// No extension, no proxy, light, a window of 1280 x 800.
    #[must_use]
    pub fn new(home: &Path, profile: &Path) -> Self {
        Self {
            extension: None,
            others: Vec::new(),
            home: home.to_owned(),
            profile: profile.to_owned(),
            env: Vec::new(),
            socks_proxy: None,
            dark: false,
            window: Size {
                width: 1280,
                height: 800,
            },
            welcome: false,
        }
    }

    /// The folder where `kind`, started with these options, looks for manifests of native hosts.
    #[must_use]
    pub fn native_hosts_folder(&self, kind: Kind) -> PathBuf {
        match kind {
            // With its own profile folder, Chromium does not look below HOME.
            Kind::Chromium => self.profile.join("NativeMessagingHosts"),
            Kind::Firefox => self.home.join(".mozilla/native-messaging-hosts"),
        }
    }
}
