//! Reads the kernel's lists of TCP sockets (proc_pid_net(5)). The user of a socket in these lists
//! is the same that the kernel would answer to a question.

use std::{
    fs::read_to_string,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use rustix::process::geteuid;

use crate::Owner;

/// The lists of this process's network namespace. An IPv4 connection of a dual-stack socket is in
/// the second one.
const LISTS: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// A list changes while it is read, so a socket may be missed once.
const LOOKS: u32 = 3;

/// Looks up connections to one listener.
pub(super) struct Table {
    listener: SocketAddr,
    us: u32,
}

/// A line of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Line {
    local: SocketAddr,
    remote: SocketAddr,
    user: u32,
    /// 0 if no process holds the socket; the user then has no meaning.
    file: u64,
}

impl Table {
    pub(super) fn around(listener: SocketAddr) -> Self {
        Self {
            listener,
            us: geteuid().as_raw(),
        }
    }

    /// Whether the lists contain the listener with our user. Otherwise they are not usable.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn knows_listener(&self) -> io::Result<bool> {
        let lines = lines()?;
        Ok(self.is_in(&lines))
    }

    /// The owner of the connection from this client address.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub(super) fn of(&self, client: SocketAddr) -> io::Result<Owner> {
        let mut owner = Owner::Unknown;
        for _ in 0..LOOKS {
            owner = self.judge(&lines()?, client);
            if matches!(owner, Owner::Us | Owner::Other) {
                break;
            }
        }
        Ok(owner)
    }

    fn judge(&self, lines: &[Line], client: SocketAddr) -> Owner {
        if !self.is_in(lines) {
            return Owner::Unknown;
        }
        let is_it = |line: &&Line| line.local == client && line.remote == self.listener;
        match lines.iter().find(is_it) {
            Some(line) if line.file == 0 => Owner::Gone,
            Some(line) if line.user == self.us => Owner::Us,
            Some(_) => Owner::Other,
            None => Owner::Gone,
        }
    }

    fn is_in(&self, lines: &[Line]) -> bool {
        let is_it = |line: &Line| line.local == self.listener && line.remote.port() == 0;
        lines.iter().any(|line| is_it(line) && line.user == self.us)
    }
}

/// The lines of both lists. One list is enough: a kernel may have no IPv6.
fn lines() -> io::Result<Vec<Line>> {
    let [first, second] = LISTS.map(read_to_string);
    let texts = match (first, second) {
        (Ok(first), Ok(second)) => [first, second],
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => [one, String::new()],
        (Err(error), Err(_)) => return Err(error),
    };
    let lines = texts.iter().flat_map(|text| text.lines());
    Ok(lines.filter_map(Line::parse).collect())
}

impl Line {
    /// `0: 0100007F:23BD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 12345 ...`
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (local, remote) = (address(words.next()?)?, address(words.next()?)?);
        let user = words.nth(4)?.parse().ok()?;
        let file = words.nth(1)?.parse().ok()?;
        Some(Self {
            local,
            remote,
            user,
            file,
        })
    }
}

/// Parses an address. Each group of eight digits is a number in the machine's byte order; its four
/// bytes are the bytes of the address.
fn address(word: &str) -> Option<SocketAddr> {
    let (ip, port) = word.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |at: usize| {
        let digits = ip.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(group(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&group(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own client, on loopback"
    )]
    fn dial(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address).unwrap()
    }

    #[test]
    fn a_connection_is_ours_until_its_process_closes_it() {
        for (at, through) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("127.0.0.1:0", "::ffff:127.0.0.1"),
            ("[::1]:0", "::1"),
        ] {
            let listener = TcpListener::bind(at).unwrap();
            let at = listener.local_addr().unwrap();
            let table = Table::around(at);
            assert!(table.knows_listener().unwrap());
            let client = dial(SocketAddr::new(through.parse().unwrap(), at.port()));
            let (mut accepted, from) = listener.accept().unwrap();
            assert_eq!(table.of(from).unwrap(), Owner::Us);
            drop(client);
            assert_eq!(accepted.read(&mut [0]).unwrap(), 0);
            assert_eq!(table.of(from).unwrap(), Owner::Gone);
        }
    }

    #[test]
    fn without_our_listener_in_it_a_list_says_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        drop(listener);
        let table = Table::around(at);
        assert!(!table.knows_listener().unwrap());
        assert_eq!(table.of(at).unwrap(), Owner::Unknown);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_line_is_read_with_its_user_and_one_without_a_process_is_nobodys() {
        const LISTENER: &str = "0: 0100007F:23BD 00000000:0000 0A 00000000:00000000 00:00000000 \
                                00000000 1000 0 7 1 0 100";
        const STRANGER: &str = "1: 0100007F:C350 0100007F:23BD 01 00000000:00000000 00:00000000 \
                                00000000 1001 0 8 1 0 20";
        const ENDED: &str =
            "2: 0100007F:C351 0100007F:23BD 06 00000000:00000000 03:000017A2 00000000 0 0 0 3 0";
        const MAPPED: &str = "3: 0000000000000000FFFF00000100007F:C352 \
                              0000000000000000FFFF00000100007F:23BD 01 00000000:00000000 \
                              00:00000000 00000000 1000 0 9 1 0 20";
        let lines: Vec<_> = [
            "  sl  local_address rem_address   st",
            LISTENER,
            STRANGER,
            ENDED,
            MAPPED,
        ]
        .into_iter()
        .filter_map(Line::parse)
        .collect();
        assert_eq!(lines.len(), 4);
        let table = Table {
            listener: ([127, 0, 0, 1], 9149).into(),
            us: 1000,
        };
        let of = |port: u16| table.judge(&lines, ([127, 0, 0, 1], port).into());
        assert_eq!(of(50_000), Owner::Other);
        assert_eq!(of(50_001), Owner::Gone);
        assert_eq!(of(50_002), Owner::Us);
        assert_eq!(of(50_003), Owner::Gone);
        let anothers = Table { us: 1002, ..table };
        assert_eq!(
            anothers.judge(&lines, ([127, 0, 0, 1], 50_000).into()),
            Owner::Unknown
        );
    }
}
