//! Serves one connection: reads a request, answers it, waits for the other end to close.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Answer, ConnectionRecord, Records, RequestRecord};
use crate::process::ignore_because;

/// Serves until the end, and then marks the record as closed, in whatever way the end came.
pub(super) async fn serve(stream: TcpStream, records: Arc<Records>, index: usize) {
    let mut connection = Connection {
        stream,
        records,
        index,
    };
    let outcome = connection.exchange().await;
    ignore_because("the record shows how far it came", outcome);
}

/// A socket with its record.
struct Connection {
    stream: TcpStream,
    records: Arc<Records>,
    index: usize,
}

impl Connection {
    async fn exchange(&mut self) -> Result<()> {
        let (head, rest) = self.head().await?;
        let (request, key) = parse(&head)?;
        let answer = match key {
            Some(key) if request.path == "/socket" => Answer::socket(&key),
            _ => Answer::to(&request.path),
        };
        let mut missing = request
            .body_bytes
            .saturating_sub(u64::try_from(rest.len())?);
        let request = RequestRecord {
            answer_bytes: answer.total_bytes(),
            ..request
        };
        self.record(|record| record.requests.push(request));

        let mut buffer = vec![0; BUFFER_BYTES];
        while missing > 0 {
            let count = self.read(&mut buffer).await?;
            ensure!(count > 0, "closed in the middle of a body");
            missing = missing.saturating_sub(u64::try_from(count)?);
        }
        self.send(&answer).await?;
        self.stream.shutdown().await?;
        // Bytes that the other end still sends count, too.
        while self.read(&mut buffer).await? > 0 {}
        Ok(())
    }

    /// The head with its empty line, and what came after it.
    async fn head(&mut self) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut collected = Vec::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = self.read(&mut buffer).await?;
            ensure!(count > 0, "closed before a request was whole");
            collected.extend(buffer.iter().take(count));
            if let Some(end) = collected.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = collected.split_off(end + 4);
                return Ok((collected, rest));
            }
            ensure!(collected.len() < HEAD_BYTES_MAX, "the head has no end");
        }
    }

    async fn send(&mut self, answer: &Answer) -> Result<()> {
        self.write(answer.head()).await?;
        let mut offset = 0;
        while let piece @ [_, ..] = answer.piece(offset).as_slice() {
            if offset > 0 && !answer.pause().is_zero() {
                tokio::time::sleep(answer.pause()).await;
            }
            self.write(piece).await?;
            offset += u64::try_from(piece.len())?;
        }
        Ok(())
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.stream.read(buffer).await?;
        let bytes = u64::try_from(count)?;
        self.record(|record| record.received += bytes);
        Ok(count)
    }

    /// Counts the bytes that the socket accepted, even if it breaks in the middle.
    async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count = self.stream.write(bytes).await?;
            ensure!(count > 0, "the socket accepts nothing");
            let accepted = u64::try_from(count)?;
            self.record(|record| record.sent += accepted);
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn record(&self, change: impl FnOnce(&mut ConnectionRecord)) {
        self.records.write(|records| {
            if let Some(record) = records.get_mut(self.index) {
                change(record);
            }
        });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.record(|record| record.open = false);
    }
}

/// Reads request line and length of body (RFC 9112 §3, RFC 9110 §8.6), and the key of a request for
/// a WebSocket (RFC 6455 §4.1).
fn parse(head: &[u8]) -> Result<(RequestRecord, Option<String>)> {
    let text = std::str::from_utf8(head)?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path), Some(version)) = (words.next(), words.next(), words.next())
    else {
        anyhow::bail!("not a request line");
    };
    ensure!(version.starts_with("HTTP/1."), "not HTTP/1");
    let (mut body_bytes, mut key) = (0, None);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').context("not a header")?;
        if name.eq_ignore_ascii_case("content-length") {
            body_bytes = value.trim().parse()?;
        } else if name.eq_ignore_ascii_case("sec-websocket-key") {
            key = Some(value.trim().to_owned());
        }
    }
    let request = RequestRecord {
        method: method.to_owned(),
        path: path.to_owned(),
        head_bytes: u64::try_from(head.len())?,
        body_bytes,
        answer_bytes: 0,
    };
    Ok((request, key))
}

const BUFFER_BYTES: usize = 65_536;
/// More than any browser sends; arbitrary.
const HEAD_BYTES_MAX: usize = 65_536;
