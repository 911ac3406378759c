//! The Tor options that users may set.

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

/// Whether an extra line is one line, without continuation, with an option of [`OPTIONS_ALLOWED`]
/// (Tor ignores case).
#[must_use]
pub fn may_be_set(line: &str) -> bool {
    let line = line.trim();
    let option = line.split_ascii_whitespace().next().unwrap_or_default();
    !line.chars().any(char::is_control)
        && !line.ends_with('\\')
        && OPTIONS_ALLOWED
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(option))
}
