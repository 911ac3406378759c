//! One relayed connection with all four of its sockets. This test owns the two sockets of the
//! peers; the kernel reports on the two of the relay.

use std::{io, net::SocketAddr, sync::LazyLock};

use tokio::{
    io::{AsyncWriteExt, Interest},
    net::TcpStream,
    task::yield_now,
};

use super::{
    client::{GREETING, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_request},
    kernel::{Account, Books, Role},
    pattern::pattern,
    rig::{Rig, soon},
};

/// Bytes that the relay sends to a client before payload: a method and Tor's answer.
pub(crate) const SAID_TO_CLIENT: u64 = 2 + 10;

/// Bytes that the relay sends to Tor before payload: a greeting and the request.
pub(crate) fn said_to_tor() -> u64 {
    u64::try_from(GREETING.len() + usual_request().len()).unwrap()
}

/// Payload bytes of both directions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Moved {
    pub(crate) up: u64,
    pub(crate) down: u64,
}

/// One of the two peers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Client,
    Tor,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Tor,
            Self::Tor => Self::Client,
        }
    }
}

/// One of the two peers, with the record of what it did.
pub(crate) struct Peer {
    /// `None` once it has closed its socket.
    stream: Option<TcpStream>,
    /// Payload that its socket accepted from it.
    pub(crate) written: u64,
    /// Payload that it has read.
    pub(crate) read: u64,
    /// Whether it has ended its sending direction.
    pub(crate) ended: bool,
    /// The end that it saw after the last byte, if any.
    pub(crate) end: Option<io::Result<()>>,
    /// Makes the bytes of the two directions different.
    salt: u64,
}

pub(crate) struct Wire {
    pub(crate) client: Peer,
    pub(crate) tor: Peer,
    client_to_relay: (SocketAddr, SocketAddr),
    relay_to_tor: (SocketAddr, SocketAddr),
}

impl Wire {
    /// Opens a connection. Request and answer are followed by this much payload in the same
    /// segment.
    pub(crate) async fn open(rig: &Rig, tor: &FakeTor, early: Moved) -> Self {
        let mut client = rig.client().await;
        client.greet().await;
        let early_up = payload(0, 0, early.up);
        client.send(&[usual_request(), early_up].concat()).await;
        let mut stream = tor.accept().await;
        read_request(&mut stream).await;
        let early_down = payload(1, 0, early.down);
        let answer = [SUCCESS.to_vec(), early_down].concat();
        soon(stream.write_all(&answer)).await.unwrap();
        assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
        let ends = |stream: &TcpStream| (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        Self {
            client_to_relay: ends(&client.0),
            relay_to_tor: (stream.peer_addr().unwrap(), stream.local_addr().unwrap()),
            client: Peer::new(client.0, early.up, 0),
            tor: Peer::new(stream, early.down, 1),
        }
    }

    pub(crate) fn peer(&mut self, side: Side) -> &mut Peer {
        match side {
            Side::Client => &mut self.client,
            Side::Tor => &mut self.tor,
        }
    }

    /// The relay's socket towards this side; `None` once the kernel has forgotten it.
    pub(crate) fn relays_socket(&self, books: &Books, to: Side) -> Option<Account> {
        match to {
            Side::Client => {
                let (client, relay) = self.client_to_relay;
                books.of(Role::Accepted, relay, client)
            }
            Side::Tor => {
                let (relay, tor) = self.relay_to_tor;
                books.of(Role::Opened, relay, tor)
            }
        }
    }

    /// The peer's own socket.
    pub(crate) fn peers_socket(&self, books: &Books, side: Side) -> Option<Account> {
        match side {
            Side::Client => {
                let (client, relay) = self.client_to_relay;
                books.of(Role::Opened, client, relay)
            }
            Side::Tor => {
                let (relay, tor) = self.relay_to_tor;
                books.of(Role::Accepted, tor, relay)
            }
        }
    }

    /// The payload that the socket towards this side has accepted from the relay; `None` once the
    /// kernel has forgotten it.
    pub(crate) fn handed_over(&self, books: &Books, to: Side) -> Option<u64> {
        let account = self.relays_socket(books, to)?;
        Some(account.handed_over - self.said_to(to))
    }

    /// Number of bytes that the relay sends to this side before payload.
    pub(crate) fn said_to(&self, side: Side) -> u64 {
        match side {
            Side::Client => SAID_TO_CLIENT,
            Side::Tor => said_to_tor(),
        }
    }

    /// Number of bytes that this side sends to the relay before payload.
    pub(crate) fn said_by(&self, side: Side) -> u64 {
        match side {
            Side::Client => said_to_tor(), // the same bytes
            Side::Tor => SAID_TO_CLIENT,
        }
    }

    /// Closes this side's socket in a way that the relay sees as a reset.
    pub(crate) fn reset(&mut self, side: Side) {
        let peer = self.peer(side);
        peer.socket().set_zero_linger().unwrap();
        peer.hang_up();
    }

    /// Waits until the kernel has forgotten both of the relay's sockets.
    pub(crate) async fn is_gone(&self, books: &Books) {
        let gone = async {
            while self.relays_socket(books, Side::Client).is_some()
                || self.relays_socket(books, Side::Tor).is_some()
            {
                yield_now().await;
            }
        };
        soon(gone).await;
    }
}

impl Peer {
    fn new(stream: TcpStream, written: u64, salt: u64) -> Self {
        Self {
            stream: Some(stream),
            written,
            read: 0,
            ended: false,
            end: None,
            salt,
        }
    }

