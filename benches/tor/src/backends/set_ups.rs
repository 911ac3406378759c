//! How long a page takes, from connecting to its first byte: on a circuit that exists, and for a
//! user who has no circuit yet.

use anyhow::Result;

use super::{Bench, WARMING, ms, say};
use crate::wire::Place;

pub(super) async fn measure(bench: &mut Bench<'_>, place: Place) -> Result<()> {
    let rounds = bench.setting.rounds;
    say(&format!("{}, {} set-ups each", place.name(), 2 * rounds))?;
    let wire = place.wire().await?;
    let mut subjects = bench.subjects(wire.as_ref()).await?;
    for subject in &subjects {
        for _ in 0..WARMING {
            subject.page(KNOWN).await?;
        }
    }
    for _ in 0..rounds {
        subjects.rotate_left(1);
        let new = bench.new_user();
        for subject in &subjects {
            for (user, circuit) in [(KNOWN, "a built"), (&new, "a new")] {
                let waits = subject.page(user).await?;
                let row = format!("{}: first byte on {circuit} circuit, ms", place.name());
                bench.add(&row, 1, subject.kind, ms(waits.first_byte));
            }
        }
    }
    for subject in subjects {
        subject.end().await;
    }
    Ok(())
}

const KNOWN: &str = "known";
