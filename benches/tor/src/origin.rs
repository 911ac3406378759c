//! The web site behind the exits: a small page and a large file, with one request per connection.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The site. Dropping it closes every connection.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    _task: JoinSet<Result<()>>,
}

impl Origin {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be bound.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut task = JoinSet::new();
        task.spawn(accept(listener));
        Ok(Self {
            address,
            _task: task,
        })
    }
}

async fn accept(listener: TcpListener) -> Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await?;
        connections.spawn(serve(client));
        while connections.try_join_next().is_some() {}
    }
}

/// `GET /N` is answered with N bytes.
async fn serve(mut client: TcpStream) -> Result<()> {
    client.set_nodelay(true)?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        ensure!(request.len() < REQUEST_BYTES_MAX, "a request is short");
        ensure!(client.read_buf(&mut request).await? > 0, "half a request");
    }
    let request = String::from_utf8(request)?;
    let path = request.strip_prefix("GET /").unwrap_or_default();
    let path = path.split(' ').next().unwrap_or_default();
    let mut left: usize = path.parse()?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {left}\r\nConnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).await?;
    let piece = vec![b'a'; PIECE_BYTES];
    while left > 0 {
        let length = left.min(PIECE_BYTES);
        client.write_all(&piece[..length]).await?;
        left -= length;
    }
    Ok(())
}

const REQUEST_BYTES_MAX: usize = 4_096;
const PIECE_BYTES: usize = 64 << 10;
