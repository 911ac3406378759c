//! Moves payload in both directions between a client and Tor, and counts it. Only payload is
//! counted.
//!
//! Three rules make the counts exact. A byte is counted when the receiving socket has accepted it,
//! in the same poll, so that neither an error nor a cut can come in between. A direction ends only
//! when its own sender ends it. Unless both directions end in order, both sockets are reset.
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
    /// The side that made the request.
    pub(crate) client: Socket,
    /// Tor's side.
    pub(crate) tor: Socket,
    /// The client's direction, with payload that was read together with the request.
    pub(crate) up: Flow<'static>,
    /// Payload that was read together with Tor's answer.
    pub(crate) early_down: Box<[u8]>,
}

/// Counters and pipes for the payload. Each idle connection holds one reference to all of it, not
/// one reference to each part.
pub(crate) trait PayloadContext: Sync {
    /// Counts bytes that the client sent and Tor accepted.
    fn up(&self) -> Meter<'_>;
    /// Counts bytes that Tor sent and the client accepted.
    fn down(&self) -> Meter<'_>;
    /// Pipes for large transfers.
    fn pipes(&self) -> &PipePool;
}

/// Relays until both directions have ended or one side failed.
///
/// # Errors
/// The first error of either socket. Both sockets have then been reset.
///
/// # Cancel safety
/// Dropping the future resets both sockets. All delivered bytes have been counted.
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
    // Not an `async fn`: its future would store the arguments twice in every idle connection.
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

/// Progress of both directions.
struct Flows<'p> {
    up: Flow<'p>,
    down: Flow<'p>,
}

/// Current step of both directions.
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
            // Closing both sockets, which follows, also tells the last end.
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

/// Detects a reset of a socket that is not being read at the moment: its direction has ended, or
/// its bytes still wait for room at the receiver. A read would report the reset as an error.
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
