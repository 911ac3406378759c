//! Pipes for splice(2). They are lent for large transfers and returned when they are empty.
//!
//! A pipe is filled only when it is empty, and emptied only when it is not. So "would block" always
//! comes from the socket and never from the pipe.

use std::{
    io,
    os::fd::OwnedFd,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    io::Errno,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use tokio::io::Interest;

use crate::{counters::Meter, socket::Socket};

/// Capacity of a pipe. The kernel allows 64 pipes of this size to an unprivileged user (pipe(7),
/// pipe-user-pages-soft). If a pipe cannot be enlarged, it keeps its size.
const PIPE_BYTES: usize = 1 << 20;
/// Bytes moved at a time at first. The number doubles after each time that the receiver accepted
/// all of them, and halves after each time that it did not. Bytes in a pipe are kernel memory,
/// which the size of this process does not show.
const FIRST_BYTES: usize = 64 * 1024;
/// Most pipes lent at once. Further directions copy.
const LENT_MAX: usize = 64;
/// Most empty pipes kept for later, while any connection is open.
const SPARE_MAX: usize = 8;
const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

/// The pipes of one relay.
#[derive(Default)]
pub(crate) struct PipePool(Mutex<Pipes>);

#[derive(Default)]
struct Pipes {
    spare: Vec<Pipe>,
    lent: usize,
    users: usize,
}

struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

impl PipePool {
    /// Counts a connection that may ask for pipes. [`Self::leave`] must follow.
    pub(crate) fn enter(&self) {
        self.pipes().users += 1;
    }

    /// Counts the connection as gone. After the last one, all spare pipes are closed.
    pub(crate) fn leave(&self) {
        let mut pipes = self.pipes();
        pipes.users = pipes.users.saturating_sub(1);
        if pipes.users == 0 {
            pipes.spare = Vec::new();
        }
    }

    /// Lends an empty pipe. `None` when too many are lent or the system has no more.
    pub(super) fn lend(&self) -> Option<LentPipe<'_>> {
        let spare = {
            let mut pipes = self.pipes();
            if pipes.lent == LENT_MAX {
                return None;
            }
            pipes.lent += 1;
            pipes.spare.pop()
        };
        let mut lent = LentPipe {
            pool: self,
            pipe: spare,
            filled: 0,
            allowed: FIRST_BYTES,
        };
        if lent.pipe.is_none() {
            lent.pipe = Pipe::open().ok(); // fails if the file table is full; a copy needs no pipe
        }
        lent.pipe.is_some().then_some(lent)
    }

    fn pipes(&self) -> MutexGuard<'_, Pipes> {
        // Held for a few instructions, none of which can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipe {
    fn open() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A smaller pipe only makes the transfer slower.
        fcntl_setpipe_size(&write, PIPE_BYTES).unwrap_or_default();
        Ok(Self { read, write })
    }
}

/// One direction's pipe. When it is dropped, an empty pipe returns to the pool; a pipe with bytes
/// is closed, so that they never reach another connection.
pub(super) struct LentPipe<'a> {
    pool: &'a PipePool,
    /// `None` only before it has its pipe and after it gave the pipe back.
    pipe: Option<Pipe>,
    filled: usize,
    allowed: usize,
}

impl LentPipe<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Moves bytes from a socket into the empty pipe. Returns their number; 0 means that the sender
    /// ended.
    ///
    /// # Errors
    /// An error of the socket, or [`io::ErrorKind::InvalidInput`] if this socket cannot be spliced.
    pub(super) fn fill_from(&mut self, from: &Socket) -> io::Result<usize> {
        debug_assert!(
            self.is_empty(),
            "a full pipe and an empty socket look alike"
        );
        let pipe = self.pipe.as_ref().ok_or(Errno::BADF)?;
        self.filled = from.attempt(Interest::READABLE, |socket| {
            splice(socket, None, &pipe.write, None, self.allowed, FLAGS)
        })?;
        Ok(self.filled)
    }

    /// Moves to the socket what it has room for, and counts it.
    ///
    /// # Errors
    /// An error of the socket. Then nothing was moved.
    pub(super) fn pour_into(&mut self, to: &Socket, meter: Meter<'_>) -> io::Result<()> {
        debug_assert!(
            !self.is_empty(),
            "an empty pipe and a full socket look alike"
        );
        let pipe = self.pipe.as_ref().ok_or(Errno::BADF)?;
        let poured = to.attempt(Interest::WRITABLE, |socket| {
            splice(&pipe.read, None, socket, None, self.filled, FLAGS)
        })?;
        meter.add(poured);
        if poured == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.allowed = if poured == self.filled {
            (self.allowed * 2).min(PIPE_BYTES)
        } else {
            (self.allowed / 2).max(FIRST_BYTES)
        };
        self.filled -= poured.min(self.filled);
        Ok(())
    }
}

impl Drop for LentPipe<'_> {
    fn drop(&mut self) {
        let mut pipes = self.pool.pipes();
        pipes.lent -= 1;
        if self.is_empty() && pipes.spare.len() < SPARE_MAX {
            pipes.spare.extend(self.pipe.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt as _, net::UnixStream};

    use super::*;

    #[test]
    fn no_more_pipes_are_lent_than_the_limit_and_few_are_kept() {
        let pool = PipePool::default();
        pool.enter();
        let lent: Vec<_> = std::iter::from_fn(|| pool.lend()).collect();
        assert_eq!(lent.len(), LENT_MAX);
        drop(lent);
        assert_eq!(pool.pipes().spare.len(), SPARE_MAX);
        assert!(pool.lend().is_some(), "what was given back can be lent");
    }

    #[test]
    fn the_last_to_leave_closes_all_pipes() {
        let pool = PipePool::default();
        pool.enter();
        pool.enter();
        drop(pool.lend());
        pool.leave();
        assert_eq!(pool.pipes().spare.len(), 1, "somebody may still ask");
        pool.leave();
        assert!(pool.pipes().spare.is_empty());
    }

    #[tokio::test]
    async fn a_pipe_with_bytes_in_it_is_never_lent_again() {
        let pool = PipePool::default();
        pool.enter();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"secret").await.unwrap();
        ours.readable().await.unwrap();
        let mut lent = pool.lend().unwrap();
        assert_eq!(lent.fill_from(&Socket::Unix(ours)).unwrap(), 6);
        drop(lent);
        assert!(pool.pipes().spare.is_empty());
        assert_eq!(pool.pipes().lent, 0);
    }
}
