//! The final reply to a client that is turned away, and a close that lets the reply arrive.

use std::{io, net::Ipv4Addr, time::Duration};

use shadowsocks::relay::socks5::{Address, Reply, TcpResponseHeader};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// After a refusal: how long, and for how much, the client's further words are read and forgotten.
/// Closing on unread bytes would be a reset, which may overtake the refusal.
pub(crate) const CLOSING_MAX: Duration = Duration::from_secs(1);
const CLOSING_BYTES_MAX: u64 = 64 * 1024;

/// A reply of SOCKS5 without an address, as it is sent.
pub(crate) fn reply_bytes(reply: Reply) -> Vec<u8> {
    response_bytes(&TcpResponseHeader::new(
        reply,
        Address::SocketAddress((Ipv4Addr::UNSPECIFIED, 0).into()),
    ))
}

/// An answer of Tor's, as it is passed on.
pub(crate) fn response_bytes(response: &TcpResponseHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    response.write_to_buf(&mut bytes);
    bytes
}

/// Sends last words and closes so that they arrive.
pub(crate) async fn say_and_close(mut client: TcpStream, words: &[u8]) -> io::Result<()> {
    let last_reply = async {
        client.write_all(words).await?;
        client.shutdown().await?;
        let mut rest = (&mut client).take(CLOSING_BYTES_MAX);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        Ok(())
    };
    timeout(CLOSING_MAX, last_reply).await.unwrap_or(Ok(()))
}
