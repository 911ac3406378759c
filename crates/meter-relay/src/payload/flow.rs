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
pub(crate) enum Step {
    /// Waits for the sender.
    Reading,
    /// Waits for room at the receiver, with bytes in hand.
    Delivering,
    /// The sender has ended, and all that it sent was handed over.
    Ended,
}

/// The two ends of a direction, and what stands along it.
#[derive(Clone, Copy)]
pub(crate) struct Way<'s, 'p> {
    pub(crate) from: &'s Socket,
    pub(crate) to: &'s Socket,
    pub(crate) meter: Meter<'s>,
    /// Where bulk gets its pipes; without, it is copied.
    pub(crate) pipes: Option<&'p PipePool>,
}

/// How far one direction has come. Small: an idle connection holds two of these.
pub(crate) struct Flow<'p> {
    held: Held<'p>,
    /// Whether the sender last had enough at hand to be worth a pipe.
    bulk: bool,
    /// Whether there was ever a byte.
    spoken: bool,
    ended: bool,
    told: bool,
}

/// What has been taken from the sender and not yet by the receiver, and where it lies.
enum Held<'p> {
    Nothing,
    /// The rest of a copy, never empty.
    Bytes(Box<[u8]>),
    /// In the kernel; or nothing at the moment, with more to be expected.
    Pipe(Box<LentPipe<'p>>),
}

impl<'p> Flow<'p> {
    /// A direction with these bytes already taken.
    pub(crate) fn holding(early: Box<[u8]>) -> Self {
        Self {
            bulk: false,
            spoken: !early.is_empty(),
            held: Held::rest(early),
            ended: false,
            told: false,
        }
    }

    /// Goes on as far as the sockets let it.
    ///
    /// # Errors
    /// Of either socket. What the receiver took before has been counted.
    pub(crate) fn poll(&mut self, way: Way<'_, 'p>, cx: &mut Context<'_>) -> io::Result<Step> {
        if self.ended {
            return Ok(Step::Ended);
        }
        for _ in 0..ROUNDS_MAX {
            if self.poll_deliver(way, cx)?.is_pending() {
                return Ok(Step::Delivering);
            }
            match self.poll_take(way, cx)? {
                Poll::Pending => return Ok(Step::Reading),
                Poll::Ready(Taken::Bytes) => self.spoken = true,
                Poll::Ready(Taken::End) => {
                    self.held = Held::Nothing;
                    self.ended = true;
                    return Ok(Step::Ended);
                }
            }
        }
        cx.waker().wake_by_ref();
        if !self.held.is_empty() {
            return Ok(Step::Delivering);
        }
        // Whoever has the next turn fills the same pipe, still warm; and more than there are pipes
        // can take turns with them.
        self.held = Held::Nothing;
        Ok(Step::Reading)
    }

    /// Whether the sender has ended without a word.
    pub(crate) fn ended_mute(&self) -> bool {
        self.ended && !self.spoken
    }

    /// Tells the receiver, once, of an end that has been reached.
    pub(super) fn pass_the_end_on(&mut self, to: &Socket) -> io::Result<()> {
        if !std::mem::replace(&mut self.told, true) {
            to.end_sending()?;
        }
        Ok(())
    }

    /// Hands over all that is held.
    fn poll_deliver(&mut self, way: Way<'_, 'p>, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        while !self.held.is_empty() {
            // The runtime's budget for one task is charged here and in `poll_take`.
            if way.to.poll_writable(cx)?.is_pending() {
                return Ok(Poll::Pending);
            }
            match self.deliver(way) {
                Err(error) if !try_again(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(Poll::Ready(()))
    }

    fn deliver(&mut self, way: Way<'_, 'p>) -> io::Result<()> {
        match &mut self.held {
            Held::Nothing => Ok(()),
            Held::Bytes(bytes) => {
                let written = hand_over(way.to, bytes, way.meter)?;
                if let Some(rest) = bytes.get(written..).filter(|_| written > 0) {
                    self.held = Held::rest(rest.into());
                }
                Ok(())
            }
            Held::Pipe(pipe) => pipe.pour_into(way.to, way.meter),
        }
    }

    /// Takes what the sender has at hand, once.
    fn poll_take(&mut self, way: Way<'_, 'p>, cx: &mut Context<'_>) -> io::Result<Poll<Taken>> {
        loop {
            if way.from.poll_readable(cx)?.is_pending() {
                // Nothing to move: the pipe is empty, and others may have it.
                self.held = Held::Nothing;
                return Ok(Poll::Pending);
            }
            match self.take(way) {
                Ok(taken) => return Ok(Poll::Ready(taken)),
                Err(error) if try_again(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// # Precondition
    /// Nothing is held but, perhaps, an empty pipe.
    fn take(&mut self, way: Way<'_, 'p>) -> io::Result<Taken> {
        if !self.bulk {
            return self.copy(way);
        }
        if !matches!(self.held, Held::Pipe(_)) {
            self.held = way
                .pipes
                .and_then(PipePool::lend)
                .map_or(Held::Nothing, |pipe| Held::Pipe(Box::new(pipe)));
        }
        let Held::Pipe(pipe) = &mut self.held else {
            return self.copy(way);
        };
        match pipe.fill_from(way.from) {
            Ok(0) => Ok(Taken::End),
            Ok(filled) => {
                self.bulk = filled >= COPY_BYTES;
                Ok(Taken::Bytes)
            }
            // Not every kernel splices every kind of socket. Nothing was taken.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.held = Held::Nothing;
                self.copy(way)
            }
            Err(error) => Err(error),
        }
    }

    /// Through a buffer that lives for this call only.
    fn copy(&mut self, way: Way<'_, 'p>) -> io::Result<Taken> {
        self.held = Held::Nothing; // a pipe that was of no more use
        let mut room = [const { MaybeUninit::uninit() }; COPY_BYTES];
        let bytes = way.from.try_read(&mut room)?;
        if bytes.is_empty() {
            return Ok(Taken::End);
        }
        self.bulk = bytes.len() == COPY_BYTES;
        let written = hand_over(way.to, bytes, way.meter)?;
        self.held = Held::rest(bytes.get(written..).unwrap_or_default().into());
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

    fn rest(bytes: Box<[u8]>) -> Self {
        if bytes.is_empty() {
            Self::Nothing
        } else {
            Self::Bytes(bytes)
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
