//! Finds a site's circuit in Tor's list of circuits (control-spec §3.9 and §4.1.1), and asks for
//! the countries of its relays.

use std::net::IpAddr;

use super::{
    Command, Control, ControlError, command::FINGERPRINT_BYTES, keyword::Words, line::Reply,
};
use crate::circuit::{Built, Circuit, HOPS_MAX, Hop, HopRole, SiteCredentials, WAYS_MAX, short};

/// Longest nickname of a relay (dir-spec).
const NICKNAME_CHARS_MAX: usize = 19;

/// Asks for the circuit that carries the connections with these credentials.
///
/// # Errors
/// The connection can no longer be used. If Tor only refuses a question, that part of the answer
/// stays empty.
pub(crate) async fn circuit_of(
    control: &mut Control,
    site: &SiteCredentials,
) -> Result<Circuit, ControlError> {
    let reply = control.ask(Command::GetCircuits).await?;
    if !reply.is_ok() {
        return Ok(Circuit::Untold);
    }
    let Some(found) = find(lines(&reply, "circuit-status="), site) else {
        return Ok(Circuit::Unused);
    };
    let mut ways = Vec::new();
    for path in found.paths {
        let mut hops = Vec::new();
        for (number, relay) in path.iter().enumerate() {
            let role = HopRole::of(number, path.len(), found.onion);
            hops.push(hop(control, relay, role).await?);
        }
        ways.push(hops);
    }
    let onion = found.onion;
    Ok(Circuit::Built(Built { ways, onion }))
}

async fn hop(control: &mut Control, relay: &Relay, role: HopRole) -> Result<Hop, ControlError> {
    let reply = control.ask(Command::GetRelay(relay.fingerprint)).await?;
    // A first relay without a public address is a bridge.
    let (role, country) = match (address(&reply), role) {
        (Some(address), role) => (role, country(control, address).await?),
        (None, HopRole::Guard) => (HopRole::Bridge, None),
        (None, role) => (role, None),
    };
    let fingerprint = hex::encode_upper(relay.fingerprint);
    let relay = relay
        .nickname
        .clone()
        .unwrap_or_else(|| short(&fingerprint));
    Ok(Hop {
        role,
        relay,
        country,
    })
}

async fn country(control: &mut Control, address: IpAddr) -> Result<Option<String>, ControlError> {
    let reply = control.ask(Command::GetCountry(address)).await?;
    let code = reply.head().rsplit_once('=').map(|(_, code)| code);
    let is_code =
        |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    Ok(code
        .filter(|_| reply.is_ok())
        .filter(is_code)
        .map(str::to_owned))
}

/// The address of a relay in the consensus: `r nickname identity digest date time IP …`.
fn address(reply: &Reply) -> Option<IpAddr> {
    let mut lines = lines(reply, "ns/id/");
    let line = lines.find_map(|line| line.strip_prefix("r "))?;
    // The microdescriptor form has no digest, so the address is counted from the end.
    line.split(' ').rev().nth(2)?.parse().ok()
}

/// The lines of a `GETINFO` answer, whether Tor put them on the line of the key or below it.
fn lines<'a>(reply: &'a Reply, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let line = reply.lines.first();
    let beside = line.and_then(|line| line.text.strip_prefix(key));
    let below = line.and_then(|line| line.data.as_deref());
    beside.into_iter().chain(below).flat_map(str::lines)
}

