//! The torrc of every node. The order of options matters only for options that add up
//! (`ExitPolicy`).

use std::{
    fmt::Write as _,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;

use super::{ClientPorts, keys::Authority};

/// A node's name and configuration.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The times of the first votes of a new network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Seconds between two votes until there is a consensus. Divides 30 minutes, as `tor` requires.
    interval_s: u64,
    /// Seconds from the start to the first vote. Every descriptor must have arrived by then,
    /// because an incomplete consensus is replaced only 30 s later, and nodes fetch the new one
    /// even later.
    lead_s: u64,
    /// Seconds for the votes to arrive, and the same again for the signatures.
    delay_s: u64,
}

impl Pace {
    /// From the shortest, which is enough for an idle machine, to the one for a very busy machine.
    pub(crate) const ALL: [Self; 4] = [
        Self::new(5, 2, 2),
        Self::new(15, 9, 3),
        Self::new(30, 21, 4),
        Self::new(60, 45, 6),
    ];

    const fn new(interval_s: u64, lead_s: u64, delay_s: u64) -> Self {
        assert!(lead_s < interval_s, "the vote before would come first");
        Self {
            interval_s,
            lead_s,
            delay_s,
        }
    }

    /// Votes are due at multiples of the interval plus this offset; they are sent two delays
    /// earlier.
    fn offset_s(self) -> Result<u64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let whole = now.as_secs() + u64::from(now.subsec_nanos() > 0);
        Ok((whole + self.lead_s + 2 * self.delay_s) % self.interval_s)
    }

    fn lines(self) -> Result<String> {
        let (interval, delay, offset) = (self.interval_s, self.delay_s, self.offset_s()?);
        Ok(format!(
            "TestingV3AuthVotingStartOffset {offset}\n\
             TestingV3AuthInitialVotingInterval {interval}\n\
             TestingV3AuthInitialVoteDelay {delay}\n\
             TestingV3AuthInitialDistDelay {delay}\n"
        ))
    }
}

/// The configurations of all daemons, which must be started at once: the first vote is timed from
/// now.
pub(crate) fn nodes(
    folder: &Path,
    authorities: &[Authority],
    relays: &[u16],
    pace: Pace,
) -> Result<Vec<Node>> {
    let votes = pace.lines()?;
    // A relay without a directory cache would refuse the requests to such a directory.
    let caches = authorities
        .iter()
        .map(|authority| format!("${}", authority.relay_identity));
    let caches: Vec<String> = caches.collect();
    let mut nodes = Vec::new();
    for authority in authorities {
        let Authority {
            name,
            or_port,
            directory_port,
            ..
        } = authority;
        let mut text = common(folder, name, authorities) + &exit(folder, *or_port);
        writeln!(text, "DirPort 127.0.0.1:{directory_port}")?;
        writeln!(text, "ContactInfo {name}@example.test")?;
        writeln!(text, "TestingDirAuthVoteHSDir {}", caches.join(","))?;
        nodes.push(Node {
            name: name.clone(),
            text: text + &votes + AUTHORITY,
        });
    }
    // Without a directory cache a relay cannot be a guard, so clients never ask it for descriptors
    // that it has not fetched yet. With a cache, four client starts in ten waited 10 s at 50 %.
    for (index, or_port) in relays.iter().enumerate() {
        let name = format!("relay{index}");
        let text = common(folder, &name, authorities) + &exit(folder, *or_port) + "DirCache 0\n";
        nodes.push(Node { name, text });
    }
    Ok(nodes)
}

/// The lines that make a `tor` part of this network; see [`super::TorNetwork::client_torrc`].
pub(crate) fn joining(authorities: &[Authority]) -> Vec<String> {
    let fixed = [
        "TestingTorNetwork 1",
        // With this address the kernel refuses (EINVAL) any connection from here to another
        // network.
        "OutboundBindAddress 127.0.0.1",
        "PathsNeededToBuildCircuits 0.67",
        // The default scheduler wakes every 10 ms, which costs most of the speed on loopback.
        "Schedulers Vanilla",
    ];
    let fixed = fixed.into_iter().map(str::to_owned);
    fixed
        .chain(authorities.iter().map(Authority::torrc_line))
        .collect()
}

