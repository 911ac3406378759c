//! Describes what a browser in a Snap or Flatpak can do.

use super::Reach;
use std::{env, fs, path::PathBuf};

/// What a person has to know about a browser with this reach; `None` if there is nothing.
///
/// Outside of a sandbox the way through it cannot be tested, so this is never "ok".
pub(crate) fn limit(reach: Reach) -> Option<String> {
    let without = "Install this browser without Snap or Flatpak, or use another one";
    match reach {
        Reach::Direct => None,
        Reach::Portal if has_portal() => Some(
            "it runs in a Snap and starts the program through the desktop's portal: say yes when \
                asked. A no is kept; `flatpak permission-remove webextensions org.onionmeter.host` \
                has it ask again"
                .to_owned(),
        ),
        Reach::Portal => Some(format!(
            "it runs in a Snap, and the portal of this desktop, unlike Ubuntu's, cannot start the \
                program for it. {without}"
        )),
        Reach::Proxy if has_proxy() => Some(
            "it runs in a Flatpak and can start the program from Firefox 157 on: set \
                `widget.use-xdg-desktop-portal.native-messaging-proxy` to 1 in about:config, run \
                `flatpak override --user --talk-name=org.freedesktop.NativeMessagingProxy \
                org.mozilla.firefox`, and restart it"
                .to_owned(),
        ),
        Reach::Proxy => Some(format!(
            "it runs in a Flatpak and cannot start the program, because xdg-native-messaging-proxy \
                is not installed. {without}"
        )),
        Reach::Closed => Some(format!(
            "it runs in a Snap or Flatpak that cannot start programs outside of it. {without}"
        )),
    }
}

/// Whether the desktop's portal has the interface that Ubuntu added to it; upstream never accepted
/// it.
fn has_portal() -> bool {
    let name = b"org.freedesktop.portal.WebExtensions";
    [
        "/usr/libexec/xdg-desktop-portal",
        "/usr/lib/xdg-desktop-portal",
    ]
    .iter()
    .any(|portal| {
        let program = fs::read(portal).unwrap_or_default();
        program.windows(name.len()).any(|part| part == name)
    })
}

fn has_proxy() -> bool {
    let dirs = env::var_os("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let dirs = dirs.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let service = "dbus-1/services/org.freedesktop.NativeMessagingProxy.service";
    env::split_paths(&dirs)
        .chain([PathBuf::from("/usr/share")])
        .any(|dir| dir.join(service).is_file())
}
