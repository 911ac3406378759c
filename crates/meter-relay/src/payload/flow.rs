//! One direction of a connection: moves bytes from one socket to the other and counts them.
//!
//! Small amounts are copied through a buffer on the stack. When the sender has more bytes ready,
//! the kernel moves them through a pipe (splice(2)) on systems that have it. Bytes from one side
//! are delivered before more are taken, so a slow reader makes the sender wait.

use std::{
    io,
    mem::MaybeUninit,
    task::{Context, Poll},
};

use super::pipe::{LentPipe, PipePool};
use crate::{counters::Meter, socket::Socket};

/// Size of the copy buffer; also the most bytes that this process keeps for a slow reader.
pub(super) const COPY_BYTES: usize = 16 * 1024;
/// Most rounds of one direction before other connections have a turn. Each round moves up to one
/// buffer or pipe.
const ROUNDS_MAX: u8 = 16;

/// State of a direction after a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Waits for bytes from the sender.
    Reading,
    /// Holds bytes and waits for room at the receiver.
    Delivering,
    /// The sender has ended, and everything it sent was delivered.
    Ended,
}

/// The two sockets of a direction, its counter and its pipes.
#[derive(Clone, Copy)]
pub(crate) struct Way<'s, 'p> {
    pub(crate) from: &'s Socket,
    pub(crate) to: &'s Socket,
    pub(crate) meter: Meter<'s>,
    /// Pipes for large transfers; without them everything is copied.
    pub(crate) pipes: Option<&'p PipePool>,
}

/// Progress of one direction. Small, because an idle connection holds two of these.
pub(crate) struct Flow<'p> {
    held: Held<'p>,
    /// Whether the sender last had enough bytes ready to be worth a pipe.
    bulk: bool,
    /// Whether at least one byte was moved.
    has_data: bool,
    ended: bool,
    passed_on: bool,
}

/// Bytes that were taken from the sender and not yet accepted by the receiver.
enum Held<'p> {
    Nothing,
    /// The rest of a copy. Never empty.
    Bytes(Box<[u8]>),
    /// Bytes in a pipe in the kernel. The pipe may be empty while more bytes are expected.
    Pipe(Box<LentPipe<'p>>),
}

impl<'p> Flow<'p> {
    /// Makes a direction that already holds these bytes.
    pub(crate) fn holding(early: Box<[u8]>) -> Self {
        Self {
            bulk: false,
            has_data: !early.is_empty(),
            held: Held::rest(early),
            ended: false,
            passed_on: false,
        }
    }

    /// Moves bytes as far as the sockets allow.
    ///
    /// # Errors
    /// An error of either socket. Bytes that the receiver accepted before have been counted.
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
                Poll::Ready(Taken::Bytes) => self.has_data = true,
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
        // The next connection can then use the same pipe while its memory is still in the cache,
        // and more connections than there are pipes can share them.
        self.held = Held::Nothing;
        Ok(Step::Reading)
    }

    /// Whether the sender has ended without sending a byte.
    pub(crate) fn ended_without_data(&self) -> bool {
        self.ended && !self.has_data
    }

    /// Passes the end of this direction on to the receiver, once.
    pub(super) fn pass_the_end_on(&mut self, to: &Socket) -> io::Result<()> {
        if !std::mem::replace(&mut self.passed_on, true) {
            to.end_sending()?;
        }
        Ok(())
    }

    /// Delivers everything that is held.
    fn poll_deliver(&mut self, way: Way<'_, 'p>, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        while !self.held.is_empty() {
            // `poll_writable` and `poll_readable` charge the runtime's budget for the task: here,
            // and in `poll_take`.
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

    /// Takes, once, the bytes that the sender has ready.
    fn poll_take(&mut self, way: Way<'_, 'p>, cx: &mut Context<'_>) -> io::Result<Poll<Taken>> {
        loop {
            if way.from.poll_readable(cx)?.is_pending() {
                // Nothing to move: the pipe is empty, and other connections may use it.
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
    /// Nothing is held, except possibly an empty pipe.
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
            // Not every kernel can splice every type of socket. No byte was taken.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.held = Held::Nothing;
                self.copy(way)
            }
            Err(error) => Err(error),
        }
    }

    /// Copies through a buffer that lives for this call only.
    fn copy(&mut self, way: Way<'_, 'p>) -> io::Result<Taken> {
        self.held = Held::Nothing; // a pipe that is no longer needed
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

/// Result of one read.
enum Taken {
    Bytes,
    End,
}

/// Writes what the receiver has room for, possibly nothing, and counts it.
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

/// Whether the call did nothing and can be repeated.
fn try_again(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
