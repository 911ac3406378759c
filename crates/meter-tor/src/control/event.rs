//! Events that Tor sends, and the two answers with the same content (control-spec §4.1.10, §5.5).
//!
//! Only status is read. Events that could name a target are never subscribed to; if one came, it
//! would be dropped unread.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use meter_core::TorAddr;

use super::{keyword::Words, line::Reply};
use crate::{
    ConnectError,
    scrub::{plain_word, scrub},
};

/// Longest tag that is kept. Tor's longest tag has 26 characters.
const TAG_CHARS_MAX: usize = 64;

/// One event, reduced to what is used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// The bootstrap made progress or reported a problem.
    Bootstrap(Phase),
    /// A circuit works, so connections will, too.
    CircuitEstablished,
    /// Tor has no circuits any more.
    CircuitNotEstablished,
    /// Difference of our clock from the network's, in seconds; positive if ours is ahead.
    ClockSkew(i64),
    /// The network calls this version of Tor obsolete.
    VersionObsolete,
    /// A warning in Tor's log, scrubbed.
    Warning(String),
    /// Anything else.
    Other,
}

/// A phase of the bootstrap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Phase {
    /// 0 to 100.
    pub(crate) percent: u8,
    pub(crate) tag: String,
    pub(crate) summary: String,
    /// Tor's warning, scrubbed.
    pub(crate) warning: Option<String>,
    /// The reason for that warning.
    pub(crate) connect_error: Option<ConnectError>,
}

impl Event {
    /// Reads a 650 reply. A reply that is not understood becomes `Other`.
    pub(crate) fn read(reply: &Reply) -> Self {
        let text = reply.head();
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        let read = match kind {
            "STATUS_CLIENT" => client_status(rest),
            "STATUS_GENERAL" => general_status(rest),
            "WARN" => Some(Self::Warning(scrub(rest))),
            _ => None,
        };
        read.unwrap_or(Self::Other)
    }
}

/// Reads the reply to `GETINFO status/bootstrap-phase`.
pub(crate) fn bootstrap_phase(reply: &Reply) -> Option<Phase> {
    Phase::read(reply.head().strip_prefix("status/bootstrap-phase=")?)
}

/// Reads the reply to `GETINFO net/listeners/socks`. Keeps loopback addresses and sockets only.
pub(crate) fn socks_listeners(reply: &Reply) -> Option<Vec<TorAddr>> {
    let words = Words::parse(reply.head().strip_prefix("net/listeners/socks=")?)?;
    Some(words.bare().filter_map(listener).collect())
}

fn listener(word: &[u8]) -> Option<TorAddr> {
    if let Some(path) = word.strip_prefix(b"unix:") {
        let path = PathBuf::from(OsString::from_vec(path.to_vec()));
        return path.is_absolute().then_some(TorAddr::Unix(path));
    }
    let mut address: SocketAddr = std::str::from_utf8(word).ok()?.parse().ok()?;
    // A port on all addresses is one on this computer, too.
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address.ip().is_loopback().then_some(TorAddr::Tcp(address))
}

fn client_status(rest: &str) -> Option<Event> {
    let (_severity, action) = rest.split_once(' ')?;
    let name = action.split(' ').next()?;
    match name {
        "BOOTSTRAP" => Phase::read(rest).map(Event::Bootstrap),
        "CIRCUIT_ESTABLISHED" => Some(Event::CircuitEstablished),
        "CIRCUIT_NOT_ESTABLISHED" => Some(Event::CircuitNotEstablished),
        _ => None,
    }
}

fn general_status(rest: &str) -> Option<Event> {
    let words = Words::parse(rest)?;
    let name = words.bare().nth(1)?;
    match name {
        b"CLOCK_SKEW" => Some(Event::ClockSkew(words.text("SKEW")?.parse().ok()?)),
        // NEW means that the directory does not know this version yet. That needs no warning.
        b"DANGEROUS_VERSION" if words.bytes("REASON") != Some(b"NEW") => {
            Some(Event::VersionObsolete)
        }
        _ => None,
    }
}

fn connect_error(reason: &[u8]) -> ConnectError {
    match reason {
        b"CONNECTREFUSED" => ConnectError::Refused,
        b"NOROUTE" => ConnectError::NoRoute,
        b"TIMEOUT" => ConnectError::TimedOut,
        _ => ConnectError::Other,
    }
}

