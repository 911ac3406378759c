//! One device that sends one report after the other, beside nothing else.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Result, ensure};

use crate::{connection::Connection, crowd::Crowd, load::one};

/// The server limits the requests of one connection in a second, so they go over several in turn.
const CONNECTIONS: usize = 8;

/// The microseconds of each answer.
pub(crate) async fn one_by_one(
    crowd: &Crowd,
    number: usize,
    instance: SocketAddr,
    count: usize,
) -> Result<Vec<f64>> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(instance).await?);
    }
    let mut micros = Vec::with_capacity(count);
    for turn in 0..count {
        let began = Instant::now();
        let (taken, _) = one(crowd, number, 1, &mut connections[turn % CONNECTIONS]).await?;
        ensure!(taken == 1, "the ledger is busy, and there is one device");
        micros.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(micros)
}
