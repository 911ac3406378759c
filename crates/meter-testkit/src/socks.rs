//! A minimal SOCKS5 and HTTP client, for tests that need no browser.
//!
//! Written from RFC 1928 and 1929 independently of the product, so that both cannot have the same
//! mistake.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use crate::loopback;

/// The proxy's answer was not "succeeded".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The reply field of RFC 1928 §6, or one of Tor's extended errors.
    pub reply: u8,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the SOCKS proxy refused with reply 0x{:02x}", self.reply)
    }
}

impl std::error::Error for Refused {}

/// A user name and a password (RFC 1929). Tor gives each pair its own circuits.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// At most 255 bytes.
    pub user: &'a str,
    /// At most 255 bytes.
    pub password: &'a str,
}

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// The result of one exchange, and the bytes that it moved on the stream, without SOCKS bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The answer's head, with its empty line.
    pub head: String,
    /// The answer's body.
    pub body: Vec<u8>,
    /// Bytes written to the stream.
    pub sent: u64,
    /// Bytes read from the stream.
    pub received: u64,
}

/// A connection to the proxy on which no byte was sent, for a test's own bytes.
///
/// # Errors
/// Nothing listens at the proxy's address.
pub async fn wire(proxy: SocketAddr) -> Result<TcpStream> {
    loopback::connect(proxy).await
}

/// Asks the proxy, without credentials, to connect to a host name, which the exit resolves.
///
/// # Errors
/// The proxy is not there or breaks the protocol; [`Refused`] (by `downcast`) when it refuses.
pub async fn connect(proxy: SocketAddr, host: &str, port: u16) -> Result<TcpStream> {
    let stream = loopback::connect(proxy).await?;
    ask(stream, None, host, port).await
}

/// Like [`connect`], with credentials.
///
/// # Errors
/// As [`connect`].
pub async fn connect_as(
    proxy: SocketAddr,
    credentials: Credentials<'_>,
    host: &str,
    port: u16,
) -> Result<TcpStream> {
    let stream = loopback::connect(proxy).await?;
    ask(stream, Some(credentials), host, port).await
}

/// Like [`connect`], through a proxy on a Unix socket.
///
/// # Errors
/// As [`connect`].
pub async fn connect_unix(
    proxy: &Path,
    credentials: Option<Credentials<'_>>,
    host: &str,
    port: u16,
) -> Result<UnixStream> {
    let stream = UnixStream::connect(proxy).await?;
    ask(stream, credentials, host, port).await
}

/// Exchanges the SOCKS messages with the proxy, on any stream.
async fn ask<S: Stream>(
    mut stream: S,
    credentials: Option<Credentials<'_>>,
    host: &str,
    port: u16,
) -> Result<S> {
    match credentials {
        None => choose_method(&mut stream, NO_AUTHENTICATION).await?,
        Some(credentials) => log_in(&mut stream, credentials).await?,
    }
    request(&mut stream, host, port).await?;
    Ok(stream)
}

async fn log_in(stream: &mut impl Stream, credentials: Credentials<'_>) -> Result<()> {
    choose_method(stream, USER_AND_PASSWORD).await?;
    let mut message = vec![1];
    for part in [credentials.user, credentials.password] {
        message.push(u8::try_from(part.len()).context("at most 255 bytes")?);
        message.extend(part.bytes());
    }
    stream.write_all(&message).await?;
    let status = read::<2>(stream).await?;
    ensure!(
        status == [1, 0],
        "the proxy does not accept the credentials: {status:?}"
    );
    Ok(())
}

/// Requests `path` over an open stream and reads until the other end closes.
///
/// # Errors
/// The stream breaks, or the answer is not HTTP.
pub async fn get(mut stream: impl Stream, host: &str, path: &str) -> Result<Fetched> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = answer.split_off(end.context("the answer has no head")? + 4);
    Ok(Fetched {
        sent: u64::try_from(request.len())?,
        received: u64::try_from(answer.len() + body.len())?,
        head: String::from_utf8(answer)?,
        body,
    })
}

async fn choose_method(stream: &mut impl Stream, method: u8) -> Result<()> {
    stream.write_all(&[VERSION, 1, method]).await?;
    let chosen = read::<2>(stream).await?;
    ensure!(
        chosen == [VERSION, method],
        "the proxy chose another method: {chosen:?}"
    );
    Ok(())
}

async fn request(stream: &mut impl Stream, host: &str, port: u16) -> Result<()> {
    let mut message = vec![VERSION, CONNECT, 0, ADDRESS_NAME];
    message.push(u8::try_from(host.len()).context("a name has at most 255 bytes")?);
    message.extend(host.bytes());
    message.extend(port.to_be_bytes());
    stream.write_all(&message).await?;

    let [version, reply, _, kind] = read::<4>(stream).await?;
    ensure!(version == VERSION, "not a SOCKS5 reply");
    let bound_bytes = match kind {
        ADDRESS_V4 => 4,
        ADDRESS_V6 => 16,
        ADDRESS_NAME => usize::from(stream.read_u8().await?),
        other => bail!("no such address type: {other}"),
    };
    stream.read_exact(&mut vec![0; bound_bytes + 2]).await?;
    match reply {
        0 => Ok(()),
        reply => Err(Refused { reply }.into()),
    }
}

async fn read<const BYTES: usize>(stream: &mut impl Stream) -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    stream
        .read_exact(&mut bytes)
        .await
        .context("the proxy closed the connection")?;
    Ok(bytes)
}

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const ADDRESS_V4: u8 = 1;
const ADDRESS_NAME: u8 = 3;
const ADDRESS_V6: u8 = 4;
