//! The simplest proxy: both handshakes, then tokio's `copy_bidirectional`.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::{io::copy_bidirectional, net::TcpStream, task::JoinSet};

use crate::socks;

/// Serves without end.
pub(crate) fn run(listen: SocketAddr, upstream: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = crate::stub::listen(listen)?;
        let mut connections = JoinSet::new();
        loop {
            let (client, _) = listener.accept().await?;
            connections.spawn(serve(client, upstream));
            while connections.try_join_next().is_some() {}
        }
    })
}

async fn serve(mut client: TcpStream, upstream: SocketAddr) -> Result<()> {
    client.set_nodelay(true)?;
    let port = socks::hear(&mut client).await?;
    let mut tor = socks::connect(upstream).await?;
    socks::ask(&mut tor, port).await?;
    socks::grant(&mut client).await?;
    copy_bidirectional(&mut client, &mut tor).await?;
    Ok(())
}
