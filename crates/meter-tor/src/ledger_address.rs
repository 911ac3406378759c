//! Where a ledger is. Reads what a person typed or pasted; connects to nothing.
//!
//! Two kinds of places are taken. An onion service is authenticated by its name, and the way to it
//! is encrypted, so it needs no TLS. On this computer nobody is in between. Everything else would
//! need names, exits and TLS, which this product leaves out on purpose.

mod onion;

pub use onion::{OnionName, OnionNameError};

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

/// Where a ledger answers HTTP: an onion service, or this computer.
///
/// Its text is what a person types: `NAME.onion`, with a port where that is not 80, or
/// `127.0.0.1:3443`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum LedgerAddress {
    /// An onion service, reached through Tor.
    Onion {
        /// Its name.
        name: OnionName,
        /// Its port.
        port: u16,
    },
    /// A loopback address of this computer, reached directly.
    Loopback(SocketAddr),
}

/// Why a text is not the address of a ledger. The text itself is not quoted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerAddressError {
    /// There is no text.
    #[error("the address of a ledger is missing; it looks like NAME.onion or 127.0.0.1:3443")]
    Empty,
    /// It begins with `https://`.
    #[error(
        "https:// is left out on purpose: a ledger is reached as an onion service, which Tor \
         encrypts and authenticates without a certificate; ask for its .onion address"
    )]
    Https,
    /// It begins with another scheme.
    #[error("a ledger is reached over http:// only; leave out what stands before ://")]
    Scheme,
    /// There is a user name, a path, a query or a fragment.
    #[error("only a host and a port belong here; leave out everything behind them, and any @")]
    Extra,
    /// The port is not a number from 1 to 65535.
    #[error("the port behind the last colon is not a number from 1 to 65535")]
    Port,
    /// It is a name, but not that of an onion service.
    #[error(
        "only .onion names are taken: other names would be looked up and reached through an exit \
         of Tor, which could change what is sent; for a ledger on this computer write 127.0.0.1"
    )]
    Name,
    /// It is an IP address of another computer.
    #[error(
        "the IP address belongs to another computer; a ledger is reached by its .onion name, or \
         on this computer at 127.0.0.1"
    )]
    OtherComputer,
    /// The name ends with `.onion`, but is not the name of an onion service.
    #[error(transparent)]
    Onion(#[from] OnionNameError),
}

impl LedgerAddress {
    /// The value of the `Host` header of HTTP: without the port if that is 80.
    #[must_use]
    pub fn host_header(&self) -> String {
        match self {
            Self::Loopback(address) if address.port() == HTTP_PORT => match address.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
            Self::Onion { .. } | Self::Loopback(_) => self.to_string(),
        }
    }
}

impl fmt::Display for LedgerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Onion { name, port } if *port == HTTP_PORT => name.fmt(f),
            Self::Onion { name, port } => write!(f, "{name}:{port}"),
            Self::Loopback(address) => address.fmt(f),
        }
    }
}

impl FromStr for LedgerAddress {
    type Err = LedgerAddressError;

    /// Reads `HOST`, `HOST:PORT` or `http://HOST:PORT/`. Without a port it is 80 for an onion
    /// service and 3443 on this computer.
    fn from_str(text: &str) -> Result<Self, LedgerAddressError> {
        let text = text.trim();
        let authority = match text.split_once("://") {
            None => text,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err(LedgerAddressError::Https);
            }
            Some(_) => return Err(LedgerAddressError::Scheme),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() {
            return Err(LedgerAddressError::Empty);
        }
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(LedgerAddressError::Extra);
        }
        // An IPv6 address without brackets and without a port.
        if let Ok(ip) = authority.parse::<Ipv6Addr>() {
            return on_this_computer(ip.into(), None);
        }
        let (host, port) = host_and_port(authority)?;
        match ip(host) {
            Some(ip) => on_this_computer(ip, port),
            None if is_onion(host) => Ok(Self::Onion {
                name: host.parse()?,
                port: port.unwrap_or(HTTP_PORT),
            }),
            None => Err(LedgerAddressError::Name),
        }
    }
}

/// The host, and the port behind the last colon that is in no brackets.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), LedgerAddressError> {
    match authority.rsplit_once(':') {
        None => Ok((authority, None)),
        Some((_, rest)) if rest.ends_with(']') => Ok((authority, None)),
        Some((host, port)) => {
            // `u16` would take a plus sign, too.
            let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
            let number = port.parse().ok().filter(|number| *number > 0 && is_number);
            Ok((host, Some(number.ok_or(LedgerAddressError::Port)?)))
        }
    }
}

