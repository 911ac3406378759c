//! A client that sends exactly the bytes that a test writes.

use meter_testkit::loopback;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Only a server that does nothing at all takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lines of the head, with names in lower case.
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.iter().find_map(|line| line.strip_prefix(&start))
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        json["error"]["code"].as_str().expect("a code").to_owned()
    }
}

/// A connection to the server.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        let stream = loopback::connect(to).await.expect("the server listens");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends bytes; `false` if the server has closed the connection.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// The next answer; `None` if the server closes the connection first.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            let found = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            match found {
                Some(at) => break at + 4,
                None => self.more().await?,
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).expect("text");
        let mut lines = head.trim_end().lines();
        let status = lines.next().expect("a first line");
        let status = status.split(' ').nth(1).expect("a status").parse();
        let head = lines.map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            format!("{}: {value}", name.to_ascii_lowercase())
        });
        let mut answer = Answer {
            status: status.expect("a number"),
            head: head.collect(),
            body: Vec::new(),
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.chunks().await?;
            return Some(answer);
        }
        let length = answer.header("content-length").unwrap_or("0");
        let length: usize = length.parse().expect("a length");
        while self.read.len() < length {
            self.more().await?;
        }
        answer.body = self.read.drain(..length).collect();
        Some(answer)
    }

    /// A body of unknown length; `None` if the server closes the connection before its end.
    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.until_line().await?;
            let size = usize::from_str_radix(&size, 16).expect("a size");
            while self.read.len() < size + 2 {
                self.more().await?;
            }
            body.extend(self.read.drain(..size));
            self.read.drain(..2);
            if size == 0 {
                return Some(body);
            }
        }
    }

    async fn until_line(&mut self) -> Option<String> {
        let end = loop {
            match self.read.windows(2).position(|bytes| bytes == b"\r\n") {
                Some(at) => break at,
                None => self.more().await?,
            }
        };
        let line = self.read.drain(..end).collect();
        self.read.drain(..2);
        Some(String::from_utf8(line).expect("text"))
    }

    /// Waits until the server closes the connection, and says whether it sent anything.
    pub(crate) async fn closed(&mut self) -> bool {
        while self.more().await.is_some() {}
        !self.read.is_empty()
    }

    async fn more(&mut self) -> Option<()> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        let read = read.expect("the server neither answers nor closes");
        (read.unwrap_or_default() > 0).then_some(())
    }
}

/// One request on a connection of its own; `None` if the server closes it instead.
pub(crate) async fn try_ask(to: SocketAddr, request: impl AsRef<[u8]>) -> Option<Answer> {
    let mut client = Client::connect(to).await;
    client.send(request).await;
    client.answer().await
}

/// One request on a connection of its own.
pub(crate) async fn ask(to: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    try_ask(to, request).await.expect("an answer")
}

/// A request without a body.
pub(crate) fn get(path: &str, to: SocketAddr) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {to}\r\n\r\n")
}

/// A request with a body of JSON.
pub(crate) fn post(path: &str, to: SocketAddr, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
