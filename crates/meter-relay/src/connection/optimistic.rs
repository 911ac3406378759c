//! The optimistic way to an open stream: the relay reports success before Tor has answered, and
//! sends the client's early payload to Tor after the request.
//!
//! This saves the client a round trip through Tor. The price: when Tor refuses, the client can only
//! be reset and does not learn why. Early payload counts when Tor has accepted it, like all
//! payload.

use std::{io, task::Context};

use shadowsocks::relay::socks5::Reply;
use tokio::io::AsyncWriteExt as _;
use tracing::debug;

use super::opening::{Client, Upstream, count_answer};
use crate::{
    closing::reply_bytes,
    counters::OpenConnection,
    dial::{Answer, TorRequest, dial},
    payload::{Flow, Pair, Way},
    slot::Shared,
    socket::Socket,
};

/// Reports success to the client, then asks Tor. `None` when Tor refused or did not answer; the
/// client is then reset.
///
/// # Errors
/// An error of the client's socket.
pub(super) async fn open(
    mut client: Client,
    upstream: &Upstream,
    tor_request: TorRequest,
    connection: &OpenConnection,
    shared: &Shared,
) -> io::Result<Option<Pair>> {
    client
        .stream
        .write_all(&reply_bytes(Reply::Succeeded))
        .await?;
    let client_socket = Socket::Tcp(client.stream);
    client_socket.reset_on_close()?;
    let mut up = Flow::holding(client.early);
    let send_ahead = |tor: &Socket, cx: &mut Context<'_>| {
        let way = Way {
            from: &client_socket,
            to: tor,
            meter: connection.up(),
            // A pipe is not worth its cost before the answer.
            pipes: None,
        };
        up.poll(way, cx)?;
        if up.ended_without_data() {
            return Err(io::ErrorKind::ConnectionAborted.into()); // it has left, as browsers do
        }
        // With payload before it, the client's end is passed on after the answer: Tor gives up a
        // stream whose client closes before.
        Ok(())
    };
    let waiting = connection.waiting();
    let answer = dial(
        upstream.address(),
        upstream.listener(),
        tor_request,
        shared.config.dial_max,
        send_ahead,
    )
    .await;
    drop(waiting);
    count_answer(&answer, connection);
    match answer {
        Ok(Answer::Open(tor, _)) => {
            tor.socket.reset_on_close()?;
            return Ok(Some(Pair {
                client: client_socket,
                tor: tor.socket,
                up,
                early_down: tor.early,
            }));
        }
        Ok(Answer::Refused(_)) => debug!("Tor refused what the client was promised"),
        Err(error) => debug!(%error, "Tor did not answer what the client was promised"),
    }
    Ok(None)
}
