//! The kernel's own numbers: how many payload bytes a TCP socket accepted and delivered. They come
//! from socket diagnostics (sock_diag(7)), which return `struct tcp_info` without unsafe code.

use std::{net::SocketAddr, os::fd::OwnedFd};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, send, socket_with,
};

/// The kernel's numbers for one TCP socket, in bytes as an application sees them.
///
/// The counts in `struct tcp_info` (RFC 4898) are positions in the sequence space, where SYN and
/// FIN take one position each. [`Books::of`] has subtracted these:
///
/// - `tcpi_bytes_acked` contains the SYN of the side that opened the connection. (On the accepting
///   side it begins after its own SYN.)
/// - `tcpi_bytes_acked` and the send queue together contain our FIN from the moment it is sent.
/// - `tcpi_bytes_received` contains the peer's FIN, but never the peer's SYN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    /// All bytes that write(2) and splice(2) put into the socket: acknowledged, or still queued.
    pub(crate) handed_over: u64,
    /// The part of them that the peer's kernel has acknowledged.
    pub(crate) acknowledged: u64,
    /// All bytes that came from the peer, whether the application read them or not.
    pub(crate) received: u64,
}

/// Which side opened the connection: its acknowledged bytes contain the SYN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Opened,
    Accepted,
}

/// A socket for questions to the kernel.
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

    /// The numbers of the socket that is bound to `local` and connected to `remote`. `None` once
    /// the kernel has forgotten it, after a reset or after both sides closed.
    ///
    /// The kernel writes its answer while segments arrive, so the question is repeated until two
    /// answers are equal. The caller must make sure that the relay does nothing in between.
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
        // The kernel has answered when `send` returns.
        let (bytes, _) = recv(&self.0, &mut answer[..], RecvFlags::DONTWAIT).unwrap();
        Raw::read(&answer[..bytes], remote.port())
    }
}

/// The numbers as the kernel reports them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Raw {
    state: u8,
    /// Bytes that were written and not yet acknowledged.
    send_queue: u64,
    bytes_acked: u64,
    bytes_received: u64,
}

impl Raw {
    /// Reads a `struct inet_diag_msg` with its attributes, which follows a `struct nlmsghdr`.
    fn read(answer: &[u8], remote_port: u16) -> Option<Self> {
        const NLMSG_ERROR: u16 = 2;
        const ENOENT: i32 = 2;
        if u16::from_ne_bytes(field(answer, 4)) == NLMSG_ERROR {
            assert_eq!(i32::from_ne_bytes(field(answer, 16)), -ENOENT);
            return None;
        }
        let message = &answer[16..];
        // If the connection does not exist, the kernel returns a listener on its port.
        if u16::from_be_bytes(field(message, 6)) != remote_port {
            return None;
        }
        // A connection in TIME_WAIT, or one that was not accepted yet, has no `tcp_info`.
        let info = attribute(&message[72..], INET_DIAG_INFO)?;
        Some(Self {
            state: message[1],
            send_queue: u64::from(u32::from_ne_bytes(field(message, 60))),
            bytes_acked: u64::from_ne_bytes(field(info, 120)),
            bytes_received: u64::from_ne_bytes(field(info, 128)),
        })
    }

    /// `None` for a connection that has ended: its numbers are no longer kept.
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
            // A FIN is always the last item in the queue.
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

/// Builds a `struct inet_diag_req_v2` for one TCP socket, after a `struct nlmsghdr`.
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
