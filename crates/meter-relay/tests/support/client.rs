//! A SOCKS client that sends exactly the bytes it is told to send.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::rig::{Rig, soon};

/// Greeting: SOCKS5, one method, no authentication.
pub(crate) const GREETING: [u8; 3] = [5, 1, 0];

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn connect(port: u16) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's own client, on loopback"
        )]
        let stream = soon(TcpStream::connect(("127.0.0.1", port))).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon(self.0.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn receive(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        soon(self.0.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// Ends the sending direction.
    pub(crate) async fn end(&mut self) {
        soon(self.0.shutdown()).await.unwrap();
    }

    /// Returns all remaining bytes, and whether the connection ends in order or by a reset.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = soon(self.0.read_to_end(&mut bytes)).await;
        (bytes, end.map(drop))
    }

    /// Checks that the relay sends exactly `words` and then closes in order.
    #[track_caller]
    pub(crate) fn hears_last(&mut self, words: &[u8]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let (bytes, end) = self.rest().await;
            assert_eq!(bytes, words, "at {caller}");
            end.unwrap_or_else(|error| panic!("{error} after {bytes:?}, at {caller}"));
        }
    }

    /// Checks that the relay closes without an answer. Unread input makes a close a reset.
    #[track_caller]
    pub(crate) fn hears_nothing(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let (bytes, _either_end) = self.rest().await;
            assert_eq!(bytes, b"", "at {caller}");
        }
    }

    pub(crate) async fn greet(&mut self) {
        self.send(&GREETING).await;
        assert_eq!(self.receive(2).await, [5, 0]);
    }

    /// Closes so that the peer sees a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}

/// A CONNECT to a name.
pub(crate) fn request_for_name(name: &[u8], port: u16) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    [&[5, 1, 0, 3, length], name, &port.to_be_bytes()].concat()
}

/// A CONNECT to a public name that every rule allows.
pub(crate) fn usual_request() -> Vec<u8> {
    request_for_name(b"example.com", 80)
}

/// The relay's own reply with this code.
pub(crate) fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// Offers credentials only and sends them. Returns the client and the relay's answer.
pub(crate) async fn present(rig: &Rig, user: &[u8], password: &[u8]) -> (Client, Vec<u8>) {
    let mut client = Client::connect(rig.port).await;
    client.send(&[5, 1, 2]).await;
    assert_eq!(client.receive(2).await, [5, 2]);
    let length = |bytes: &[u8]| [u8::try_from(bytes.len()).unwrap()];
    client
        .send(&[&[1], &length(user)[..], user, &length(password), password].concat())
        .await;
    let verdict = client.receive(2).await;
    (client, verdict)
}
