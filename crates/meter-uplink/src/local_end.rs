//! Runs the library's local end on its own thread and runtime.
//!
//! The library spawns a task for each connection and waits for none of them. Here they end with the
//! runtime, and a panic in one of them does not reach other threads.

use std::{io, net::SocketAddr, thread};

use shadowsocks_service::local::Server as Library;
use tokio::{runtime::Builder, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{Credentials, Server, UplinkError, config::config};

/// A listening local end. Dropping it closes the port and all connections.
pub(crate) struct LocalEnd {
    address: SocketAddr,
    stop: CancellationToken,
    /// Cancelled when the thread has ended, for any reason.
    ended: CancellationToken,
    thread: Option<thread::JoinHandle<Option<io::ErrorKind>>>,
}

impl LocalEnd {
    /// Listens on `port` of 127.0.0.1; 0 means any free port.
    pub(crate) async fn start(
        server: &Server,
        port: u16,
        credentials: &Credentials,
    ) -> Result<Self, UplinkError> {
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (listening, address) = oneshot::channel();
        let config = config(server, port, credentials);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| UplinkError::System(error.kind()))?;
        let (stopped, guard) = (stop.clone(), ended.clone().drop_guard());
        let body = move || {
            let _ended = guard;
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.cancelled() => None,
                    error = serve(config, listening) => error,
                }
            })
        };
        let thread = thread::Builder::new()
            .name("shadowsocks".to_owned())
            .spawn(body);
        let mut end = Self {
            address: ([127, 0, 0, 1], port).into(),
            stop,
            ended,
            thread: Some(thread.map_err(|error| UplinkError::System(error.kind()))?),
        };
        // If the sender was dropped without a value, the thread has ended.
        end.address = address.await.map_err(|_| UplinkError::Ended)??;
        Ok(end)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the local end has ended without a request.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Ends it in the way a failure would.
    #[cfg(test)]
    pub(crate) fn fail(&self) {
        self.stop.cancel();
    }

    /// Waits until the port is closed. Returns the reason of the end, for the log.
    pub(crate) fn join(&mut self) -> String {
        match self.thread.take().map(thread::JoinHandle::join) {
            Some(Ok(Some(kind))) => kind.to_string(),
            Some(Ok(None)) | None => "no error was given".to_owned(),
            Some(Err(_)) => "it panicked".to_owned(),
        }
    }
}

impl Drop for LocalEnd {
    fn drop(&mut self) {
        self.stop.cancel();
        self.join();
    }
}

type Listening = oneshot::Sender<Result<SocketAddr, UplinkError>>;

/// Serves until a failure. Returns the error if there is one that was not reported elsewhere.
async fn serve(
    config: shadowsocks_service::config::Config,
    listening: Listening,
) -> Option<io::ErrorKind> {
    let library = match Library::new(config).await {
        Ok(library) => library,
        Err(error) => {
            tell(listening, Err(UplinkError::System(error.kind())));
            return None;
        }
    };
    let tcp = library
        .socks_servers()
        .first()
        .and_then(|socks| socks.tcp_server());
    let Some(address) = tcp.and_then(|tcp| tcp.local_addr().ok()) else {
        tell(listening, Err(UplinkError::Ended));
        return None;
    };
    tell(listening, Ok(address));
    library.run().await.err().map(|error| error.kind())
}

fn tell(listening: Listening, outcome: Result<SocketAddr, UplinkError>) {
    if listening.send(outcome).is_err() {
        tracing::debug!("nobody waits for the local end any more");
    }
}
