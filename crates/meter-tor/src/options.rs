//! The Tor options that users may set.

use std::net::{IpAddr, SocketAddr};

/// Options that extra torrc lines may set: those that choose paths, bridges or a private network.
/// None of them opens a port, names a file, runs a program or makes Tor hide less in its log.
pub const OPTIONS_ALLOWED: &[&str] = &[
    "Bridge",
    "CircuitBuildTimeout",
    "CircuitPadding",
    "ClientBootstrapConsensusAuthorityDownloadInitialDelay",
    "ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay",
    "ClientBootstrapConsensusFallbackDownloadInitialDelay",
    "ClientDNSRejectInternalAddresses",
    "ClientPreferIPv6ORPort",
    "ClientRejectInternalAddresses",
    "ClientUseIPv4",
    "ClientUseIPv6",
    "ConfluxEnabled",
    "ConnectionPadding",
    "DirAuthority",
    "EnforceDistinctSubnets",
    "EntryNodes",
    "ExcludeExitNodes",
    "ExcludeNodes",
    "ExitNodes",
    "FallbackDir",
    "FascistFirewall",
    "KeepalivePeriod",
    "LearnCircuitBuildTimeout",
    "MaxCircuitDirtiness",
    "MiddleNodes",
    "NumCPUs",
    "NumEntryGuards",
    "OutboundBindAddress",
    "PathsNeededToBuildCircuits",
    "ReachableAddresses",
    "ReducedConnectionPadding",
    "Schedulers",
    "ShutdownWaitLength",
    "SocksTimeout",
    "Socks5Proxy",
    "StrictNodes",
    "TestingTorNetwork",
    "UseBridges",
    "UseDefaultFallbackDirs",
    "UseEntryGuards",
    "V3AuthVotingInterval",
];

/// Whether an extra line is one line, without continuation and odd blanks, with an option of
/// [`OPTIONS_ALLOWED`] (Tor ignores case). A proxy must be named by its address: Tor would ask the
/// system for a name, past Tor.
#[must_use]
pub fn may_be_set(line: &str) -> bool {
    let line = line.trim();
    let (option, value) = parts(line);
    !line.chars().any(char::is_control)
        && odd_blank(line).is_none()
        && !line.ends_with('\\')
        && OPTIONS_ALLOWED
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(option))
        && (!option.eq_ignore_ascii_case("Socks5Proxy") || is_address(value))
}

/// A blank that Tor takes for a letter, as it comes along with copied text.
#[must_use]
pub fn odd_blank(line: &str) -> Option<char> {
    let is_odd = |letter: &char| letter.is_whitespace() && !letter.is_ascii();
    line.chars().find(is_odd)
}

/// Whether a line names a bridge and no line makes Tor use bridges: Tor then ignores it and
/// connects straight to its relays.
#[must_use]
pub fn is_idle_bridge(line: &str, lines: &[String]) -> bool {
    let is = |line: &str, wanted: &str| parts(line).0.eq_ignore_ascii_case(wanted);
    let uses = |line: &String| is(line, "UseBridges") && parts(line).1 == "1";
    is(line, "Bridge") && !lines.iter().any(uses)
}

fn parts(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (option, value) = line
        .split_once(|letter: char| letter.is_ascii_whitespace())
        .unwrap_or((line, ""));
    (option, value.trim())
}

fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok() || text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_has_an_address_and_a_line_no_odd_blank() {
        for line in [
            "Socks5Proxy 127.0.0.1:1080",
            "socks5proxy [::1]:1080",
            "Socks5Proxy 10.0.0.1",
            "NumCPUs  1",
        ] {
            assert!(may_be_set(line), "{line}");
        }
        for line in [
            "Socks5Proxy proxy.example:1080",
            "Socks5Proxy",
            "NumCPUs\u{a0}1",
            "NumCPUs 1\u{2003}2",
            "HTTPSProxy 127.0.0.1:80",
        ] {
            assert!(!may_be_set(line), "{line}");
        }
    }

    #[test]
    fn a_bridge_that_tor_would_not_use_is_known() {
        let bridge = "Bridge 192.0.2.1:443";
        let lines = |use_bridges: &str| vec![bridge.to_owned(), use_bridges.to_owned()];
        assert!(is_idle_bridge(bridge, &lines("NumCPUs 1")));
        assert!(is_idle_bridge(bridge, &lines("UseBridges 0")));
        assert!(!is_idle_bridge(bridge, &lines("usebridges  1")));
        assert!(!is_idle_bridge("NumCPUs 1", &lines("NumCPUs 1")));
    }
}
