//! The listener: HTTP/1 with timers that are armed, over TCP or TLS, until it is told to end.
//!
//! `axum::serve` installs no timer, and hyper's limits of time do nothing without one (axum issue
//! 2741). axum-server installs it.

use super::{
    connection::PlaceAcceptor,
    limits::{HEAD_BYTES_MAX, HEADERS_MAX, Limits},
    places::ConnectionPlaces,
};
use axum::Router;
use axum_server::{
    Handle, Server,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpSocket;

/// Connections that the kernel keeps until they are accepted. With the usual 128, a burst of new
/// ones loses some.
const BACKLOG: u32 = 1_024;

/// Listens on an address.
///
/// # Errors
/// The address is not one of this computer, or another program listens there.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The program can be started again while connections of the last one are still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// How the listener is reached.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// Certificate and key; without them it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Whether Tor names the circuit at the start of each connection
    /// (`HiddenServiceExportCircuitID haproxy`). A connection without that line is then closed.
    pub names_circuit: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Tls(RustlsConfig);

impl Tls {
    /// Reads both files, in PEM format.
    ///
    /// # Errors
    /// A file cannot be read, or is not what its name says.
    pub async fn from_files(certificate: &Path, key: &Path) -> io::Result<Self> {
        let config = RustlsConfig::from_pem_file(certificate, key).await?;
        // It offers HTTP/2 as well, which this server does not speak.
        let mut only_http_1 = config.get_inner().as_ref().clone();
        only_http_1.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(RustlsConfig::from_config(Arc::new(only_http_1))))
    }
}

/// Answers connections until `end` is ready. Then it accepts no further one, answers the requests
/// that it has, and returns within `limits.drain`.
pub(crate) async fn serve(
    listener: TcpListener,
    transport: Transport,
    limits: &Limits,
    places: Arc<ConnectionPlaces>,
    routes: Router,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let handle = Handle::new();
    let server = server(listener, &handle, limits)?;
    let acceptor = PlaceAcceptor::new(places, limits, transport.names_circuit);
    let service = routes.into_make_service();
    let served = async {
        match transport.tls {
            None => server.acceptor(acceptor).serve(service).await,
            Some(Tls(config)) => {
                let tls = RustlsAcceptor::new(config).handshake_timeout(limits.head);
                server.acceptor(tls.acceptor(acceptor)).serve(service).await
            }
        }
    };
    drained(served, &handle, limits.drain, end).await
}

fn server(
    listener: TcpListener,
    handle: &Handle<SocketAddr>,
    limits: &Limits,
) -> io::Result<Server<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .http1_only()
        .first_request_timeout(limits.head)
        .accept_error_handler(|_address, error| {
            tracing::debug!(kind = ?error.kind(), "connection not accepted");
        });
    server
        .http_builder()
        .http1()
        .header_read_timeout(limits.head)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    Ok(server)
}

async fn drained(
    served: impl Future<Output = io::Result<()>>,
    handle: &Handle<SocketAddr>,
    drain: Duration,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::pin!(served);
    tokio::select! {
        result = &mut served => return result,
        () = end => handle.graceful_shutdown(Some(drain)),
    }
    served.await
}
