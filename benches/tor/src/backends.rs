//! The managed Tor and the embedded one, side by side. `meter-tor` starts each as the daemon does,
//! and the requests go to its own socket. `./build.sh bench` measures what the relay adds.

mod bulk;
mod distance;
mod set_ups;
mod starts;
mod subject;

use std::{
    io::{Write as _, stderr},
    time::Duration,
};

use anyhow::Result;

use self::subject::{Kind, Subject};
use crate::{
    run::Setting,
    table::{Ratio, Table},
    wire::{Place, Wire},
};

/// Measures both and gives their table.
///
/// # Errors
/// A Tor does not start, or a visit fails.
pub(crate) async fn text(setting: &Setting<'_>) -> Result<String> {
    let mut bench = Bench {
        setting,
        users: 0,
        table: Table::new(),
    };
    for place in Place::ALL {
        starts::measure(&mut bench, place).await?;
    }
    for place in Place::ALL {
        set_ups::measure(&mut bench, place).await?;
    }
    distance::measure(&mut bench).await?;
    bulk::measure(&mut bench).await?;
    let columns = Kind::ALL.map(|kind| (kind, kind.name().to_owned()));
    let ratio = Ratio {
        title: "embedded ÷ managed",
        of: Kind::Embedded,
        to: Kind::Managed,
    };
    let table = bench.table.markdown(&columns, Some(&ratio));
    Ok(format!("{PREFACE}{table}"))
}

struct Bench<'a> {
    setting: &'a Setting<'a>,
    /// How many users have asked for circuits of their own so far.
    users: usize,
    table: Table<Kind>,
}

impl Bench<'_> {
    fn subject(&self, kind: Kind, wire: Option<&Wire>) -> Result<Subject> {
        Subject::new(kind, self.setting, wire.map(|wire| wire.address))
    }

    /// Both, running.
    async fn subjects(&self, wire: Option<&Wire>) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for kind in Kind::ALL {
            let subject = self.subject(kind, wire)?;
            subject.start().await?;
            subjects.push(subject);
        }
        Ok(subjects)
    }

    /// A user that no Tor has served yet.
    fn new_user(&mut self) -> String {
        self.users += 1;
        format!("user{}", self.users)
    }

    fn add(&mut self, row: &str, digits: usize, kind: Kind, sample: f64) {
        self.table.add(row, digits, kind, sample);
    }
}

/// Prints what the program does now, because a whole run takes minutes.
fn say(what: &str) -> Result<()> {
    Ok(writeln!(stderr(), "backends: {what}")?)
}

fn ms(wait: Duration) -> f64 {
    wait.as_secs_f64() * 1e3
}

/// Units of 1,000,000 bytes a second.
fn mb_per_s(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

fn s_per_gb(cpu_s: f64, bytes: usize) -> f64 {
    cpu_s / bytes as f64 * 1e9
}

const PREFACE: &str = "\
Medians, in brackets what nine in ten are not above. Near: everything on loopback; far: 50 ms each
way between Tor and its guards. Cold: with empty folders; warm: with what the run before left
there. A start ends with the first byte of a page. Memory is that of the Tor process alone; PSS
counts a page of memory that others share in part, and the network's own `tor`s share the managed
one's program.

";
/// Visits before a circuit counts as built: conflux measures its legs by the first cells.
const WARMING: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_their_units() {
        assert_eq!(ms(Duration::from_micros(1_500)), 1.5);
        assert_eq!(mb_per_s(3_000_000, Duration::from_millis(500)), 6.0);
        assert_eq!(s_per_gb(0.5, 100_000_000), 5.0);
    }
}
