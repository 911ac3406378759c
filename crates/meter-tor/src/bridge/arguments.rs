//! What a transport is told: `key=value`, behind address and fingerprint.

use std::net::SocketAddr;

use super::{
    fault::{ARGUMENTS_MAX, BridgeFault},
    transport::Transport,
    words::{begins, is_fingerprint},
};

/// An argument as it is written for its program, which knows its keys in small letters only.
/// lyrebird completes a certificate by itself.
pub(super) fn written(word: &str) -> String {
    let Some((key, value)) = word.split_once('=') else {
        return word.to_owned();
    };
    let key = key.to_ascii_lowercase();
    let value = match key.as_str() {
        "cert" => value.trim_end_matches('='),
        _ => value,
    };
    format!("{key}={value}")
}

/// The fingerprint where only an argument has it.
pub(super) fn fingerprint(arguments: &[String]) -> Option<String> {
    let mut values = arguments
        .iter()
        .filter_map(|word| word.strip_prefix("fingerprint="));
    let found = values.find(|value| is_fingerprint(value))?;
    Some(found.to_ascii_uppercase())
}

/// Judges the words behind address and fingerprint.
pub(super) fn check(transport: Option<Transport>, arguments: &[String]) -> Result<(), BridgeFault> {
    let is_bridge = |word: &String| begins(word) || word.parse::<SocketAddr>().is_ok();
    if arguments.iter().any(is_bridge) {
        return Err(BridgeFault::Second);
    }
    let Some(transport) = transport else {
        return if arguments.is_empty() {
            Ok(())
        } else {
            Err(if arguments.iter().all(|word| word.contains('=')) {
                BridgeFault::NoTransport
            } else {
                BridgeFault::Argument
            })
        };
    };
    let pairs: Option<Vec<_>> = arguments.iter().map(|word| word.split_once('=')).collect();
    let pairs = pairs.ok_or(BridgeFault::Argument)?;
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if !pairs.iter().all(|(key, _)| is_key(key)) {
        return Err(BridgeFault::Argument);
    }
    let has = |needed: &str| {
        pairs
            .iter()
            .any(|(key, value)| *key == needed && !value.is_empty())
    };
    let bytes = bytes_for_tor(arguments);
    if bytes > ARGUMENTS_MAX {
        return Err(BridgeFault::Arguments(bytes));
    }
    let lacking = |set: &&[&'static str]| set.iter().copied().find(|needed| !has(needed));
    let sets = transport.needs();
    if let Some(set) = sets.iter().find(|set| lacking(set).is_none()) {
        return check_values(transport, set, &pairs);
    }
    // The set of which most is there says best what is missing; of equal ones the first.
    let there = |set: &&&[&'static str]| set.iter().filter(|needed| has(needed)).count();
    let lacking = sets.iter().rev().max_by_key(there).and_then(lacking);
    lacking.map_or(Ok(()), |key| Err(BridgeFault::Lacks(key)))
}

/// How many bytes Tor makes of the arguments: a `;` between two, and a `\` before each `;` in one.
fn bytes_for_tor(arguments: &[String]) -> usize {
    let escaped = |word: &String| word.len() + word.matches(';').count();
    let words: usize = arguments.iter().map(escaped).sum();
    words + arguments.len().saturating_sub(1)
}

/// Judges what the programs of the transports would refuse, or could not connect with.
fn check_values(
    transport: Transport,
    needed: &[&'static str],
    pairs: &[(&str, &str)],
) -> Result<(), BridgeFault> {
    for key in needed {
        let mut values = pairs.iter().filter(|(name, _)| name == key);
        let (_, value) = values.next().ok_or(BridgeFault::Lacks(key))?;
        if values.next().is_some() {
            return Err(BridgeFault::Twice(key));
        }
        let (is_right, needed) = match (transport, *key) {
            (Transport::Obfs4, "cert") => (is_certificate(value), CERTIFICATE),
            (Transport::Obfs4, "iat-mode") => (matches!(*value, "0" | "1" | "2"), "0, 1 or 2"),
            (Transport::Obfs4, "node-id") => (is_hex(value, 40), "40 hexadecimal digits"),
            (Transport::Obfs4, "public-key") => (is_hex(value, 64), "64 hexadecimal digits"),
            (_, "url" | "sqsqueue") if is_of_a_mail_check(value) => (false, NO_MAIL_CHECK),
            (_, "url" | "sqsqueue") => (is_web_address(value), "an address like https://..."),
            _ => continue,
        };
        if !is_right {
            return Err(BridgeFault::Value { key, needed });
        }
    }
    let mut lists = pairs
        .iter()
        .filter(|(key, list)| *key == "ice" && !list.is_empty());
    let is_right = |(_, list): &(&str, &str)| list.split(',').all(is_ice);
    match transport != Transport::Snowflake || lists.all(is_right) {
        true => Ok(()),
        false => Err(BridgeFault::Value {
            key: "ice",
            needed: "a list of servers like stun:192.0.2.7:3478",
        }),
    }
}

/// A server that helps two computers to find each other (RFC 7064, RFC 7065). The client of
/// Snowflake connects to nothing when one entry of its list is not valid.
fn is_ice(server: &str) -> bool {
    let scheme = server.split_once(':');
    scheme.is_some_and(|(scheme, host)| {
        matches!(scheme, "stun" | "stuns" | "turn" | "turns") && !host.is_empty()
    })
}

const NO_MAIL_CHECK: &str = "its server's address, but that of a mail program's check of links";

/// Whether a mail program has put the address of its own check in the place of a link: the check
/// would learn of the bridge, and the bridge would not be reached.
fn is_of_a_mail_check(value: &str) -> bool {
    let host = value.split('/').nth(2).unwrap_or_default();
    let checks = [
        "safelinks.protection.outlook.com",
        "urldefense.com",
        "urldefense.proofpoint.com",
        "linkprotect.cudasvc.com",
    ];
    checks.iter().any(|check| host.ends_with(check))
}

const CERTIFICATE: &str = "a certificate of 70 letters, digits, + and /";

/// base64 of 52 bytes, a node's number and key, without its padding (`statefile.go` of lyrebird).
fn is_certificate(value: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    value.len() == 70 && value.bytes().all(is_digit)
}

fn is_hex(value: &str, digits: usize) -> bool {
    value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// With a host. A scheme that the programs do not know, and what chat programs make of a link, is
/// none.
fn is_web_address(value: &str) -> bool {
    let scheme = value.split_once("://");
    scheme.is_some_and(|(scheme, rest)| {
        let is_web = ["https", "http"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web));
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let is_plain =
            !rest.contains(['<', '>', '{', '}', '|', '^', '`']) && !rest.contains("&amp;");
        is_web && is_plain && !host.is_empty() && host.bytes().all(is_host)
    })
}
