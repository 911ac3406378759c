//! A real Shadowsocks server on loopback, on its own thread, and a door through which a process in
//! another network namespace can reach it.

use std::{net::SocketAddr, path::Path, thread};

use anyhow::{Context as _, Result};
use shadowsocks_service::{
    server::ServerBuilder,
    shadowsocks::{ServerConfig, config::Mode},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixListener, UnixStream},
    runtime::Builder,
    sync::oneshot,
    task::JoinSet,
};

use crate::{loopback, process::ignore_because};

/// A running server. Dropping it cuts every connection.
#[derive(Debug)]
pub struct ShadowsocksServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ShadowsocksServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The method or the password is not valid, or there is no port or thread.
    pub async fn start(method: &str, password: &str) -> Result<Self> {
        let method = method.parse().ok().context("a method")?;
        let mut config = ServerConfig::new(loopback::address(0), password, method)?;
        config.set_mode(Mode::TcpOnly);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (listening, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    ended = stopped => ignore_because("a dropped sender says it too", ended),
                    ended = serve(config, listening) => {
                        ignore_because("who waits for the address is told", ended);
                    }
                }
            });
        };
        let thread = thread::Builder::new()
            .name("ssserver".to_owned())
            .spawn(body)?;
        let address = address.await.context("the server does not listen")?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ShadowsocksServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            ignore_because("a panic there was printed already", thread.join());
        }
    }
}

async fn serve(config: ServerConfig, listening: oneshot::Sender<SocketAddr>) -> Result<()> {
    let server = ServerBuilder::new(config).build().await?;
    let tcp = server.tcp_server().context("it serves TCP")?;
    ignore_because("nobody waits any more", listening.send(tcp.local_addr()?));
    Ok(server.run().await?)
}

/// Both ends of a door. It uses a Unix socket, because network namespaces share the file system.
#[derive(Debug)]
pub struct Door {
    _tasks: JoinSet<()>,
}

impl Door {
    /// Makes the socket `path`. A connection to it is passed to `inside`, on loopback.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn to(path: &Path, inside: SocketAddr) -> Result<Self> {
        let listener = UnixListener::bind(path)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                open.spawn(async move {
                    if let Ok(mut far) = loopback::connect(inside).await {
                        let copied = copy_bidirectional(&mut near, &mut far).await;
                        ignore_because("either side may break off", copied);
                    }
                });
            }
        });
        Ok(Self { _tasks: tasks })
    }

    /// Listens on a free port of 127.0.0.1. A connection to it is passed to the socket `path`.
    ///
    /// # Errors
    /// There is no port.
    pub async fn from(path: &Path) -> Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(loopback::address(0)).await?;
        let address = listener.local_addr()?;
        let path = path.to_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let path = path.clone();
                open.spawn(async move {
                    if let Ok(mut far) = UnixStream::connect(path).await {
                        let copied = copy_bidirectional(&mut near, &mut far).await;
                        ignore_because("either side may break off", copied);
                    }
                });
            }
        });
        Ok((Self { _tasks: tasks }, address))
    }
}