/// A site's circuit, before its relays are looked up.
#[derive(Debug, Eq, PartialEq)]
struct Found {
    paths: Vec<Vec<Relay>>,
    onion: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Relay {
    fingerprint: [u8; FINGERPRINT_BYTES],
    nickname: Option<String>,
}

/// One line about a circuit that can carry connections.
struct Line<'a> {
    path: &'a str,
    words: Words,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(4, ' ');
        let (_, state, path) = (parts.next()?, parts.next()?, parts.next()?);
        let words = Words::parse(parts.next()?)?;
        (state == "BUILT").then_some(Self { path, words })
    }

    fn says(&self, key: &str, value: &str) -> bool {
        self.words.bytes(key) == Some(value.as_bytes())
    }

    fn serves(&self, site: &SiteCredentials) -> bool {
        let carries = self.says("PURPOSE", "GENERAL")
            || self.says("PURPOSE", "CONFLUX_LINKED")
            || self.is_joined();
        carries
            && self.says("SOCKS_USERNAME", &site.user)
            && self.says("SOCKS_PASSWORD", &site.password)
    }

    /// Whether an onion service is at the other end.
    fn is_joined(&self) -> bool {
        self.says("PURPOSE", "HS_CLIENT_REND") && self.says("HS_STATE", "HSCR_JOINED")
    }

    fn path(&self) -> Option<Vec<Relay>> {
        self.path
            .split(',')
            .take(HOPS_MAX)
            .map(Relay::read)
            .collect()
    }
}

