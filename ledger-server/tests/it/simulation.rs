//! A ledger's whole life in seconds: thousands of devices, honest ones and others, send reports to
//! two instances; answers are lost, instances crash, the clock jumps, goes far ahead and comes
//! back, devices are copied and set back, the ledger is restored from a backup. The decisions are
//! the product's own (`Books::take`); the database is in memory. After each step everything that
//! must hold is checked.
//!
//! A run is decided by its seed alone. The same seed finds the same mistake again.

mod audit;
pub(crate) mod earnable;
mod host;
pub(crate) mod shelf;
mod world;

use std::fmt;
use world::World;

/// Reports of a run in the suite. The full run has a million:
/// `ONIONMETER_SIMULATED_REPORTS=1000000 cargo test -p onionmeter-ledger --test it simulation`.
const REPORTS: u64 = 60_000;
/// Reports within which a planted mistake must be found.
const ENOUGH: u64 = 40_000;

/// A mistake that is planted around the product's decisions, to see that the simulation finds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bug {
    /// Two instances decide about one account at the same time.
    NoAccountLock,
    /// What was paid is not written down.
    BudgetsNotSaved,
    /// A receipt leaves before its transaction is committed.
    AnsweredBeforeCommit,
    /// Who knows a chain's id has the chain.
    ChainByIdAlone,
    /// A removed device goes on.
    RevocationForgotten,
    /// A chain with two histories goes on.
    FreezeNotSaved,
}

/// What does not hold, and when that was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Violation {
    what: &'static str,
    submitted: u64,
}

impl Violation {
    fn new(what: &'static str) -> Self {
        Self { what, submitted: 0 }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after {} reports", self.what, self.submitted)
    }
}

/// Runs a world until so many reports were submitted, and then until every honest device has all of
/// its receipts.
fn run(seed: u64, reports: u64, bug: Option<Bug>) -> Result<World, Violation> {
    let mut world = World::new(seed, bug);
    let mut go = || {
        while world.submitted() < reports {
            world.step()?;
        }
        world.settle()
    };
    match go() {
        Ok(()) => Ok(world),
        Err(violation) => Err(Violation {
            submitted: world.submitted(),
            ..violation
        }),
    }
}

#[test]
fn no_run_of_the_simulation_breaks_a_rule_of_the_ledger() {
    let reports = std::env::var("ONIONMETER_SIMULATED_REPORTS");
    let reports = reports.map_or(REPORTS, |number| number.parse().expect("a number"));
    let seed = std::env::var("ONIONMETER_SIMULATION_SEED");
    let seed = seed.map_or(1, |number| number.parse().expect("a number"));
    match run(seed, reports, None) {
        Ok(world) => println!("seed {seed}: {}", world.summary()),
        Err(violation) => panic!("seed {seed}: {violation}"),
    }
}

#[test]
fn the_simulation_finds_each_planted_mistake_and_its_seed_finds_it_again() {
    for bug in [
        Bug::NoAccountLock,
        Bug::BudgetsNotSaved,
        Bug::AnsweredBeforeCommit,
        Bug::ChainByIdAlone,
        Bug::RevocationForgotten,
        Bug::FreezeNotSaved,
    ] {
        let find = |seed| {
            run(seed, ENOUGH, Some(bug))
                .err()
                .map(|found| (seed, found))
        };
        let (seed, found) = (1..=3)
            .find_map(find)
            .unwrap_or_else(|| panic!("{bug:?} was not found"));
        println!("{bug:?}: seed {seed}: {found}");
        let again = run(seed, ENOUGH, Some(bug)).err();
        assert_eq!(again, Some(found), "{bug:?} with seed {seed}");
    }
}

#[test]
fn a_run_is_decided_by_its_seed_alone() {
    let summary = |seed| match run(seed, 3_000, None) {
        Ok(world) => world.summary(),
        Err(violation) => panic!("seed {seed}: {violation}"),
    };
    assert_eq!(summary(5), summary(5));
    assert_ne!(summary(5), summary(6));
}
