//! The time from the request for a Tor to the first byte of a page: with an empty folder, and with
//! the files of an earlier run.

use std::time::Instant;

use anyhow::Result;

use super::{
    Bench, say,
    subject::{Kind, Subject},
};
use crate::wire::Place;

pub(super) async fn measure(bench: &mut Bench<'_>, place: Place) -> Result<()> {
    say(&format!("{}, {ROUNDS} starts each", place.name()))?;
    let wire = place.wire().await?;
    for round in 0..ROUNDS {
        for kind in Kind::in_round(round) {
            let subject = bench.subject(kind, wire.as_ref())?;
            for start in ["cold", "warm"] {
                let row = format!("{}: {start} start, s", place.name());
                bench.add(&row, 2, kind, first_byte_s(&subject).await?);
                subject.stop().await?;
            }
            subject.end().await;
        }
    }
    Ok(())
}

async fn first_byte_s(subject: &Subject) -> Result<f64> {
    let began = Instant::now();
    subject.start().await?;
    let started = began.elapsed();
    let waits = subject.page("first").await?;
    Ok((started + waits.first_byte).as_secs_f64())
}

const ROUNDS: usize = 10;