impl Relay {
    /// Reads `$FINGERPRINT~nickname`; the nickname may be missing.
    fn read(name: &str) -> Option<Self> {
        let name = name.strip_prefix('$')?;
        let (hex, nickname) = match name.split_once('~') {
            Some((hex, nickname)) => (hex, Some(nickname)),
            None => (name, None),
        };
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        hex::decode_to_slice(hex, &mut fingerprint).ok()?;
        let is_name = |name: &&str| {
            (1..=NICKNAME_CHARS_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Some(Self {
            fingerprint,
            // Tor's placeholder for relays without a nickname.
            nickname: nickname
                .filter(is_name)
                .filter(|name| *name != "Unnamed")
                .map(str::to_owned),
        })
    }
}

/// Returns the newest circuit with these credentials, and the other circuits of the same
/// connections.
fn find<'a>(lines: impl Iterator<Item = &'a str>, site: &SiteCredentials) -> Option<Found> {
    let all: Vec<_> = lines.filter_map(Line::read).collect();
    let created = |line: &&Line<'_>| line.words.text("TIME_CREATED");
    let newest = all
        .iter()
        .filter(|line| line.serves(site))
        .max_by_key(created)?;
    let set = newest.words.bytes("CONFLUX_ID");
    let beside = all.iter().filter(|line| {
        let same_set = set.is_some() && line.words.bytes("CONFLUX_ID") == set;
        same_set && !std::ptr::eq::<Line<'_>>(*line, newest)
    });
    let paths: Option<Vec<_>> = std::iter::once(newest)
        .chain(beside)
        .take(WAYS_MAX)
        .map(Line::path)
        .collect();
    Some(Found {
        paths: paths?,
        onion: newest.is_joined(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::line::ReplyLine;
    use super::*;

    const SITE: &str = "SOCKS_USERNAME=\"<torS0X>0\" SOCKS_PASSWORD=\"aa\"";

    fn site(password: &str) -> SiteCredentials {
        SiteCredentials {
            user: "<torS0X>0".into(),
            password: password.into(),
        }
    }

    fn relay(byte: u8) -> String {
        format!("${}~relay{byte}", hex::encode_upper([byte; 20]))
    }

    fn path(bytes: &[u8]) -> String {
        bytes
            .iter()
            .map(|byte| relay(*byte))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The nicknames of each path, and whether the circuit ends at an onion service.
    fn found(lines: &[String], password: &str) -> Option<(Vec<Vec<String>>, bool)> {
        let found = find(lines.iter().map(String::as_str), &site(password))?;
        let names = |path: Vec<Relay>| path.into_iter().filter_map(|relay| relay.nickname);
        let paths = found.paths.into_iter().map(|path| names(path).collect());
        Some((paths.collect(), found.onion))
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        bytes.iter().map(|byte| format!("relay{byte}")).collect()
    }

    #[test]
    fn the_newest_circuit_with_the_sites_credentials_is_its_own() {
        let of = |id: u8, state: &str, minute: u8, whose: &str| {
            let path = path(&[id, 2, 3]);
            format!(
                "{id} {state} {path} BUILD_FLAGS=IS_INTERNAL PURPOSE=GENERAL \
                 TIME_CREATED=2026-11-22T17:0{minute}:00.000000 {whose}"
            )
        };
        let other = "SOCKS_USERNAME=\"<torS0X>0\" SOCKS_PASSWORD=\"bb\"";
        let lines = [
            of(4, "BUILT", 5, other),
            of(5, "BUILT", 1, SITE),
            of(6, "BUILT", 3, SITE),
            of(7, "EXTENDED", 4, SITE),
            of(8, "BUILT", 9, ""),
        ];
        assert_eq!(found(&lines, "aa"), Some((vec![names(&[6, 2, 3])], false)));
        assert_eq!(found(&lines, "bb"), Some((vec![names(&[4, 2, 3])], false)));
        assert_eq!(found(&lines, "cc"), None);
    }

    #[test]
    fn both_ways_of_a_conflux_set_are_told_even_if_only_one_names_the_site() {
        let leg = |id: u8, set: &str, whose: &str| {
            let path = path(&[id, 9, 3]);
            format!(
                "{id} BUILT {path} PURPOSE=CONFLUX_LINKED TIME_CREATED=2026-11-22T17:00:00.000000 \
                 {whose} CONFLUX_ID={set}"
            )
        };
        let lines = [leg(4, "AB", ""), leg(5, "AB", SITE), leg(6, "CD", "")];
        let ways = vec![names(&[5, 9, 3]), names(&[4, 9, 3])];
        assert_eq!(found(&lines, "aa"), Some((ways, false)));
    }

    #[test]
    fn an_onion_services_circuit_is_told_once_it_is_joined() {
        let rend = |state: &str| {
            let path = path(&[1, 2, 3, 4]);
            [format!(
                "9 BUILT {path} PURPOSE=HS_CLIENT_REND HS_STATE={state} REND_QUERY=abc \
                 TIME_CREATED=2026-11-22T17:00:00.000000 {SITE}"
            )]
        };
        let ways = vec![names(&[1, 2, 3, 4])];
        assert_eq!(found(&rend("HSCR_JOINED"), "aa"), Some((ways, true)));
        assert_eq!(found(&rend("HSCR_ESTABLISHED_WAITING"), "aa"), None);
    }

    #[test]
    fn what_is_no_path_is_no_circuit() {
        for path in ["", "relay1", "$12~x", "$ZZ", "PURPOSE=GENERAL"] {
            let line = format!("1 BUILT {path} PURPOSE=GENERAL {SITE}");
            assert_eq!(found(&[line], "aa"), None, "{path}");
        }
        assert_eq!(found(&["1 BUILT".into(), String::new()], "aa"), None);
    }

    #[test]
    fn a_relay_without_a_name_of_its_own_has_none() {
        let hex = "A5".repeat(20);
        let name = |text: String| Relay::read(&text).expect("a relay").nickname;
        assert_eq!(name(format!("${hex}~good1")), Some("good1".into()));
        for odd in ["Unnamed", "", "with space", "twenty0characters000"] {
            assert_eq!(name(format!("${hex}~{odd}")), None, "{odd}");
        }
        assert_eq!(name(format!("${hex}")), None);
    }

    #[test]
    fn answers_are_read_beside_the_key_and_below_it() {
        let reply = |text: &str, data: Option<&str>| Reply {
            status: 250,
            lines: vec![ReplyLine {
                text: text.into(),
                data: data.map(str::to_owned),
            }],
        };
        let of = |reply: &Reply| {
            lines(reply, "circuit-status=")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&reply("circuit-status=1 BUILT", None)), ["1 BUILT"]);
        assert_eq!(
            of(&reply("circuit-status=", Some("1 A\n2 B"))),
            ["1 A", "2 B"]
        );
        assert_eq!(of(&reply("circuit-status=", None)), Vec::<String>::new());

        let entry = |line: &str| address(&reply("ns/id/A5=", Some(line)));
        let expected = "203.0.113.7".parse().ok();
        assert_eq!(
            entry("r n id digest 2026-11-22 17:00:00 203.0.113.7 443 0\ns Fast"),
            expected
        );
        assert_eq!(
            entry("r n id 2038-01-01 00:00:00 203.0.113.7 443 0"),
            expected
        );
        assert_eq!(entry("s Fast"), None);
    }
}
