//! One keep-alive connection to a ledger, as lean as a client can be: its cost falls on the same
//! processors as the server's.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use meter_testkit::loopback;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An answer of the ledger.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A connection that is open.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    outgoing: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = loopback::connect(address).await?;
        stream.set_nodelay(true)?;
        let outgoing = Vec::new();
        Ok(Self {
            stream,
            address,
            outgoing,
        })
    }

    /// Submits `n × 264` bytes.
    pub(crate) async fn submit(&mut self, records: &[u8]) -> Result<Answer> {
        let kind = "Content-Type: application/octet-stream\r\n";
        self.ask("POST", "/api/sessions/submit", kind, records)
            .await
    }

    /// Sends a request and reads its answer. `headers` end with their own line ends.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Answer> {
        let (address, length) = (self.address, body.len());
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {address}\r\n{headers}\
             Content-Length: {length}\r\n\r\n"
        );
        self.outgoing.clear();
        self.outgoing.extend_from_slice(head.as_bytes());
        self.outgoing.extend_from_slice(body);
        self.stream.write_all(&self.outgoing).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer> {
        let mut bytes = Vec::with_capacity(2048);
        loop {
            let read = self.stream.read_buf(&mut bytes).await?;
            ensure!(read > 0, "the ledger has closed the connection");
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let (status, length) = head(&bytes[..end])?;
                let mut body = bytes.split_off(end + 4);
                body.reserve(length.saturating_sub(body.len()));
                while body.len() < length {
                    let read = self.stream.read_buf(&mut body).await?;
                    ensure!(read > 0, "the answer breaks off");
                }
                return Ok(Answer { status, body });
            }
        }
    }
}

/// Status and length of the body.
fn head(bytes: &[u8]) -> Result<(u16, usize)> {
    let text = std::str::from_utf8(bytes)?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.context("a status")?.parse()?;
    for line in lines {
        let (name, value) = line.split_once(':').context("a header")?;
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, value.trim().parse()?));
        }
    }
    bail!("an answer without a length")
}

impl Answer {
    /// How many of its outcomes are this one.
    pub(crate) fn outcomes(&self, name: &str) -> usize {
        let text = String::from_utf8_lossy(&self.body);
        text.matches(&format!("\"outcome\":\"{name}\"")).count()
    }

    /// The body as text, for the words of an error.
    pub(crate) fn words(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.body).into_owned();
        text.truncate(300);
        text
    }
}
