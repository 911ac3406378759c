//! Reads an authority's view of the network.

use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::loopback;

/// Number of nodes in the authority's consensus; 0 while there is no consensus or no answer.
pub(crate) async fn nodes_listed(directory_port: u16) -> usize {
    let asked = tokio::time::timeout(LIMIT, consensus(directory_port)).await;
    asked.map_or(0, |got| got.map_or(0, |text| count_nodes(&text)))
}

/// A node's entry begins with a line "r " (dir-spec §3.4.1).
pub(crate) fn count_nodes(consensus: &str) -> usize {
    consensus.matches("\nr ").count()
}

async fn consensus(directory_port: u16) -> Result<String> {
    let mut stream = loopback::connect(loopback::address(directory_port)).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

const REQUEST: &[u8] = b"GET /tor/status-vote/current/consensus-microdesc HTTP/1.0\r\n\r\n";
const LIMIT: Duration = Duration::from_secs(2);
/// Ours has 4 kB. The limit is arbitrary.
const ANSWER_BYTES_MAX: u64 = 1_000_000;
