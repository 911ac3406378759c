//! The kernel's own books: how many bytes of payload a TCP socket has taken and delivered, by
//! socket diagnostics (sock_diag(7)), which hand out `struct tcp_info` without unsafe code.

use std::{net::SocketAddr, os::fd::OwnedFd};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, send, socket_with,
};

/// What the kernel says of one TCP socket, in bytes that an application sees.
///
/// The counts of `struct tcp_info` (RFC 4898) are of sequence space, in which SYN and FIN take a
/// place each. [`Books::of`] has taken these out:
///
/// - `tcpi_bytes_acked` has the SYN of whoever opened the connection. (Whoever accepted it begins
///   behind his own SYN.)
/// - `tcpi_bytes_acked` and the send queue together have our FIN, from the moment that it is sent.
/// - `tcpi_bytes_received` has the peer's FIN, and never his SYN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    /// All that write(2) and splice(2) ever put into the socket: acknowledged, or still queued.
    pub(crate) handed_over: u64,
    /// The part of it that the peer's kernel has acknowledged.
    pub(crate) acknowledged: u64,
    /// All that came from the peer, read by the application or not.
    pub(crate) received: u64,
}

/// Who made a connection, and so has its SYN among his acknowledged bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Opened,
    Accepted,
}

/// A way to ask.
pub(crate) struct Books(OwnedFd);

impl Books {
    pub(crate) fn open() -> Self {
        let kernel = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(SOCK_DIAG),
        )
        .unwrap();
        #[expect(clippy::disallowed_methods, reason = "to the kernel, not to a network")]
        connect(&kernel, &SocketAddrNetlink::new(0, 0)).unwrap();
        Self(kernel)
    }

    /// The account of the socket that is bound to `local` and connected to `remote`; `None` once
    /// the kernel has forgotten it, which it does when a connection is reset or wholly closed.
    ///
    /// The kernel writes its answer while segments arrive. So it is asked until it says the same
    /// twice; what the relay itself may do in between is the caller's care.
    pub(crate) fn of(&self, role: Role, local: SocketAddr, remote: SocketAddr) -> Option<Account> {
        let mut before = self.ask(local, remote);
        loop {
            let now = self.ask(local, remote);
            if now == before {
                return now?.account(role);
            }
            before = now;
        }
    }

    fn ask(&self, local: SocketAddr, remote: SocketAddr) -> Option<Raw> {
        let question = question(local, remote);
        send(&self.0, &question, SendFlags::empty()).unwrap();
        let mut answer = [0_u8; 4096];
        // The kernel has answered by the time that `send` returns.
        let (bytes, _) = recv(&self.0, &mut answer[..], RecvFlags::DONTWAIT).unwrap();
        Raw::read(&answer[..bytes], remote.port())
    }
}

/// The numbers as the kernel gives them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Raw {
    state: u8,
    /// Written and not yet acknowledged.
    send_queue: u64,
    bytes_acked: u64,
    bytes_received: u64,
}

impl Raw {
    /// Reads a `struct inet_diag_msg` with its attributes, behind a `struct nlmsghdr`.
    fn read(answer: &[u8], remote_port: u16) -> Option<Self> {
        const NLMSG_ERROR: u16 = 2;
        const ENOENT: i32 = 2;
        if u16::from_ne_bytes(field(answer, 4)) == NLMSG_ERROR {
            assert_eq!(i32::from_ne_bytes(field(answer, 16)), -ENOENT);
            return None;
        }
        let message = &answer[16..];
        // For want of the connection itself the kernel offers a listener on its port.
        if u16::from_be_bytes(field(message, 6)) != remote_port {
            return None;
        }
        // A connection in TIME_WAIT, or one not yet accepted, has no `tcp_info`.
        let info = attribute(&message[72..], INET_DIAG_INFO)?;
        Some(Self {
            state: message[1],
            send_queue: u64::from(u32::from_ne_bytes(field(message, 60))),
            bytes_acked: u64::from_ne_bytes(field(info, 120)),
            bytes_received: u64::from_ne_bytes(field(info, 128)),
        })
    }

    /// `None` for a connection that is over: its numbers are no longer kept.
    fn account(self, role: Role) -> Option<Account> {
        let (fin_sent, fin_received) = match self.state {
            ESTABLISHED => (0, 0),
            FIN_WAIT1 | FIN_WAIT2 => (1, 0),
            CLOSE_WAIT => (0, 1),
            LAST_ACK | CLOSING => (1, 1),
            _ => return None,
        };
        let syn = u64::from(role == Role::Opened);
        let handed_over = self.bytes_acked + self.send_queue - syn - fin_sent;
        Some(Account {
            handed_over,
            // A FIN is the last thing in the queue.
            acknowledged: (self.bytes_acked - syn).min(handed_over),
            received: self.bytes_received - fin_received,
        })
    }
}

fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    while attributes.len() >= 4 {
        let length = usize::from(u16::from_ne_bytes(field(attributes, 0)));
        if u16::from_ne_bytes(field(attributes, 2)) == wanted {
            return Some(&attributes[4..length]);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// A `struct inet_diag_req_v2` for one TCP socket, behind a `struct nlmsghdr`.
fn question(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    const IPPROTO_TCP: u8 = 6;
    let (SocketAddr::V4(from), SocketAddr::V4(to)) = (local, remote) else {
        panic!("the tests use IPv4")
    };
    let family = u8::try_from(AddressFamily::INET.as_raw()).unwrap();
    [
        &72_u32.to_ne_bytes()[..],
        &SOCK_DIAG_BY_FAMILY.to_ne_bytes(),
        &NLM_F_REQUEST.to_ne_bytes(),
        &[0; 8],
        &[family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0],
        &u32::MAX.to_ne_bytes(), // in whatever state
        &local.port().to_be_bytes(),
        &remote.port().to_be_bytes(),
        &from.ip().octets(),
        &[0; 12],
        &to.ip().octets(),
        &[0; 12],
        &[0; 4],    // on any interface
        &[0xFF; 8], // INET_DIAG_NOCOOKIE
    ]
    .concat()
}

fn field<const BYTES: usize>(message: &[u8], at: usize) -> [u8; BYTES] {
    *message[at..].first_chunk().unwrap()
}

/// linux/inet_diag.h
const INET_DIAG_INFO: u16 = 2;
// net/tcp_states.h
const ESTABLISHED: u8 = 1;
const FIN_WAIT1: u8 = 4;
const FIN_WAIT2: u8 = 5;
const CLOSE_WAIT: u8 = 8;
const LAST_ACK: u8 = 9;
const CLOSING: u8 = 11;
