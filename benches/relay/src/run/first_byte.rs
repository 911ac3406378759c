//! How long a client waits for its first byte, in round trips to a far end.

use anyhow::Result;

use super::Bench;
use crate::{
    load,
    peers::{self, Proxy},
    table::Line,
};

const VISITS: usize = 5;

impl Bench<'_> {
    pub(super) async fn first_byte(&mut self, proxies: &[Proxy]) -> Result<()> {
        // A timer of the stand-in may be a millisecond late in each direction.
        for proxy in proxies {
            let name = "first byte, far round trips";
            self.first_byte_of(proxy, name, &[Line::Most(2.1)]).await?;
        }
        let optimistic = peers::start_optimistic(self.program, self.upstream).await?;
        let name = "first byte, optimistic, far round trips";
        self.first_byte_of(&optimistic, name, &[Line::Most(1.1)])
            .await
    }

    async fn first_byte_of(&mut self, proxy: &Proxy, name: &str, lines: &[Line]) -> Result<()> {
        for _ in 0..VISITS {
            let trips = load::first_byte(proxy.address).await?;
            self.table.add(name, "", 2, lines, proxy.peer, trips);
        }
        Ok(())
    }
}
