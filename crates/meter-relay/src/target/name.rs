//! Decides which host names may go to Tor.
//!
//! Browsers put IP addresses into the name field, too (Chromium always does), so a name that is an
//! IP address is judged as an address. Unusual spellings that some resolvers read as an address and
//! others do not are always refused: `127.1`, `0x7f000001`, `2130706433`, `0177.0.0.1`, `0`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{ip::is_internal, local::is_local, refusal::TargetRefusal};

/// Longest name in its text form without the final dot, RFC 1035 §2.3.4.
const NAME_BYTES_MAX: usize = 253;
/// Longest label, RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;

/// Last labels of names that the DNS never has, so that nothing has to ask for them: RFC 6761 §6.4
/// (invalid), RFC 9476 §2 (alt, for other systems of names).
const NOWHERE_LAST_LABELS: [&str; 2] = ["invalid", "alt"];

/// Last labels of names that Tor itself understands: RFC 7686 (onion), and the old notation for an
/// exit, which Tor refuses.
const TORS_LAST_LABELS: [&str; 2] = ["onion", "exit"];

/// Whether a name that passed is one of Tor's own and ends in a dot. Tor does not know it then and
/// asks an exit for it. Such a name is written at the end of a sentence, so it is meant without.
pub(super) fn is_tors_own_with_dot(name: &str) -> bool {
    let last = name
        .strip_suffix('.')
        .and_then(|name| name.rsplit('.').next());
    let is_it = |label: &&str| last.is_some_and(|last| last.eq_ignore_ascii_case(label));
    TORS_LAST_LABELS.iter().any(is_it)
}

/// Judges a name as the client sent it (S-17 to S-20).
pub(super) fn judge(name: &str) -> Result<(), TargetRefusal> {
    if name.contains(':') {
        return judge_v6_literal(name);
    }
    let (relative, ends_in_dot) = match name.strip_suffix('.') {
        Some(relative) => (relative, true),
        None => (name, false),
    };
    if !is_well_formed(relative) {
        return Err(TargetRefusal::Malformed);
    }
    let (parents, last) = relative.rsplit_once('.').unwrap_or(("", relative));
    if is_number(last) {
        return judge_v4_literal(relative, ends_in_dot);
    }
    // A single label has a meaning only in the network where it is used.
    let is_single = parents.is_empty();
    if is_single || is_local(relative) {
        return Err(TargetRefusal::Forbidden);
    }
    let is_nowhere = |label: &&str| last.eq_ignore_ascii_case(label);
    if NOWHERE_LAST_LABELS.iter().any(is_nowhere) {
        return Err(TargetRefusal::Nowhere);
    }
    Ok(())
}

/// Whether there is at least one label, all have a legal length, and all consist of letters,
/// digits, hyphens and underscores.
fn is_well_formed(name: &str) -> bool {
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= NAME_BYTES_MAX
        && name.split('.').all(|label| {
            !label.is_empty() && label.len() <= LABEL_BYTES_MAX && label.bytes().all(is_host_byte)
        })
}

/// Whether the last label makes the name an IPv4 address ("ends in a number" in the WHATWG URL
/// standard). No top-level domain is a number, so this refuses no public name.
fn is_number(label: &str) -> bool {
    let is_hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"))
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hexadecimal || label.bytes().all(|byte| byte.is_ascii_digit())
}

/// Accepts the one spelling that all programs read in the same way, if the address is public.
fn judge_v4_literal(text: &str, ends_in_dot: bool) -> Result<(), TargetRefusal> {
    match text.parse::<Ipv4Addr>() {
        Ok(ip) if !ends_in_dot && !is_internal(IpAddr::V4(ip)) => Ok(()),
        Ok(_) | Err(_) => Err(TargetRefusal::Forbidden),
    }
}

/// A name with a colon is an IPv6 address or malformed. Chromium sends public ones without
/// brackets.
fn judge_v6_literal(text: &str) -> Result<(), TargetRefusal> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let (address, zone) = match inner.unwrap_or(text).split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (inner.unwrap_or(text), None),
    };
    match address.parse::<Ipv6Addr>() {
        Ok(ip) if is_internal(IpAddr::V6(ip)) => Err(TargetRefusal::Forbidden),
        Ok(_) if inner.is_none() && zone.is_none() => Ok(()),
        Ok(_) | Err(_) => Err(TargetRefusal::Malformed),
    }
}

#[cfg(test)]
mod tests;
