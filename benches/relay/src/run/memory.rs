//! What connections cost while nothing moves: memory, files, wake-ups, and what is left of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use super::{Bench, files_max};
use crate::{
    load,
    peers::{self, Peer, Proxy},
    process::Tree,
    socks::Service,
    table::Line,
};

/// Connections that lie idle while wake-ups are counted.
pub(super) const FEW: usize = 1_000;
/// How long wake-ups are counted: whole seconds, from the middle between two ticks.
const WATCHED_S: u32 = 10;

/// 10,000, where a process may have two files for each and some beside; HAProxy wants many beside.
pub(super) fn many(peer: Peer) -> usize {
    let beside = if peer == Peer::Haproxy { 2_000 } else { 200 };
    10_000.min((files_max() - beside) / 2)
}

impl Bench<'_> {
    pub(super) async fn memory(&mut self, peer: Peer) -> Result<()> {
        let proxy = peers::start(peer, self.program, self.upstream).await?;
        self.memory_of(&proxy, many(peer), "").await
    }

    /// The same for a relay and for the whole daemon.
    pub(super) async fn memory_of(
        &mut self,
        proxy: &Proxy,
        many: usize,
        whose: &str,
    ) -> Result<()> {
        let peer = proxy.peer;
        let tree = proxy.tree.as_ref().context("a process")?;
        let (empty, files) = (tree.resident()?, tree.files()?);
        let add = |bench: &mut Self, name: &str, unit, digits, line: Option<f64>, figure| {
            let lines: Vec<Line> = line.map(Line::Most).into_iter().collect();
            let name = format!("{whose}{name}");
            bench.table.add(&name, unit, digits, &lines, peer, figure);
        };
        let kib = |bytes: u64| bytes as f64 / 1024.0;
        let rest = (!whose.is_empty()).then_some(8192.0);
        add(
            self,
            "memory without connections",
            "KiB",
            0,
            rest,
            kib(empty),
        );

        let mut streams = load::open(proxy.address, FEW, Service::Echo).await?;
        let woken = wake_ups(tree).await?;
        add(self, "wake-ups, 1,000 idle", "per s", 1, Some(1.0), woken);

        streams.extend(load::open(proxy.address, many - FEW, Service::Echo).await?);
        let per = |now: u64, before: u64| now.saturating_sub(before) as f64 / many as f64;
        let fresh = per(tree.resident()?, empty);
        add(
            self,
            "memory of an idle connection, fresh",
            "B",
            0,
            Some(1600.0),
            fresh,
        );
        load::use_all(&mut streams, 64 * 1024).await?;
        let used = per(tree.resident()?, empty);
        add(
            self,
            "memory of an idle connection, used",
            "B",
            0,
            Some(1600.0),
            used,
        );
        add(
            self,
            "idle connections served",
            "",
            0,
            None,
            streams.len() as f64,
        );
        let each = per(tree.files()?, files);
        add(self, "files of an idle connection", "", 3, Some(2.01), each);

        drop(streams);
        sleep(Duration::from_secs(4)).await;
        let kept = kib(tree.resident()?.saturating_sub(empty));
        add(
            self,
            "kept after all have closed",
            "KiB",
            0,
            Some(2048.0),
            kept,
        );
        let left = tree.files()?.saturating_sub(files) as f64;
        add(self, "files left after that", "", 0, Some(0.0), left);
        Ok(())
    }
    pub(super) async fn stuck(&mut self, peer: Peer) -> Result<()> {
        const STUCK: usize = 100;
        let line = [Line::Most(16.0)];
        let proxy = peers::start(peer, self.program, self.upstream).await?;
        let tree = proxy.tree.as_ref().context("a process")?;
        for (name, service) in [
            ("stuck reader", Service::Source),
            ("stuck writer", Service::Hole),
        ] {
            let mut streams = load::open(proxy.address, STUCK, service).await?;
            let before = tree.resident()?;
            if service == Service::Source {
                for stream in &mut streams {
                    tokio::io::AsyncWriteExt::write_u64(stream, 1 << 30).await?;
                }
            } else {
                load::fill(&streams, &self.memory).await;
            }
            sleep(Duration::from_secs(1)).await;
            let each = tree.resident()?.saturating_sub(before) as f64 / 1024.0 / STUCK as f64;
            self.table.add(
                &format!("{name}, memory of each of 100"),
                "KiB",
                1,
                &line,
                peer,
                each,
            );
        }
        Ok(())
    }

    pub(super) async fn one_after_another(&mut self) -> Result<()> {
        let proxy = peers::start(Peer::Ours, self.program, self.upstream).await?;
        let tree = proxy.tree.as_ref().context("a process")?;
        load::set_ups(proxy.address, 64, 6_400).await?;
        let (before, files) = (tree.resident()?, tree.files()?);
        load::set_ups(proxy.address, 64, 100_000).await?;
        sleep(Duration::from_secs(1)).await;
        let grown = tree.resident()?.saturating_sub(before) as f64 / 1024.0;
        self.table.add(
            "growth over 100,000 connections",
            "KiB",
            0,
            &[Line::Most(256.0)],
            Peer::Ours,
            grown,
        );
        let left = tree.files()?.saturating_sub(files) as f64;
        self.table.add(
            "files left by 100,000 connections",
            "",
            0,
            &[Line::Most(0.0)],
            Peer::Ours,
            left,
        );
        Ok(())
    }
}

/// Wake-ups a second. Begins half a second after one, or after two seconds without any.
async fn wake_ups(tree: &Tree) -> Result<f64> {
    sleep(Duration::from_secs(1)).await;
    let before = tree.sleeps()?;
    for _ in 0..200 {
        sleep(Duration::from_millis(10)).await;
        if tree.sleeps()? != before {
            break;
        }
    }
    sleep(Duration::from_millis(500)).await;
    let start = tree.sleeps()?;
    sleep(Duration::from_secs(u64::from(WATCHED_S))).await;
    Ok((tree.sleeps()? - start) as f64 / f64::from(WATCHED_S))
}
