//! A port that sends the same answer to every client.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// What Tor answers to HTTP on its SOCKS port.
pub(crate) const TORS_ANSWER: &str =
    "HTTP/1.0 501 Tor is not an HTTP Proxy\r\nContent-Type: text/html\r\n\r\n";

/// The running port. Closed when dropped.
pub(crate) struct FakePort {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    server: JoinSet<()>,
}

impl FakePort {
    /// Answers the first bytes of each connection; `banner` is sent without waiting for them.
    pub(crate) async fn start(banner: &'static str, answer: &'static str) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), banner, answer).await
    }

    /// Does the same at a given address.
    pub(crate) async fn start_at(
        address: SocketAddr,
        banner: &'static str,
        answer: &'static str,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, mut server) = (Arc::clone(&asked), JoinSet::new());
        server.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = [0; 512];
                if stream.write_all(banner.as_bytes()).await.is_err() {
                    continue;
                }
                if !matches!(stream.read(&mut bytes).await, Ok(1..)) {
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                // The client may be gone.
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self {
            address,
            asked,
            server,
        }
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Closes the port. From then on connections are refused.
    pub(crate) async fn close(mut self) {
        self.server.shutdown().await;
    }
}
