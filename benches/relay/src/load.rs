//! The client's side of every measurement.

use std::{
    net::SocketAddr,
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    socks::{self, Service},
    stub,
};

/// Handshakes at the same time while many connections are opened: few enough that no queue becomes
/// full.
const OPENING_MAX: usize = 128;

/// The direction of bulk transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Down,
    Up,
}

/// Opens streams to the service; their next bytes are payload.
pub(crate) async fn open(
    address: SocketAddr,
    count: usize,
    service: Service,
) -> Result<Vec<TcpStream>> {
    let places = Arc::new(Semaphore::new(OPENING_MAX));
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let place = Arc::clone(&places).acquire_owned().await?;
        opening.spawn(async move {
            let mut stream = socks::connect(address).await?;
            socks::ask(&mut stream, service as u16).await?;
            drop(place);
            anyhow::Ok(stream)
        });
    }
    opening.join_all().await.into_iter().collect()
}

/// Moves `bytes` over each stream; returns the seconds it took.
pub(crate) async fn bulk(
    streams: Vec<TcpStream>,
    way: Way,
    bytes: u64,
    memory: &Arc<OwnedFd>,
) -> Result<f64> {
    let start = Instant::now();
    let mut moving = JoinSet::new();
    for mut stream in streams {
        let memory = Arc::clone(memory);
        moving.spawn(async move {
            stream.write_u64(bytes).await?;
            match way {
                Way::Down => stub::discard(&stream, bytes).await?,
                Way::Up => {
                    stub::send(&stream, &memory, bytes).await?;
                    stream.read_u8().await?;
                }
            }
            anyhow::Ok(())
        });
    }
    for outcome in moving.join_all().await {
        outcome?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// The result of a series of set-ups.
pub(crate) struct SetUps {
    pub(crate) count: u64,
    pub(crate) seconds: f64,
    pub(crate) micros: Vec<f64>,
}

/// Connects, sends a request, echoes a byte and closes, again and again, with `at_once` connections
/// side by side.
pub(crate) async fn set_ups(address: SocketAddr, at_once: usize, count: usize) -> Result<SetUps> {
    let start = Instant::now();
    let mut visitors = JoinSet::new();
    for _ in 0..at_once {
        visitors.spawn(async move {
            let mut micros = Vec::with_capacity(count / at_once);
            for _ in 0..count / at_once {
                let start = Instant::now();
                let mut stream = socks::connect(address).await?;
                socks::ask(&mut stream, Service::Echo as u16).await?;
                echo(&mut stream).await?;
                drop(stream);
                micros.push(start.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(micros)
        });
    }
    let mut micros = Vec::new();
    for outcome in visitors.join_all().await {
        micros.extend(outcome?);
    }
    Ok(SetUps {
        count: micros.len() as u64,
        seconds: start.elapsed().as_secs_f64(),
        micros,
    })
}

/// Sends one byte there and back, `count` times; returns the microseconds of each.
pub(crate) async fn echoes(address: SocketAddr, count: usize) -> Result<Vec<f64>> {
    let mut stream = open(address, 1, Service::Echo).await?.remove(0);
    let mut micros = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        echo(&mut stream).await?;
        micros.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(micros)
}

async fn echo(stream: &mut TcpStream) -> Result<()> {
    stream.write_u8(7).await?;
    ensure!(stream.read_u8().await? == 7, "another byte came back");
    Ok(())
}

/// Asks for the far end, sends a byte and waits for the answer. Returns how many round trips to the
/// far end this takes in total.
pub(crate) async fn first_byte(address: SocketAddr) -> Result<f64> {
    let start = Instant::now();
    let mut stream = socks::connect(address).await?;
    socks::ask(&mut stream, Service::Far as u16).await?;
    echo(&mut stream).await?;
    Ok(start.elapsed().as_secs_f64() / stub::FAR.as_secs_f64())
}

/// Makes each stream echo `bytes` bytes, a few streams at a time.
pub(crate) async fn use_all(streams: &mut [TcpStream], bytes: usize) -> Result<()> {
    let there = vec![1; 16 * 1024];
    let mut back = vec![0; there.len()];
    for stream in streams {
        for _ in 0..bytes / there.len() {
            stream.write_all(&there).await?;
            stream.read_exact(&mut back).await?;
        }
    }
    Ok(())
}

/// Writes to the streams until they take no more, and reads nothing.
pub(crate) async fn fill(streams: &[TcpStream], memory: &Arc<OwnedFd>) {
    for stream in streams {
        // More than all buffers on the way can hold together.
        let all = stub::send(stream, memory, 1 << 30);
        drop(tokio::time::timeout(Duration::from_millis(30), all).await);
    }
}
