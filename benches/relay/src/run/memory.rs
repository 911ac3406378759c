//! What connections cost while nothing moves: memory, files and wake-ups, and what stays in use
//! after they end.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use super::{Bench, files_max};
use crate::{
    load,
    peers::{self, Peer, Proxy},
    process::Tree,
    socks::Service,
    table::{Line, Table},
};

/// Connections that are idle while wake-ups are counted.
pub(super) const FEW: usize = 1_000;
/// Connections that are all served at the same time.
const MANY: usize = 10_000;
/// How long wake-ups are counted: whole seconds, beginning in the middle between two ticks.
const WATCHED_S: u32 = 10;

/// [`MANY`], where a process may open two files for each connection and some more; HAProxy needs
/// many more.
pub(super) fn many(peer: Peer) -> usize {
    let beside = if peer == Peer::Haproxy { 2_000 } else { 200 };
    MANY.min((files_max() - beside) / 2)
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
        let tree = proxy.tree.as_ref().context("a process")?;
        let (empty, files) = (tree.resident()?, tree.files()?);
        let mut seen = Seen {
            table: &mut self.table,
            peer: proxy.peer,
            whose,
        };
        let rest = (!whose.is_empty()).then_some(Line::Most(8192.0));
        seen.add("memory without connections", ("KiB", 0), rest, kib(empty));

        let mut streams = load::open(proxy.address, FEW, Service::Echo).await?;
        let (often, woken) = (Line::Most(1.0), wake_ups(tree).await?);
        seen.add("wake-ups, 1,000 idle", ("per s", 1), Some(often), woken);

        streams.extend(load::open(proxy.address, many - FEW, Service::Echo).await?);
        let per = |now: u64, before: u64| now.saturating_sub(before) as f64 / many as f64;
        let (each, fresh) = (Some(Line::Most(1600.0)), per(tree.resident()?, empty));
        seen.add("memory of an idle connection, fresh", ("B", 0), each, fresh);
        load::use_all(&mut streams, 64 * 1024).await?;
        let used = per(tree.resident()?, empty);
        seen.add("memory of an idle connection, used", ("B", 0), each, used);
        // Where a process may open fewer files, this row has no limit.
        let all = (many == MANY).then_some(Line::Least(MANY as f64));
        let served = streams.len() as f64;
        seen.add("idle connections served", ("", 0), all, served);
        let (two, held) = (Line::Most(2.01), per(tree.files()?, files));
        seen.add("files of an idle connection", ("", 3), Some(two), held);

        drop(streams);
        sleep(Duration::from_secs(4)).await;
        let kept = kib(tree.resident()?.saturating_sub(empty));
        let most = Line::Most(2048.0);
        seen.add("kept after all have closed", ("KiB", 0), Some(most), kept);
        let left = tree.files()?.saturating_sub(files) as f64;
        let none = Line::Most(0.0);
        seen.add("files left after that", ("", 0), Some(none), left);
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

/// Where the figures of one proxy are collected.
struct Seen<'a> {
    table: &'a mut Table,
    peer: Peer,
    /// The prefix of each name.
    whose: &'a str,
}

impl Seen<'_> {
    /// `form` is the unit and the number of digits after the point.
    fn add(&mut self, name: &str, form: (&'static str, usize), line: Option<Line>, figure: f64) {
        let name = format!("{}{name}", self.whose);
        self.table
            .add(&name, form.0, form.1, line.as_slice(), self.peer, figure);
    }
}

fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

/// Wake-ups per second. Counting begins half a second after a wake-up, or after two seconds without
/// one.
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