impl Phase {
    /// Reads `NOTICE BOOTSTRAP PROGRESS=… TAG=… SUMMARY="…"` and the same with `WARN`.
    fn read(text: &str) -> Option<Self> {
        let words = Words::parse(text)?;
        words.bare().nth(1).filter(|name| *name == b"BOOTSTRAP")?;
        let percent = words
            .text("PROGRESS")?
            .parse()
            .ok()
            .filter(|percent| *percent <= 100)?;
        Some(Self {
            percent,
            tag: plain_word(&words.text("TAG")?, TAG_CHARS_MAX),
            summary: scrub(&words.text("SUMMARY").unwrap_or_default()),
            // A single word ("DONE") only repeats the reason and tells a person nothing.
            warning: words
                .text("WARNING")
                .filter(|warning| warning.contains(' '))
                .map(|warning| scrub(&warning)),
            connect_error: words.bytes("REASON").map(connect_error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::ReplyLine;
    use super::*;

    fn reply(status: u16, text: &str) -> Reply {
        Reply {
            status,
            lines: vec![ReplyLine {
                text: text.into(),
                data: None,
            }],
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &Event) {
        assert_eq!(&Event::read(&reply(650, text)), expected, "{text}");
    }

    fn phase(percent: u8, tag: &str, summary: &str, warning: Option<&str>) -> Phase {
        let warning = warning.map(str::to_owned);
        Phase {
            percent,
            tag: tag.into(),
            connect_error: warning.is_some().then_some(ConnectError::Refused),
            summary: summary.into(),
            warning,
        }
    }

    #[test]
    fn bootstrap_events_are_read() {
        check(
            "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=45 TAG=requesting_descriptors \
             SUMMARY=\"Asking for relay descriptors\"",
            &Event::Bootstrap(phase(
                45,
                "requesting_descriptors",
                "Asking for relay descriptors",
                None,
            )),
        );
        check(
            "STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting\" \
             WARNING=\"Connection refused to 203.0.113.7:443\" REASON=CONNECTREFUSED COUNT=10 \
             RECOMMENDATION=warn HOSTID=\"x\" HOSTADDR=\"203.0.113.7:443\"",
            &Event::Bootstrap(phase(
                5,
                "conn",
                "Connecting",
                Some("Connection refused to [address]"),
            )),
        );
        check(
            "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=61 TAG=brand_new",
            &Event::Bootstrap(phase(61, "brand_new", "", None)),
        );
    }

    #[test]
    fn other_status_is_read() {
        check(
            "STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED",
            &Event::CircuitEstablished,
        );
        check(
            "STATUS_CLIENT NOTICE CIRCUIT_NOT_ESTABLISHED REASON=CLOCK_JUMPED",
            &Event::CircuitNotEstablished,
        );
        check(
            "STATUS_GENERAL WARN CLOCK_SKEW SKEW=-259200 MIN_SKEW=1 SOURCE=\"OR:192.0.2.1\"",
            &Event::ClockSkew(-259_200),
        );
        check(
            "STATUS_GENERAL WARN DANGEROUS_VERSION CURRENT=0.4.6.1 REASON=OBSOLETE \
             RECOMMENDED=\"0.4.9\"",
            &Event::VersionObsolete,
        );
        check(
            "STATUS_GENERAL NOTICE DANGEROUS_VERSION CURRENT=0.9 REASON=NEW RECOMMENDED=\"0.4.9\"",
            &Event::Other,
        );
        check(
            "WARN The connection to the SOCKS5 proxy server 192.0.2.9:1080 failed",
            &Event::Warning("The connection to the SOCKS5 proxy server [address] failed".into()),
        );
    }

    #[test]
    fn a_port_on_all_addresses_is_one_on_this_computer() {
        for (reported, dialled) in [
            ("0.0.0.0:9050", Some("127.0.0.1:9050")),
            ("[::]:9050", Some("[::1]:9050")),
            ("[::1]:9050", Some("[::1]:9050")),
            ("[2001:db8::1]:9050", None),
        ] {
            let dialled = dialled.map(|at| TorAddr::Tcp(at.parse().unwrap()));
            assert_eq!(listener(reported.as_bytes()), dialled, "{reported}");
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for text in [
            "",
            "STREAM 12 NEW 0 example.com:443",
            "STATUS_CLIENT",
            "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=101 TAG=x",
            "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=-1 TAG=x",
            "STATUS_CLIENT NOTICE BOOTSTRAP TAG=x",
            "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=5 TAG=\"x",
            "STATUS_CLIENT NOTICE LATER",
            "STATUS_GENERAL WARN CLOCK_SKEW SKEW=much",
        ] {
            check(text, &Event::Other);
        }
    }

    #[test]
    fn the_phase_and_the_listeners_are_read_from_replies() {
        let text = "status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"";
        assert_eq!(
            bootstrap_phase(&reply(250, text)),
            Some(phase(100, "done", "Done", None))
        );
        assert_eq!(bootstrap_phase(&reply(250, "OK")), None);

        let text = "net/listeners/socks=\"127.0.0.1:9050\" \"unix:/run/tor/socks\" \
                    \"192.0.2.1:9050\" \"0.0.0.0:9052\"";
        let expected = vec![
            TorAddr::Tcp("127.0.0.1:9050".parse().unwrap()),
            TorAddr::Unix("/run/tor/socks".into()),
            TorAddr::Tcp("127.0.0.1:9052".parse().unwrap()),
        ];
        assert_eq!(socks_listeners(&reply(250, text)), Some(expected));
        assert_eq!(
            socks_listeners(&reply(250, "net/listeners/socks=")),
            Some(Vec::new())
        );
    }
}
