//! Opens a connection to a ledger: through Tor's SOCKS port on circuits that nothing else uses, or
//! directly if the ledger is on this computer. It never tries another way.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use meter_core::TorAddr;
use meter_owner::Listener;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};

use super::{Io, dial, dial_theirs};
use crate::{LedgerAddress, OnionName};

/// Longest wait for Tor's answer. Finding an onion service and meeting it takes some seconds on the
/// public network; Tor itself gives up after 120 s (`SocksTimeout`).
const SOCKS_MAX: Duration = Duration::from_secs(60);

/// Version 5, one method: user name and password.
const GREETING: &[u8] = &[5, 1, 2];
/// Tor's answer to it.
const METHOD_TAKEN: [u8; 2] = [5, 2];
/// RFC 1929 §2: the version, and the status for success.
const CREDENTIALS_TAKEN: [u8; 2] = [1, 0];
/// Tor's user name for the meaning "the password isolates circuits and has no other effect" (Tor's
/// socks-extensions, "Extended authentication"). The relay uses the same form.
const USER: &[u8] = b"<torS0X>0";

/// Identifies a set of circuits: connections with different keys share no circuit. The relay's
/// connections have keys of the same form, so none of them shares a circuit with these. Has no
/// `Debug`: credentials are never logged.
#[derive(Clone)]
pub struct IsolationKey([u8; 16]);

impl IsolationKey {
    /// The key of these bytes, which must be random.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The RFC 1929 §2 message that carries it.
    fn message(&self) -> Vec<u8> {
        const USER_BYTES: u8 = 9;
        const PASSWORD_BYTES: u8 = 32;
        const {
            assert!(USER.len() == 9);
        }
        let mut message = vec![1, USER_BYTES];
        message.extend_from_slice(USER);
        message.push(PASSWORD_BYTES);
        message.extend_from_slice(hex::encode(self.0).as_bytes());
        message
    }
}

/// An open connection to a ledger.
pub struct LedgerStream(Box<dyn Io>);

/// Why there is no connection to a ledger. No variant names its address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerDialError {
    /// No Tor is usable, so nothing was tried.
    #[error("Tor is not usable yet, and the ledger is reached through Tor only")]
    NoTor,
    /// Tor's SOCKS port does not answer, or not as Tor does.
    #[error("Tor's SOCKS port gave no answer that Tor would give")]
    TorBroken,
    /// No program listens at the loopback address.
    #[error("no program listens at the ledger's address on this computer")]
    NotRunning,
    /// Tor's network has no descriptor of the onion service: it does not run, or is new and not
    /// known yet, or the address is wrong.
    #[error("Tor does not find the ledger's onion service; its server may be down")]
    NotFound,
    /// The onion service has a descriptor but does not answer.
    #[error("the ledger's onion service does not answer; its server may be down")]
    Down,
    /// The onion service refused the connection.
    #[error("the ledger's onion service refused the connection: no ledger runs behind this port")]
    Refused,
    /// The onion service lets in only clients that it knows.
    #[error("the onion service lets in only clients that it knows, so it is no open ledger")]
    ClosedService,
    /// Tor is running and got no connection. It also says so when the onion service answers and no
    /// program listens behind it: a service does not tell its clients why.
    #[error(
        "Tor got no connection to the ledger's onion service: the ledger may not be running, or \
         Tor found no way to it"
    )]
    Unreachable,
    /// Tor refuses such connections by its own configuration.
    #[error("Tor's own configuration does not allow the connection to the ledger")]
    NotAllowed,
    /// Neither Tor's limit nor ours was enough.
    #[error("there was no connection to the ledger's onion service in time")]
    TimedOut,
}

