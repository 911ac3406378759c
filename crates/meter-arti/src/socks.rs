//! The SOCKS socket: who connects says where to, with credentials that say what may share a
//! circuit.
//!
//! A Unix socket in a folder of the user's own, so that nobody else can connect, or listen in its
//! place. Names go to Tor as they are. Targets and credentials are neither logged nor kept.

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

/// Connections served at once; more wait. Above what the relay passes on at most by default.
const CONNECTIONS_MAX: usize = 1024;
/// The relay is on this computer and says everything at once.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// As long as C Tor tries (`SocksTimeout`).
const DIAL_MAX: Duration = Duration::from_secs(120);
/// After a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
pub(crate) struct Door {
    pub(crate) client: Arc<Client>,
    pub(crate) identity: Identity,
    pub(crate) circuits: Circuits,
}

/// Opens the socket, for this user alone, in place of what an earlier process left there.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `stop`; every connection has ended then.
pub(crate) async fn serve(listener: UnixListener, door: Arc<Door>, stop: CancellationToken) {
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
        let (door, stop) = (Arc::clone(&door), stop.clone());
        connections.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, &door) => {}
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

async fn connection(mut local: UnixStream, door: &Door) {
    let Ok(Some((request, early))) = timeout(HANDSHAKE_MAX, handshake(&mut local)).await else {
        return tracing::debug!("a SOCKS handshake failed");
    };
    let dialed = tokio::select! {
        dialed = dial(&request, door) => dialed,
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

/// Reads the request, and what the client sent after it. `None`: not SOCKS, or gone.
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

async fn dial(request: &SocksRequest, door: &Door) -> Result<(DataStream, Entry), SocksStatus> {
    if request.command() != SocksCmd::CONNECT {
        return Err(SocksStatus::COMMAND_NOT_SUPPORTED);
    }
    let key = door.identity.key(request.auth());
    let group = door.identity.group(&key);
    let mut prefs = StreamPrefs::new();
    prefs.set_isolation::<IsolationKey>(key);
    let target = (request.addr().to_string(), request.port());
    let connecting = door.client.connect_with_prefs(target, &prefs);
    match timeout(DIAL_MAX, connecting).await {
        Ok(Ok(stream)) => {
            let circuit = circuit_of(&stream);
            let circuit = EmbeddedCircuit { group, circuit };
            let entry = door.circuits.enter(circuit, path_of(&stream));
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

/// The relays that Arti has chosen; those of an onion service it does not know itself.
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

/// Waits until the client hangs up. One that has sent its first bytes early is not looked at.
async fn gone(local: &UnixStream) {
    match local.ready(Interest::READABLE).await {
        Ok(ready) if !ready.is_read_closed() => std::future::pending().await,
        Ok(_) | Err(_) => {}
    }
}
