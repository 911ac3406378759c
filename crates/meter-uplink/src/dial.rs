//! The one dialer of this crate besides the library's: a connection to the person's own server,
//! only to see whether it is accepted. No byte is sent.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

/// Longer than a connection across the world with two losses on the way (1 s and 2 s of waiting).
const ACCEPT_MAX: Duration = Duration::from_secs(8);

/// Whether a connection is accepted there.
#[expect(
    clippy::disallowed_methods,
    reason = "it leads to the server that Tor's connections go to anyway, by address, and carries \
              nothing"
)]
pub(crate) async fn is_accepted(server: SocketAddr) -> bool {
    matches!(
        timeout(ACCEPT_MAX, TcpStream::connect(server)).await,
        Ok(Ok(_))
    )
}
