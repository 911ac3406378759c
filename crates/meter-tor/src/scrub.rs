//! Makes a log line of Tor safe to show and store: replaces addresses and the names of sites,
//! relays and people. Loopback addresses and versions stay.

use std::net::{IpAddr, Ipv6Addr};

/// Longest text that is kept, in characters: about three lines of a terminal.
const CHARS_MAX: usize = 300;

/// Returns `line` without parts that tell where traffic goes or who owns this computer.
///
/// Works word by word and keeps the separators, so that the sentence stays readable. It prefers to
/// hide too much (`file.txt` looks like the name of a site) rather than too little.
pub(crate) fn scrub(line: &str) -> String {
    let mut clean = String::with_capacity(line.len().min(CHARS_MAX));
    let mut word = String::new();
    for letter in line.chars().take(CHARS_MAX) {
        if belongs_to_word(letter) {
            word.push(letter);
            continue;
        }
        clean.push_str(&scrub_word(&word));
        word.clear();
        clean.push(if letter.is_control() { ' ' } else { letter });
    }
    clean.push_str(&scrub_word(&word));
    clean
}

/// Like [`scrub`], for short fixed words of Tor (tags, versions): printable ASCII, at most `max`
/// characters.
pub(crate) fn plain_word(text: &str, max: usize) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(max)
        .collect()
}

fn belongs_to_word(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(letter, '.' | ':' | '_' | '$' | '~' | '/' | '-' | '%' | '@')
}

fn scrub_word(word: &str) -> String {
    let core = word.trim_matches(['.', ':', '-']);
    if core.is_empty() {
        return word.to_owned();
    }
    if let Some(replacement) = replacement(core) {
        return word.replacen(core, replacement, 1);
    }
    word.to_owned()
}

fn replacement(core: &str) -> Option<&'static str> {
    if core.contains('/') {
        // Two words, as Tor joins them in its sentences.
        let is_two_words = ["parse/validate", "and/or"].contains(&core);
        return replace_path(core).filter(|_| !is_two_words);
    }
    if is_relay(core) {
        return Some("[relay]");
    }
    if core.contains('@') {
        return Some("[address]");
    }
    let (host, port) = split_port(core);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return (!may_stay(ip)).then_some("[address]");
    }
    if core.parse::<Ipv6Addr>().is_ok_and(|ip| !ip.is_loopback()) {
        return Some("[address]");
    }
    let named = host.chars().any(|letter| letter.is_alphabetic()) && host != "localhost";
    let is_address = named && (port || looks_like_domain(host));
    is_address.then_some("[address]")
}

/// System paths stay. Paths that may name a person, and URLs, are replaced.
fn replace_path(core: &str) -> Option<&'static str> {
    let system = ["/usr/", "/etc/", "/run/", "/var/", "/tmp/", "/dev/"];
    let plain = core
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    let stays = plain && system.iter().any(|root| core.starts_with(root));
    if stays {
        None
    } else if core.starts_with('/') || core.starts_with('~') {
        Some("[path]")
    } else {
        Some("[address]")
    }
}

/// `0.4.9.11` is a version, and also an address of "this network" (RFC 1122), which no relay has.
fn may_stay(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_loopback(),
    }
}

fn is_relay(core: &str) -> bool {
    let hex_start = core.strip_prefix('$').unwrap_or(core);
    core.starts_with('$')
        || hex_start
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .count()
            >= 40
        || hex_start.len() >= 43
            && hex_start
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric())
}

/// Splits `host:443`. Times of day (`10:43:47`) and bare IPv6 addresses have more than one colon.
fn split_port(core: &str) -> (&str, bool) {
    match core.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => (host, true),
        Some(_) | None => (core, false),
    }
}

fn looks_like_domain(host: &str) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else {
        return false;
    };
    last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(scrub(line), expected);
    }

    #[test]
    fn addresses_and_names_are_replaced() {
        check(
            "connecting to 203.0.113.7:443 now",
            "connecting to [address] now",
        );
        check("HOSTADDR=\"203.0.113.7:9001\"", "HOSTADDR=\"[address]\"");
        check("to [2001:db8::7]:443.", "to [[address]]:443.");
        let both = "Failed to parse/validate config: bridges and/or relays";
        check(both, both);
        check("resolve example.com failed", "resolve [address] failed");
        check("see intranet:8080", "see [address]");
        check("at https://example.org/a?b", "at [address]?b");
        check("abcdefghij234567.onion", "[address]");
        check("mail alice@example", "mail [address]");
    }

    #[test]
    fn relays_and_homes_are_replaced() {
        check(
            &format!("guard ${}~nick (x)", "A".repeat(40)),
            "guard [relay] (x)",
        );
        check(&"0123456789abcdef".repeat(3), "[relay]");
        check("lock /home/alice/.tor/lock held", "lock [path] held");
        check("lock /tmp/x/lock held", "lock /tmp/x/lock held");
    }

    #[test]
    fn what_helps_and_harms_nobody_stays() {
        let line = "Nov 22 10:43:47.123 [notice] Tor 0.4.9.11 opened 127.0.0.1:9050 at 10:43:47.";
        check(line, line);
        check(
            "Bootstrapped 45% (requesting_descriptors): Asking",
            "Bootstrapped 45% (requesting_descriptors): Asking",
        );
        check("[::1]:9050", "[::1]:9050");
    }

    #[test]
    fn long_lines_and_control_characters_are_tamed() {
        assert_eq!(scrub(&" x".repeat(1_000)).chars().count(), CHARS_MAX);
        check("a\x1b[31mb\r\nc", "a [31mb  c");
        assert_eq!(plain_word("0.4.9\r\n 11", 64), "0.4.911");
    }

    proptest! {
        #[test]
        fn no_public_address_survives_any_surroundings(
            before in "[ a-z\"'=(\\[]{0,9}[ \"'=(\\[]",
            ip in 0x0b00_0000_u32..0x7eff_ffff,
            port in 1_u16..,
            after in "[ \"',;)\\]][ -~]{0,9}",
        ) {
            let ip = std::net::Ipv4Addr::from(ip);
            let line = format!("{before}{ip}:{port}{after}");
            prop_assert!(!scrub(&line).contains(&ip.to_string()));
        }

        #[test]
        fn any_text_is_scrubbed_without_panic(line in "\\PC*") {
            prop_assert!(scrub(&line).chars().count() <= CHARS_MAX * 9);
        }
    }
}