/// Opens a connection to a ledger. `socks` is the SOCKS port of a usable Tor, `None` while there is
/// none, with the [listener](crate::Tor::listener) there; a ledger on this computer needs none.
/// `key` decides which circuits Tor uses.
///
/// # Errors
/// The reason why there is no connection. Nothing is tried again.
///
/// # Cancel safety
/// Dropping the future closes the connection attempt.
pub async fn dial_ledger(
    address: &LedgerAddress,
    socks: Option<(&TorAddr, Option<&Listener>)>,
    key: &IsolationKey,
) -> Result<LedgerStream, LedgerDialError> {
    match address {
        LedgerAddress::Loopback(address) => {
            let stream = dial(&TorAddr::Tcp(*address)).await;
            stream
                .map(LedgerStream)
                .map_err(|_| LedgerDialError::NotRunning)
        }
        LedgerAddress::Onion { name, port } => {
            let (socks, listener) = socks.ok_or(LedgerDialError::NoTor)?;
            let stream = dial_theirs(socks).await;
            let mut stream = stream.map_err(|_| LedgerDialError::NoTor)?;
            // Another program may have taken Tor's place.
            if listener.is_some_and(|listener| !listener.is_there()) {
                return Err(LedgerDialError::NoTor);
            }
            connect(&mut stream, (name, *port), key).await?;
            Ok(LedgerStream(stream))
        }
    }
}

async fn connect(
    stream: &mut impl Io,
    to: (&OnionName, u16),
    key: &IsolationKey,
) -> Result<(), LedgerDialError> {
    let asked = timeout(SOCKS_MAX, ask(stream, request(to), key)).await;
    let reply = asked.map_err(|_| LedgerDialError::TimedOut)?;
    match reply.map_err(|_| LedgerDialError::TorBroken)? {
        SUCCEEDED => Ok(()),
        reply => Err(of_reply(reply)),
    }
}

/// Returns the code of Tor's reply. Sends one step at a time: Tor loses its answer to a greeting if
/// credentials follow at once.
async fn ask(stream: &mut impl Io, request: Vec<u8>, key: &IsolationKey) -> io::Result<u8> {
    say(stream, GREETING).await?;
    expect(stream, METHOD_TAKEN).await?;
    say(stream, &key.message()).await?;
    expect(stream, CREDENTIALS_TAKEN).await?;
    say(stream, &request).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [version, reply, reserved, address_type] = head;
    // The address that Tor is bound to, and a port. Nothing behind it may be read: it is payload.
    let rest = match (version, reserved, address_type) {
        (5, 0, 1) => 4 + 2,
        (5, 0, 4) => 16 + 2,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let mut bound = [0; 18];
    let bound = bound.get_mut(..rest).unwrap_or_default();
    stream.read_exact(bound).await?;
    Ok(reply)
}

async fn say(stream: &mut impl Io, words: &[u8]) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.flush().await
}

async fn expect(stream: &mut impl Io, expected: [u8; 2]) -> io::Result<()> {
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    match answer == expected {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// CONNECT to a name (RFC 1928 §4).
fn request((name, port): (&OnionName, u16)) -> Vec<u8> {
    /// 56 characters and `.onion`.
    const NAME_BYTES: u8 = 62;
    let mut request = vec![5, 1, 0, 3, NAME_BYTES];
    request.extend_from_slice(name.as_str().as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    request
}

/// RFC 1928 §6.
const SUCCEEDED: u8 = 0;

/// The replies of RFC 1928 §6, and those that Tor has for onion services where its SOCKS port has
/// the flag `ExtendedErrors` (tor(1)). Without the flag Tor gives 1, 4 or 6 in their place.
const fn of_reply(reply: u8) -> LedgerDialError {
    match reply {
        2 => LedgerDialError::NotAllowed,
        5 => LedgerDialError::Refused,
        // The descriptor is not found, or cannot be read.
        0xF0 | 0xF1 => LedgerDialError::NotFound,
        // Introduction failed, rendezvous failed, introduction timed out.
        0xF2 | 0xF3 | 0xF7 => LedgerDialError::Down,
        // Client authorization is missing, or is wrong.
        0xF4 | 0xF5 => LedgerDialError::ClosedService,
        // Our own check of the name is the same as Tor's.
        0xF6 => LedgerDialError::TorBroken,
        6 => LedgerDialError::TimedOut,
        1 | 3 | 4 => LedgerDialError::Unreachable,
        // A command or address of another type than CONNECT to a name, and numbers that no
        // specification has.
        _ => LedgerDialError::TorBroken,
    }
}

impl AsyncRead for LedgerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for LedgerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl fmt::Debug for LedgerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerStream")
    }
}

#[cfg(test)]
mod tests;
