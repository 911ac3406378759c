//! The only dialer of this program.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use tokio::net::TcpStream;

/// Connects to a listener of the benchmark.
///
/// # Errors
/// It is not on loopback, or nothing listens there.
#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark's only dialer, and it reaches loopback only"
)]
pub(crate) async fn connect(to: SocketAddr) -> Result<TcpStream> {
    ensure!(to.ip().is_loopback(), "everything here is on loopback");
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
