//! Connections that are set up, used for a byte and closed: the cost of one, how many a second, and
//! the time of one.
//!
//! The time of one alone is measured with client, proxy and stand-in on one processor. On two
//! processors they are woken by the other processor or by their own, as it happens, and that
//! difference is larger than everything that a proxy does.

use anyhow::{Context as _, Result};

use super::{Bench, cpu_ns};
use crate::{
    load,
    peers::{Peer, Proxy},
    table::{Line, median},
};

/// Turns of each kind in a round.
const TURNS: usize = 3;
const AT_ONCE: usize = 64;
/// Connections for about one second. The system needs a tenth of a second to find out which two of
/// client, proxy and stand-in should share a processor. In that time a proxy's rate may be a fifth
/// lower, depending on what ran before.
const MANY: usize = 16_000;
const ONE_AT_A_TIME: usize = 1_000;

impl Bench<'_> {
    pub(super) async fn set_ups(&mut self, proxies: &[Proxy]) -> Result<()> {
        for turn in 0..TURNS {
            for index in 0..proxies.len() {
                self.many_at_once(&proxies[(index + turn) % proxies.len()])
                    .await?;
            }
        }
        self.tie(proxies, &[0])?;
        for turn in 0..TURNS {
            for index in 0..proxies.len() {
                self.one_at_a_time(&proxies[(index + turn) % proxies.len()])
                    .await?;
            }
        }
        self.tie(proxies, &self.processors)
    }

    async fn many_at_once(&mut self, proxy: &Proxy) -> Result<()> {
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
        Ok(())
    }

    async fn one_at_a_time(&mut self, proxy: &Proxy) -> Result<()> {
        let one = load::set_ups(proxy.address, 1, ONE_AT_A_TIME).await?;
        let half = median(&one.micros).context("no set-ups")?;
        let line = [Line::AtMost(0.85, Peer::Naive)];
        let name = "set-up p50, one at a time, one core";
        self.table.add(name, "µs", 1, &line, proxy.peer, half);
        Ok(())
    }
}
