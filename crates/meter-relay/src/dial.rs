//! Tor's side of a connection: the only place that opens a connection to anything.
//!
//! It dials the upstream it is handed, once, and asks for one target by SOCKS5. It never tries
//! again and knows no other way out.

mod answers;
mod connect;
mod error;

use std::{
    future::poll_fn,
    io,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use meter_core::TorAddr;
use shadowsocks::relay::socks5::{
    Command, HandshakeRequest, Reply, SOCKS5_AUTH_METHOD_NONE, SOCKS5_AUTH_METHOD_PASSWORD,
    TcpRequestHeader, TcpResponseHeader,
};
use tokio::{io::AsyncRead, time::timeout};

use self::answers::{Answers, Incoming};
pub(crate) use self::error::DialError;
use crate::{isolation::CircuitKey, socket::Socket, target::Target};

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

/// What is said to Tor, in the pieces it has to be said in.
pub(crate) struct TorRequest {
    first: Vec<u8>,
    /// Behind Tor's answer to the first piece.
    second: Option<Vec<u8>>,
}

impl TorRequest {
    /// To reach `target`, on circuits of its own if there is a key to them.
    ///
    /// One method is offered, and there is no second choice: a Tor that would not take credentials
    /// must not put two sites on one circuit unnoticed.
    pub(crate) fn new(target: Target, circuit: Option<CircuitKey>) -> Self {
        let request = TcpRequestHeader::new(Command::TcpConnect, target.into_address());
        let Some(circuit) = circuit else {
            // Tor reads both from one segment.
            let mut first = greeting(SOCKS5_AUTH_METHOD_NONE);
            request.write_to_buf(&mut first);
            return Self {
                first,
                second: None,
            };
        };
        // Only the greeting has to go ahead: Tor 0.4.9 loses its answer to a greeting that
        // credentials follow at once.
        let mut second = circuit.message();
        request.write_to_buf(&mut second);
        Self {
            first: greeting(SOCKS5_AUTH_METHOD_PASSWORD),
            second: Some(second),
        }
    }
}

fn greeting(method: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    HandshakeRequest::new(vec![method]).write_to_buf(&mut bytes);
    bytes
}

/// Connects to Tor, asks, and waits at most `dial_max` for the answer. Once the whole request has
/// been said, `meanwhile` is polled along with the wait, and may use the socket's sending side.
///
/// # Errors
/// Why there is no answer; an error of `meanwhile` is taken for one of the connection.
pub(crate) async fn dial(
    upstream: &TorAddr,
    tor_request: TorRequest,
    dial_max: Duration,
    mut meanwhile: impl FnMut(&Socket, &mut Context<'_>) -> io::Result<()>,
) -> Result<Answer, DialError> {
    let socket = connect::connect(upstream, &tor_request.first).await?;
    let mut answers = Answers::from(Incoming(&socket));
    let say = async |words: Vec<u8>| socket.write_all(&words).await;
    let exchange = ask(&mut answers, tor_request.second, say, |cx| {
        meanwhile(&socket, cx)
    });
    let response = timeout(dial_max, exchange)
        .await
        .map_err(|_elapsed| DialError::Unanswered)??;
    let early = answers.rest().into();
    Ok(match response.reply {
        Reply::Succeeded => Answer::Open(Opened { socket, early }, response),
        _ => Answer::Refused(response),
    })
}

/// From the first piece on, which has been said.
async fn ask<R: AsyncRead + Unpin>(
    answers: &mut Answers<R>,
    second: Option<Vec<u8>>,
    say: impl AsyncFnOnce(Vec<u8>) -> io::Result<()>,
    mut meanwhile: impl FnMut(&mut Context<'_>) -> io::Result<()>,
) -> Result<TcpResponseHeader, DialError> {
    let isolated = second.is_some();
    if let Some(second) = second {
        answers.method(SOCKS5_AUTH_METHOD_PASSWORD).await?;
        say(second).await?;
    }
    let mut answer = pin!(async {
        if isolated {
            answers.verdict().await?;
        } else {
            answers.method(SOCKS5_AUTH_METHOD_NONE).await?;
        }
        answers.response().await
    });
    poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Pending => {
            meanwhile(cx)?;
            Poll::Pending
        }
        ready => ready.map_err(DialError::from),
    })
    .await
}

#[cfg(test)]
mod fuzz;
