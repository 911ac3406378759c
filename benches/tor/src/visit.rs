//! The client's side: what a browser does for a page, with the time it takes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use meter_testkit::socks::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long a client waited, counted from before it connected to its proxy.
pub(crate) struct Waits {
    /// Until CONNECT was answered.
    pub(crate) answer: Duration,
    /// Until the first byte of the page; the page was requested as soon as the answer came.
    pub(crate) first_byte: Duration,
}

/// Visits a small page once. `connecting` makes the connection to the site; it begins when this
/// function awaits it.
///
/// # Errors
/// The proxy refuses, or no page comes.
pub(crate) async fn page<S: Stream>(
    connecting: impl Future<Output = Result<S>>,
    name: &str,
) -> Result<Waits> {
    let began = Instant::now();
    let mut stream = connecting.await?;
    let answer = began.elapsed();
    stream.write_all(&request(name, PAGE_BYTES)).await?;
    ensure!(stream.read_u8().await? == b'H', "an HTTP answer");
    let first_byte = began.elapsed();
    // Reads to the end: a cut stream would give Tor additional work in the next visit.
    while stream.read(&mut [0; 4_096]).await? > 0 {}
    Ok(Waits { answer, first_byte })
}

/// Fetches `bytes` bytes; returns how long the body took from its first byte to its last.
///
/// # Errors
/// The proxy refuses, or the file does not come whole.
pub(crate) async fn download<S: Stream>(
    connecting: impl Future<Output = Result<S>>,
    name: &str,
    bytes: usize,
) -> Result<Duration> {
    let mut stream = connecting.await?;
    stream.write_all(&request(name, bytes)).await?;
    stream.read_u8().await?;
    let began = Instant::now();
    let mut buffer = vec![0; 64 << 10];
    let mut came = 0;
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        came += length;
    }
    ensure!(came >= bytes, "{came} bytes of {bytes} came");
    Ok(began.elapsed())
}

fn request(name: &str, bytes: usize) -> Vec<u8> {
    format!("GET /{bytes} HTTP/1.1\r\nHost: {name}\r\n\r\n").into_bytes()
}

/// One cell of Tor.
const PAGE_BYTES: usize = 300;
