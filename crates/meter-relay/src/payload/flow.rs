//! One direction of a connection: bytes from one socket to the other, counted on arrival.
//!
//! Small things are copied through a buffer on the stack. When the sender has more at hand than
//! that, the kernel moves it by itself, through a pipe (splice(2)), where there is such a call.
//! Whatever has been taken from one side leaves for the other before more is taken, so a slow
//! reader makes the sender wait.

use std::{
    io,
    mem::MaybeUninit,
    task::{Context, Poll},
};

use super::pipe::{LentPipe, PipePool};
use crate::{counters::Meter, socket::Socket};

/// The copying buffer, and the most that is kept in this process for a slow reader.
pub(super) const COPY_BYTES: usize = 16 * 1024;
/// What one direction may do before others have a turn: as many calls of up to a pipe each.
const ROUNDS_MAX: u8 = 16;

/// Where a direction stands after a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Waits for the sender.
    Reading,
    /// Waits for room at the receiver, with bytes in hand.
    Delivering,
    /// The sender has ended, and the receiver has been told.
    Ended,
}

/// One direction.
pub(super) struct Flow<'a> {
    from: &'a Socket,
    to: &'a Socket,
    meter: Meter<'a>,
    pipes: &'a PipePool,
    held: Held<'a>,
    /// Whether the sender last had enough at hand to be worth a pipe.
    bulk: bool,
    ended: bool,
}

/// What has been taken from the sender and not yet by the receiver, and where it lies.
enum Held<'a> {
    Nothing,
    /// The rest of a copy, never empty.
    Bytes(Box<[u8]>),
    /// In the kernel; or nothing at the moment, with more to be expected.
    Pipe(LentPipe<'a>),
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        from: &'a Socket,
        to: &'a Socket,
        meter: Meter<'a>,
        pipes: &'a PipePool,
        early: Vec<u8>,
    ) -> Self {
        let held = if early.is_empty() {
            Held::Nothing
        } else {
            Held::Bytes(early.into_boxed_slice())
        };
        Self {
            from,
            to,
            meter,
            pipes,
            held,
            bulk: false,
            ended: false,
        }
    }

    /// Goes on as far as the sockets let it.
    ///
    /// # Errors
    /// Of either socket. What the receiver took before has been counted.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> io::Result<Step> {
        if self.ended {
            return Ok(Step::Ended);
        }
        for _ in 0..ROUNDS_MAX {
            if self.poll_deliver(cx)?.is_pending() {
                return Ok(Step::Delivering);
            }
            match self.poll_take(cx)? {
                Poll::Pending => return Ok(Step::Reading),
                Poll::Ready(Taken::Bytes) => {}
                Poll::Ready(Taken::End) => {
                    self.held = Held::Nothing;
                    self.ended = true;
                    self.to.end_sending()?;
                    return Ok(Step::Ended);
                }
            }
        }
        cx.waker().wake_by_ref();
        Ok(if self.held.is_empty() {
            Step::Reading
        } else {
            Step::Delivering
        })
    }

    /// Hands over all that is held.
    fn poll_deliver(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        while !self.held.is_empty() {
            // The runtime's budget for one task is charged here and in `poll_take`.
            if self.to.poll_writable(cx)?.is_pending() {
                return Ok(Poll::Pending);
            }
            match self.deliver() {
                Err(error) if !try_again(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(Poll::Ready(()))
    }

    fn deliver(&mut self) -> io::Result<()> {
        match &mut self.held {
            Held::Nothing => Ok(()),
            Held::Bytes(bytes) => {
                let written = hand_over(self.to, bytes, self.meter)?;
                if written > 0 {
                    self.held = Held::rest(bytes, written);
                }
                Ok(())
            }
            Held::Pipe(pipe) => pipe.pour_into(self.to, self.meter),
        }
    }

    /// Takes what the sender has at hand, once.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<Taken>> {
        loop {
            if self.from.poll_readable(cx)?.is_pending() {
                // Nothing to move: the pipe is empty, and others may have it.
                self.held = Held::Nothing;
                return Ok(Poll::Pending);
            }
            match self.take() {
                Ok(taken) => return Ok(Poll::Ready(taken)),
                Err(error) if try_again(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// # Precondition
    /// Nothing is held but, perhaps, an empty pipe.
    fn take(&mut self) -> io::Result<Taken> {
        if !self.bulk {
            return self.copy();
        }
        if !matches!(self.held, Held::Pipe(_)) {
            self.held = self.pipes.lend().map_or(Held::Nothing, Held::Pipe);
        }
        let Held::Pipe(pipe) = &mut self.held else {
            return self.copy();
        };
        match pipe.fill_from(self.from) {
            Ok(0) => Ok(Taken::End),
            Ok(filled) => {
                self.bulk = filled >= COPY_BYTES;
                Ok(Taken::Bytes)
            }
            // Not every kernel splices every kind of socket. Nothing was taken.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.held = Held::Nothing;
                self.copy()
            }
            Err(error) => Err(error),
        }
    }

    /// Through a buffer that lives for this call only.
    fn copy(&mut self) -> io::Result<Taken> {
        self.held = Held::Nothing; // a pipe that was of no more use
        let mut room = [const { MaybeUninit::uninit() }; COPY_BYTES];
        let bytes = self.from.try_read(&mut room)?;
        if bytes.is_empty() {
            return Ok(Taken::End);
        }
        self.bulk = bytes.len() == COPY_BYTES;
        let written = hand_over(self.to, bytes, self.meter)?;
        self.held = Held::rest(bytes, written);
        Ok(Taken::Bytes)
    }
}

impl Held<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Bytes(_) => false,
            Self::Pipe(pipe) => pipe.is_empty(),
        }
    }

    fn rest(bytes: &[u8], written: usize) -> Self {
        match bytes.get(written..) {
            Some(rest) if !rest.is_empty() => Self::Bytes(rest.into()),
            _ => Self::Nothing,
        }
    }
}

/// What came of asking the sender.
enum Taken {
    Bytes,
    End,
}

/// Writes and counts what the receiver has room for, which may be nothing.
fn hand_over(to: &Socket, bytes: &[u8], meter: Meter<'_>) -> io::Result<usize> {
    match to.try_write(bytes) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Ok(written) => {
            meter.add(written);
            Ok(written)
        }
        Err(error) if try_again(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Whether nothing has happened yet.
fn try_again(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
