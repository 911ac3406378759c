//! A bridge of the private network: a relay that is in no consensus, plain or with obfs4.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};

use super::{TorNetwork, last_words, spawn, torrc};
use crate::{loopback, ports::HeldPort, process::Guarded, program};

/// A running bridge. Dropping it ends it, and with it its transport.
#[derive(Debug)]
pub struct Bridge {
    _process: Guarded,
    _ports: [HeldPort; 2],
    door: SocketAddr,
    before: &'static str,
    after: String,
}

impl Bridge {
    /// The address for clients: the relay's own port, or the transport's.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.door
    }

    /// The bridge line for clients, with `address` as its address.
    #[must_use]
    pub fn line_at(&self, address: &str) -> String {
        format!("{}{address} {}", self.before, self.after)
    }
}

impl TorNetwork {
    /// Starts a bridge and returns when it can serve: it has the directory, and its transport, if
    /// any, listens.
    ///
    /// # Errors
    /// `obfs4proxy` is missing (the text says how to install it), or it is not ready after 60 s.
    pub async fn start_bridge(&self, obfs4: bool) -> Result<Bridge> {
        let held = [HeldPort::take()?, HeldPort::take()?];
        let [or_port, transport_port] = held.each_ref().map(HeldPort::number);
        let name = format!("bridge{or_port}");
        let mut text = torrc::bridge(&self.folder, &name, &self.authorities, or_port);
        if obfs4 {
            let program = program::OBFS4PROXY.find()?;
            text += &format!(
                "ServerTransportPlugin obfs4 exec {}\nExtORPort auto\n\
                 ServerTransportListenAddr obfs4 127.0.0.1:{transport_port}\n",
                program.display()
            );
        }
        let mut process = spawn(&self.tor, &self.folder, &name, &text)?;
        let home = self.folder.join(&name);
        let ready = tokio::time::timeout(LIMIT, async {
            loop {
                if let Some(found) = read(&home, obfs4) {
                    return Ok(found);
                }
                if let Some(status) = process.exit_status()? {
                    bail!("{name} ended with {status}:\n{}", last_words(&home));
                }
                tokio::time::sleep(POLL).await;
            }
        });
        let after = ready.await.with_context(|| {
            format!(
                "{name} is not ready after {LIMIT:?}:\n{}",
                last_words(&home)
            )
        })??;
        Ok(Bridge {
            _process: process,
            _ports: held,
            door: loopback::address(if obfs4 { transport_port } else { or_port }),
            before: if obfs4 { "obfs4 " } else { "" },
            after,
        })
    }
}

/// Reads the part after the address, once all of it is known. A bridge writes it only to its files.
fn read(home: &Path, obfs4: bool) -> Option<String> {
    let log = fs::read_to_string(home.join(super::LOG)).ok()?;
    if !log.contains("Bootstrapped 100%") {
        return None;
    }
    // "nickname FINGERPRINT".
    let named = fs::read_to_string(home.join("fingerprint")).ok()?;
    let fingerprint = named.split_whitespace().nth(1)?;
    if !obfs4 {
        return Some(fingerprint.to_owned());
    }
    // "Bridge obfs4 <IP ADDRESS>:<PORT> <FINGERPRINT> cert=… iat-mode=0", below comments.
    let line = fs::read_to_string(home.join("pt_state/obfs4_bridgeline.txt")).ok()?;
    let (_, arguments) = line.split_once(" cert=")?;
    Some(format!("{fingerprint} cert={}", arguments.trim_end()))
}

/// Ten times the usual time.
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
