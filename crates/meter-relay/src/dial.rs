//! Tor's side of a connection. Only this module opens connections.
//!
//! It connects once to the upstream that it got and asks for one target by SOCKS5. It does not
//! retry and never connects to anything else.

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
use meter_owner::Listener;
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
    /// Tor refused; this is its reply.
    Refused(TcpResponseHeader),
}

/// Tor's side of an open stream.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    /// Payload that arrived together with the answer.
    pub(crate) early: Box<[u8]>,
}

/// The bytes to send to Tor, in one or two parts.
pub(crate) struct TorRequest {
    first: Vec<u8>,
    /// Sent after Tor's answer to the first part.
    second: Option<Vec<u8>>,
}

impl TorRequest {
    /// Builds the request for `target`, on the circuits of `circuit` if that is given.
    ///
    /// Offers exactly one method and no fallback. Otherwise a Tor that takes no credentials would
    /// put two sites on one circuit without any sign.
    pub(crate) fn new(target: Target, circuit: Option<CircuitKey>) -> Self {
        let request = TcpRequestHeader::new(Command::TcpConnect, target.into_address());
        let Some(circuit) = circuit else {
            // Tor accepts both in one segment.
            let mut first = greeting(SOCKS5_AUTH_METHOD_NONE);
            request.write_to_buf(&mut first);
            return Self {
                first,
                second: None,
            };
        };
        // Only the greeting must be sent alone: Tor 0.4.9 loses its answer to a greeting when
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

/// Connects to Tor, sends the request and waits for the answer, at most `dial_max`. After the whole
/// request was sent, `meanwhile` is polled during the wait and may use the socket's sending side.
/// If `listener` is another one by now, the second part is not sent.
///
/// # Errors
/// The reason why there is no answer. An error of `meanwhile` counts as the client's.
pub(crate) async fn dial(
    upstream: &TorAddr,
    listener: Option<&Listener>,
    tor_request: TorRequest,
    dial_max: Duration,
    mut meanwhile: impl FnMut(&Socket, &mut Context<'_>) -> io::Result<()>,
) -> Result<Answer, DialError> {
    let socket = connect::connect(upstream, &tor_request.first).await?;
    let mut answers = Answers::from(Incoming(&socket));
    let say = async |words: Vec<u8>| {
        if listener.is_some_and(|listener| !listener.is_there()) {
            return Err(DialError::Replaced);
        }
        Ok(socket.write_all(&words).await?)
    };
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

/// Continues after the first part was sent.
async fn ask<R: AsyncRead + Unpin>(
    answers: &mut Answers<R>,
    second: Option<Vec<u8>>,
    say: impl AsyncFnOnce(Vec<u8>) -> Result<(), DialError>,
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
            meanwhile(cx).map_err(DialError::Client)?;
            Poll::Pending
        }
        ready => ready.map_err(DialError::from),
    })
    .await
}

#[cfg(test)]
mod fuzz;