    /// Writes as many of these bytes as there is room for.
    pub(crate) fn write(&mut self, length: usize) {
        let bytes = payload(self.salt, self.written, u64::try_from(length).unwrap());
        // No room, or a reset: the script continues.
        let written = self.socket().try_write(&bytes).unwrap_or(0);
        self.written += u64::try_from(written).unwrap();
    }

    /// Reads the available bytes, at most `length`, and compares them with what was sent.
    pub(crate) fn read(&mut self, length: usize) {
        let mut bytes = vec![0; length];
        match self.socket().try_read(&mut bytes) {
            Ok(0) => self.end = Some(Ok(())),
            Ok(read) => {
                let read = u64::try_from(read).unwrap();
                let sent = payload(1 - self.salt, self.read, read);
                assert!(bytes.starts_with(&sent), "other bytes than were sent");
                self.read += read;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.end = Some(Err(error)),
        }
    }

    /// Writes and reads this many bytes in total, at the same time.
    pub(crate) async fn exchange(&mut self, write: u64, read: u64) {
        let exchange = async {
            while self.written < write || self.read < read {
                let sending = (self.written < write).then_some(Interest::WRITABLE);
                let reading = (self.read < read).then_some(Interest::READABLE);
                let interest = match (sending, reading) {
                    (Some(sending), Some(reading)) => sending | reading,
                    (one, other) => one.or(other).expect("one of the two"),
                };
                self.socket().ready(interest).await.unwrap();
                self.write(usize::try_from(write - self.written).unwrap().min(5_003));
                self.read(1 << 16);
                assert!(self.end.is_none(), "{:?}", self.end);
            }
        };
        soon(exchange).await;
    }

    /// Ends its sending direction.
    pub(crate) async fn end(&mut self) {
        self.ended = true;
        if let Some(stream) = &mut self.stream {
            // Already reset: there is nothing to end.
            drop(stream.shutdown().await);
        }
    }

    /// Closes its socket.
    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
    }

    fn socket(&self) -> &TcpStream {
        self.stream.as_ref().expect("not closed by this side")
    }

    /// Reads everything until the end or a reset.
    pub(crate) async fn read_to_end(&mut self) {
        let reading = async {
            while self.end.is_none() {
                self.read(1 << 16);
                yield_now().await;
            }
        };
        soon(reading).await;
    }

    /// Reads until this many bytes have come in total.
    pub(crate) async fn read_up_to(&mut self, bytes: u64) {
        let reading = async {
            while self.read < bytes {
                self.read(1 << 16);
                assert!(
                    self.end.is_none(),
                    "{:?} after {} bytes",
                    self.end,
                    self.read
                );
                yield_now().await;
            }
        };
        soon(reading).await;
    }
}

/// The bytes of one direction from `offset` on. They reveal lost, doubled and swapped bytes.
fn payload(salt: u64, offset: u64, length: u64) -> Vec<u8> {
    /// [`pattern`] repeats after this many bytes.
    const CYCLE: usize = 251 * 256;
    static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(CYCLE));
    let start = usize::try_from(offset + salt * 1_000).unwrap() % CYCLE;
    let length = usize::try_from(length).unwrap();
    let mut bytes = PATTERN[start..].to_vec();
    while bytes.len() < length {
        bytes.extend_from_slice(&PATTERN);
    }
    bytes.truncate(length);
    bytes
}
