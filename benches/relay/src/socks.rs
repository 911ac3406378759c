//! The smallest part of SOCKS5 that both ends of a measurement need.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

/// What the stand-in does with a stream; the port in the request names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    /// Sends as many bytes as the first 8 bytes say.
    Source = 1001,
    /// Takes as many bytes as the first 8 bytes say, and answers with one.
    Sink = 1002,
    /// Sends back what it receives.
    Echo = 1003,
    /// Never reads.
    Hole = 1004,
    /// Sends a byte back, over a distance that delays every answer by [`crate::stub::FAR`].
    Far = 1005,
}

impl Service {
    pub(crate) const ALL: [Self; 5] = [Self::Source, Self::Sink, Self::Echo, Self::Hole, Self::Far];
}

const NAME: &[u8] = b"example.com";
const SUCCESS: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark's own client, on loopback"
)]
pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Requests a service and reads the answer, step by step as browsers do.
pub(crate) async fn ask(stream: &mut TcpStream, port: u16) -> Result<()> {
    stream.write_all(&[5, 1, 0]).await?;
    let mut method = [0; 2];
    stream.read_exact(&mut method).await?;
    ensure!(method == [5, 0], "no method");
    let mut request = vec![5, 1, 0, 3, u8::try_from(NAME.len())?];
    request.extend_from_slice(NAME);
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut answer = [0; SUCCESS.len()];
    stream.read_exact(&mut answer).await?;
    ensure!(answer[1] == 0, "refused");
    Ok(())
}

/// The other side of [`ask`], up to the answer, as Tor speaks it; returns the port.
pub(crate) async fn hear(stream: &mut TcpStream) -> Result<u16> {
    let [version, methods] = read(stream).await?;
    ensure!(version == 5, "no SOCKS");
    let mut offered = vec![0; usize::from(methods)];
    stream.read_exact(&mut offered).await?;
    let method = if offered.contains(&2) { 2 } else { 0 };
    stream.write_all(&[5, method]).await?;
    if method == 2 {
        let [_, user] = read(stream).await?;
        stream.read_exact(&mut vec![0; usize::from(user)]).await?;
        let password = stream.read_u8().await?;
        stream
            .read_exact(&mut vec![0; usize::from(password)])
            .await?;
        stream.write_all(&[1, 0]).await?;
    }
    let request: [u8; 5 + NAME.len() + 2] = read(stream).await?;
    let [.., high, low] = request;
    Ok(u16::from_be_bytes([high, low]))
}

/// Tells the client that its stream is open.
pub(crate) async fn grant(stream: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
    Ok(stream.write_all(&SUCCESS).await?)
}

async fn read<const N: usize>(stream: &mut TcpStream) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
