//! One gigabyte through a Tor that has just started: its memory before and after, its processor
//! time and its rate; then eight users at the same time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinSet;

use super::{
    Bench, WARMING, mb_per_s, s_per_gb, say,
    subject::{Kind, Subject},
};

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<()> {
    for round in 0..ROUNDS {
        say(&format!("bulk, {} of {ROUNDS}", round + 1))?;
        for kind in Kind::in_round(round) {
            let subject = bench.subject(kind, None)?;
            subject.start().await?;
            for _ in 0..WARMING {
                subject.page(ALONE).await?;
            }
            memory(bench, &subject, "at rest").await?;
            one_stream(bench, &subject).await?;
            memory(bench, &subject, "after 1 GB").await?;
            let peak_mb = subject.usage()?.peak_mb()?;
            bench.add("memory meanwhile, peak, MB", 1, kind, peak_mb);
            let subject = Arc::new(subject);
            eight_streams(bench, &subject).await?;
            memory(bench, &subject, "after 2 GB").await?;
            if let Some(subject) = Arc::into_inner(subject) {
                subject.end().await;
            }
        }
    }
    Ok(())
}

async fn memory(bench: &mut Bench<'_>, subject: &Subject, when: &str) -> Result<()> {
    tokio::time::sleep(REST).await;
    let usage = subject.usage()?;
    let row = |what| format!("memory {when}, {what}, MB");
    bench.add(&row("PSS"), 1, subject.kind, usage.proportional_mb()?);
    bench.add(&row("resident"), 1, subject.kind, usage.resident_mb()?);
    Ok(())
}

async fn one_stream(bench: &mut Bench<'_>, subject: &Subject) -> Result<()> {
    let usage = subject.usage()?;
    let cpu_before_s = usage.cpu_s()?;
    let took = subject.download(ALONE, GB).await?;
    let cpu_s = usage.cpu_s()? - cpu_before_s;
    let kind = subject.kind;
    bench.add(
        "near: rate of one stream, 1 GB, MB/s",
        1,
        kind,
        mb_per_s(GB, took),
    );
    bench.add("CPU of Tor, one stream, s/GB", 1, kind, s_per_gb(cpu_s, GB));
    Ok(())
}

/// Each user has its own circuits, as sites have in the product.
async fn eight_streams(bench: &mut Bench<'_>, subject: &Arc<Subject>) -> Result<()> {
    let users: Vec<String> = (0..STREAMS).map(|_| bench.new_user()).collect();
    for user in &users {
        for _ in 0..WARMING {
            subject.page(user).await?;
        }
    }
    let usage = subject.usage()?;
    let (began, cpu_before_s) = (Instant::now(), usage.cpu_s()?);
    let mut streams = JoinSet::new();
    for user in users {
        let subject = Arc::clone(subject);
        streams.spawn(async move { subject.download(&user, GB / STREAMS).await });
    }
    while let Some(stream) = streams.join_next().await {
        stream??;
    }
    let (took, cpu_s) = (began.elapsed(), usage.cpu_s()? - cpu_before_s);
    let kind = subject.kind;
    bench.add(
        "near: rate of 8 streams, 1 GB, MB/s",
        1,
        kind,
        mb_per_s(GB, took),
    );
    bench.add("CPU of Tor, 8 streams, s/GB", 1, kind, s_per_gb(cpu_s, GB));
    Ok(())
}

const ALONE: &str = "alone";
const ROUNDS: usize = 3;
const GB: usize = 1_000_000_000;
const STREAMS: usize = 8;
const _: () = assert!(GB.is_multiple_of(STREAMS));
/// After this time, earlier work no longer uses the process.
const REST: Duration = Duration::from_secs(3);
