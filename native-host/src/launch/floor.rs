//! The floor itself: arguments of a Chromium, preferences of a Firefox, and a check whether a
//! running browser has it.

use crate::{files, system::process};
use std::{ffi::OsString, path::Path};

/// The proxy of the floor: TCP port 1 (tcpmux), where only root may listen and usually nothing
/// does. Equal to the extension's `SINK_PORT`, for the same reason.
const PROXY: &str = "--proxy-server=socks5://127.0.0.1:1";
/// By default Chromium also excludes link-local addresses from the proxy. Loopback stays direct
/// (decision 5).
const BYPASS: &str = "--proxy-bypass-list=<-loopback>;localhost;*.localhost;127.0.0.0/8;[::1]";
/// Lookups outside of the proxy, by WebRTC for example, are answered with "not found".
const NAMES: &str = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , \
    EXCLUDE *.localhost , EXCLUDE 127.0.0.1 , EXCLUDE [::1]";
/// Also for private windows, where the extension's own setting may not apply. The option was
/// renamed; a browser ignores the name that it does not know.
const WEB_RTC: [&str; 3] = [
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    MDNS_OFF,
];
/// With this feature, a page's candidate `NAME.local` is asked of the whole local network. The
/// feature hides addresses of candidates that the policy prevents anyway.
const MDNS_OFF: &str = "--disable-features=WebRtcHideLocalIpsWithMdns";

/// Options that would remove or replace the floor, or choose another profile, which a browser
/// without the floor may use. Without their dashes: both families accept one or two.
const UNDOING: [&str; 14] = [
    "createprofile",
    "disable-features",
    "force-webrtc-ip-handling-policy",
    "host-resolver-rules",
    "no-proxy-server",
    "p",
    "profile",
    "profilemanager",
    "proxy-auto-detect",
    "proxy-bypass-list",
    "proxy-pac-url",
    "proxy-server",
    "user-data-dir",
    "webrtc-ip-handling-policy",
];

/// The first line of the preferences, which identifies them.
pub(super) const BEGIN: &str = "// Onionmeter's floor: written by `onionmeter open` at each start.";
/// Their last line.
pub(super) const END: &str = "// End of Onionmeter's floor.";

/// The arguments of a Chromium. An extension's setting overrides its command line, and the command
/// line a person's setting.
#[must_use]
pub fn arguments() -> Vec<OsString> {
    let all = [PROXY, BYPASS, NAMES].into_iter().chain(WEB_RTC);
    all.map(OsString::from).collect()
}

/// The first of these arguments that would remove the floor.
#[must_use]
pub fn undoing(arguments: &[OsString]) -> Option<&OsString> {
    arguments.iter().find(|argument| {
        let argument = argument.to_string_lossy();
        let option = argument.trim_start_matches('-');
        let name = option.split('=').next().unwrap_or_default();
        option.len() < argument.len()
            && UNDOING
                .iter()
                .any(|undoing| name.eq_ignore_ascii_case(undoing))
    })
}

/// The preferences in a Firefox profile's `user.js`. An extension's setting replaces them as long
/// as the extension is there.
#[must_use]
pub fn preferences() -> String {
    let lines = PREFERENCES.map(|(name, value)| format!("user_pref(\"{name}\", {value});"));
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

const PREFERENCES: [(&str, &str); 13] = [
    ("network.proxy.type", "1"),
    ("network.proxy.socks", "\"127.0.0.1\""),
    ("network.proxy.socks_port", "1"),
    ("network.proxy.socks_version", "5"),
    ("network.proxy.socks_remote_dns", "true"),
    ("network.proxy.http", "\"\""),
    ("network.proxy.ssl", "\"\""),
    ("network.proxy.no_proxies_on", "\"\""),
    // Firefox's own services connect directly when an extension's proxy fails, unless these forbid
    // it.
    ("network.proxy.failover_direct", "false"),
    ("network.proxy.allow_bypass", "false"),
    // Off by choice: lookups over HTTPS are separate connections.
    ("network.trr.mode", "5"),
    ("network.dns.disablePrefetch", "true"),
    ("media.peerconnection.ice.proxy_only", "true"),
];

/// Whether the browser with this process number has the floor. `None` if that cannot be told: not
/// on this system, or the process belongs to another user.
#[must_use]
pub fn is_below(process: u32) -> Option<bool> {
    let arguments = process::arguments_of(process);
    if arguments.first().is_none_or(|program| program.is_empty()) {
        return None;
    }
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    Some(has(PROXY) && has(NAMES) || profile_has_it(&arguments))
}

/// Firefox takes its profile after `-profile` or `--profile`.
fn profile_has_it(arguments: &[OsString]) -> bool {
    let named = arguments
        .iter()
        .position(|argument| argument == "--profile" || argument == "-profile");
    let profile = named.and_then(|index| arguments.get(index.checked_add(1)?));
    profile.is_some_and(|profile| {
        let file = Path::new(profile).join("user.js");
        files::read_text(&file).is_ok_and(|text| text.contains(BEGIN))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_the_arguments_has_no_floor() {
        assert_eq!(is_below(std::process::id()), Some(false));
        assert_eq!(is_below(u32::MAX), None);
    }

    #[test]
    fn the_floor_leads_where_nobody_can_listen() {
        assert!(PROXY.ends_with(":1"));
        assert!(preferences().contains("user_pref(\"network.proxy.socks_port\", 1);"));
    }

    #[test]
    fn arguments_that_undo_the_floor_are_found() {
        let undoing = |text: &str| undoing(&["about:blank".into(), text.into()]).is_some();
        for text in [
            "--no-proxy-server",
            "--proxy-server=direct://",
            "--host-resolver-rules=",
            "-no-proxy-server",
            "-proxy-server=direct://",
            "--user-data-dir=/tmp/other",
            "-P",
            "--profile",
            "-ProfileManager",
        ] {
            assert!(undoing(text), "{text}");
        }
        for text in [
            "--headless=new",
            "--proxy",
            "http://a.test/?--proxy-server=x",
            "--profile-directory=Work",
            "profile",
            "-",
        ] {
            assert!(!undoing(text), "{text}");
        }
        for ours in arguments() {
            assert!(undoing(&ours.to_string_lossy()), "{ours:?}");
        }
    }

    #[test]
    fn a_firefox_is_known_by_its_profile() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("UTF-8");
        let line = ["firefox", "--profile", path].map(OsString::from);
        assert!(!profile_has_it(&line));
        std::fs::write(folder.path().join("user.js"), preferences()).expect("written");
        assert!(profile_has_it(&line));
        assert!(!profile_has_it(&line[..2]));
    }
}
