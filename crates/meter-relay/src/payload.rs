//! Moves payload both ways between a client and Tor, and counts it. Nothing else is ever counted.
//!
//! Exactness comes from three rules. A byte is counted when the far socket took it, in the same
//! poll, so that neither an error nor a cut can come in between. A direction ends only with its own
//! end. Anything but an orderly end of both directions ends as a reset of both sockets.
//!
//! An idle connection holds two sockets and nothing else: no buffer, no pipe, no timer.

mod flow;
#[cfg_attr(not(target_os = "linux"), path = "payload/no_pipe.rs")]
mod pipe;

use std::{
    future::poll_fn,
    io,
    mem::take,
    pin::Pin,
    task::{Context, Poll},
};

use self::flow::{Flow, Step, Way};
use crate::{counters::OpenConnection, socket::Socket};

pub(crate) use self::pipe::PipePool;

/// A client and Tor, with the stream between them open.
pub(crate) struct Pair {
    /// The side that asked.
    pub(crate) client: Socket,
    /// The side that answered.
    pub(crate) tor: Socket,
    /// Payload that was read from the client together with its request.
    pub(crate) early_up: Box<[u8]>,
    /// Payload that was read from Tor together with its answer.
    pub(crate) early_down: Box<[u8]>,
}

/// Relays until both directions have ended, or one side broke.
///
/// # Errors
/// The first error of either socket; both sockets have then been reset.
///
/// # Cancel safety
/// Dropping the future resets both sockets; all that was handed over has been counted.
pub(crate) fn relay<'a>(
    mut pair: Pair,
    connection: &'a OpenConnection,
    pipes: &'a PipePool,
) -> impl Future<Output = io::Result<()>> + Send + 'a {
    // Not an `async fn`: that would hold the pair twice, in every idle connection.
    async move {
        let _user = pipes.enter();
        let mut up = Flow::holding(take(&mut pair.early_up));
        let mut down = Flow::holding(take(&mut pair.early_down));
        let (client, tor) = (&pair.client, &pair.tor);
        let mut client_watch = Watch::default();
        let mut tor_watch = Watch::default();
        poll_fn(|cx| {
            let upwards = Way {
                from: client,
                to: tor,
                meter: connection.up(),
                pipes,
            };
            let downwards = Way {
                from: tor,
                to: client,
                meter: connection.down(),
                pipes,
            };
            let steps = (up.poll(upwards, cx)?, down.poll(downwards, cx)?);
            match steps {
                // Closing both sockets tells the last end, too.
                (Step::Ended, Step::Ended) => return Poll::Ready(io::Result::Ok(())),
                (Step::Ended, _) => up.pass_the_end_on(tor)?,
                (_, Step::Ended) => down.pass_the_end_on(client)?,
                _ => {}
            }
            client_watch.poll(client, steps.0, cx)?;
            tor_watch.poll(tor, steps.1, cx)?;
            Poll::Pending
        })
        .await?;
        client.orderly_on_close()?;
        tor.orderly_on_close()
    }
}

/// Looks for a reset of a socket that nobody reads at the moment: its direction has ended, or what
/// it sent has not yet found room on the far side. Whoever reads sees a reset as the read's error.
#[derive(Default)]
struct Watch<'a>(Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>);

impl<'a> Watch<'a> {
    fn poll(&mut self, from: &'a Socket, step: Step, cx: &mut Context<'_>) -> io::Result<()> {
        if step == Step::Reading {
            self.0 = None;
            return Ok(());
        }
        let broken = self.0.get_or_insert_with(|| Box::pin(from.broken()));
        match broken.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionReset.into()),
            Poll::Pending => Ok(()),
        }
    }
}
