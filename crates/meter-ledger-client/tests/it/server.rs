//! A small server that sends exactly the bytes that a test writes, and a dialer that counts what
//! the client takes.

use meter_ledger_client::{Dial, LedgerClient};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Nothing here takes as long when it works.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A server that ends with the test.
pub(crate) struct Server {
    to: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers each connection so.
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let to = listener.local_addr().expect("its address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(answer(stream));
            }
        });
        Self {
            to,
            accepted,
            _tasks: tasks,
        }
    }

    /// Answers each request with these bytes, and keeps the connection open.
    pub(crate) async fn with(answer: impl AsRef<[u8]>) -> Self {
        let answer: Arc<[u8]> = answer.as_ref().into();
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                while request(&mut stream).await.is_some() {
                    say(&mut stream, &answer).await;
                }
            }
        })
        .await
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self) -> (LedgerClient<Loopback>, Arc<AtomicUsize>) {
        self.hurried(LONG)
    }

    /// A client that waits only so long, and the number of bytes that it has taken.
    pub(crate) fn hurried(&self, limit: Duration) -> (LedgerClient<Loopback>, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let dial = Loopback::to(self.to, taken.clone());
        (LedgerClient::new(self.to.to_string(), dial, limit), taken)
    }
}

/// Reads one request without a body, or with one that is there already. `None` at the end.
pub(crate) async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        match stream.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return None,
        }
    }
}

/// Writes until the client has gone. Returns whether it is still there.
pub(crate) async fn say(stream: &mut TcpStream, words: &[u8]) -> bool {
    stream.write_all(words).await.is_ok()
}

/// An answer as a ledger gives it.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    )
}

/// Connects to a server of the test.
pub(crate) struct Loopback {
    to: SocketAddr,
    taken: Arc<AtomicUsize>,
}

impl Loopback {
    pub(crate) const fn to(to: SocketAddr, taken: Arc<AtomicUsize>) -> Self {
        Self { to, taken }
    }
}

impl Dial for Loopback {
    type Stream = Counted;
    type Error = io::Error;

    async fn dial(&self) -> io::Result<Counted> {
        let stream = meter_testkit::loopback::connect(self.to).await;
        let stream = stream.map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(Counted {
            stream,
            taken: self.taken.clone(),
        })
    }
}

/// A connection that counts what is read from it.
pub(crate) struct Counted {
    stream: TcpStream,
    taken: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let taken = buffer.filled().len().saturating_sub(before);
        self.taken.fetch_add(taken, Ordering::SeqCst);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
