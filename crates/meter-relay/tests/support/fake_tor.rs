//! A stand-in for Tor's SOCKS port: it accepts, and then does what the test says, right or wrong.

use std::io;

use meter_core::TorAddr;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
};

use super::{
    client::{Client, usual_request},
    rig::{Rig, soon},
};

/// Tor's reply to a successful CONNECT.
pub(crate) const SUCCESS: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

pub(crate) struct FakeTor {
    listener: TcpListener,
    /// The same listener, to ask the kernel without the runtime.
    queue: std::net::TcpListener,
}

impl FakeTor {
    pub(crate) fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        // A queue as long as Tor's own, so that a burst of connections does not fill it.
        let queue = socket.listen(4096).unwrap().into_std().unwrap();
        let listener = TcpListener::from_std(queue.try_clone().unwrap()).unwrap();
        Self { listener, queue }
    }

    pub(crate) fn upstream(&self) -> TorAddr {
        TorAddr::Tcp(self.queue.local_addr().unwrap())
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Accepts a connection and answers its request with [`SUCCESS`]. Returns the stream.
    pub(crate) async fn open(&self) -> TcpStream {
        let mut stream = self.accept().await;
        read_request(&mut stream).await;
        soon(stream.write_all(&SUCCESS)).await.unwrap();
        stream
    }

    /// Checks that there were no connections except the accepted ones.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        let error = self.queue.accept().expect_err("somebody connected to Tor");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}

/// A stand-in for Tor behind a Unix socket.
pub(crate) struct UnixTor {
    listener: UnixListener,
    directory: TempDir,
}

impl UnixTor {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("socks")).unwrap();
        Self {
            listener,
            directory,
        }
    }

    pub(crate) fn upstream(&self) -> TorAddr {
        TorAddr::Unix(self.directory.path().join("socks"))
    }

    pub(crate) async fn asked(&self, rig: &Rig) -> (Client, UnixStream) {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        assert_eq!(read_request(&mut stream).await, usual_request());
        (client, stream)
    }

    pub(crate) async fn pair(&self, rig: &Rig) -> (Client, UnixStream) {
        let (mut client, mut stream) = self.asked(rig).await;
        stream.write_all(&SUCCESS).await.unwrap();
        assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
        (client, stream)
    }
}

/// Agrees to "no authentication". Returns the raw bytes of the request.
pub(crate) async fn read_request<S>(stream: &mut S) -> Vec<u8>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert_eq!(
        read(stream, 3).await,
        [5, 1, 0],
        "the relay offers no authentication, and only that"
    );
    soon(stream.write_all(&[5, 0])).await.unwrap();
    read_target(stream).await
}

/// Accepts the credentials, which are the only method offered. Returns password and request.
pub(crate) async fn read_isolated_request<S>(stream: &mut S) -> (Vec<u8>, Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert_eq!(read(stream, 3).await, [5, 1, 2]);
    soon(stream.write_all(&[5, 2])).await.unwrap();
    let password = read_credentials(stream).await;
    // Tor finds the request in the same segment and answers both at once.
    let request = read_target(stream).await;
    soon(stream.write_all(&[1, 0])).await.unwrap();
    (password, request)
}

/// Checks the fixed user name and returns the password.
pub(crate) async fn read_credentials<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    assert_eq!(read(stream, 2).await, [1, 9]);
    assert_eq!(read(stream, 9).await, b"<torS0X>0");
    let length = usize::from(read(stream, 1).await[0]);
    read(stream, length).await
}

async fn read_target<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut request = read(stream, 5).await;
    let rest = match request[3] {
        1 => 4 + 2 - 1,
        3 => usize::from(request[4]) + 2,
        4 => 16 + 2 - 1,
        other => panic!("address type {other}"),
    };
    request.extend(read(stream, rest).await);
    request
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}
