//! The limit: a bare epoll loop that splices between two sockets. It does not read SOCKS, counts
//! nothing, guards nothing, and handles no failure but the end of a stream. Its cost is the
//! kernel's cost.

use std::{
    collections::HashMap,
    mem::MaybeUninit,
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsFd as _, OwnedFd},
};

use anyhow::Result;
use rustix::{
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::Errno,
    net::{Shutdown, shutdown},
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};

const PIPE_BYTES: usize = 1 << 20;
const LISTENER: u64 = u64::MAX;

struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    filled: usize,
}

/// Two sockets and, for each direction, the bytes that are on their way.
struct Connection {
    sides: [TcpStream; 2],
    pipes: [Option<Pipe>; 2],
    ended: [bool; 2],
}

/// Serves without end.
pub(crate) fn run(listen: SocketAddr, upstream: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    let poll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(
        &poll,
        &listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    let mut connections = HashMap::new();
    let mut spare = Vec::new();
    let mut next = 0;
    let mut events = [const { MaybeUninit::<Event>::uninit() }; 256];
    loop {
        let (events, _) = epoll::wait(&poll, &mut events, None)?;
        for event in events {
            let key = event.data.u64();
            if key == LISTENER {
                while let Ok((client, _)) = listener.accept() {
                    connections.insert(next, Connection::open(&poll, next, client, upstream)?);
                    next += 1;
                }
            } else if let Some(connection) = connections.get_mut(&key) {
                let over = [0, 1].map(|side| connection.pump(side, &mut spare));
                if over != [Ok(false), Ok(false)]
                    && over != [Ok(true), Ok(false)]
                    && over != [Ok(false), Ok(true)]
                {
                    connections.remove(&key);
                }
            }
        }
    }
}

impl Connection {
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark's own proxy, on loopback"
    )]
    fn open(poll: &OwnedFd, key: u64, client: TcpStream, upstream: SocketAddr) -> Result<Self> {
        let sides = [client, TcpStream::connect(upstream)?];
        for side in &sides {
            side.set_nonblocking(true)?;
            side.set_nodelay(true)?;
            let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(poll, side.as_fd(), EventData::new_u64(key), interest)?;
        }
        Ok(Self {
            sides,
            pipes: [None, None],
            ended: [false, false],
        })
    }

    /// Moves bytes in one direction until it would block; returns whether this direction has ended.
    fn pump(&mut self, side: usize, spare: &mut Vec<Pipe>) -> Result<bool, Errno> {
        const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);
        let (from, to) = (&self.sides[side], &self.sides[1 - side]);
        while !self.ended[side] {
            let mut pipe = match self.pipes[side].take().or_else(|| spare.pop()) {
                Some(pipe) => pipe,
                None => Pipe::open()?,
            };
            if pipe.filled == 0 {
                match splice(from, None, &pipe.write, None, PIPE_BYTES, FLAGS) {
                    Ok(0) => {
                        self.ended[side] = true;
                        spare.push(pipe);
                        // The other side may be closed already.
                        shutdown(to, Shutdown::Write).unwrap_or_default();
                        break;
                    }
                    Ok(filled) => pipe.filled = filled,
                    Err(error) => {
                        spare.push(pipe);
                        return if error == Errno::AGAIN {
                            Ok(false)
                        } else {
                            Err(error)
                        };
                    }
                }
            }
            while pipe.filled > 0 {
                match splice(&pipe.read, None, to, None, pipe.filled, FLAGS) {
                    Ok(poured) => pipe.filled -= poured,
                    Err(Errno::AGAIN) => {
                        self.pipes[side] = Some(pipe);
                        return Ok(false);
                    }
                    Err(error) => return Err(error),
                }
            }
            spare.push(pipe);
        }
        Ok(true)
    }
}

impl Pipe {
    fn open() -> Result<Self, Errno> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        fcntl_setpipe_size(&write, PIPE_BYTES).unwrap_or_default();
        Ok(Self {
            read,
            write,
            filled: 0,
        })
    }
}
