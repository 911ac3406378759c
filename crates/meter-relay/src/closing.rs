//! The final reply to a client that is turned away, and a close that lets the reply arrive.

use std::{io, net::Ipv4Addr, time::Duration};

use shadowsocks::relay::socks5::{Address, Reply, TcpResponseHeader};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// After a refusal, the client's further bytes are read and dropped, for at most this long and this
/// many bytes. A close with unread bytes would be a reset, and a reset may overtake the refusal.
pub(crate) const CLOSING_MAX: Duration = Duration::from_secs(1);
const CLOSING_BYTES_MAX: u64 = 64 * 1024;

/// Encodes a SOCKS5 reply without an address.
pub(crate) fn reply_bytes(reply: Reply) -> Vec<u8> {
    response_bytes(&TcpResponseHeader::new(
        reply,
        Address::SocketAddress((Ipv4Addr::UNSPECIFIED, 0).into()),
    ))
}

/// Encodes a reply of Tor for the client.
pub(crate) fn response_bytes(response: &TcpResponseHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    response.write_to_buf(&mut bytes);
    bytes
}

/// Sends a final reply and closes in a way that lets it arrive.
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
