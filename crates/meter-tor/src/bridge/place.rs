//! Where a bridge is: the word with its address, and what may stand there instead.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::fault::BridgeFault;

/// Transports that censors know to find; no bridges are handed out for them any more.
const OLD_TRANSPORTS: [&str; 8] = [
    "obfs2",
    "obfs3",
    "scramblesuit",
    "fte",
    "flashproxy",
    "meek",
    "meek-azure",
    "meek-amazon",
];

/// Transports that exist elsewhere.
const OTHER_TRANSPORTS: [&str; 6] = [
    "dnstt",
    "obfs5",
    "kcp",
    "hysteria",
    "shadowsocks",
    "hysteria2",
];

/// Options of a torrc that stand beside bridges.
const TORRC: [&str; 5] = [
    "UseBridges",
    "ClientTransportPlugin",
    "UpdateBridgesFromAuthority",
    "ClientUseIPv6",
    "SocksPort",
];

/// Judges the first word of a line that is no transport: it has to be the address.
pub(super) fn check_first(word: &str) -> Result<(), BridgeFault> {
    let is_in = |words: &[&'static str]| {
        let word = word.trim_end_matches(':');
        let same = |known: &&&str| known.eq_ignore_ascii_case(word);
        words.iter().find(same).copied()
    };
    if is_in(&OLD_TRANSPORTS).is_some() {
        return Err(BridgeFault::OldTransport);
    }
    if let Some(other) = is_in(&OTHER_TRANSPORTS) {
        return Err(BridgeFault::OtherTransport(other));
    }
    if let Some(option) = is_in(&TORRC) {
        return Err(BridgeFault::Torrc(option));
    }
    let scheme = word.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = |name: &&str| scheme.eq_ignore_ascii_case(name);
    if ["http", "https"].iter().any(is_scheme) {
        return Err(BridgeFault::Link);
    }
    // Some programs put `bridge:` in front of what they show as a QR code.
    if word.contains("://") || is_scheme(&"bridge") {
        return Err(BridgeFault::OtherLink);
    }
    let is_like_an_address = |letter: char| letter.is_ascii_digit() || letter == '[';
    if word.contains(':') || word.starts_with(is_like_an_address) {
        Ok(())
    } else {
        Err(BridgeFault::Transport)
    }
}

pub(super) fn address(word: &str) -> Result<SocketAddr, BridgeFault> {
    let address: SocketAddr = word.parse().map_err(|_| not_an_address(word))?;
    let ip = address.ip();
    if address.port() == 0 {
        return Err(BridgeFault::Port);
    }
    if ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err(BridgeFault::Address);
    }
    Ok(address)
}

/// What there is instead; a port alone makes no name.
fn not_an_address(word: &str) -> BridgeFault {
    let bare = word.trim_start_matches('[').trim_end_matches([']', ':']);
    if bare.parse::<IpAddr>().is_ok() {
        let runs_on = bare.contains(':') && !word.contains(']');
        return if runs_on {
            BridgeFault::Brackets
        } else {
            BridgeFault::NoPort
        };
    }
    let Some((host, port)) = word.rsplit_once(':') else {
        return BridgeFault::Address;
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_ip = inner.unwrap_or(host).parse::<IpAddr>().is_ok();
    if inner.is_none() && host.parse::<Ipv6Addr>().is_ok() {
        return BridgeFault::Brackets;
    }
    let is_port = port.parse::<u16>().is_ok();
    if is_ip && !is_port {
        return BridgeFault::Port;
    }
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let has_letter = host.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_port && has_letter && host.bytes().all(is_label) {
        BridgeFault::Name
    } else {
        BridgeFault::Address
    }
}
