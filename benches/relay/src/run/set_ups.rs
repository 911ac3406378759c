//! Connections set up, used for a byte and closed: what one costs, how many a second, how long.

use anyhow::{Context as _, Result};

use super::{Bench, cpu_ns};
use crate::{
    load,
    peers::{Peer, Proxy},
    table::{Line, median},
};

/// Short turns, many of them: the machine's mood then meets all proxies alike.
const TURNS: usize = 16;
const AT_ONCE: usize = 64;
const MANY: usize = 1_280;
const ONE_AT_A_TIME: usize = 200;

impl Bench<'_> {
    pub(super) async fn set_ups(&mut self, proxies: &[Proxy]) -> Result<()> {
        for turn in 0..TURNS {
            for index in 0..proxies.len() {
                self.set_ups_of(&proxies[(index + turn) % proxies.len()])
                    .await?;
            }
        }
        Ok(())
    }

    async fn set_ups_of(&mut self, proxy: &Proxy) -> Result<()> {
        let before = cpu_ns(proxy)?;
        let many = load::set_ups(proxy.address, AT_ONCE, MANY).await?;
        if proxy.tree.is_some() {
            let each = (cpu_ns(proxy)? - before) as f64 / 1e3 / many.count as f64;
            let line = [Line::AtMost(1.0, Peer::Nginx)];
            let name = "CPU of a set-up, 64 at once";
            self.table.add(name, "µs", 1, &line, proxy.peer, each);
        }
        let rate = many.count as f64 / many.seconds;
        let line = [Line::AtLeast(0.95, Peer::Nginx)];
        let name = "set-ups, 64 at once";
        self.table.add(name, "per s", 0, &line, proxy.peer, rate);
        let one = load::set_ups(proxy.address, 1, ONE_AT_A_TIME).await?;
        let half = median(&one.micros).context("no set-ups")?;
        let line = [Line::AtMost(0.85, Peer::Naive)];
        let name = "set-up p50, one at a time";
        self.table.add(name, "µs", 1, &line, proxy.peer, half);
        Ok(())
    }
}
