//! A TCP connection to a relay that ends when its data is no longer acknowledged.
//!
//! Arti waits until its connections end by themselves. A connection from another network, or one
//! that the router has forgotten, ends only after a quarter of an hour by the system's rules, and
//! all streams would wait for it.

use std::{io, net::SocketAddr};

use tokio::net::{TcpSocket, TcpStream};
use tor_rtcompat::TcpConnectOptions;

/// Connects with the options that Arti asks for.
///
/// # Errors
/// An error of the system.
pub(crate) async fn connect(
    address: SocketAddr,
    options: &TcpConnectOptions,
) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    let buffers = options.common();
    if let Some(bytes) = size(*buffers.send_buffer_size()) {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = size(*buffers.recv_buffer_size()) {
        socket.set_recv_buffer_size(bytes)?;
    }
    give_up_the_lost(&socket)?;
    socket.connect(address).await
}

fn size(wanted: Option<usize>) -> Option<u32> {
    wanted.map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// Data that is not acknowledged for half a minute counts as lost (RFC 5482, tcp(7)). Shorter
/// interruptions, as in a tunnel, do no harm.
#[cfg(target_os = "linux")]
fn give_up_the_lost(socket: &TcpSocket) -> io::Result<()> {
    const UNHEARD_MAX: std::time::Duration = std::time::Duration::from_secs(30);
    socket2::SockRef::from(socket).set_tcp_user_timeout(Some(UNHEARD_MAX))
}

/// Other systems have no such limit that could be set here.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "Linux's can fail")]
fn give_up_the_lost(_socket: &TcpSocket) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_gives_up_what_nobody_acknowledges() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = connect(address, &Default::default()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        #[cfg(target_os = "linux")]
        {
            let limit = socket2::SockRef::from(&stream).tcp_user_timeout().unwrap();
            assert_eq!(limit.unwrap().as_secs(), 30);
        }
    }
}