/// The configuration of a client with its own ports.
pub(crate) fn client(
    folder: &Path,
    name: &str,
    authorities: &[Authority],
    ports: &ClientPorts,
) -> String {
    let (socks, control) = (ports.socks.number(), ports.control.number());
    common(folder, name, authorities)
        + &format!(
            "SocksPort 127.0.0.1:{socks} ExtendedErrors\nControlPort 127.0.0.1:{control}\n\
             CookieAuthentication 1\nClientOnly 1\n"
        )
}

/// Unix sockets of a client, in its own folder, which is private.
pub(crate) fn sockets(data: &Path) -> String {
    let (socks, control) = (data.join(SOCKS_SOCKET), data.join(CONTROL_SOCKET));
    let (socks, control) = (socks.display(), control.display());
    format!("SocksPort unix:{socks} ExtendedErrors\nControlSocket {control}\n")
}

/// The configuration of a bridge: a relay that is in no consensus and serves the directory itself.
pub(crate) fn bridge(folder: &Path, name: &str, authorities: &[Authority], or_port: u16) -> String {
    common(folder, name, authorities)
        + &format!(
            "ORPort 127.0.0.1:{or_port}\nAddress 127.0.0.1\nSocksPort 0\nBridgeRelay 1\n\
             AssumeReachable 1\nExitRelay 0\nPublishServerDescriptor 0\nBridgeDistribution none\n"
        )
}

fn common(folder: &Path, name: &str, authorities: &[Authority]) -> String {
    let data = folder.join(name);
    let data = data.display();
    let joining = joining(authorities).join("\n");
    // `tor` checks for its owner every 15 s, so even a daemon that left its group ends.
    let owner = std::process::id();
    format!(
        "{joining}\nDataDirectory {data}\nNickname {name}\nLog notice stdout\nSafeLogging 0\n\
         ShutdownWaitLength 0\n__OwningControllerProcess {owner}\n"
    )
}

fn exit(folder: &Path, or_port: u16) -> String {
    let resolvers = folder.join(RESOLVERS);
    let resolvers = resolvers.display();
    format!("ORPort 127.0.0.1:{or_port}\nServerDNSResolvConfFile {resolvers}\n{EXIT}")
}

/// Names of a client's sockets.
pub(crate) const SOCKS_SOCKET: &str = "socks";
pub(crate) const CONTROL_SOCKET: &str = "control";

/// The empty file that replaces the system's defaults.
pub(crate) const EMPTY: &str = "empty";
/// The file that names our name server.
pub(crate) const RESOLVERS: &str = "resolv.conf";

/// `accept 127.0.0.0/8:*` would be enough for the Exit flag, but microdescriptors summarise it as
/// `reject 1-65535`, and clients then see no exit. The `ServerDNS` lines keep exits from testing
/// the system's name server at start.
const EXIT: &str = "\
SocksPort 0
Address 127.0.0.1
AssumeReachable 1
ExitRelay 1
ExitPolicyRejectPrivate 0
ExitPolicy accept *:*
ServerDNSDetectHijacking 0
ServerDNSAllowBrokenConfig 1
ServerDNSTestAddresses site.test
BandwidthRate 1 GBytes
BandwidthBurst 1 GBytes
NumCPUs 1
";

/// Votes every 30 s once there is a consensus; a consensus is valid for three intervals.
const AUTHORITY: &str = "\
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingMinExitFlagThreshold 0
V3AuthVotingInterval 30
V3AuthVoteDelay 2
V3AuthDistDelay 2
V3AuthNIntervalsValid 3
";
