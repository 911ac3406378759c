//! Replaces Tor's SOCKS port and everything behind it. Moves bytes as cheaply as the kernel can:
//! from a memory file, and to nowhere.

use std::{
    net::SocketAddr,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create, sendfile},
    net::{RecvFlags, recv},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::socks::{self, Service};

/// The size of the memory file, and the most for one call.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// The round trip to the far end: so long that a timer's millisecond is a small part of it.
pub(crate) const FAR: Duration = Duration::from_millis(100);

/// Serves without end.
pub(crate) fn run(address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = listen(address)?;
        let memory = Arc::new(memory()?);
        let mut connections = JoinSet::new();
        loop {
            let (client, _) = listener.accept().await?;
            connections.spawn(serve(client, Arc::clone(&memory)));
            while connections.try_join_next().is_some() {}
        }
    })
}

/// A listener with a long queue.
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket.listen(4096)?)
}

/// A file of zeros in memory.
pub(crate) fn memory() -> Result<OwnedFd> {
    let memory = memfd_create("bench", MemfdFlags::CLOEXEC)?;
    ftruncate(&memory, CHUNK_BYTES as u64)?;
    // Pages that were never written would all be the same page of zeros.
    rustix::io::pwrite(&memory, &vec![0x5A; CHUNK_BYTES], 0)?;
    Ok(memory)
}

async fn serve(mut client: TcpStream, memory: Arc<OwnedFd>) -> Result<()> {
    client.set_nodelay(true)?;
    if is_http(&client).await? {
        // The daemon recognizes Tor's SOCKS port by this answer.
        client
            .write_all(b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n\r\n")
            .await?;
        return Ok(());
    }
    let port = socks::hear(&mut client).await?;
    let service = Service::ALL.into_iter().find(|&known| known as u16 == port);
    if service == Some(Service::Far) {
        return serve_from_afar(client).await;
    }
    socks::grant(&mut client).await?;
    match service {
        Some(Service::Source) => {
            let length = client.read_u64().await?;
            send(&client, &memory, length).await?;
            client.read_u8().await?; // until the client goes
        }
        Some(Service::Sink) => {
            let length = client.read_u64().await?;
            discard(&client, length).await?;
            client.write_u8(1).await?;
            client.read_u8().await?;
        }
        Some(Service::Echo) => {
            let mut buffer = vec![0; 2048]; // small: thousands of these lie idle
            loop {
                let length = client.read(&mut buffer).await?;
                if length == 0 {
                    break;
                }
                client.write_all(&buffer[..length]).await?;
            }
        }
        Some(Service::Hole) => std::future::pending().await,
        Some(Service::Far) | None => {}
    }
    Ok(())
}

async fn is_http(client: &TcpStream) -> Result<bool> {
    let mut first = [0];
    client.peek(&mut first).await?;
    Ok(&first == b"G")
}

/// Everything, the request and each byte, is answered one round trip later.
async fn serve_from_afar(mut client: TcpStream) -> Result<()> {
    let asked = Instant::now();
    let (mut from, mut to) = client.split();
    let granted = async {
        sleep_until(asked + FAR).await;
        socks::grant(&mut to).await
    };
    let heard = async {
        let byte = from.read_u8().await?;
        anyhow::Ok((byte, Instant::now()))
    };
    let (_, (byte, at)) = tokio::try_join!(granted, heard)?;
    sleep_until(at + FAR).await;
    client.write_u8(byte).await?;
    client.read_u8().await?; // until the client goes
    Ok(())
}

/// Sends `length` bytes.
pub(crate) async fn send(stream: &TcpStream, memory: &OwnedFd, length: u64) -> Result<()> {
    let mut left = length;
    while left > 0 {
        stream.writable().await?;
        let chunk = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let sent = stream.try_io(Interest::WRITABLE, || {
            Ok(sendfile(stream, memory, Some(&mut 0), chunk)?)
        });
        match sent {
            Ok(sent) => left -= sent as u64,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        tokio::task::consume_budget().await;
    }
    Ok(())
}

/// Makes the kernel discard `length` bytes.
pub(crate) async fn discard(stream: &TcpStream, length: u64) -> Result<()> {
    let mut left = length;
    let mut never_written = Vec::with_capacity(CHUNK_BYTES);
    while left > 0 {
        stream.readable().await?;
        let room = never_written.spare_capacity_mut();
        let chunk = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let taken = stream.try_io(Interest::READABLE, || {
            let (_, taken) = recv(stream.as_fd(), &mut room[..chunk], RecvFlags::TRUNC)?;
            Ok(taken)
        });
        match taken {
            Ok(0) => anyhow::bail!("the stream ended {left} bytes early"),
            Ok(taken) => left -= taken as u64,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        tokio::task::consume_budget().await;
        let _: &mut Vec<u8> = &mut never_written;
    }
    Ok(())
}
