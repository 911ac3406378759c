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
    pin::Pin,
    task::{Context, Poll},
};

use self::flow::Step;
use crate::{counters::Meter, socket::Socket};

pub(crate) use self::{
    flow::{Flow, Way},
    pipe::PipePool,
};

/// A client and Tor, with the stream between them open.
pub(crate) struct Pair {
    /// The side that asked.
    pub(crate) client: Socket,
    /// The side that answered.
    pub(crate) tor: Socket,
    /// The client's direction, as far as it has come: with payload that was read together with the
    /// request.
    pub(crate) up: Flow<'static>,
    /// Payload that was read from Tor together with its answer.
    pub(crate) early_down: Box<[u8]>,
}

/// What payload is moved with. One reference to all of it is held in every idle connection, not one
/// to each.
pub(crate) trait PayloadContext: Sync {
    /// Counts what the client sent and Tor took.
    fn up(&self) -> Meter<'_>;
    /// Counts what Tor sent and the client took.
    fn down(&self) -> Meter<'_>;
    /// Where bulk gets its pipes.
    fn pipes(&self) -> &PipePool;
}

/// Relays until both directions have ended, or one side broke.
///
/// # Errors
/// The first error of either socket; both sockets have then been reset.
///
/// # Cancel safety
/// Dropping the future resets both sockets; all that was handed over has been counted.
pub(crate) fn relay<'a>(
    pair: Pair,
    context: &'a impl PayloadContext,
) -> impl Future<Output = io::Result<()>> + Send + 'a {
    let mut flows = Flows {
        up: pair.up,
        down: Flow::holding(pair.early_down),
    };
    let ends = Ends {
        client: pair.client,
        tor: pair.tor,
    };
    // Not an `async fn`: that would hold its arguments twice, in every idle connection.
    async move {
        let mut watches = Watches::default();
        poll_fn(|cx| {
            let steps = flows.poll(&ends, context, cx)?;
            if steps.are_over() {
                return Poll::Ready(io::Result::Ok(()));
            }
            watches.client.poll(&ends.client, steps.up, cx)?;
            watches.tor.poll(&ends.tor, steps.down, cx)?;
            Poll::Pending
        })
        .await?;
        ends.client.orderly_on_close()?;
        ends.tor.orderly_on_close()
    }
}

struct Ends {
    client: Socket,
    tor: Socket,
}

/// How far both directions have come.
struct Flows<'p> {
    up: Flow<'p>,
    down: Flow<'p>,
}

/// Where both directions stand.
#[derive(Clone, Copy)]
struct Steps {
    up: Step,
    down: Step,
}

#[derive(Default)]
struct Watches<'s> {
    client: Watch<'s>,
    tor: Watch<'s>,
}

impl<'p> Flows<'p> {
    fn poll(
        &mut self,
        ends: &Ends,
        context: &'p impl PayloadContext,
        cx: &mut Context<'_>,
    ) -> io::Result<Steps> {
        let (client, tor, pipes) = (&ends.client, &ends.tor, context.pipes());
        let upwards = Way {
            from: client,
            to: tor,
            meter: context.up(),
            pipes: Some(pipes),
        };
        let downwards = Way {
            from: tor,
            to: client,
            meter: context.down(),
            pipes: Some(pipes),
        };
        let steps = Steps {
            up: self.up.poll(upwards, cx)?,
            down: self.down.poll(downwards, cx)?,
        };
        match (steps.up, steps.down) {
            // Closing both sockets, as follows, tells the last end, too.
            (Step::Ended, Step::Ended) => {}
            (Step::Ended, _) => self.up.pass_the_end_on(tor)?,
            (_, Step::Ended) => self.down.pass_the_end_on(client)?,
            _ => {}
        }
        Ok(steps)
    }
}

impl Steps {
    fn are_over(self) -> bool {
        self.up == Step::Ended && self.down == Step::Ended
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

#[cfg(test)]
mod tests;
