//! The SOCKS socket. A client names its target, and credentials that decide which connections share
//! a circuit.
//!
//! It is a Unix socket in a folder of this user, so no other user can connect to it or replace it.
//! Host names are passed to Tor unchanged. Targets and credentials are neither logged nor stored.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use arti_client::{DataStream, HasKind as _, StreamPrefs, TorClient};
use meter_embedded::{EmbeddedCircuit, EmbeddedPath};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tor_linkspec::HasRelayIds as _;
use tor_proto::client::stream::ClientStreamCtrl as _;
use tor_socksproto::{
    Buffer, Handshake as _, NextStep, SocksCmd, SocksProxyHandshake, SocksRequest, SocksStatus,
};

use crate::{
    circuits::{Circuits, Entry},
    copy::copy,
    dials::Runtime,
    isolation::{Identity, IsolationKey},
    reply::status_of,
};

pub(crate) type Client = TorClient<Runtime>;

/// Connections served at once; further ones wait. More than the relay passes on by default.
const CONNECTIONS_MAX: usize = 1024;
/// Limit for the handshake. The relay is on this computer and sends everything at once.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Limit for a connection; the same as in C Tor (`SocksTimeout`).
const DIAL_MAX: Duration = Duration::from_secs(120);
/// Pause after a failed accept. The cause is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Everything that a connection needs.
pub(crate) struct SocksServer {
    pub(crate) client: Arc<Client>,
    pub(crate) identity: Identity,
    pub(crate) circuits: Circuits,
}

/// Opens the socket, for this user alone, and replaces one that an earlier process left.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `stop`. When it returns, every connection has ended.
pub(crate) async fn serve(
    listener: UnixListener,
    server: Arc<SocksServer>,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (server, stop) = (Arc::clone(&server), stop.clone());
        connections.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, &server) => {}
            }
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn accept(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(|_| io::Error::other("the places are never closed"))?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(mut local: UnixStream, server: &SocksServer) {
    let Ok(Some((request, early))) = timeout(HANDSHAKE_MAX, handshake(&mut local)).await else {
        return tracing::debug!("a SOCKS handshake failed");
    };
    let dialed = tokio::select! {
        dialed = dial(&request, server) => dialed,
        () = gone(&local) => return,
    };
    let status = dialed.as_ref().err().copied();
    let status = status.unwrap_or(SocksStatus::SUCCEEDED);
    let Ok(reply) = request.reply(status, None) else {
        return tracing::warn!("a SOCKS reply could not be made");
    };
    if local.write_all(&reply).await.is_ok()
        && let Ok((tor, entry)) = dialed
    {
        copy(local, tor, &early).await;
        drop(entry);
    }
}

/// Reads the request, and the bytes that the client sent after it. `None` if the client does not
/// speak SOCKS or has left.
async fn handshake(local: &mut UnixStream) -> Option<(SocksRequest, Vec<u8>)> {
    let mut handshake = SocksProxyHandshake::new();
    let mut buffer = Buffer::new();
    loop {
        match handshake.step(&mut buffer).ok()? {
            NextStep::Send(bytes) => local.write_all(&bytes).await.ok()?,
            NextStep::Recv(mut step) => {
                let length = local.read(step.buf()).await.ok()?;
                step.note_received(length).ok()?;
            }
            NextStep::Finished(finished) => return Some(finished.into_output_and_vec()),
        }
    }
}

async fn dial(
    request: &SocksRequest,
    server: &SocksServer,
) -> Result<(DataStream, Entry), SocksStatus> {
    if request.command() != SocksCmd::CONNECT {
        return Err(SocksStatus::COMMAND_NOT_SUPPORTED);
    }
    let key = server.identity.key(request.auth());
    let group = server.identity.group(&key);
    let mut prefs = StreamPrefs::new();
    prefs.set_isolation::<IsolationKey>(key);
    let target = (request.addr().to_string(), request.port());
    let connecting = server.client.connect_with_prefs(target, &prefs);
    match timeout(DIAL_MAX, connecting).await {
        Ok(Ok(stream)) => {
            let circuit = circuit_of(&stream);
            let circuit = EmbeddedCircuit { group, circuit };
            let entry = server.circuits.enter(circuit, path_of(&stream));
            Ok((stream, entry))
        }
        Ok(Err(error)) => {
            tracing::debug!(kind = %error.kind(), "a target was not reached");
            Err(status_of(&error, request.addr()))
        }
        Err(_) => Err(SocksStatus::TTL_EXPIRED),
    }
}

fn circuit_of(stream: &DataStream) -> String {
    let tunnel = stream.client_stream_ctrl().and_then(|ctrl| ctrl.tunnel());
    tunnel.map_or_else(String::new, |tunnel| tunnel.unique_id().to_string())
}

/// The relays that Arti has chosen. Arti does not know the relays that an onion service has chosen.
fn path_of(stream: &DataStream) -> EmbeddedPath {
    let tunnel = stream.client_stream_ctrl().and_then(|ctrl| ctrl.tunnel());
    let path = tunnel.and_then(|tunnel| tunnel.all_paths().into_iter().next());
    let hops = path.as_ref().map_or(&[][..], |path| path.hops());
    let known = hops.iter().map_while(|hop| hop.as_chan_target());
    let relays = known.map(|relay| {
        let id = relay.rsa_identity().map(ToString::to_string);
        id.unwrap_or_default()
            .trim_start_matches('$')
            .to_uppercase()
    });
    EmbeddedPath {
        relays: relays.collect(),
        onion: hops.iter().any(|hop| hop.as_chan_target().is_none()),
    }
}

/// Waits until the client closes the connection. A client that sent payload early is not watched.
async fn gone(local: &UnixStream) {
    match local.ready(Interest::READABLE).await {
        Ok(ready) if !ready.is_read_closed() => std::future::pending().await,
        Ok(_) | Err(_) => {}
    }
}
