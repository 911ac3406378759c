//! Any order of closed sessions, sends, answers, losses, duplicates, kills, copies and clocks:
//! claimed = before + credited + waiting + lowered (+ what ended chains leave unanswered), no
//! report has two receipts, what was acknowledged stays, and in the end everything is answered.

use crate::{
    host::{Fate, Host},
    ledger::{BEGINNING, TestLedger},
};
use meter_core::ChainEnd;
use meter_outbox::SendingState;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Event {
    Close(u8),
    Step { seconds: u16, send_now: bool },
    Reachable(bool),
    Fate(Fate),
    Kill,
    KillIn(u8),
    LateArrives,
    LedgerClock { days: u8, forward: bool },
    LedgerCopied,
    LedgerPutBack,
    LedgerRotates,
    CopySubmits,
    ReceiptsCopied,
    ReceiptsPutBack,
}

fn event() -> impl Strategy<Value = Event> {
    let clock = (0_u8..9, any::<bool>());
    let step = (1_u16..600, prop::bool::weighted(0.1));
    let fate = prop_oneof![
        3 => Just(Fate::RequestLost),
        3 => Just(Fate::AnswerLost),
        2 => Just(Fate::Twice),
        2 => (0_u8..20).prop_map(Fate::BusyFrom),
        1 => Just(Fate::Garbage),
        2 => Just(Fate::Late),
    ];
    prop_oneof![
        12 => (0_u8..60).prop_map(Event::Close),
        24 => step.prop_map(|(seconds, send_now)| Event::Step { seconds, send_now }),
        2 => any::<bool>().prop_map(Event::Reachable),
        6 => fate.prop_map(Event::Fate),
        2 => Just(Event::Kill),
        5 => (0_u8..8).prop_map(Event::KillIn),
        2 => Just(Event::LateArrives),
        2 => clock.prop_map(|(days, forward)| Event::LedgerClock { days, forward }),
        3 => Just(Event::LedgerCopied),
        3 => Just(Event::LedgerPutBack),
        1 => Just(Event::LedgerRotates),
        1 => Just(Event::CopySubmits),
        1 => Just(Event::ReceiptsCopied),
        1 => Just(Event::ReceiptsPutBack),
    ]
}

/// What was seen over all runs: a property that never meets its cases proves nothing.
#[derive(Debug, Default)]
struct Coverage {
    ends: BTreeSet<ChainEnd>,
    healed: u32,
    receipts: u64,
}

struct World {
    ledger: TestLedger,
    host: Host,
    clock: u64,
    rotations: u8,
    /// Whether receipts, or the ledger, were ever put back to an older state.
    receipts_put_back: bool,
    ledger_put_back: bool,
    /// Whether a copy of the device has sent reports.
    copied: bool,
}

impl World {
    fn new(before: u8) -> Self {
        let mut ledger = TestLedger::new();
        let host = Host::new(&mut ledger, before);
        Self {
            ledger,
            host,
            clock: BEGINNING,
            rotations: 0,
            receipts_put_back: false,
            ledger_put_back: false,
            copied: false,
        }
    }

    fn pass(&mut self, seconds: u64, send_now: bool) {
        self.host.now += seconds * 1_000;
        self.clock += seconds * 1_000;
        self.ledger.set_clock(self.clock);
        self.host.step(&mut self.ledger, send_now);
    }

