//! Bytes in bulk: their cost and their rate.

use anyhow::Result;

use super::{Bench, cpu_ns};
use crate::{
    load::{self, Way},
    peers::{Peer, Proxy},
    socks::Service,
    table::Line,
};

impl Bench<'_> {
    pub(super) async fn bulk(&mut self, proxies: &[Proxy]) -> Result<()> {
        const CPU: [Line; 2] = [
            Line::AtMost(1.5, Peer::Limit),
            Line::AtMost(0.9, Peer::Haproxy),
        ];
        let cells: [(Way, usize, &[Line]); 5] = [
            (
                Way::Down,
                1,
                &[
                    Line::AtLeast(5.0, Peer::Naive),
                    Line::AtLeast(1.15, Peer::Haproxy),
                ],
            ),
            (Way::Down, 8, &[Line::AtLeast(0.95, Peer::Haproxy)]),
            (Way::Down, 100, &[Line::AtLeast(1.0, Peer::Haproxy)]),
            (Way::Up, 1, &[]),
            (Way::Up, 100, &[]),
        ];
        for (way, count, speed) in cells {
            let service = if way == Way::Down {
                Service::Source
            } else {
                Service::Sink
            };
            let name = format!("{} ×{count}", if way == Way::Down { "down" } else { "up" });
            for proxy in proxies {
                let bytes = if proxy.peer == Peer::Naive {
                    1_u64 << 30
                } else {
                    3 << 30
                };
                let streams = load::open(proxy.address, count, service).await?;
                let before = cpu_ns(proxy)?;
                let each = bytes / count as u64;
                let seconds = load::bulk(streams, way, each, &self.memory).await?;
                let moved = (each * count as u64) as f64 / 1e9;
                if proxy.tree.is_some() {
                    let cpu = (cpu_ns(proxy)? - before) as f64 / 1e9 / moved;
                    let lines: &[Line] = if count == 8 { &[] } else { &CPU };
                    self.table
                        .add(&format!("CPU {name}"), "s/GB", 4, lines, proxy.peer, cpu);
                }
                let rate = moved / seconds;
                self.table
                    .add(&format!("rate {name}"), "GB/s", 2, speed, proxy.peer, rate);
            }
        }
        Ok(())
    }
}
