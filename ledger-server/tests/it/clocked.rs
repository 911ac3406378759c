//! A ledger whose clock the test sets, and short words for its answers.

use crate::{
    home::Home,
    support::{SEED, claim},
};
use meter_core::{
    AccountId, ChainCondition, EnrolmentRule, LedgerSigner, SessionReport, UnixMs, Verified,
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Claimed, Ledger, Outcome},
    store::{Clock, Store, StoreError},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 24 * HOUR;
/// Where the clock of a test begins, in milliseconds since 1970.
pub(crate) const BEGINNING: u64 = 1_800_000_000_000;

/// A clock that stands still until somebody sets it.
#[derive(Clone)]
pub(crate) struct SetClock(Arc<AtomicU64>);

impl SetClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(BEGINNING)))
    }

    /// Sets it to so many milliseconds after the beginning.
    pub(crate) fn set(&self, ms: u64) {
        self.0.store(BEGINNING + ms, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || UnixMs::new(time.load(Ordering::SeqCst)).expect("a small time"))
    }
}

/// A ledger on a database of its own, with such a clock.
pub(crate) struct Clocked {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: SetClock,
    pub(crate) home: Home,
}

impl Clocked {
    pub(crate) fn new() -> Self {
        let (home, clock) = (Home::new(), SetClock::new());
        let ledger = start(&home, &clock);
        Self {
            ledger,
            clock,
            home,
        }
    }

    /// Ends the ledger, lets `change` work on its database, and starts it again.
    pub(crate) fn restarted(self, change: impl FnOnce()) -> Self {
        let Self {
            ledger,
            clock,
            home,
        } = self;
        ledger.finish();
        drop(ledger);
        change();
        let ledger = start(&home, &clock);
        Self {
            ledger,
            clock,
            home,
        }
    }
}

fn start(home: &Home, clock: &SetClock) -> Arc<Ledger> {
    let store = Store::open(&home.place()).expect("a database");
    let store = store.with_clock(clock.clock());
    let ledger = Ledger::start(store, LedgerSigner::from_seed(&SEED), EnrolmentRule::Open);
    Arc::new(ledger.expect("a ledger"))
}

/// An answer in a few words.
pub(crate) fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(Answer::Accepted(_)) => "accepted".to_owned(),
        Outcome::Answered(Answer::Replay(_)) => "replay".to_owned(),
        Outcome::Answered(Answer::Conflict(state)) => {
            let state = state.value();
            match state.condition {
                ChainCondition::Open => format!("conflict, open at {}", state.sequence),
                ChainCondition::Frozen => format!("conflict, frozen at {}", state.sequence),
            }
        }
        Outcome::Answered(Answer::Refused(_)) => "refused".to_owned(),
        Outcome::Answered(Answer::UnknownDevice) => "unknown device".to_owned(),
        Outcome::Answered(Answer::TooManyChains) => "too many chains".to_owned(),
        Outcome::Answered(Answer::Busy) => "busy".to_owned(),
        Outcome::NotAReport(error) => format!("not a report: {error}"),
        Outcome::TooOften => "too often".to_owned(),
    }
}

/// Submits claims and says the answers in words.
pub(crate) async fn words(ledger: &Arc<Ledger>, claims: Vec<Claimed>) -> Vec<String> {
    let outcomes = ledger.submit(claims, |_| true).await;
    outcomes.iter().map(word).collect()
}

/// Submits one report.
pub(crate) async fn one(ledger: &Arc<Ledger>, report: &Verified<SessionReport>) -> Outcome {
    let outcomes = ledger.submit(vec![claim(report)], |_| true).await;
    outcomes.into_iter().next().expect("one answer")
}

/// What the account was awarded: milliseconds and bytes.
pub(crate) fn awarded(ledger: &Ledger, account: AccountId) -> (u64, u64) {
    let balance = ledger.balance(account).expect("a balance");
    let amount = balance.duration.get() * 100_000 + balance.bytes.get() * 500;
    assert_eq!(balance.awarded.get(), amount, "the tariff");
    (balance.duration.get(), balance.bytes.get())
}

/// How many rows the database has in all tables that grow.
pub(crate) fn stored_rows(ledger: &Ledger) -> i64 {
    const COUNT: &str = "SELECT (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM devices) \
        + (SELECT COUNT(*) FROM chains) + (SELECT COUNT(*) FROM reports) \
        + (SELECT COUNT(*) FROM forks) + (SELECT COUNT(*) FROM movements) \
        + (SELECT COUNT(*) FROM invites) + (SELECT COUNT(*) FROM used_challenges) \
        + (SELECT COUNT(*) FROM logins) + (SELECT COUNT(*) FROM web_sessions)";
    count(ledger, COUNT)
}

/// The sum of all awarded time.
pub(crate) const PAID: &str = "SELECT CAST(SUM(award_ms) AS BIGINT) FROM reports";

/// The only number of the only row of a query.
pub(crate) fn count(ledger: &Ledger, query: &'static str) -> i64 {
    let rows = ledger.store().read(|db| db.rows(query, &[]));
    let mut rows = rows.expect("a row");
    let number: Result<i64, StoreError> = rows[0].int();
    number.expect("a number")
}
