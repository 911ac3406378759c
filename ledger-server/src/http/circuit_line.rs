//! The line with which Tor names the circuit of a connection to an onion service.
//!
//! With `HiddenServiceExportCircuitID haproxy` Tor sends one PROXY line (version 1) before the
//! client's first byte: `PROXY TCP6 fc00:dead:beef:4dad::AABB:CCDD ::1 65535 42`. The last 32 bits
//! of the first address are the number of the circuit; nothing else in the line means anything.
//! Source: tor(1), `HiddenServiceExportCircuitID`.

use std::{future::poll_fn, io, net::Ipv6Addr, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
    time::timeout,
};

/// Longest line of the protocol, with its end.
const LINE_BYTES_MAX: usize = 107;

/// The first 96 bits of the address in which Tor puts the number.
const PREFIX: [u16; 6] = [0xfc00, 0xdead, 0xbeef, 0x4dad, 0, 0];

/// Number of a circuit. Only equality means something, and only while the circuit lasts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Circuit(u32);

#[cfg(test)]
impl Circuit {
    pub(crate) const fn of_test(number: u32) -> Self {
        Self(number)
    }
}

/// Reads the line from the start of a connection, and not one byte more.
pub(crate) async fn read(stream: &mut TcpStream, within: Duration) -> io::Result<Circuit> {
    let line = timeout(within, line(stream))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    parse(&line).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

async fn line(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(LINE_BYTES_MAX);
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.push(byte(stream).await?);
    }
    line.truncate(line.len().saturating_sub(2));
    Ok(line)
}

async fn byte(stream: &mut TcpStream) -> io::Result<u8> {
    let mut bytes = [0];
    let mut buffer = ReadBuf::new(&mut bytes);
    let mut stream = pin!(stream);
    poll_fn(|context| stream.as_mut().poll_read(context, &mut buffer)).await?;
    match buffer.filled() {
        [byte] => Ok(*byte),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn parse(line: &[u8]) -> Option<Circuit> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    if (words.next()?, words.next()?) != ("PROXY", "TCP6") {
        return None;
    }
    let from: Ipv6Addr = words.next()?.parse().ok()?;
    let _to: Ipv6Addr = words.next()?.parse().ok()?;
    let _ports: (u16, u16) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let [prefix @ .., high, low] = from.segments();
    let is_whole = words.next().is_none();
    (is_whole && prefix == PREFIX).then(|| Circuit((u32::from(high) << 16) | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_32_bits_of_tors_address_are_the_circuit() {
        let line = b"PROXY TCP6 fc00:dead:beef:4dad::aabb:ccdd ::1 65535 42";
        assert_eq!(parse(line), Some(Circuit(0xaabb_ccdd)));
        let line = b"PROXY TCP6 fc00:dead:beef:4dad::1 ::1 65535 42";
        assert_eq!(parse(line), Some(Circuit(1)));
    }

    #[test]
    fn another_line_names_no_circuit() {
        for line in [
            "",
            "GET / HTTP/1.1",
            "PROXY UNKNOWN",
            "PROXY TCP4 127.0.0.1 127.0.0.1 1 2",
            "PROXY TCP6 fc00:dead:beef:4dae::1 ::1 65535 42",
            "PROXY TCP6 fc00:dead:beef:4dad:0:1:0:1 ::1 65535 42",
            "PROXY TCP6 fc00:dead:beef:4dad::1 ::1 65536 42",
            "PROXY TCP6 fc00:dead:beef:4dad::1 ::1 65535",
            "PROXY TCP6 fc00:dead:beef:4dad::1 ::1 65535 42 1",
            "PROXY TCP6  fc00:dead:beef:4dad::1 ::1 65535 42",
            "proxy TCP6 fc00:dead:beef:4dad::1 ::1 65535 42",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
