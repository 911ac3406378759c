//! One client's connection from accept to end: the order of its steps, and the ways each can end.

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

use self::opening::{Client, Upstream};
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

/// Bytes read at a time during the handshake: the longest message (credentials of 255 bytes each)
/// and one byte more. So a read that returns a whole message is always short.
const MESSAGE_BYTES_MAX: usize = 514;
/// RFC 1929 §2: any status except 0 means failure.
const CREDENTIALS_REFUSED: u8 = 1;

/// Serves one client to its end. Aborting the task resets both sides. It returns no result: the
/// counters and the client get it.
///
/// The part before the stream is open is boxed and freed afterwards. This keeps an open connection
/// small.
pub(crate) fn serve(client: TcpStream, slot: Slot) -> impl Future<Output = ()> + Send {
    let opening = Box::pin(open(client, slot));
    async move {
        let Some((pair, slot)) = opening.await else {
            return;
        };
        note(payload::relay(pair, &slot).await);
    }
}

/// Runs the handshake and waits for Tor's answer. `None` when the client was refused and told so.
async fn open(client: TcpStream, slot: Slot) -> Option<(Pair, Slot)> {
    let opened = meet(client, &slot).await;
    note(opened).flatten().map(|pair| (pair, slot))
}

fn note<T>(outcome: io::Result<T>) -> Option<T> {
    // The error of a socket names no peer, so it may be logged.
    outcome
        .inspect_err(|error| debug!(%error, "connection broke"))
        .ok()
}

/// Reads the client's request, from the first byte on.
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

/// Continues after a complete request: checks the target, asks Tor, answers the client.
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
            // A malformed name is a mistake of the client program. There is nothing to tell a
            // person.
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
    let upstream = Upstream::at(upstream, shared);
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
    // Tor may have started on a port that was not known when the relay was configured.
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

/// Refuses the client, in the form that the current step of the protocol needs.
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
        return Ok(()); // no reply fits here; closing is enough
    }
    say_and_close(client, &last_reply).await
}
