//! Only this module of the crate opens connections, and only to this computer.

mod ledger;

pub use ledger::{IsolationKey, LedgerDialError, LedgerStream, dial_ledger};

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use meter_core::TorAddr;

use crate::socket::{SocketFault, judge};

/// A loopback port answers at once or not at all.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// Longest wait for the answer of a SOCKS port to the one question.
const PROBE_MAX: Duration = Duration::from_secs(2);
/// Longest wait for the answer to a greeting, for a busy machine.
const GREETING_MAX: Duration = Duration::from_secs(3);
/// Tor's answer to HTTP on its SOCKS port begins with a status line with this text.
const TORS_ANSWER: &[u8] = b"501 Tor is not an HTTP Proxy";

/// Version 5, one method: user name and password. They make Tor use a separate circuit.
const SOCKS_GREETING: &[u8] = &[5, 1, 2];
/// Tor's answer to the greeting.
const METHOD_TAKEN: &[u8] = &[5, 2];
/// RFC 1929. User name and password have one letter each and carry no information.
const SOCKS_CREDENTIALS: &[u8] = b"\x01\x01w\x01w";
/// Tor's answer to the credentials.
const CREDENTIALS_TAKEN: &[u8] = &[1, 0];
/// CONNECT to port 80 of a name that never exists (RFC 6761 §6.4). No exit connects anywhere for
/// it, and no person requests it.
const SOCKS_REQUEST: &[u8] = b"\x05\x01\x00\x03\x0dprobe.invalid\x00\x50";
/// Replies that only an exit can have given: succeeded (its resolver invents answers), host
/// unreachable, connection refused.
const REPLIES_FROM_AFAR: [u8; 3] = [0, 4, 5];

/// A connection of any type.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Reasons why there is no connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DialError {
    /// The address is not on this computer. Nothing was tried.
    NotLoopback,
    /// Another user could have made that socket. Nothing was tried.
    Unsafe(SocketFault),
    /// A program listens, but this user may not connect.
    Denied,
    /// No program listens.
    Nothing,
}

/// What answers at a SOCKS port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SocksProbe {
    Tor,
    NotTor,
    /// A program takes the connection and says nothing: suspended, or too busy.
    Silent,
    Nothing,
    NotLoopback,
    Unsafe(SocketFault),
}

/// Opens a connection to one of Tor's ports.
pub(crate) async fn dial(address: &TorAddr) -> Result<Box<dyn Io>, DialError> {
    match address {
        TorAddr::Tcp(address) => Ok(Box::new(dial_loopback(*address).await?)),
        TorAddr::Unix(path) => {
            let stream = timeout(CONNECT_MAX, UnixStream::connect(path)).await;
            let stream = stream
                .map_err(|_| DialError::Nothing)?
                .map_err(|e| why(&e))?;
            Ok(Box::new(stream))
        }
    }
}

/// Connects to a Tor that is not ours. Its socket must be in a place where only its owner can make
/// one.
pub(crate) async fn dial_theirs(address: &TorAddr) -> Result<Box<dyn Io>, DialError> {
    if let TorAddr::Unix(path) = address {
        judge(path).map_err(DialError::Unsafe)?;
    }
    dial(address).await
}

/// Asks whether a SOCKS port that is not ours belongs to Tor. Tor logs a warning each time, so ask
/// once.
pub(crate) async fn probe_socks(address: &TorAddr) -> SocksProbe {
    let mut stream = match dial_theirs(address).await {
        Ok(stream) => stream,
        Err(DialError::NotLoopback) => return SocksProbe::NotLoopback,
        Err(DialError::Unsafe(fault)) => return SocksProbe::Unsafe(fault),
        Err(DialError::Nothing | DialError::Denied) => return SocksProbe::Nothing,
    };
    match timeout(PROBE_MAX, ask_in_http(&mut stream)).await {
        Ok(Ok(true)) => SocksProbe::Tor,
        Ok(Ok(false) | Err(_)) => SocksProbe::NotTor,
        Err(_elapsed) => SocksProbe::Silent,
    }
}

/// Checks whether a program listens, without sending anything.
///
/// # Errors
/// The reason why no connection is possible.
pub(crate) async fn listens(address: &TorAddr) -> Result<(), DialError> {
    dial_theirs(address).await.map(drop)
}

/// Whether Tor itself takes a connection and answers its greeting. That needs no network and takes
/// no time; a Tor that is suspended or hangs does not do it.
pub(crate) async fn greets(socks: &TorAddr) -> bool {
    let greeted = async {
        let mut stream = dial(socks).await.ok()?;
        stream.write_all(SOCKS_GREETING).await.ok()?;
        stream.flush().await.ok()?;
        hears(&mut stream, METHOD_TAKEN).await.ok()
    };
    let greeted = timeout(GREETING_MAX, greeted).await;
    greeted.is_ok_and(|answer| answer.is_some())
}

/// Whether the Tor network answers. Requests a name that no exit can find, and waits as long as Tor
/// does for an exit to say so.
pub(crate) async fn network_answers(socks: &TorAddr) -> bool {
    let asked = async {
        let mut stream = dial(socks).await.ok()?;
        ask_for_nothing(&mut stream).await.ok()
    };
    asked
        .await
        .is_some_and(|reply| REPLIES_FROM_AFAR.contains(&reply))
}

/// Returns the code of the SOCKS reply. Sends one step at a time: Tor loses its answer to a
/// greeting if credentials follow at once.
async fn ask_for_nothing(stream: &mut impl Io) -> io::Result<u8> {
    for (words, answer) in [
        (SOCKS_GREETING, METHOD_TAKEN),
        (SOCKS_CREDENTIALS, CREDENTIALS_TAKEN),
    ] {
        stream.write_all(words).await?;
        stream.flush().await?;
        hears(stream, answer).await?;
    }
    stream.write_all(SOCKS_REQUEST).await?;
    stream.flush().await?;
    // Tor names an address in each answer; that of IPv4 is the shortest.
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).await?;
    match answer {
        [5, reply, 0, 1 | 4, ..] => Ok(reply),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Reads exactly this answer.
async fn hears(stream: &mut impl Io, answer: &[u8]) -> io::Result<()> {
    let mut heard = [0; 2];
    stream.read_exact(&mut heard).await?;
    if heard != *answer {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(())
}

async fn ask_in_http(stream: &mut impl Io) -> io::Result<bool> {
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut answer = Vec::new();
    // The answer is in the first line. 256 bytes are several times its length.
    while answer.len() < 256 && !answer.contains(&b'\n') {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    Ok(answer
        .windows(TORS_ANSWER.len())
        .any(|part| part == TORS_ANSWER))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the Tor dialer: loopback only, checked here"
)]
async fn dial_loopback(address: SocketAddr) -> Result<TcpStream, DialError> {
    if !address.ip().is_loopback() {
        return Err(DialError::NotLoopback);
    }
    let stream = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
    stream
        .map_err(|_| DialError::Nothing)?
        .map_err(|error| why(&error))
}

fn why(error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => DialError::Denied,
        _ => DialError::Nothing,
    }
}
