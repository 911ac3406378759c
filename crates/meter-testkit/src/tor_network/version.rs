//! A control port in front of a client's own. On it the client has another version.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{loopback, process::ignore_because};

/// Replaces the version in answers; everything else comes from the client.
#[derive(Debug)]
pub struct OtherVersion {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl OtherVersion {
    pub(super) async fn before(control: SocketAddr, version: &str) -> Result<Self> {
        let listener = TcpListener::bind(loopback::address(0)).await?;
        let address = listener.local_addr()?;
        let line = format!("250-VERSION Tor=\"{version}\"\r\n");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let line = line.clone();
                open.spawn(async move {
                    ignore_because(
                        "either side may break off",
                        pass(near, control, &line).await,
                    );
                });
            }
        });
        let _tasks = tasks;
        Ok(Self { address, _tasks })
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass(mut near: TcpStream, control: SocketAddr, version: &str) -> Result<()> {
    let mut far = loopback::connect(control).await?;
    let (mut asked, mut answers) = near.split();
    let (said, mut asks) = far.split();
    let mut said = BufReader::new(said);
    let down = async {
        let mut line = Vec::new();
        while said.read_until(b'\n', &mut line).await? > 0 {
            let is_version = line.starts_with(b"250-VERSION Tor=");
            let answer = if is_version {
                version.as_bytes()
            } else {
                &line
            };
            answers.write_all(answer).await?;
            line.clear();
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ended = copy(&mut asked, &mut asks) => ended.map(drop)?,
        ended = down => ended?,
    }
    Ok(())
}
