//! The policies for each browser, and where it reads them. An administrator decides them for every
//! user.
//!
//! They switch off requests that browsers make on their own, and close WebRTC's and DNS's ways past
//! a proxy. None of them sets a proxy: a policy's proxy would override the extension's.

use super::browsers::{PRESETS, find};
use crate::registration::Family;
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// The person's choices.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Choices {
    /// No warnings of dangerous sites and downloads; their lists are not fetched.
    pub no_safe_browsing: bool,
    /// No private windows, where a Chromium's extension works only if a person allows it.
    pub no_private_windows: bool,
}

/// A file that a browser reads policies from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyPlace {
    /// Which browsers read it.
    pub title: &'static str,
    /// Which form it has.
    pub family: Family,
    /// The file.
    pub file: PathBuf,
    /// One of the browsers is installed.
    pub present: bool,
}

/// Titles of browsers, and the folders where Chromiums read every file. Sources:
/// `docs/browsers.md`.
const FOLDERS: &[(&str, &str)] = &[
    ("Chromium", "etc/chromium/policies/managed"),
    ("Google Chrome", "etc/opt/chrome/policies/managed"),
    (
        "Chrome for Testing",
        "etc/opt/chrome_for_testing/policies/managed",
    ),
    ("Microsoft Edge", "etc/opt/edge/policies/managed"),
    ("Brave", "etc/brave/policies/managed"),
];
/// Firefox reads one file, also if another program wrote it.
const FILE: (&str, &str) = ("Firefox", "etc/firefox/policies/policies.json");
const NAME: &str = "onionmeter.json";

/// Every place below `root`, which is `/` except in tests and images.
#[must_use]
pub fn places(root: &Path) -> Vec<PolicyPlace> {
    let chromium = FOLDERS.iter().map(|&(title, folder)| PolicyPlace {
        title,
        family: Family::Chromium,
        file: root.join(folder).join(NAME),
        present: is_installed(title),
    });
    let (title, file) = FILE;
    let firefox = PolicyPlace {
        title,
        family: Family::Firefox,
        file: root.join(file),
        present: is_installed(title),
    };
    chromium.chain([firefox]).collect()
}

fn is_installed(title: &str) -> bool {
    let programs = PRESETS.iter().filter(|preset| preset.title == title);
    let mut programs = programs.flat_map(|preset| preset.programs);
    programs.any(|name| find(Some(OsStr::new(name))).is_some())
}

/// The policies themselves.
#[must_use]
pub(super) fn policies(family: Family, choices: Choices) -> Value {
    let (mut all, safe_browsing, private_windows) = match family {
        Family::Chromium => (
            chromium(),
            json!({ "SafeBrowsingProtectionLevel": 0 }),
            json!({ "IncognitoModeAvailability": 1 }),
        ),
        Family::Firefox => (
            firefox(),
            json!({
                "browser.safebrowsing.malware.enabled": locked(false),
                "browser.safebrowsing.phishing.enabled": locked(false),
                "browser.safebrowsing.downloads.enabled": locked(false),
                "browser.safebrowsing.update.enabled": locked(false),
            }),
            json!({ "PrivateBrowsingModeAvailability": 1 }),
        ),
    };
    let place = match family {
        Family::Chromium => Some(&mut all),
        Family::Firefox => all.get_mut("Preferences"),
    };
    if choices.no_safe_browsing
        && let Some(place) = place
    {
        add(place, safe_browsing);
    }
    if choices.no_private_windows {
        add(&mut all, private_windows);
    }
    all
}

fn add(to: &mut Value, more: Value) {
    if let (Value::Object(to), Value::Object(more)) = (to, more) {
        to.extend(more);
    }
}

/// The most that the policy allows; Chromium adds a few randomly. Until 147 the maximum was 99,
/// when 32 were usual.
const CONNECTIONS: u16 = 256;

fn chromium() -> Value {
    json!({
        "AlternateErrorPagesEnabled": false,
        "BackgroundModeEnabled": false,
        "BrowserNetworkTimeQueriesEnabled": false,
        "BrowserSignin": 0,
        "BuiltInDnsClientEnabled": false,
        "ChromeVariations": 2,
        "ComponentUpdatesEnabled": false,
        "DnsOverHttpsMode": "off",
        "DomainReliabilityAllowed": false,
        "EnableMediaRouter": false,
        "GenAiDefaultSettings": 2,
        "GenAILocalFoundationalModelSettings": 1,
        "MaxConnectionsPerProxy": CONNECTIONS,
        "MetricsReportingEnabled": false,
        "NetworkPredictionOptions": 2,
        "QuicAllowed": false,
        "UrlKeyedAnonymizedDataCollectionEnabled": false,
        "WebRtcIPHandling": "disable_non_proxied_udp",
    })
}

fn firefox() -> Value {
    json!({
        "AppAutoUpdate": false,
        "CaptivePortal": false,
        "DNSOverHTTPS": { "Enabled": false, "Locked": true },
        "DisableFirefoxStudies": true,
        "DisableTelemetry": true,
        "NetworkPrediction": false,
        "Preferences": {
            // Without these, Firefox's own services connect directly when the relay does not
            // answer.
            "network.proxy.allow_bypass": locked(false),
            "network.proxy.failover_direct": locked(false),
            "network.connectivity-service.enabled": locked(false),
            "network.dns.disablePrefetch": locked(true),
            "browser.region.update.enabled": locked(false),
            "media.peerconnection.ice.proxy_only": locked(true),
        },
    })
}

fn locked(value: bool) -> Value {
    json!({ "Value": value, "Status": "locked" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_sets_a_proxy_above_the_extension() {
        let all = Choices {
            no_safe_browsing: true,
            no_private_windows: true,
        };
        for family in [Family::Chromium, Family::Firefox] {
            let policies = policies(family, all);
            let names = policies.as_object().expect("an object").keys();
            assert!(names.into_iter().all(|name| !name.starts_with("Proxy")));
            assert!(
                policies
                    .pointer("/Preferences/network.proxy.type")
                    .is_none()
            );
        }
    }

    #[test]
    fn a_hardened_chromium_may_open_more_connections_and_leaves_half_of_the_relays_to_others() {
        let policies = policies(Family::Chromium, Choices::default());
        let connections = policies["MaxConnectionsPerProxy"].as_u64();
        let connections = connections.and_then(|count| usize::try_from(count).ok());
        let connections = connections.expect("a number");
        // Chromium's default, and the maximum of the policy.
        assert!((129..=256).contains(&connections), "{connections}");
        assert!(connections <= crate::config::Config::default().connections_max / 2);
    }

    #[test]
    fn safe_browsing_and_private_windows_stay_unless_the_person_decides_otherwise() {
        for family in [Family::Chromium, Family::Firefox] {
            let text = policies(family, Choices::default())
                .to_string()
                .to_lowercase();
            assert!(
                !text.contains("safebrowsing") && !text.contains("incognito"),
                "{text}"
            );
            assert!(!text.contains("privatebrowsing"), "{text}");
        }
    }
}
