//! One client's connection from accept to end: the order of steps, and what ends each.

mod optimistic;
mod other_protocol;

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use meter_core::TorAddr;
use shadowsocks::relay::socks5::{
    Address, HandshakeResponse, PasswdAuthResponse, Reply, SOCKS5_AUTH_METHOD_NOT_ACCEPTABLE,
    TcpResponseHeader,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, Interest},
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit, watch},
    time::timeout,
};
use tracing::debug;

use crate::{
    config::RelayConfig,
    counters::OpenConnection,
    cut::{Entry, Tasks},
    dial::{Answer, DialError, Wish, dial},
    handshake::{self, HandshakeEnd, Request},
    isolation::Site,
    payload::{self, Flow, Pair, PipePool},
    socket::Socket,
    target::Target,
    witness,
};

/// After a refusal: how long, and for how much, the client's further words are read and forgotten.
/// Closing on unread bytes would be a reset, which may overtake the refusal.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
const FAREWELL_BYTES_MAX: u64 = 64 * 1024;
/// What is read at a time during the handshake: the longest message, credentials of 255 bytes each,
/// with room for one byte more, so that a read that takes a message whole is known to be short.
const MESSAGE_BYTES_MAX: usize = 514;
/// RFC 1929 §2: any status but 0 is a failure.
const CREDENTIALS_REFUSED: u8 = 1;

/// What every connection of one relay shares.
pub(crate) struct Shared {
    /// Limits, with the relay's own port among the refused ones.
    pub(crate) config: RelayConfig,
    /// Where Tor is now, if it is.
    pub(crate) upstream: watch::Receiver<Option<TorAddr>>,
    /// The tasks of all connections, for cutting them.
    pub(crate) tasks: Tasks,
    /// What bulk payload moves through.
    pub(crate) pipes: PipePool,
    /// How many more may be served.
    pub(crate) places: Semaphore,
}

/// A client that has made its request.
struct Client {
    stream: TcpStream,
    /// Payload that came in one piece with the request.
    early: Box<[u8]>,
}

/// One client's place in a relay; given back when dropped.
pub(crate) struct Seat {
    /// Counts the connection as open.
    pub(crate) connection: OpenConnection,
    /// What it shares with all others.
    pub(crate) shared: Arc<Shared>,
    entry: Entry,
}

impl Seat {
    /// Takes one of the places of `shared`, for good: a permit that comes along would make each idle
    /// connection larger.
    pub(crate) fn take(
        connection: OpenConnection,
        shared: Arc<Shared>,
        place: SemaphorePermit<'_>,
    ) -> Self {
        place.forget();
        shared.pipes.enter();
        Self {
            connection,
            entry: shared.tasks.enter(),
            shared,
        }
    }

    /// Where the connection's task is to be listed.
    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.pipes.leave();
        self.shared.tasks.leave(self.entry);
        self.shared.places.add_permits(1);
    }
}

/// Serves one client to its end, or until its task is aborted, which resets both sides. Tells nobody
/// how it went: the counters and the client know.
///
/// The way to an open stream is boxed, and freed when it is over: a connection is small for as long
/// as it lasts.
pub(crate) fn serve(client: TcpStream, seat: Seat) -> impl Future<Output = ()> + Send {
    let opening = Box::pin(open(client, seat));
    async move {
        let Some((pair, seat)) = opening.await else {
            return;
        };
        note(payload::relay(pair, &seat).await);
    }
}

/// The handshake and Tor's answer. `None` when the client was turned away, and told so.
async fn open(client: TcpStream, seat: Seat) -> Option<(Pair, Seat)> {
    let opened = meet(client, &seat).await;
    note(opened).flatten().map(|pair| (pair, seat))
}

fn note<T>(outcome: io::Result<T>) -> Option<T> {
    // Neither socket error names a peer.
    outcome
        .inspect_err(|error| debug!(%error, "connection broke"))
        .ok()
}

/// From the first byte on: hear the client's request out.
async fn meet(client: TcpStream, seat: &Seat) -> io::Result<Option<Pair>> {
    let connection = &seat.connection;
    let mut buffered = BufReader::with_capacity(MESSAGE_BYTES_MAX, client);
    let request = handshake::receive(&mut buffered);
    let received = timeout(seat.shared.config.handshake_max, request).await;
    let client = Client {
        early: buffered.buffer().into(),
        stream: buffered.into_inner(),
    };
    match received {
        Ok(Ok(request)) => return proceed(client, request, seat).await,
        Ok(Err(HandshakeEnd::OtherProtocol(first))) => {
            connection.refused();
            debug!("client refused: it speaks another protocol");
            other_protocol::turn_away(client.stream, first, &client.early).await?;
        }
        Ok(Err(end)) => refuse(client.stream, end, connection).await?,
        Err(_elapsed) => {
            connection.refused();
            debug!("handshake took too long");
        }
    }
    Ok(None)
}