    /// Goes on until everything that waits is answered.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..400 {
            self.pass(600, false);
            if self.host.state() == SendingState::Idle {
                return Ok(());
            }
        }
        let state = self.host.state();
        Err(TestCaseError::fail(format!("it still waits: {state:?}")))
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Close(size) => self.host.close(*size),
            Event::Step { seconds, send_now } => self.pass((*seconds).into(), *send_now),
            Event::Reachable(reachable) => self.host.reachable = *reachable,
            Event::Fate(fate) => self.host.fate = *fate,
            Event::Kill => self.host.kill(),
            Event::KillIn(steps) => self.host.kill_in = Some(*steps),
            Event::LateArrives => self.host.deliver_late(&mut self.ledger),
            Event::LedgerClock { days, forward } => {
                let jump = u64::from(*days) * 86_400_000;
                self.clock = match forward {
                    true => self.clock + jump,
                    false => self.clock.saturating_sub(jump).max(BEGINNING),
                };
                self.ledger.set_clock(self.clock);
            }
            Event::LedgerCopied => self.ledger.back_up(),
            Event::LedgerPutBack => {
                // A request from before would be a second history of the ledger itself.
                self.host.forget_late();
                self.ledger_put_back |= self.ledger.restore();
            }
            Event::LedgerRotates if self.rotations < 3 => {
                self.rotations += 1;
                self.ledger.rotate();
            }
            Event::LedgerRotates => {}
            Event::CopySubmits => {
                self.copied = true;
                self.host.copy_submits(&mut self.ledger);
            }
            Event::ReceiptsCopied => drop(self.host.copy_receipts(false)),
            Event::ReceiptsPutBack => self.receipts_put_back |= self.host.copy_receipts(true),
        }
    }
}

fn run(before: u8, events: &[Event], coverage: &mut Coverage) -> Result<(), TestCaseError> {
    let mut world = World::new(before);
    let mut known = world.host.check(false);
    for event in events {
        world.apply(event);
        let stored = world.host.check(world.receipts_put_back);
        let lost = known
            .iter()
            .find(|(place, bytes)| stored.get(place) != Some(*bytes));
        prop_assert!(
            lost.is_none() || world.receipts_put_back,
            "an acknowledged receipt is gone or changed: {:?}",
            lost.map(|(place, _)| place)
        );
        known = stored;
        prop_assert!(!world.ledger.doubles());
    }
    // The network works again.
    world.host.fate = Fate::Arrives;
    world.host.reachable = true;
    world.host.kill_in = None;
    world.host.deliver_late(&mut world.ledger);
    world.settle()?;
    // One more session makes contact with a ledger that was put back while nothing waited.
    world.host.close(3);
    world.settle()?;
    let stored = world.host.check(world.receipts_put_back);
    world.host.audit();
    if !world.copied && !world.ledger_put_back && !world.receipts_put_back {
        prop_assert_eq!(world.host.credited(), world.ledger.awarded());
        prop_assert!(world.host.ends.is_empty(), "{:?}", world.host.ends);
    }
    coverage.ends.extend(world.host.ends.iter());
    coverage.healed += world.host.given_back;
    coverage.receipts += u64::try_from(stored.len()).expect("few");
    Ok(())
}

/// Runs in the suite. More: `ONIONMETER_OUTBOX_RUNS=5000 cargo test -p onionmeter-ledger --test
/// alongside`; `ONIONMETER_OUTBOX_SEED` chooses others.
const RUNS: u32 = 40;

fn number(variable: &str, default: u32) -> u32 {
    let set = std::env::var(variable);
    set.map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn every_report_is_answered_once_whatever_happens_on_the_way() {
    let runs = number("ONIONMETER_OUTBOX_RUNS", RUNS);
    let seed = number("ONIONMETER_OUTBOX_SEED", 1);
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: runs,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let events = prop::collection::vec(event(), 1..120);
    let coverage = std::cell::RefCell::new(Coverage::default());
    let outcome = runner.run(&(0_u8..5, events), |(before, events)| {
        run(before, &events, &mut coverage.borrow_mut())
    });
    if let Err(error) = outcome {
        panic!("seed {seed}: {error}");
    }
    let coverage = coverage.into_inner();
    println!("seed {seed}, {runs} runs: {coverage:?}");
    assert!(coverage.receipts > u64::from(runs) * 3, "{coverage:?}");
    assert!(coverage.ends.contains(&ChainEnd::Frozen), "{coverage:?}");
    assert!(coverage.ends.contains(&ChainEnd::Split), "{coverage:?}");
    assert!(coverage.healed > 0, "{coverage:?}");
}
