//! Moves payload both ways between a client and Tor, and counts it. Nothing else is ever counted.
//!
//! Exactness comes from three rules. A byte is counted when the far socket's write returned it, in
//! the same poll, so that neither an error nor a cut can come in between. A direction ends only
//! with its own end. Anything but an orderly end of both directions ends as a reset of both sockets.

use std::io;

use tokio::task::coop::consume_budget;

use crate::{
    counters::{Meter, OpenConnection},
    socket::Socket,
};

/// One direction's buffer: what is held in this process while the far side is slow.
const BUFFER_BYTES: usize = 16 * 1024;

/// Relays until both directions have ended, or one side broke.
///
/// # Errors
/// The first error of either socket; both sockets have then been reset.
///
/// # Cancel safety
/// Dropping the future resets both sockets; all that was written has been counted.
pub(crate) async fn relay(
    client: Socket,
    tor: Socket,
    connection: &OpenConnection,
) -> io::Result<()> {
    both_directions(&client, &tor, connection).await?;
    client.close_orderly()?;
    tor.close_orderly()
}

async fn both_directions(
    client: &Socket,
    tor: &Socket,
    connection: &OpenConnection,
) -> io::Result<()> {
    let up = pump(client, tor, connection.up());
    let down = pump(tor, client, connection.down());
    tokio::pin!(up, down);
    let mut up_ended = false;
    let mut down_ended = false;
    while !(up_ended && down_ended) {
        // Not biased: a direction that is always ready must not keep the other from its turn.
        tokio::select! {
            ended = &mut up, if !up_ended => { ended?; up_ended = true; }
            ended = &mut down, if !down_ended => { ended?; down_ended = true; }
            // A side whose direction has ended is read no more, so its reset shows only here.
            () = client.broken(), if up_ended => return Err(io::ErrorKind::ConnectionReset.into()),
            () = tor.broken(), if down_ended => return Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
    Ok(())
}

/// Moves one direction until its end, and passes the end on.
async fn pump(from: &Socket, to: &Socket, meter: Meter<'_>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        // The sockets' own waits never yield while both are ready; other connections have a turn.
        consume_budget().await;
        let filled = from.read(&mut buffer).await?;
        if filled == 0 {
            return to.end_sending();
        }
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while !rest.is_empty() {
            let written = tokio::select! {
                // What can still be delivered is delivered before a reset is believed.
                biased;
                written = to.write(rest) => written?,
                () = from.broken() => return Err(io::ErrorKind::ConnectionReset.into()),
            };
            meter.add(written);
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(written..).unwrap_or_default();
        }
    }
}