/// From a complete request on: judge the target, ask Tor, tell the client.
async fn proceed(client: Client, request: Request, seat: &Seat) -> io::Result<Option<Pair>> {
    let (connection, shared) = (&seat.connection, &*seat.shared);
    if let Some(name) = witness::asked_for(&request.address) {
        let (early, stream) = (!client.early.is_empty(), client.stream);
        witness::answer(stream, early, name, &shared.config.witnesses).await?;
        return Ok(None);
    }
    let upstream = shared.upstream.borrow().clone();
    let target = match permit(
        request.address,
        upstream.as_ref(),
        &shared.config.refused_ports,
    ) {
        Ok(target) => target,
        Err(reply) => {
            // What is no name at all is the client's slip, and nothing to tell a person about.
            if !matches!(reply, Reply::GeneralFailure) {
                connection.unreached(reply.as_u8());
            }
            refuse(client.stream, HandshakeEnd::Request(reply), connection).await?;
            return Ok(None);
        }
    };
    if target.is_literal() {
        connection.literal();
    }
    let Some(upstream) = upstream else {
        say_and_close(client.stream, &reply_bytes(Reply::GeneralFailure)).await?;
        return Ok(None);
    };
    let isolation = shared.config.isolation.as_ref();
    let circuit = isolation.map(|isolation| {
        let site = Site::of(&target);
        shared.tasks.serves(seat.entry, isolation.tag(&site));
        isolation.key(&site, request.credentials)
    });
    let wish = Wish::new(target, circuit);
    if shared.config.optimistic {
        optimistic::open(client, &upstream, wish, connection, shared).await
    } else {
        open_in_truth(client, &upstream, wish, connection, shared).await
    }
}

/// Asks Tor, and tells the client what Tor said.
async fn open_in_truth(
    mut client: Client,
    upstream: &TorAddr,
    wish: Wish,
    connection: &OpenConnection,
    shared: &Shared,
) -> io::Result<Option<Pair>> {
    let waiting = connection.waiting();
    let answer = tokio::select! {
        biased;
        answer = dial(upstream, wish, shared.config.dial_max, |_, _| Ok(())) => answer,
        () = gone(&client) => {
            debug!("client left before Tor answered");
            return Ok(None);
        }
    };
    drop(waiting);
    count_answer(&answer, connection);
    match answer {
        Ok(Answer::Open(tor, response)) => {
            response.write_to(&mut client.stream).await?;
            let pair = Pair {
                client: Socket::Tcp(client.stream),
                tor: tor.socket,
                up: Flow::holding(client.early),
                early_down: tor.early,
            };
            pair.client.reset_on_close()?;
            pair.tor.reset_on_close()?;
            return Ok(Some(pair));
        }
        Ok(Answer::Refused(response)) => {
            say_and_close(client.stream, &response_bytes(&response)).await?;
        }
        Err(error) => {
            debug!(%error, "Tor did not answer");
            say_and_close(client.stream, &reply_bytes(error.reply())).await?;
        }
    }
    Ok(None)
}

/// For whoever asks whether Tor answers, and why not.
fn count_answer(answer: &Result<Answer, DialError>, connection: &OpenConnection) {
    match answer {
        Ok(Answer::Refused(response)) => connection.unreached(response.reply.as_u8()),
        // Tor says the same to itself at about that time; who is first is chance.
        Err(error @ DialError::Unanswered) => connection.unreached(error.reply().as_u8()),
        Ok(Answer::Open(..)) => connection.reached(),
        Err(_) => {}
    }
}

fn permit(
    address: Address,
    upstream: Option<&TorAddr>,
    refused_ports: &[u16],
) -> Result<Target, Reply> {
    // Tor may have come up on a port that nobody knew when the relay was configured.
    if let Some(TorAddr::Tcp(tor)) = upstream
        && tor.port() == address.port()
    {
        return Err(Reply::ConnectionNotAllowed);
    }
    Target::permit(address, refused_ports).map_err(|refusal| {
        debug!(?refusal, "target refused");
        refusal.reply()
    })
}

/// Tells the client, in the words of the protocol's step, that it is turned away.
async fn refuse(
    client: TcpStream,
    end: HandshakeEnd,
    connection: &OpenConnection,
) -> io::Result<()> {
    let mut farewell = Vec::new();
    match end {
        HandshakeEnd::Gone => return Ok(()),
        HandshakeEnd::NotSocks | HandshakeEnd::OtherProtocol(_) => {}
        HandshakeEnd::NoMethod => {
            HandshakeResponse::new(SOCKS5_AUTH_METHOD_NOT_ACCEPTABLE).write_to_buf(&mut farewell);
        }
        HandshakeEnd::Credentials => {
            PasswdAuthResponse::new(CREDENTIALS_REFUSED)
                .write_to(&mut farewell)
                .await?;
        }
        HandshakeEnd::Request(reply) => farewell = reply_bytes(reply),
    }
    connection.refused();
    debug!(?end, "client refused");
    if farewell.is_empty() {
        return Ok(()); // closing is all there is to say
    }
    say_and_close(client, &farewell).await
}

pub(crate) fn reply_bytes(reply: Reply) -> Vec<u8> {
    response_bytes(&TcpResponseHeader::new(
        reply,
        Address::SocketAddress((Ipv4Addr::UNSPECIFIED, 0).into()),
    ))
}

fn response_bytes(response: &TcpResponseHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    response.write_to_buf(&mut bytes);
    bytes
}

/// Sends last words and closes so that they arrive.
pub(crate) async fn say_and_close(mut client: TcpStream, words: &[u8]) -> io::Result<()> {
    let farewell = async {
        client.write_all(words).await?;
        client.shutdown().await?;
        let mut rest = (&mut client).take(FAREWELL_BYTES_MAX);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        Ok(())
    };
    timeout(FAREWELL_MAX, farewell).await.unwrap_or(Ok(()))
}

/// Waits until the client is seen to have left: reset, or closed with nothing left to read.
///
/// A browser that gives up a page closes its connections; without this each would hold its place
/// until Tor answered. Tor, too, gives up a stream whose client has closed before the answer.
async fn gone(client: &Client) {
    let early = !client.early.is_empty() || client.stream.peek(&mut [0]).await.unwrap_or(0) > 0;
    if early {
        // Early payload hides an end that may lie behind it, but not a reset. The wait's own
        // outcome says nothing more.
        drop(client.stream.ready(Interest::ERROR).await);
    }
}