fn ip(host: &str) -> Option<IpAddr> {
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match in_brackets {
        Some(host) => host.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn on_this_computer(ip: IpAddr, port: Option<u16>) -> Result<LedgerAddress, LedgerAddressError> {
    if !ip.is_loopback() {
        return Err(LedgerAddressError::OtherComputer);
    }
    let port = port.unwrap_or(LOOPBACK_PORT);
    Ok(LedgerAddress::Loopback((ip, port).into()))
}

fn is_onion(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("onion")
}

/// The port of HTTP, which a `Host` header leaves out.
const HTTP_PORT: u16 = 80;
/// Where a ledger listens if its operator sets nothing else.
const LOOPBACK_PORT: u16 = 3443;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An address of Tor's rend-spec-v3, section 6.
    const NAME: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

    #[track_caller]
    fn check(text: &str, shown: &str, host: &str) {
        let address: LedgerAddress = text.parse().expect(text);
        assert_eq!(address.to_string(), shown, "{text}");
        assert_eq!(address.host_header(), host, "{text}");
        assert_eq!(shown.parse(), Ok(address), "{shown}");
    }

    #[track_caller]
    fn refused(text: &str, error: LedgerAddressError) {
        assert_eq!(text.parse::<LedgerAddress>(), Err(error), "{text}");
    }

    #[test]
    fn an_onion_service_is_taken_with_and_without_scheme_and_port() {
        check(NAME, NAME, NAME);
        check(&format!("{NAME}:80"), NAME, NAME);
        check(&format!("http://{NAME}/"), NAME, NAME);
        check(&format!(" HTTP://{}\n", NAME.to_uppercase()), NAME, NAME);
        let other = format!("{NAME}:3443");
        check(&format!("http://{other}/"), &other, &other);
    }

    #[test]
    fn this_computer_is_taken_by_its_loopback_addresses() {
        for (text, shown, host) in [
            ("127.0.0.1", "127.0.0.1:3443", "127.0.0.1:3443"),
            ("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"),
            ("http://127.9.9.9:8080/", "127.9.9.9:8080", "127.9.9.9:8080"),
            ("127.0.0.1:80", "127.0.0.1:80", "127.0.0.1"),
            ("::1", "[::1]:3443", "[::1]:3443"),
            ("[::1]", "[::1]:3443", "[::1]:3443"),
            ("http://[::1]:80", "[::1]:80", "[::1]"),
        ] {
            check(text, shown, host);
        }
    }

    #[test]
    fn https_is_refused_with_the_reason() {
        refused(&format!("https://{NAME}"), LedgerAddressError::Https);
        refused("HTTPS://ledger.example.org/", LedgerAddressError::Https);
        let sentence = LedgerAddressError::Https.to_string();
        assert!(sentence.contains("left out on purpose"), "{sentence}");
    }

    #[test]
    fn names_and_other_computers_are_refused() {
        for name in [
            "localhost",
            "localhost:3443",
            "http://ledger.example.org",
            "onion.example.org",
            "127.1",
            "0x7f000001",
            "2130706433",
            "127.0.0.01",
            "[127.0.0.1]",
            "[::1",
            "::1]",
        ] {
            refused(name, LedgerAddressError::Name);
        }
        for other in [
            "192.168.1.1",
            "0.0.0.0:3443",
            "8.8.8.8",
            "[2001:db8::1]:80",
            "::",
            "::ffff:127.0.0.1",
            "http://10.0.0.1/",
        ] {
            refused(other, LedgerAddressError::OtherComputer);
        }
    }

    #[test]
    fn every_other_form_has_its_own_sentence() {
        for (text, error) in [
            ("", LedgerAddressError::Empty),
            (" ", LedgerAddressError::Empty),
            ("http://", LedgerAddressError::Empty),
            ("/", LedgerAddressError::Empty),
            ("ftp://127.0.0.1", LedgerAddressError::Scheme),
            ("://127.0.0.1", LedgerAddressError::Scheme),
            ("127.0.0.1/api", LedgerAddressError::Extra),
            ("127.0.0.1//", LedgerAddressError::Extra),
            ("http://127.0.0.1/?x", LedgerAddressError::Extra),
            ("127.0.0.1#x", LedgerAddressError::Extra),
            ("me@127.0.0.1", LedgerAddressError::Extra),
            ("127.0.0.1:", LedgerAddressError::Port),
            ("127.0.0.1:0", LedgerAddressError::Port),
            ("127.0.0.1:+80", LedgerAddressError::Port),
            ("127.0.0.1:65536", LedgerAddressError::Port),
            ("[::1]:x", LedgerAddressError::Port),
            (".onion", OnionNameError::Form.into()),
        ] {
            refused(text, error);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_address_survives_its_text(text in "\\PC{0,80}") {
            if let Ok(address) = text.parse::<LedgerAddress>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }

        #[test]
        fn no_address_leaves_this_computer_but_an_onion_service(ip: [u8; 4], port: u16) {
            let text = format!("{}:{port}", Ipv4Addr::from(ip));
            let is_taken = text.parse::<LedgerAddress>().is_ok();
            prop_assert_eq!(is_taken, ip[0] == 127 && port > 0);
        }
    }
}
