//! The usual way to an open stream: the relay asks Tor, and the client waits for Tor's answer.

use std::io;

use tokio::io::Interest;
use tracing::debug;

use super::opening::{Client, Upstream, count_answer};
use crate::{
    closing::{reply_bytes, response_bytes, say_and_close},
    counters::OpenConnection,
    dial::{Answer, TorRequest, dial},
    payload::{Flow, Pair},
    slot::Shared,
    socket::Socket,
};

/// Asks Tor and passes Tor's answer to the client. `None` when the client was refused or has left.
///
/// # Errors
/// An error of either socket.
pub(super) async fn open(
    mut client: Client,
    upstream: &Upstream,
    tor_request: TorRequest,
    connection: &OpenConnection,
    shared: &Shared,
) -> io::Result<Option<Pair>> {
    let waiting = connection.waiting();
    let (address, listener) = (upstream.address(), upstream.listener());
    let dial_max = shared.config.dial_max;
    let answer = tokio::select! {
        biased;
        answer = dial(address, listener, tor_request, dial_max, |_, _| Ok(())) => answer,
        () = gone(&client) => {
            debug!("client left before Tor answered");
            return Ok(None);
        }
    };
    drop(waiting);
    count_answer(&answer, connection);
    match answer {
        Ok(Answer::Open(tor, response)) => {
            response.write_to(&mut client.stream).await?;
            let pair = Pair {
                client: Socket::Tcp(client.stream),
                tor: tor.socket,
                up: Flow::holding(client.early),
                early_down: tor.early,
            };
            pair.client.reset_on_close()?;
            pair.tor.reset_on_close()?;
            return Ok(Some(pair));
        }
        Ok(Answer::Refused(response)) => {
            say_and_close(client.stream, &response_bytes(&response)).await?;
        }
        Err(error) => {
            debug!(%error, "Tor did not answer");
            say_and_close(client.stream, &reply_bytes(error.reply())).await?;
        }
    }
    Ok(None)
}

/// Waits until the client has left: it reset the connection, or closed it and nothing is unread.
///
/// When a browser gives up a page, it closes the page's connections. Without this wait each of them
/// would occupy its slot until Tor answered. Tor, too, gives up a stream whose client has closed
/// before the answer.
async fn gone(client: &Client) {
    let early = !client.early.is_empty() || client.stream.peek(&mut [0]).await.unwrap_or(0) > 0;
    if early {
        // Early payload hides an end behind it, but not a reset. The result of the wait does not
        // matter.
        drop(client.stream.ready(Interest::ERROR).await);
    }
}
