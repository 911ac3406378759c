//! What a proxy adds to an echo of one byte: first all on one processor, then the proxy on another
//! processor than both ends. The time without a proxy is subtracted.

use anyhow::{Context as _, Result};

use super::Bench;
use crate::{
    load,
    peers::{Peer, Proxy},
    table::{Line, median, quantile},
};

/// Many short turns, so that changes of the machine's speed affect all proxies alike.
const TURNS: usize = 12;
const ECHOES: usize = 500;

impl Bench<'_> {
    pub(super) async fn latency(&mut self, proxies: &[Proxy]) -> Result<()> {
        let all = self.processors.clone();
        let across = usize::from(all.len() > 1);
        self.tie(&[], &[0])?;
        for (place, processor) in [("one core", 0), ("two cores", across)] {
            for turn in 0..TURNS {
                let direct = load::echoes(self.upstream, ECHOES).await?;
                let direct = median(&direct).context("no echoes")?;
                for index in 0..proxies.len() {
                    let proxy = &proxies[(index + turn) % proxies.len()];
                    let Some(tree) = &proxy.tree else { continue };
                    tree.pin(&[processor])?;
                    let micros = load::echoes(proxy.address, ECHOES).await?;
                    tree.pin(&all)?;
                    self.echoed(proxy.peer, place, &micros, direct)?;
                }
            }
        }
        self.tie(&[], &all)
    }

    fn echoed(&mut self, peer: Peer, place: &str, micros: &[f64], direct: f64) -> Result<()> {
        for per_cent in [50, 99] {
            let lines: &[Line] = match (place, per_cent) {
                ("one core", 50) => &[Line::AtMost(0.98, Peer::Naive)],
                ("two cores", 99) => &[Line::AtMost(1.25, Peer::Limit)],
                _ => &[],
            };
            let added = quantile(micros, per_cent).context("no echoes")? - direct;
            let name = format!("added to an echo, {place}, p{per_cent}");
            self.table.add(&name, "µs", 2, lines, peer, added);
        }
        Ok(())
    }
}
