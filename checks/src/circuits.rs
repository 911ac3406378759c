//! Asks a Tor at its control port which circuits it uses, and for what.

use anyhow::{Context as _, Result};
use meter_testkit::tor_network::TorClient;
use std::collections::HashSet;

/// An open stream: its number and the number of its circuit, as Tor's control port names them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Stream {
    /// Its number.
    pub id: String,
    /// The number of its circuit; 0 as long as it is on none.
    pub circuit: String,
}

/// A circuit, with the credentials that it serves.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Circuit {
    /// Its number, or the number of the set of circuits that carry one stream together (conflux).
    pub path: String,
    /// The SOCKS user name of the streams that it serves; empty where there is none.
    pub user: String,
    /// The password of the same streams.
    pub password: String,
}

/// Every stream to this port. Tor also has streams of its own, on no circuit yet or for its
/// directory.
///
/// # Errors
/// Tor does not answer.
pub async fn streams_to(tor: &TorClient, port: u16) -> Result<HashSet<Stream>> {
    streams_with(tor, &format!(":{port}")).await
}

/// Every stream whose target contains this text.
///
/// # Errors
/// Tor does not answer.
pub async fn streams_with(tor: &TorClient, text: &str) -> Result<HashSet<Stream>> {
    let lines = tor.ask("GETINFO stream-status").await?;
    let ours = lines.iter().filter(|line| line.contains(text));
    // "STREAM STATUS CIRCUIT TARGET"
    ours.map(|line| {
        let mut words = line.trim_start_matches("stream-status=").split(' ');
        let id = words.next().context("a number")?.to_owned();
        let circuit = words.nth(1).context("a circuit")?.to_owned();
        Ok(Stream { id, circuit })
    })
    .collect()
}

/// The circuit of a stream.
///
/// # Errors
/// Tor does not answer, or the circuit is gone.
pub async fn circuit_of(tor: &TorClient, stream: &Stream) -> Result<Circuit> {
    let lines = tor.ask("GETINFO circuit-status").await?;
    let line = lines
        .iter()
        .map(|line| line.trim_start_matches("circuit-status="))
        .find(|line| line.split(' ').next() == Some(&stream.circuit))
        .with_context(|| format!("no circuit {}", stream.circuit))?;
    Ok(Circuit {
        path: value(line, "CONFLUX_ID").unwrap_or_else(|| stream.circuit.clone()),
        user: value(line, "SOCKS_USERNAME").unwrap_or_default(),
        password: value(line, "SOCKS_PASSWORD").unwrap_or_default(),
    })
}

/// A value of a status line, without its quotes.
fn value(line: &str, key: &str) -> Option<String> {
    let mut words = line.split(' ');
    let value = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}
