//! Connects to the user's own server to see whether it accepts the connection, and sends no byte.
//! Apart from the library, only this module of the crate opens connections.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

/// Longer than a connection across the world that loses two packets (1 s and 2 s of waiting).
const ACCEPT_MAX: Duration = Duration::from_secs(8);

/// Whether a connection to this address is accepted.
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
