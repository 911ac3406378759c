//! What a packet asks for and at which target, and the little DNS that answers a question for an
//! address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A packet that begins a connection, or a UDP packet. Later packets of a TCP connection are not of
/// this type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sent {
    /// A question for a name, by UDP.
    Question {
        /// Who asks.
        from: IpAddr,
        /// The name.
        name: String,
    },
    /// The first packet of a connection.
    Tcp {
        /// The sender.
        from: IpAddr,
        /// The target.
        to: SocketAddr,
    },
    /// Any other packet of UDP.
    Udp {
        /// The sender.
        from: IpAddr,
        /// The target.
        to: SocketAddr,
    },
}

impl Sent {
    /// The sender of the packet.
    #[must_use]
    pub const fn from(&self) -> IpAddr {
        match self {
            Self::Question { from, .. } | Self::Tcp { from, .. } | Self::Udp { from, .. } => *from,
        }
    }
}

/// Reads a packet, beginning with its IP header (RFC 791, RFC 8200). The packets here have no IPv6
/// extension headers before TCP or UDP.
#[must_use]
pub fn sent(packet: &[u8]) -> Option<Sent> {
    let version = packet.first()? >> 4;
    let (protocol, from, to, rest) = match version {
        4 => {
            let header = usize::from(packet.first()? & 0x0f) * 4;
            let from = Ipv4Addr::from_octets(packet.get(12..16)?.try_into().ok()?);
            let to = Ipv4Addr::from_octets(packet.get(16..20)?.try_into().ok()?);
            let ends = (IpAddr::V4(from), IpAddr::V4(to));
            (*packet.get(9)?, ends.0, ends.1, packet.get(header..)?)
        }
        6 => {
            let from = Ipv6Addr::from_octets(packet.get(8..24)?.try_into().ok()?);
            let to = Ipv6Addr::from_octets(packet.get(24..40)?.try_into().ok()?);
            let ends = (IpAddr::V6(from), IpAddr::V6(to));
            (*packet.get(6)?, ends.0, ends.1, packet.get(40..)?)
        }
        _ => return None,
    };
    let port = u16::from_be_bytes(rest.get(2..4)?.try_into().ok()?);
    let to = SocketAddr::new(to, port);
    match protocol {
        TCP if rest.get(13)? & (SYN | ACK) == SYN => Some(Sent::Tcp { from, to }),
        UDP => Some(match (port, question(rest.get(8..)?)) {
            (DNS_PORT, Some(name)) => Sent::Question { from, name },
            _ => Sent::Udp { from, to },
        }),
        _ => None,
    }
}

/// The first name that a query asks for (RFC 1035, 4.1), in lower case.
#[must_use]
pub fn question(query: &[u8]) -> Option<String> {
    if query.get(2)? & RESPONSE != 0 {
        return None;
    }
    let mut labels = Vec::new();
    let mut rest = query.get(HEADER..)?;
    loop {
        let (&length, after) = rest.split_first()?;
        if length == 0 {
            return Some(labels.join(".").to_ascii_lowercase());
        }
        let (label, after) = after.split_at_checked(usize::from(length))?;
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = after;
    }
}

/// The answer to a query: `address` where the query asks for an IPv4 address, else an empty answer.
#[must_use]
pub fn answer(query: &[u8], address: Ipv4Addr) -> Option<Vec<u8>> {
    let asked = query.get(HEADER..)?;
    let name = asked.iter().position(|&length| length == 0)?;
    // The type and the class follow the name.
    let end = HEADER.checked_add(name)?.checked_add(5)?;
    let kind = query.get(end.checked_sub(4)?..end.checked_sub(2)?)?;
    let mut answer = query.get(..2)?.to_vec();
    let count = u8::from(kind == A);
    // Flags: an answer, recursion available. Then one question, and one answer or none.
    answer.extend([0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend(query.get(HEADER..end)?);
    if count == 1 {
        // The name of the question, type A, class IN, valid for one minute, four bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const DNS_PORT: u16 = 53;
const HEADER: usize = 12;
const RESPONSE: u8 = 0x80;
const A: [u8; 2] = [0, 1];

#[cfg(test)]
mod tests {
    use super::*;

    /// A query for `One.test`.
    const QUERY: &[u8] =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03One\x04test\x00\x00\x01\x00\x01";

    #[test]
    fn a_question_has_its_name_and_gets_its_address() {
        assert_eq!(question(QUERY).as_deref(), Some("one.test"));
        let answer = answer(QUERY, Ipv4Addr::new(198, 18, 0, 1)).unwrap();
        assert!(answer.ends_with(&[0, 4, 198, 18, 0, 1]));
        assert_eq!(question(&answer), None, "an answer asks nothing");
        assert_eq!(question(&QUERY[..15]), None);
    }

    #[test]
    fn connections_count_once_and_every_packet_of_udp_counts() {
        let ipv4 = |protocol: u8, rest: &[u8]| {
            let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
            packet.extend([10, 11, 0, 2, 192, 0, 2, 7]);
            packet.extend(rest);
            packet
        };
        let mut tcp = vec![0x80, 0, 0x01, 0xbb];
        tcp.extend([0; 9]);
        tcp.push(SYN);
        let to = "192.0.2.7:443".parse().unwrap();
        let from = "10.11.0.2".parse().unwrap();
        assert_eq!(sent(&ipv4(TCP, &tcp)), Some(Sent::Tcp { from, to }));
        tcp[13] = SYN | ACK;
        assert_eq!(sent(&ipv4(TCP, &tcp)), None);
        let stun = [0x80, 0, 0x0d, 0x96, 0, 8, 0, 0];
        let to = "192.0.2.7:3478".parse().unwrap();
        assert_eq!(sent(&ipv4(UDP, &stun)), Some(Sent::Udp { from, to }));
        let asks = [&[0x80, 0, 0, 53, 0, 8, 0, 0], QUERY].concat();
        let name = "one.test".to_owned();
        assert_eq!(sent(&ipv4(UDP, &asks)), Some(Sent::Question { from, name }));
        assert_eq!(sent(&[]), None);
    }
}
