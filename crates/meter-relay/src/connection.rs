//! One client's connection from accept to end: the order of steps, and what ends each.

mod opening;
mod optimistic;
mod other_protocol;
mod waiting;

use std::io;

use meter_core::TorAddr;
use shadowsocks::relay::socks5::{
    Address, HandshakeResponse, PasswdAuthResponse, Reply, SOCKS5_AUTH_METHOD_NOT_ACCEPTABLE,
};
use tokio::{io::BufReader, net::TcpStream, time::timeout};
use tracing::debug;

use self::opening::Client;
use crate::{
    closing::{reply_bytes, say_and_close},
    counters::OpenConnection,
    dial::TorRequest,
    handshake::{self, HandshakeEnd, Request},
    isolation::Site,
    payload::{self, Pair},
    slot::Slot,
    target::Target,
    witness,
};

/// What is read at a time during the handshake: the longest message, credentials of 255 bytes each,
/// with room for one byte more, so that a read that takes a message whole is known to be short.
const MESSAGE_BYTES_MAX: usize = 514;
/// RFC 1929 §2: any status but 0 is a failure.
const CREDENTIALS_REFUSED: u8 = 1;

/// Serves one client to its end, or until its task is aborted, which resets both sides. Tells
/// nobody how it went: the counters and the client know.
///
/// The way to an open stream is boxed, and freed when it is over: a connection is small for as long
/// as it lasts.
pub(crate) fn serve(client: TcpStream, slot: Slot) -> impl Future<Output = ()> + Send {
    let opening = Box::pin(open(client, slot));
    async move {
        let Some((pair, slot)) = opening.await else {
            return;
        };
        note(payload::relay(pair, &slot).await);
    }
}

/// The handshake and Tor's answer. `None` when the client was turned away, and told so.
async fn open(client: TcpStream, slot: Slot) -> Option<(Pair, Slot)> {
    let opened = meet(client, &slot).await;
    note(opened).flatten().map(|pair| (pair, slot))
}

fn note<T>(outcome: io::Result<T>) -> Option<T> {
    // Neither socket error names a peer.
    outcome
        .inspect_err(|error| debug!(%error, "connection broke"))
        .ok()
}

/// From the first byte on: hear the client's request out.
async fn meet(client: TcpStream, slot: &Slot) -> io::Result<Option<Pair>> {
    let connection = &slot.connection;
    let mut buffered = BufReader::with_capacity(MESSAGE_BYTES_MAX, client);
    let request = handshake::receive(&mut buffered);
    let received = timeout(slot.shared.config.handshake_max, request).await;
    let client = Client {
        early: buffered.buffer().into(),
        stream: buffered.into_inner(),
    };
    match received {
        Ok(Ok(request)) => return proceed(client, request, slot).await,
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
async fn proceed(client: Client, request: Request, slot: &Slot) -> io::Result<Option<Pair>> {
    let (connection, shared) = (&slot.connection, &*slot.shared);
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
        shared.tasks.serves(slot.entry(), isolation.tag(&site));
        isolation.key(&site, request.credentials)
    });
    let tor_request = TorRequest::new(target, circuit);
    if shared.config.optimistic {
        optimistic::open(client, &upstream, tor_request, connection, shared).await
    } else {
        waiting::open(client, &upstream, tor_request, connection, shared).await
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
    let mut last_reply = Vec::new();
    match end {
        HandshakeEnd::Gone => return Ok(()),
        HandshakeEnd::NotSocks | HandshakeEnd::OtherProtocol(_) => {}
        HandshakeEnd::NoMethod => {
            HandshakeResponse::new(SOCKS5_AUTH_METHOD_NOT_ACCEPTABLE).write_to_buf(&mut last_reply);
        }
        HandshakeEnd::Credentials => {
            PasswdAuthResponse::new(CREDENTIALS_REFUSED)
                .write_to(&mut last_reply)
                .await?;
        }
        HandshakeEnd::Request(reply) => last_reply = reply_bytes(reply),
    }
    connection.refused();
    debug!(?end, "client refused");
    if last_reply.is_empty() {
        return Ok(()); // closing is all there is to say
    }
    say_and_close(client, &last_reply).await
}
