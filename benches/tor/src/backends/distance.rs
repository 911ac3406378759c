//! The rate of one stream over a distance, which Tor's windows limit and not the processor.

use anyhow::Result;

use super::{Bench, WARMING, mb_per_s, say};
use crate::wire::Place;

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<()> {
    say(&format!("far, {ROUNDS} downloads each"))?;
    let wire = Place::Far.wire().await?;
    let mut subjects = bench.subjects(wire.as_ref()).await?;
    for subject in &subjects {
        for _ in 0..WARMING {
            subject.page(USER).await?;
        }
    }
    for _ in 0..ROUNDS {
        subjects.rotate_left(1);
        for subject in &subjects {
            let took = subject.download(USER, BYTES).await?;
            let row = "far: rate of one stream, 20 MB, MB/s";
            bench.add(row, 1, subject.kind, mb_per_s(BYTES, took));
        }
    }
    for subject in subjects {
        subject.end().await;
    }
    Ok(())
}

const USER: &str = "reader";
const ROUNDS: usize = 5;
const BYTES: usize = 20_000_000;
