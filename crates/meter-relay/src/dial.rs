//! Tor's side of a connection: the only place that opens a connection to anything.
//!
//! It dials the upstream it is handed, once, and asks for one target by SOCKS5. It never tries
//! again and knows no other way out.

use std::{io, time::Duration};

use meter_core::Upstream;
use shadowsocks::relay::socks5::{
    self, Command, HandshakeRequest, HandshakeResponse, Reply, SOCKS5_AUTH_METHOD_NONE,
    SOCKS5_AUTH_METHOD_PASSWORD, TcpRequestHeader, TcpResponseHeader,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::{isolation::CircuitKey, socket::Socket, target::Target};

/// Longest wait for the bare connection to Tor. A live listener on this machine answers at once;
/// one whose queue is full would cost a second's retry, and a client is told within a second.
const CONNECT_MAX: Duration = Duration::from_millis(900);
/// What is read at a time: Tor's longest answer has 24 bytes. One byte more shows that a read that
/// took it whole was short, which spares the call that would only be told "would block".
const ANSWER_BYTES: usize = 64;
/// RFC 1928 §6: the bound address is a name. Tor never answers CONNECT with one.
const ATYP_NAME: u8 = 3;
/// RFC 1929 §2: version, and the status that means success.
const CREDENTIALS_ACCEPTED: [u8; 2] = [1, 0];

/// Tor's answer to a request.
pub(crate) enum Answer {
    /// The stream is open; payload follows.
    Open(Opened, TcpResponseHeader),
    /// Tor refused, in its own words.
    Refused(TcpResponseHeader),
}

/// Tor's side of an open stream.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    /// Payload that came in one piece with the answer.
    pub(crate) early: Box<[u8]>,
}

/// No answer from Tor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The Tor side published an address that is not ours to dial.
    #[error("the upstream is not on this machine")]
    NotLoopback,
    /// Nothing accepts connections there.
    #[error("cannot connect to Tor's SOCKS port")]
    Unreachable(#[source] io::Error),
    /// Tor accepted, and then did not answer in time.
    #[error("no answer from Tor in time")]
    Unanswered,
    /// What came back is not SOCKS5 as Tor speaks it.
    #[error("Tor's SOCKS port broke the protocol")]
    Protocol(#[from] socks5::Error),
}

impl DialError {
    /// What the client is told.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::NotLoopback | Self::Unreachable(_) | Self::Protocol(_) => Reply::GeneralFailure,
            // What Tor says itself when its own wait is over: whichever of the two limits comes
            // first, the client sees the same.
            Self::Unanswered => Reply::TtlExpired,
        }
    }
}

/// Connects to Tor and asks for `target`, on circuits of its own if there is a key to them; waits
/// at most `dial_max` for the answer.
pub(crate) async fn dial(
    upstream: &Upstream,
    target: Target,
    circuit: Option<CircuitKey>,
    dial_max: Duration,
) -> Result<Answer, DialError> {
    let (socket, early, response) = match upstream {
        Upstream::Tcp(address) if !address.ip().is_loopback() => {
            return Err(DialError::NotLoopback);
        }
        Upstream::Tcp(address) => {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one dialer: Tor's SOCKS port, on loopback"
            )]
            let stream = connected(TcpStream::connect(address)).await?;
            stream.set_nodelay(true).map_err(DialError::Unreachable)?;
            let mut stream = BufReader::with_capacity(ANSWER_BYTES, stream);
            let response = ask(&mut stream, target, circuit, dial_max).await?;
            let early = stream.buffer().into();
            (Socket::Tcp(stream.into_inner()), early, response)
        }
        Upstream::Unix(path) => {
            let stream = connected(UnixStream::connect(path)).await?;
            let mut stream = BufReader::with_capacity(ANSWER_BYTES, stream);
            let response = ask(&mut stream, target, circuit, dial_max).await?;
            let early = stream.buffer().into();
            (Socket::Unix(stream.into_inner()), early, response)
        }
    };
    Ok(match response.reply {
        Reply::Succeeded => Answer::Open(Opened { socket, early }, response),
        _ => Answer::Refused(response),
    })
}

async fn connected<S>(connect: impl Future<Output = io::Result<S>>) -> Result<S, DialError> {
    match timeout(CONNECT_MAX, connect).await {
        Ok(outcome) => outcome.map_err(DialError::Unreachable),
        Err(_elapsed) => Err(DialError::Unreachable(io::ErrorKind::TimedOut.into())),
    }
}

async fn ask<S>(
    stream: &mut S,
    target: Target,
    circuit: Option<CircuitKey>,
    dial_max: Duration,
) -> Result<TcpResponseHeader, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        let request = TcpRequestHeader::new(Command::TcpConnect, target.into_address());
        match &circuit {
            None => {
                agree(stream, SOCKS5_AUTH_METHOD_NONE).await?;
                request.write_to(stream).await?;
            }
            Some(circuit) => {
                agree(stream, SOCKS5_AUTH_METHOD_PASSWORD).await?;
                // Tor reads both from one segment. Only the greeting has to go ahead of them: Tor
                // 0.4.9 loses its answer to a greeting that credentials follow at once.
                let mut words = circuit.message();
                request.write_to_buf(&mut words);
                stream.write_all(&words).await?;
                read_verdict(stream).await?;
            }
        }
        read_response(stream).await
    };
    match timeout(dial_max, exchange).await {
        Ok(outcome) => Ok(outcome?),
        Err(_elapsed) => Err(DialError::Unanswered),
    }
}

/// Offers one method. There is no second choice: a Tor that would not take credentials must not
/// put two sites on one circuit unnoticed.
async fn agree<S>(stream: &mut S, method: u8) -> Result<(), socks5::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    HandshakeRequest::new(vec![method]).write_to(stream).await?;
    let answer = HandshakeResponse::read_from(stream).await?;
    if answer.chosen_method != method {
        return Err(out_of_step());
    }
    Ok(())
}

/// Reads Tor's word on the credentials.
async fn read_verdict<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(), socks5::Error> {
    let mut verdict = [0; 2];
    stream.read_exact(&mut verdict).await?;
    if verdict != CREDENTIALS_ACCEPTED {
        return Err(out_of_step());
    }
    Ok(())
}

fn out_of_step() -> socks5::Error {
    io::Error::from(io::ErrorKind::InvalidData).into()
}

/// Reads exactly Tor's reply, so that payload behind it is taken for payload (S-30).
async fn read_response<S>(stream: &mut S) -> Result<TcpResponseHeader, socks5::Error>
where
    S: AsyncRead + Unpin,
{
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [_, _, reserved, address_type] = head;
    // The reader behind the next line accepts both; from Tor they mean that we are out of step.
    if reserved != 0 || address_type == ATYP_NAME {
        return Err(out_of_step());
    }
    TcpResponseHeader::read_from(&mut head.as_slice().chain(stream)).await
}

#[cfg(test)]
mod fuzz;
