//! A client `tor` of the private network. In tests it is the Tor that already runs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::{OtherVersion, control::Control, last_words, torrc};
use crate::{
    ports::HeldPort,
    process::{Guarded, ignore_because},
};

/// The ports of a client, on 127.0.0.1.
#[derive(Clone, Debug)]
pub struct ClientPorts {
    /// SOCKS5 with names.
    pub socks: HeldPort,
    /// Control protocol with cookie authentication.
    pub control: HeldPort,
}

impl ClientPorts {
    /// Two ports that no other program can take while these live.
    ///
    /// # Errors
    /// There are no free ports.
    pub fn hold() -> Result<Self> {
        Ok(Self {
            socks: HeldPort::take()?,
            control: HeldPort::take()?,
        })
    }

    /// The lines of `[tor]` in the product's `config.toml` that name these ports.
    #[must_use]
    pub fn settings(&self) -> String {
        let (socks, control) = (self.socks.number(), self.control.number());
        format!("socks_port = {socks}\ncontrol_port = {control}\n")
    }
}

/// A running client. Dropping it ends the process.
#[derive(Debug)]
pub struct TorClient {
    process: Guarded,
    ports: ClientPorts,
    folder: PathBuf,
}

impl TorClient {
    pub(super) fn new(process: Guarded, ports: ClientPorts, folder: PathBuf) -> Self {
        Self {
            process,
            ports,
            folder,
        }
    }

    /// Its SOCKS port.
    #[must_use]
    pub fn socks(&self) -> SocketAddr {
        self.ports.socks.address()
    }

    /// Its control port.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        self.ports.control.address()
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file with the control port's cookie.
    #[must_use]
    pub fn cookie_path(&self) -> PathBuf {
        self.folder.join("control_auth_cookie")
    }

    /// Opens a control port on which this client claims to have another version.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn claim_version(&self, version: &str) -> Result<OtherVersion> {
        OtherVersion::before(self.control(), version).await
    }

    /// Its Unix socket for SOCKS, if it was started with one.
    #[must_use]
    pub fn socks_socket(&self) -> PathBuf {
        self.folder.join(torrc::SOCKS_SOCKET)
    }

    /// Its Unix socket for control, if it was started with one.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.folder.join(torrc::CONTROL_SOCKET)
    }

    /// Sends one command to the control port. Returns the lines of the reply without their codes.
    ///
    /// # Errors
    /// The client does not answer, or refuses the command.
    pub async fn ask(&self, command: &str) -> Result<Vec<String>> {
        Control::open(self.control(), &self.cookie_path())
            .await?
            .ask(command)
            .await
    }

    /// How far it has bootstrapped, 0 to 100.
    ///
    /// # Errors
    /// The client does not answer.
    pub async fn bootstrap_percent(&self) -> Result<u8> {
        let reply = self.ask("GETINFO status/bootstrap-phase").await?.join(" ");
        let found = reply
            .split_whitespace()
            .find_map(|word| word.strip_prefix("PROGRESS="));
        Ok(found.context("tor says no progress")?.parse()?)
    }

    /// Waits until it has bootstrapped to 100 %.
    ///
    /// # Errors
    /// The process ended (the text has its last words), or `limit` passed.
    pub async fn wait_until_ready(&mut self, limit: Duration) -> Result<()> {
        let waited = tokio::time::timeout(limit, async {
            // No answer is normal at first: port and cookie take a moment to appear.
            while self.bootstrap_percent().await.unwrap_or(0) < 100 {
                if let Some(status) = self.process.exit_status()? {
                    bail!(
                        "the client ended with {status}:\n{}",
                        last_words(&self.folder)
                    );
                }
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        });
        match waited.await {
            Ok(outcome) => outcome,
            Err(_) => bail!(
                "not bootstrapped after {limit:?}:\n{}",
                last_words(&self.folder)
            ),
        }
    }

    /// Pauses it (`SIGSTOP`): its ports accept connections, but nothing answers.
    ///
    /// # Errors
    /// The process is gone.
    pub fn pause(&self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Continues a paused client.
    ///
    /// # Errors
    /// The process is gone.
    pub fn resume(&self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Kills it with `SIGKILL`, as a crash would. Returns when it has ended.
    pub fn kill(mut self) {
        self.process.kill();
    }
}

impl Drop for TorClient {
    fn drop(&mut self) {
        for signal in [Signal::CONT, Signal::INT] {
            ignore_because("it may be gone already", self.process.signal(signal));
        }
        self.process.wait(GRACE);
    }
}

const POLL: Duration = Duration::from_millis(50);
/// With `ShutdownWaitLength 0` it ends within milliseconds.
const GRACE: Duration = Duration::from_secs(3);
