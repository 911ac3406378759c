//! A minimal control-port client: authenticates with the cookie, asks, reads the answer.
//!
//! With it the kit can watch a `tor` without the product's own control client.

use std::{fmt::Write as _, fs, net::SocketAddr, path::Path};

use anyhow::{Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::loopback;

/// An authenticated control connection.
#[derive(Debug)]
pub(crate) struct Control {
    stream: BufReader<TcpStream>,
}

impl Control {
    pub(crate) async fn open(address: SocketAddr, cookie: &Path) -> Result<Self> {
        let mut secret = String::new();
        for byte in fs::read(cookie)? {
            write!(secret, "{byte:02x}")?;
        }
        let mut control = Self {
            stream: BufReader::new(loopback::connect(address).await?),
        };
        control.ask(&format!("AUTHENTICATE {secret}")).await?;
        Ok(control)
    }

    /// Sends one command and returns the lines of its reply, without codes and final dots
    /// (control-spec §2.3).
    pub(crate) async fn ask(&mut self, command: &str) -> Result<Vec<String>> {
        self.stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await?;
        let mut reply = Vec::new();
        loop {
            let line = self.line().await?;
            let Some((code, text)) = line.split_at_checked(4) else {
                bail!("not a reply: {line}")
            };
            if !code.starts_with('2') {
                bail!("tor refused: {line}");
            }
            reply.push(text.to_owned());
            if code.ends_with('+') {
                self.data(&mut reply).await?;
            } else if code.ends_with(' ') {
                return Ok(reply);
            }
        }
    }

    async fn data(&mut self, reply: &mut Vec<String>) -> Result<()> {
        loop {
            match self.line().await? {
                end if end == "." => return Ok(()),
                line => reply.push(line),
            }
        }
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            bail!("tor closed the control connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
